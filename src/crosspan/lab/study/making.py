"""From a cell of a study to the steps that make its result, and to a key of all that this depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from crosspan.core.carried import model_identity
from crosspan.core.digests import digest_of, file_digest
from crosspan.core.sources import source_digest
from crosspan.core.types import Sentence
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.options import Training, pretrain_options, shape_of, training_of
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.pretraining import Pretrain
from crosspan.lab.study.scores import Part, SetScore
from crosspan.pipeline.corpus import InMemory
from crosspan.pipeline.recipes.tables import SHARD
from crosspan.pipeline.step import Step
from crosspan.pipeline.steps import reading
from crosspan.pipeline.steps.reading import CorpusReading
from crosspan.pipeline.steps.tagging import Tag
from crosspan.pipeline.steps.training import Train
from crosspan.pipeline.use import Use
from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS

_WITH = ("words", "overlap")
"""What a tagger labels with as it has learned with it."""


class Sentences(InMemory):
    """Sentences in memory whose checksum is made once."""

    @cached_property
    def _known(self) -> Any:
        return InMemory.facts(self)

    def facts(self) -> Any:
        """A checksum."""
        return self._known


class Maker:
    """Makes the steps of cells.

    Args:
        plan: The study.
        data: What it reads.
    """

    def __init__(self, plan: StudyPlan, data: StudyData) -> None:
        self.plan, self.data = plan, data
        self._corpora: dict[Any, Sentences] = {}
        self._models: dict[str, str] = {}

    def pretraining(self, cell: Cell, device: str = "auto") -> Pretrain:
        """The step that makes an encoder."""
        encoder = self.plan.encoder(cell.encoder)
        return Pretrain(
            shape=shape_of(encoder),
            options=pretrain_options(self.plan, encoder, cell.seed, device),
            lines=self.data.lines,
            held_out=self.data.held_out,
            digests=self._text,
            seed=cell.seed,
        )

    def training(self, cell: Cell, model: str = "", device: str = "auto") -> tuple[CorpusReading, list[Step]]:
        """The steps that train a tagger, label the test sentences with it, and score it.

        Args:
            cell: The cell.
            model: The encoder; without one the steps cannot be run, and say what they depend on but for it.
            device: Where they run.
        """
        plan, data = self.plan, self.data
        how = training_of(plan, plan.encoder(cell.encoder), cell.mode, device)
        tests = [one for one in data.tests if one.key in cell.tests]
        gold = self._corpus(cell.tests, (sentence for test in tests for sentence in test.gold))
        known = how.component
        languages = [] if not known.unlabelled else [cell.target] if cell.target else targets_of(plan, data)
        settings = {**how.settings, known.model: model} if known.model and model else how.settings
        train = Train(
            trainer=Use(TRAINERS, how.use, settings=settings),
            gold=self._corpus("train", data.train),
            labels=plan.train.labels,
            seed=cell.seed,
            dev=self._corpus("dev", data.dev) if data.dev and known.dev else None,
            unlabelled=[self._corpus(("unlabelled", lang), data.unlabelled[lang]) for lang in languages],
        )
        name = known.tagger or how.use
        tag = Tag(tagger=Use(TAGGERS, name, settings=_tagging(name, how, device)), learned="train", corpus="tests")
        parts = [Part(test.key, len(test.gold), test.ignore) for test in tests]
        score = SetScore(gold=gold, parts=parts, labels=plan.train.labels)
        return CorpusReading("tests", gold, SHARD, labelled=False, checks=False), [train, tag, score]

    def key(self, cell: Cell) -> str:
        """A hash of all that the result of a cell depends on: facts of its steps, and the code that they import."""
        if cell.kind == "pretrain":
            step = self.pretraining(cell)
            return digest_of({"cell": cell.kind, "code": _code([step]), "facts": step.facts()})
        first, steps = self.training(cell)
        return digest_of(
            {
                "cell": cell.kind,
                "code": _code(steps, reading.__name__),
                "encoder": cell.needs or self._model(cell.encoder),
                "tests": first.corpus.facts(),
                "facts": [step.facts() for step in steps],
                "seed": cell.seed,
            }
        )

    @cached_property
    def _text(self) -> tuple[str, str]:
        return digest_of(self.data.lines), digest_of(self.data.held_out)

    def _corpus(self, key: Any, sentences: Iterable[Sentence]) -> Sentences:
        if key not in self._corpora:
            self._corpora[key] = Sentences(tuple(sentences))
        return self._corpora[key]

    def _model(self, encoder: str) -> str:
        """What its results depend on of the model that it begins with."""
        if encoder not in self._models:
            name = model_of(self.plan, encoder)
            self._models[encoder] = model_identity(name, file_digest)
        return self._models[encoder]


def model_of(plan: StudyPlan, encoder: str) -> str:
    """The folder of an encoder that is at hand, below the data folder, or its name on the hub."""
    source = plan.encoder(encoder).source
    path: Path = plan.root / source
    return str(path) if path.is_dir() else source


def targets_of(plan: StudyPlan, data: StudyData) -> tuple[str, ...]:
    """The languages whose text is learned from without labels: tested, with text of their own."""
    return tuple(lang for lang in data.unlabelled if lang in data.languages or plan.unlabelled.together)


def _tagging(name: str, how: Training, device: str) -> dict[str, Any]:
    """How a trained tagger labels: as it has learned, and as exactly as it can."""
    wanted = {**{one: how.settings[one] for one in _WITH if one in how.settings}, "device": device, "dtype": "float32"}
    has = TAGGERS.option_names(name) or ()
    return {one: value for one, value in wanted.items() if one in has}


def _code(steps: Sequence[Step], *more: str) -> str:
    return source_digest([*more, *(module for step in steps for module in (type(step).__module__, *step.roots()))])
