"""What came out of a plan, sentence by sentence, wherever the parts are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from crosspan.core.types import Projection, Sentence, Span
from crosspan.pipeline.parts import Fault, Model, whole_sentence, whole_sentences
from crosspan.pipeline.plan import Plan
from crosspan.pipeline.store import GPUS, Entry, Store


class Carried(NamedTuple):
    """What became of a pair.

    Args:
        source: The source sentence with the labels that were carried over.
        projection: The target sentence with what was carried over; its error is the whole reason.
        where: ``file:line`` of what is wrong, or of the sentence.
    """

    source: Sentence
    projection: Projection
    where: str


class Tagged(NamedTuple):
    """What became of a sentence that was tagged.

    Args:
        sentence: The sentence with labels; without where there is a reason.
        line: Where it begins in its file, from 1.
        fault: Why it could not be worked on.
    """

    sentence: Sentence
    line: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Results:
    """What came out of a plan.

    Args:
        plan: The plan.
        products: Results of its steps, shard by shard.
        store: Where they are.
    """

    plan: Plan
    products: Mapping[str, Sequence[Entry]]
    store: Store

    @property
    def gpus(self) -> list[str]:
        """The kinds of GPUs on which models ran when it was made."""
        return sorted({gpu for entries in self.products.values() for one in entries for gpu in one.facts.get(GPUS, ())})

    def __contains__(self, step: str) -> bool:
        return step in self.products

    def parts(self, step: str, name: str) -> Iterator[Any]:
        """A part of a step's result, shard after shard."""
        for entry in self.products[step]:
            yield self.store.part(entry, name)

    def one(self, step: str, name: str) -> Any:
        """A part of the result of a step that has one for the whole corpus."""
        return self.store.part(self.products[step][0], name)

    def model(self) -> Model:
        """The model that was trained."""
        found: Model = self.one("train", "model")
        return found

    def carried(self, shown: str = "") -> Iterator[Carried]:
        """What became of each pair, in order.

        Args:
            shown: The file that a pair is named after.
        """
        plan = self.plan
        streams = (
            self.parts(plan.sources, "tokens"),
            self.parts(plan.sources, "about"),
            self.parts(plan.labels, "labels"),
            self.parts(plan.projected, "projections"),
        )
        places = [entry.facts.get("where", {}) for entry in self.products.get("align", ())]
        for shard, (tokens, about, labels, projected) in enumerate(zip(*streams, strict=True)):
            sources = whole_sentences(tokens, about, 0, labels)
            of_links = places[shard] if places else {}
            projections = projected.on(tokens.sides[1])
            for index, (source, projection) in enumerate(zip(sources, projections, strict=True)):
                row = about.sides[1][index]
                target = whole_sentence(tokens.sides[1][index], row, projection.sentence.spans)
                fault = labels.faults.get(index)
                place = of_links.get(str(index)) or (f"{shown}:{about.lines[index]}" if shown else "")
                where = fault.where if fault is not None and fault.where else place
                error = fault.reason if fault is not None else projection.error
                yield Carried(source, replace(projection, sentence=target, error=error), where)

    def voted(self) -> Iterator[tuple[tuple[Span, ...], Fault | None]]:
        """The spans that an ensemble chose for each target sentence, or why it did not."""
        for labels in self.parts("ensemble", "labels"):
            yield from ((spans, labels.faults.get(index)) for index, spans in enumerate(labels.spans))

    def tagged(self, step: str, corpus: str) -> Iterator[Tagged]:
        """What a tagger made of each sentence of a corpus.

        Args:
            step: The step that tagged.
            corpus: The step that has the sentences.
        """
        streams = (self.parts(corpus, "tokens"), self.parts(corpus, "about"), self.parts(step, "labels"))
        for tokens, about, labels in zip(*streams, strict=True):
            for index, sentence in enumerate(whole_sentences(tokens, about, 0, labels)):
                yield Tagged(sentence, about.lines[index], labels.faults.get(index))

    def sources(self, corpus: str, labels: str) -> Iterator[Sentence]:
        """The source sentences of one step with the labels of another."""
        streams = (self.parts(corpus, "tokens"), self.parts(corpus, "about"), self.parts(labels, "labels"))
        for tokens, about, found in zip(*streams, strict=True):
            yield from whole_sentences(tokens, about, 0, found)
