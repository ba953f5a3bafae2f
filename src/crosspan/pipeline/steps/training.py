"""The step that trains a tagger: on what was projected, on sentences with right labels, or on both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from crosspan.core.digests import digest_of
from crosspan.core.folders import remove_folder
from crosspan.core.options import with_settings
from crosspan.core.types import Projection, Sentence
from crosspan.models.archive import packed
from crosspan.pipeline.corpus import Corpus, gold_of
from crosspan.pipeline.parts import Model
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.train.examples import Example
from crosspan.train.gold import WEIGHT, GoldWeight, beside
from crosspan.train.noise import NoiseOptions, examples_apart, with_open_forms
from crosspan.train.round_options import VoteOptions


class _Given(NamedTuple):
    """What is learned from: gold sentences, sources with labels of their own, and what labels were carried to."""

    gold: list[Example]
    sources: list[Example]
    carried: list[Example]


@dataclass(kw_only=True)
class Train(Step):
    """Trains a tagger; the model is the result.

    Args:
        trainer: The trainer.
        projected: The step that has the projections to learn from; empty for none.
        source: The step that has labels of the source sentences to learn from; empty for none.
        target_text: Whether target sentences are learned from without labels.
        langs: Languages of source and target sentences; empty where they are not known.
        gold: Sentences with right labels to learn from.
        gold_weight: How much each counts beside a projected one; 0 has it chosen, see :mod:`crosspan.train.gold`.
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
    source: str = ""
    target_text: bool = False
    langs: tuple[str, str] = ("", "")
    gold: Corpus | None = None
    gold_weight: float = 0.0
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
        needs = [(self.projected, "projections"), (self.source, "labels")]
        found = [Need(step, part, True) for step, part in needs if step]
        if found or self.target_text:
            self.needs = (Need("pairs", "tokens", True), *found)
        self.resumes = self.trainer.component.resumes

    def facts(self) -> Mapping[str, Any]:
        """The trainer, and how labels are taken."""
        component = self.trainer.component
        found: dict[str, Any] = {"trainer": self.trainer.facts()}
        if self.projected:
            found["noise"] = asdict(self.noise)
        if self.needs:
            found["sides"] = {"source": bool(self.source), "target_text": self.target_text, "langs": list(self.langs)}
        if self.gold is not None:
            found["gold"] = self.gold.facts()
            if self.projected:
                found["gold_weight"] = self.gold_weight
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
        gold = [] if self.gold is None else [Example(one) for one in gold_of(self.gold)]
        carried = with_open_forms(examples_apart(self._projections(inputs), self.noise), self.noise, gold)
        given = _Given(gold, [Example(one) for one in self._sources(inputs)], carried)
        with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
            model, facts = self._trained(given, inputs.unfinished or Path(folder), inputs)
        return Output({"model": model}, {"examples": sum(map(len, given)), **facts})

    def _projections(self, inputs: Inputs) -> Iterator[Projection]:
        if self.projected:
            shards = zip(inputs.all("pairs", "tokens"), inputs.all(self.projected, "projections"), strict=True)
            for tokens, projected in shards:
                for one in projected.on(tokens.sides[1]):
                    yield replace(one, sentence=replace(one.sentence, lang=self.langs[1] or None))

    def _sources(self, inputs: Inputs) -> Iterator[Sentence]:
        """Source sentences with the labels that they have."""
        if self.source:
            shards = zip(inputs.all("pairs", "tokens"), inputs.all(self.source, "labels"), strict=True)
            for tokens, labels in shards:
                for at, (words, spans) in enumerate(zip(tokens.sides[0], labels.spans, strict=True)):
                    if words and at not in labels.faults:
                        yield Sentence(tuple(words), tuple(spans), lang=self.langs[0] or None)

    def _trained(self, given: _Given, place: Path, inputs: Inputs) -> tuple[Model, Mapping[str, Any]]:
        """The model that is learned."""
        component = self.trainer.component
        use = component.tagger or self.trainer.name
        if component.votes:
            from crosspan.train.rounds import train_in_rounds

            gold, weight = given.gold, self.gold_weight
            if given.sources:  # these are of another language: nothing is to be chosen on them
                gold, weight = [*GoldWeight(weight or WEIGHT).of(gold), *given.sources], 1.0
            tagger = train_in_rounds(
                given.carried,
                gold=gold,
                gold_weight=weight,
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
        if self.target_text or self.unlabelled:
            context["unlabelled"] = list(self._text(inputs))
        examples = [*given.sources, *beside(given.carried, given.gold, self.gold_weight)]
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
        from crosspan.models.checkpoints import has_ended
        from crosspan.models.loop import LAST_GOOD
        from crosspan.train import RECORD

        if has_ended(folder, RECORD):  # killed between the end of the training and that of the step
            return 0
        remove_folder(folder / LAST_GOOD)  # of a try that failed
        report = self.trainer.family.make(
            self.trainer.name, examples, settings=self.trainer.settings, threads=inputs.threads, out=folder, **context
        )
        return int(getattr(report, "resumed_at", 0))

    def _text(self, inputs: Inputs) -> Iterator[Sentence]:
        """Sentences without labels."""
        if self.target_text:
            for tokens in inputs.all("pairs", "tokens"):
                yield from (Sentence(tuple(words), lang=self.langs[1]) for words in tokens.sides[1] if words)
        for corpus in self.unlabelled:
            yield from (item.pair.source for item in corpus.located() if item.pair.source.tokens)
