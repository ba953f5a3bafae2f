"""The step that trains a tagger: on what was projected, on sentences with right labels, or on both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crosspan.core.digests import digest_of
from crosspan.core.options import with_settings
from crosspan.core.types import Projection, Sentence
from crosspan.models.archive import packed
from crosspan.pipeline.corpus import Corpus, gold_of
from crosspan.pipeline.parts import Model
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_of
from crosspan.train.round_options import VoteOptions


@dataclass(kw_only=True)
class Train(Step):
    """Trains a tagger; the model is the result.

    Args:
        trainer: The trainer.
        projected: The step that has the projections; empty for none.
        gold: Sentences with right labels to learn from.
        labels: The kinds of entity to learn; by default those that occur.
        noise: How projected labels are taken.
        vote: How predictions and labels vote.
        rounds: How often they vote, and the tagger is trained again; for trainers that do so.
        seed: Of all chance, unless the options of the trainer have one.
        dev: Sentences with right labels, on which a trainer chooses its weights.
        unlabelled: Text of other languages that an encoder learns not to tell from the source.
    """

    trainer: Use
    projected: str = ""
    gold: Corpus | None = None
    labels: Sequence[str] = ()
    noise: NoiseOptions = field(default_factory=NoiseOptions)
    vote: VoteOptions = field(default_factory=VoteOptions)
    rounds: int = 0
    seed: int = 0
    dev: Corpus | None = None
    unlabelled: Sequence[Corpus] = ()
    name: str = "train"
    single: bool = True

    def __post_init__(self) -> None:
        if self.projected:
            self.needs = (Need("pairs", "tokens", True), Need(self.projected, "projections", True))
        self.resumes = self.trainer.component.resumes

    def facts(self) -> Mapping[str, Any]:
        """The trainer, and how labels are taken."""
        component = self.trainer.component
        found: dict[str, Any] = {"trainer": self.trainer.facts()}
        if self.projected:
            found["noise"] = asdict(self.noise)
        if self.gold is not None:
            found["gold"] = self.gold.facts()
        if self.labels:
            found["labels"] = sorted(self.labels)
        if component.votes:
            found |= {"rounds": self.rounds, "vote": asdict(self.vote) if self.rounds else None}
        else:
            found["seed"] = self.seed
        if component.dev:
            found["dev"] = None if self.dev is None else self.dev.facts()
        if self.unlabelled:
            found["unlabelled"] = [corpus.facts() for corpus in self.unlabelled]
        return found

    def roots(self) -> tuple[str, ...]:
        """The trainer's."""
        return self.trainer.roots()

    def work(self, inputs: Inputs) -> Output:
        """Train."""
        examples = [] if self.gold is None else [Example(one) for one in gold_of(self.gold)]
        if self.projected:
            examples += examples_of(self._projections(inputs), self.noise)
        with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
            model, facts = self._trained(examples, inputs.unfinished or Path(folder), inputs)
        return Output({"model": model}, {"examples": len(examples), **facts})

    def _projections(self, inputs: Inputs) -> Iterator[Projection]:
        shards = zip(inputs.all("pairs", "tokens"), inputs.all(self.projected, "projections"), strict=True)
        for tokens, projected in shards:
            yield from projected.on(tokens.sides[1])

    def _trained(self, examples: list[Example], place: Path, inputs: Inputs) -> tuple[Model, Mapping[str, Any]]:
        component = self.trainer.component
        use = component.tagger or self.trainer.name
        if component.votes:
            from crosspan.train.rounds import train_in_rounds

            tagger = train_in_rounds(
                examples,
                options=with_settings(self.trainer.family.options(self.trainer.name), self.trainer.settings),
                vote=self.vote,
                rounds=self.rounds,
                threads=inputs.threads,
                progress=inputs.listener,
            )
            return Model("taggers", use, tagger), {}
        context: dict[str, Any] = {"seed": self.seed, "progress": inputs.listener}
        if component.dev:
            context["dev"] = () if self.dev is None else gold_of(self.dev)
        if self.labels:
            context["labels"] = tuple(self.labels)
        if self.unlabelled:
            context["unlabelled"] = self._text()
        if component.saves != "folder":
            tagger = self.trainer.family.make(
                self.trainer.name, examples, settings=self.trainer.settings, threads=inputs.threads, **context
            )
            return Model("taggers", use, tagger), {}
        # checkpoints know the encoder by its path, and the result by its content: it may have moved meanwhile
        folder = place / digest_of(dict(self.trainer.settings).get(component.model, ""))[:16]
        resumed_at = self._in_folder(examples, folder, inputs, context)
        return Model("taggers", use, packed(folder)), {"resumed_at": resumed_at}

    def _in_folder(self, examples: list[Example], folder: Path, inputs: Inputs, context: Mapping[str, Any]) -> int:
        """Train below a folder, from where that was left off; return the step it went on from."""
        from crosspan.models.checkpoints import Checkpoints
        from crosspan.models.saving import is_finished
        from crosspan.train import RECORD

        if is_finished(folder, RECORD):  # killed between the end of the training and that of the step
            Checkpoints(folder, "").remove()
            return 0
        shutil.rmtree(folder / "last-good", ignore_errors=True)  # of a try that failed
        report = self.trainer.family.make(
            self.trainer.name, examples, settings=self.trainer.settings, threads=inputs.threads, out=folder, **context
        )
        return int(getattr(report, "resumed_at", 0))

    def _text(self) -> list[Sentence]:
        return [item.pair.source for corpus in self.unlabelled for item in corpus.located() if item.pair.source.tokens]
