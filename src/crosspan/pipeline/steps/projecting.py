"""Stages that carry spans over, and that take out again what is too unsure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crosspan.core.components import Component
from crosspan.core.types import Alignment, DroppedSpan, Pair, ProjectedSpan, Projection, Sentence
from crosspan.pipeline.codec import (
    AboutRow,
    Fault,
    Faults,
    dump_projections,
    load_faults,
    load_labels,
    load_links,
    load_projections,
    loads,
    reason_of,
    whole_sentence,
)
from crosspan.pipeline.failures import each_by_itself, in_words
from crosspan.pipeline.provenance import data_digest, model_digest
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.transfer import with_source_scores
from crosspan.project.filters import apply_filters, is_filtered
from crosspan.project.projector import PROJECTORS, Projector, make_projector

_EMPTY = Alignment.from_links([])

_NOTHING_KNOWN: list[AboutRow] = []


@dataclass(frozen=True, slots=True)
class _Shard:
    """The pairs of a shard with what is known of them."""

    pairs: list[Pair]
    links: list[Alignment | None]
    faults: Faults

    @classmethod
    def of(
        cls,
        tokens: bytes,
        labels: bytes,
        links: bytes,
        faults: bytes,
        given: bytes | None = None,
        about: bytes | None = None,
    ) -> _Shard:
        spans, wrong = load_labels(labels)
        wrong = {**load_faults(loads(faults)), **wrong}
        sources, targets = loads(tokens)
        target_spans = [()] * len(targets) if given is None else load_labels(given)[0]
        rows = [_NOTHING_KNOWN] * 2 if about is None else loads(about)["sides"]
        rows = [one or [[None] * 4] * len(sources) for one in rows]
        pairs = [
            Pair(whole_sentence(source, of_source, found), whole_sentence(target, of_target, there))
            for source, target, found, there, of_source, of_target in zip(
                sources, targets, spans, target_spans, *rows, strict=True
            )
        ]
        found_links = load_links(links)
        return cls(pairs, [None if index in wrong else one for index, one in enumerate(found_links)], wrong)

    def sound(self) -> tuple[list[Pair], list[Alignment | None]]:
        """The pairs worth learning from."""
        kept = [(pair, links) for pair, links in zip(self.pairs, self.links, strict=True) if links is not None]
        return [pair for pair, _ in kept], [links for _, links in kept]


@dataclass(kw_only=True)
class Project(Step):
    """Carries spans over (:mod:`crosspan.project`).

    A method that learns from the corpus looks at all of it before the first shard that is missing; its shards depend
    on the whole corpus then, and without it each on itself only.
    """

    use: str
    settings: Mapping[str, Any]
    labels: str
    tagged: bool = False
    name: str = "project"
    _projector: Projector | None = None

    def __post_init__(self) -> None:
        parts = self._parts
        self.needs = tuple(Need(stage, part) for stage, part in parts)
        if self._facts.learns:
            self.needs += tuple(Need(stage, part, True) for stage, part in parts)
        self.options = {
            **PROJECTORS.identity(self.use, self.settings, content=model_digest),
            "data": [data_digest(one) for one in self._facts.data],
            "tagged": self.tagged,
        }

    @property
    def _facts(self) -> Component:
        """What is known of the method with these settings."""
        return PROJECTORS.facts(self.use, self.settings)

    @property
    def _parts(self) -> list[tuple[str, str]]:
        """What is known of the pairs: their words, labels and links, and what is wrong with some."""
        parts = [("pairs", "tokens"), (self.labels, "labels"), ("align", "links"), ("align", "faults")]
        facts = self._facts
        parts += [("pairs", "target_spans")] if facts.target_spans or facts.text else []
        return [*parts, ("pairs", "about")] if facts.text else parts

    def prepare(self, inputs: Inputs) -> None:
        """Look at the whole corpus."""
        self._projector = make_projector(self.use, self.settings)
        if not self._facts.learns:
            return
        for shard in self._all(inputs):
            self._projector.count([pair for index, pair in enumerate(shard.pairs) if index not in shard.faults])
        for shard in self._all(inputs):
            self._projector.observe(*shard.sound())

    def _all(self, inputs: Inputs) -> Iterator[_Shard]:
        streams = [inputs.all(stage, part) for stage, part in self._parts]
        for parts in zip(*streams, strict=True):
            yield _Shard.of(*parts)

    def work(self, inputs: Inputs) -> Output:
        """Project a shard."""
        projector = self._projector
        assert projector is not None
        shard = _Shard.of(*(inputs.part(stage, part) for stage, part in self._parts))

        def project(items: Sequence[tuple[Pair, Alignment | None]]) -> list[Projection]:
            return projector.project([pair for pair, _ in items], [links for _, links in items])

        found = each_by_itself(project, list(zip(shard.pairs, shard.links, strict=True)))
        projections = [
            self._settled(pair, one, shard.faults.get(index))
            for index, (pair, one) in enumerate(zip(shard.pairs, found, strict=True))
        ]
        return Output({"projections": dump_projections(projections)}, projection_facts(projections))

    def _settled(self, pair: Pair, found: Projection | Exception, fault: Fault | None) -> Projection:
        if isinstance(found, Exception):
            dropped = tuple([DroppedSpan(span, "error") for span in pair.source.spans])
            reason = f"projecting failed on the pair ({in_words(found)})"
            return Projection(Sentence(pair.target.tokens), (), dropped, reason)
        if fault is not None:
            return replace(found, error=reason_of(fault))
        return with_source_scores(found) if self.tagged else found


@dataclass(kw_only=True)
class Keep(Step):
    """Takes the labels of sentences for what was carried over, where source and target are the same sentences."""

    labels: str
    name: str = "project"

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need(self.labels, "labels"))

    def work(self, inputs: Inputs) -> Output:
        """Take over the labels of a shard."""
        spans, faults = load_labels(inputs.part(self.labels, "labels"))
        targets = loads(inputs.part("pairs", "tokens"))[1]
        found = []
        for index, (words, labels) in enumerate(zip(targets, spans, strict=True)):
            links = tuple([ProjectedSpan(one, one, 1.0 if one.score is None else one.score) for one in labels])
            fault = faults.get(index)
            error = None if fault is None else reason_of(fault)
            found.append(Projection(Sentence(tuple(words), labels), links, (), error))
        return Output({"projections": dump_projections(found)}, projection_facts(found))


@dataclass(kw_only=True)
class Filter(Step):
    """Takes out of projections what is too unsure, or what filters object to (:mod:`crosspan.project.filters`)."""

    min_confidence: float
    filters: tuple[str, ...]
    labels: str
    name: str = "filter"

    def __post_init__(self) -> None:
        self.options = {"min_confidence": self.min_confidence, "filters": self.filters}
        self.needs = (Need("pairs", "tokens"), Need("project", "projections"))
        if self.filters:
            self.needs += (Need(self.labels, "labels"), Need("align", "links"))

    def work(self, inputs: Inputs) -> Output:
        """Filter a shard."""
        sources, targets = loads(inputs.part("pairs", "tokens"))
        projections = load_projections(inputs.part("project", "projections"), targets)
        n = len(projections)
        links: list[Alignment | None] = load_links(inputs.part("align", "links")) if self.filters else [None] * n
        spans = load_labels(inputs.part(self.labels, "labels"))[0] if self.filters else [()] * n
        found = [
            apply_filters(
                projection,
                self.filters,
                source=Sentence(tuple(words), labels),
                links=_EMPTY if one is None else one,
                min_confidence=self.min_confidence,
            )
            for projection, words, labels, one in zip(projections, sources, spans, links, strict=True)
        ]
        return Output({"projections": dump_projections(found)}, projection_facts(found))


def projection_facts(projections: Sequence[Projection]) -> dict[str, Any]:
    """Counts of a shard of projections."""
    filtered = sum(map(is_filtered, projections))
    return {
        "sentences": len(projections),
        "filtered": filtered,
        "rejected": sum(one.error is not None for one in projections) - filtered,
    }
