"""The cells of a study: one model each, with a key made of everything that its result depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from crosspan import __version__
from crosspan.core.digests import digest_of, file_digest
from crosspan.lab.study.data import StudyData, TestSet, lines_digest, sentences_digest
from crosspan.lab.study.options import adversarial_options, pretrain_options, shape_of, train_options
from crosspan.lab.study.plan import Plan
from crosspan.lab.study.tables import PLAIN

Kind = Literal["pretrain", "train"]

PROTOCOL = 1
"""To be raised with any change of the code that changes results, so that those of before do not count any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One model of a study.

    Args:
        kind: ``"pretrain"`` makes an encoder, ``"train"`` a tagger that is scored.
        key: What its result depends on, as a hash.
        encoder: Name of the encoder.
        mode: Of adversarial training; empty for an encoder.
        target: The language that it is trained against, where each has a training of its own; else empty.
        seed: Of all chance in it.
        needs: Key of the encoder that has to be there first; empty for none.
        tests: The test sets that it is scored on.
    """

    kind: Kind
    key: str
    encoder: str
    mode: str = ""
    target: str = ""
    seed: int = 0
    needs: str = ""
    tests: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What a line about the cell begins with.

        Example:
            >>> Cell(kind="train", key="k", encoder="xlm-r", mode="reversal", target="sw", seed=1).label
            'xlm-r, reversal against sw, seed 1'
        """
        if self.kind == "pretrain":
            return f"{self.encoder}, pre-training, seed {self.seed}"
        against = f" against {self.target}" if self.target else ""
        return f"{self.encoder}, {self.mode}{against}, seed {self.seed}"


def cells_of(plan: Plan, data: StudyData) -> list[Cell]:
    """The cells in the order in which they are run: seed by seed, so that a grid that ends early has whole rows.

    Args:
        plan: The study.
        data: What it reads.
    """
    maker = _Maker(plan, data)
    found: dict[str, Cell] = {}
    for seed in plan.general.seeds:
        for encoder in plan.encoders:
            first = maker.pretrain(encoder.name, seed) if encoder.shape else None
            if first is not None:
                found.setdefault(first.key, first)
            for mode in plan.modes:
                for target in _targets(plan, data, mode.name):
                    cell = maker.train(encoder.name, mode.name, target, seed, first.key if first else "")
                    found.setdefault(cell.key, cell)
    return list(found.values())


def targets_of(plan: Plan, data: StudyData) -> tuple[str, ...]:
    """The languages that adversarial training reads: tested, with text of their own."""
    return tuple(lang for lang in data.unlabelled if lang in data.languages or plan.unlabelled.together)


def _targets(plan: Plan, data: StudyData, mode: str) -> tuple[str, ...]:
    if mode == PLAIN or plan.unlabelled.together:
        return ("",)
    return targets_of(plan, data)


class _Maker:
    """Makes cells; digests of data are made once."""

    def __init__(self, plan: Plan, data: StudyData) -> None:
        self.plan, self.data = plan, data
        self.labelled = [sentences_digest(data.train), sentences_digest(data.dev)]
        self.unlabelled = {lang: sentences_digest(rows) for lang, rows in data.unlabelled.items()}
        self.text = [lines_digest(data.lines), lines_digest(data.held_out)]
        self._models: dict[str, str] = {}

    def pretrain(self, encoder: str, seed: int) -> Cell:
        plan = self.plan
        given = plan.encoder(encoder)
        seed = seed if plan.pretrain.each_seed else plan.pretrain.seed
        facts = {
            **self._common("pretrain"),
            "shape": asdict(shape_of(given)),
            "options": _settings(pretrain_options(plan, given, seed, "auto")),
            "text": self.text,
        }
        return Cell(kind="pretrain", key=digest_of(facts), encoder=encoder, seed=seed)

    def train(self, encoder: str, mode: str, target: str, seed: int, needs: str) -> Cell:
        plan = self.plan
        given = plan.encoder(encoder)
        tests = [one for one in self.data.tests if target in ("", one.lang)]
        facts: dict[str, Any] = {
            **self._common("train"),
            "encoder": needs or self._model(given.source),
            "options": _settings(train_options(plan, given, "", seed, "auto")),
            "labels": sorted(plan.train.labels),
            "data": self.labelled,
            "tests": {one.key: _test_facts(one) for one in tests},
        }
        if mode != PLAIN:
            wanted = [target] if target else list(targets_of(plan, self.data))
            facts["adversarial"] = asdict(adversarial_options(plan.mode(mode)))
            facts["unlabelled"] = {lang: self.unlabelled[lang] for lang in wanted}
        return Cell(
            kind="train",
            key=digest_of(facts),
            encoder=encoder,
            mode=mode,
            target=target,
            seed=seed,
            needs=needs,
            tests=tuple(one.key for one in tests),
        )

    def _common(self, kind: Kind) -> dict[str, Any]:
        return {"kind": kind, "protocol": PROTOCOL, "crosspan": __version__}

    def _model(self, name: str) -> str:
        """The digest of a folder, or a name on the hub."""
        if name not in self._models:
            path = self.plan.root / name
            self._models[name] = file_digest(path) if path.is_dir() else name
        return self._models[name]


def model_of(plan: Plan, encoder: str) -> str:
    """The folder of an encoder that is at hand, below the data folder, or its name on the hub."""
    source = plan.encoder(encoder).source
    path: Path = plan.root / source
    return str(path) if path.is_dir() else source


def _test_facts(test: TestSet) -> list[Any]:
    return [test.digest, list(test.ignore), len(test.gold)]


def _settings(options: Any) -> Mapping[str, Any]:
    """What changes a result; a device or how often it is saved does not."""
    return {name: value for name, value in asdict(options).items() if name not in ("device", "save_every", "encoder")}
