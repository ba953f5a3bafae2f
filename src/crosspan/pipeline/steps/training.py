"""Stages for the whole corpus: training a tagger, and scoring what came out."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crosspan.core import registry
from crosspan.core.progress import Progress
from crosspan.core.types import Projection, Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.models.archive import packed
from crosspan.pipeline.codec import dumps, load_labels, load_projections, loads
from crosspan.pipeline.provenance import data_digest
from crosspan.pipeline.recipes.model_options import identity_of
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.reading import InputFile
from crosspan.pipeline.steps.tagging import FINE_TUNING, made_by
from crosspan.pipeline.store import digest_of
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_of
from crosspan.train.self_training import VoteOptions, train_on_projections

TRAINERS = "crosspan.trainers"


@dataclass(kw_only=True)
class Train(Step):
    """Trains a tagger on what was projected; its file is the result."""

    use: str
    settings: Any
    noise: NoiseOptions
    vote: VoteOptions
    rounds: int
    seed: int
    projected: str
    dev: InputFile | None = None
    name: str = "train"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens", True), Need(self.projected, "projections", True))
        self.options = {
            "use": self.use,
            "by": registry.identity(TRAINERS, self.use),
            "noise": asdict(self.noise),
        }
        if self.use == FINE_TUNING:
            # all but the device and how often checkpoints are made changes the result
            settings = {**asdict(self.settings), "seed": self.settings.seed or self.seed}
            found = identity_of(self.use, {"encoder": settings.pop("encoder")})
            self.options["encoder"] = found
            self.options["dev"] = None if self.dev is None else self.dev.options
            self.options["settings"] = {
                name: value for name, value in settings.items() if name not in ("device", "save_every")
            }
            self.resumes = True
        elif self.use == "crf":
            self.options["settings"] = asdict(self.settings)
            self.options["rounds"] = self.rounds
            self.options["vote"] = asdict(self.vote) if self.rounds else None
            self.options["data"] = data_digest("crosspan.tag")
        else:
            self.options["settings"] = dict(self.settings)
            self.options["seed"] = self.seed

    def work(self, inputs: Inputs) -> Output:
        """Train."""
        examples = examples_of(self._projections(inputs), self.noise)
        with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
            path = Path(folder) / "model.crf"
            if self.use == FINE_TUNING:
                return self._fine_tuned(examples, inputs.unfinished or path, inputs)
            self._trained(examples, inputs).save(path)
            return Output({"model": path.read_bytes()}, {"examples": len(examples)})

    def _fine_tuned(self, examples: list[Example], place: Path, inputs: Inputs) -> Output:
        """Fine-tune below a folder, from where that was left off."""
        from crosspan.models.checkpoints import Checkpoints
        from crosspan.train.model_card import RECORD
        from crosspan.train.token_classifier import train_token_classifier

        def advance(stage: str, done: int, total: int) -> None:
            inputs.advance(done, total)

        options = replace(self.settings, seed=self.settings.seed or self.seed)
        # checkpoints know the encoder by its path, and the result by its content: it may have moved meanwhile
        folder = place / digest_of(options.encoder)[:16]
        facts = {"examples": len(examples), "resumed_at": 0}
        if (folder / RECORD).is_file():  # killed between the end of the training and that of the stage
            Checkpoints(folder, "").remove()
        else:
            shutil.rmtree(folder / "last-good", ignore_errors=True)  # of a try that failed
            dev = () if self.dev is None else gold_of(self.dev)
            report = train_token_classifier(
                examples, folder, dev=dev, options=options, threads=inputs.threads, progress=advance
            )
            facts["resumed_at"] = report.resumed_at
        return Output({"model": packed(folder)}, facts)

    def _projections(self, inputs: Inputs) -> Iterator[Projection]:
        shards = zip(inputs.all("pairs", "tokens"), inputs.all(self.projected, "projections"), strict=True)
        for tokens, projections in shards:
            yield from load_projections(projections, loads(tokens)[1])

    def _trained(self, examples: list[Example], inputs: Inputs) -> Any:
        if self.use != "crf":
            return made_by(TRAINERS, self.use, examples, seed=self.seed, threads=inputs.threads, **self.settings)

        def advance(event: Progress) -> None:
            inputs.advance(event.done, event.total)

        return train_on_projections(
            examples,
            options=self.settings,
            vote=self.vote,
            rounds=self.rounds,
            threads=inputs.threads,
            progress=advance,
        )


@dataclass(frozen=True, slots=True)
class Scoring:
    """What is scored, and how.

    Args:
        gold: The file with the right labels.
        labels: Classes to score; all if empty.
        ignore_labels: Classes to leave out.
        bootstrap: Resamples for confidence intervals.
        confidence: Share of them that an interval holds.
        seed: Of the resampling.
        limit: Sentences to score; 0 for all.
    """

    gold: InputFile
    labels: Collection[str]
    ignore_labels: Collection[str]
    bootstrap: int
    confidence: float
    seed: int
    limit: int

    @property
    def options(self) -> Mapping[str, Any]:
        """What the scores depend on, as plain values."""
        found = {
            "gold": self.gold.options,
            "labels": sorted(self.labels),
            "ignore_labels": sorted(self.ignore_labels),
            "limit": self.limit,
            "bootstrap": self.bootstrap,
        }
        return {**found, "confidence": self.confidence, "seed": self.seed} if self.bootstrap else found

    def read(self) -> list[Sentence]:
        """The gold sentences; see :func:`gold_of`."""
        return gold_of(self.gold, self.limit)


def gold_of(file: InputFile, limit: int = 0) -> list[Sentence]:
    """Sentences with right labels.

    Raises:
        CrosspanError: They cannot be read; bad labels of gold are no small matter.
    """
    found = []
    for item in itertools.islice(file.file.located(), limit or None):
        if item.fault is not None:
            raise item.fault
        found.append(item.sentence)
    return found


@dataclass(kw_only=True)
class Evaluate(Step):
    """Scores labels against gold.

    Args:
        scoring: What is gold, and how to score.
        of: The stage whose labels are scored.
        part: The part that has them: ``"labels"`` or ``"projections"``.
    """

    scoring: Scoring
    of: str
    part: str
    name: str = "evaluate"
    single: bool = True

    def __post_init__(self) -> None:
        read = "unlabelled" if self.of == "predict" else "pairs"
        self.needs = (Need(read, "tokens", True), Need(self.of, self.part, True))
        self.options = {**self.scoring.options, "part": self.part}

    def work(self, inputs: Inputs) -> Output:
        """Score."""
        scoring = self.scoring
        report = evaluate_ner(
            scoring.read(),
            list(self._labelled(inputs)),
            labels=scoring.labels or None,
            ignore_labels=scoring.ignore_labels,
            bootstrap=scoring.bootstrap,
            confidence=scoring.confidence,
            seed=scoring.seed,
        )
        return Output({"scores": dumps(report.to_dict())}, {"strict_f1": report.strict.micro.f1})

    def _labelled(self, inputs: Inputs) -> Iterator[Sentence]:
        """What is scored; a sentence that was rejected is without labels."""
        tokens = inputs.all("unlabelled" if self.of == "predict" else "pairs", "tokens")
        for words, found in zip(tokens, inputs.all(self.of, self.part), strict=True):
            side = loads(words)[-1]
            if self.part == "projections":
                yield from (one.sentence for one in load_projections(found, side))
            else:
                spans, _ = load_labels(found)
                yield from (Sentence(tuple(row), one) for row, one in zip(side, spans, strict=True))
