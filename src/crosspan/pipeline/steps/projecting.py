"""Steps that carry spans over, and that take out again what is too unsure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crosspan.core.failures import EachByItself, in_words
from crosspan.core.types import Alignment, DroppedSpan, Pair, ProjectedSpan, Projection, Sentence
from crosspan.pipeline.parts import (
    DIGITS,
    Facts,
    Fault,
    Projected,
    settled_projection,
)
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.observing import PairShard, together
from crosspan.pipeline.use import Use
from crosspan.project.filters import apply_filters, is_filtered
from crosspan.project.projector import Projector

_EMPTY = Alignment.from_links([])


@dataclass(kw_only=True)
class Project(Step):
    """Carries spans over (:mod:`crosspan.project`).

    The shards of a method that learns from the corpus depend on the whole of it, those of others each on itself only.
    What can be learned shard by shard was learned by the steps of :mod:`crosspan.pipeline.steps.observing`; other
    methods look at all shards here, in the main process, before the first that is missing.

    Args:
        method: The projector.
        labels: The step that has the labels of the source.
        corpus: Whether the method looks at the whole corpus.
        observed: Whether it has done so, in the steps ``count`` and ``observe``.
        text: Whether it reads more than words and source spans: ids, running text, spans of the target.
        target_spans: Whether it reads spans of the target.
        source_scores: Whether scores of source spans count in the confidence.
        runners_up: How many candidates that were not chosen to keep for each span, where the method has some.
    """

    method: Use
    labels: str
    corpus: bool = True
    observed: bool = False
    text: bool = True
    target_spans: bool = False
    source_scores: bool = True
    runners_up: int = 0
    name: str = "project"
    parallel: bool = True
    _projector: Projector | None = None
    _each: EachByItself[tuple[Pair, Alignment | None], tuple[Projection, Any]] | None = None

    def __post_init__(self) -> None:
        self.needs = tuple(Need(step, part) for step, part in self.parts)
        if self.observed:
            self.needs += (Need("count", "seen", True), Need("observe", "seen", True))
        elif self.corpus:
            self.needs += tuple(Need(step, part, True) for step, part in self.parts)

    def facts(self) -> Mapping[str, Any]:
        """The method."""
        found = {"method": self.method.facts(), "source_scores": self.source_scores}
        return {**found, "runners_up": self.runners_up} if self.runners_up else found

    def roots(self) -> tuple[str, ...]:
        """The method's."""
        return self.method.roots()

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What is known of the pairs: their words, labels and links, and what is wrong with some."""
        parts = [("pairs", "tokens"), (self.labels, "labels"), ("align", "links")]
        if self.text or self.target_spans:
            parts.append(("pairs", "target_spans"))
        return [*parts, ("pairs", "about")] if self.text else parts

    def learn(self, inputs: Inputs) -> Projector | None:
        """Look at the whole corpus."""
        if not self.corpus:
            return None
        if self.observed:
            made = self.method.make(inputs.threads)
            made.memory = together(inputs.all("count", "seen"), inputs.all("observe", "seen"))
            return made  # type: ignore[no-any-return]
        projector: Projector = self.method.make(inputs.threads)
        for shard in self._all(inputs):
            projector.count([pair for index, pair in enumerate(shard.pairs) if index not in shard.faults])
        for shard in self._all(inputs):
            projector.observe(*shard.sound())
        return projector

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Take the projector that looked at the corpus, or make one."""
        self._projector = learned if self.corpus else self.method.make(inputs.threads)
        self._each = EachByItself(self._call, "the method of projection")

    def _all(self, inputs: Inputs) -> Iterator[PairShard]:
        streams = [inputs.all(step, part) for step, part in self.parts]
        for parts in zip(*streams, strict=True):
            yield PairShard.of(*parts)

    def work(self, inputs: Inputs) -> Output:
        """Project a shard."""
        assert self._each is not None
        shard = PairShard.of(*(inputs.part(step, part) for step, part in self.parts))
        found = self._each(list(zip(shard.pairs, shard.links, strict=True)))
        projections = [
            self._settled(pair, one if isinstance(one, Exception) else one[0], shard.faults.get(index))
            for index, (pair, one) in enumerate(zip(shard.pairs, found, strict=True))
        ]
        parts: dict[str, Any] = {"projections": Projected(projections)}
        if self.runners_up:
            parts["runners_up"] = Facts([() if isinstance(one, Exception) else _plain(one[1]) for one in found])
        return Output(parts, counts_of(projections), self._each.unsure)

    def _call(self, items: Sequence[tuple[Pair, Alignment | None]]) -> list[tuple[Projection, Any]]:
        projector = self._projector
        assert projector is not None
        pairs, links = [pair for pair, _ in items], [one for _, one in items]
        named = getattr(projector, "project_with_runners_up", None) if self.runners_up else None
        if named is None:
            return [(one, ()) for one in projector.project(pairs, links)]
        return list(zip(*named(pairs, links, k=self.runners_up), strict=True))

    def _settled(self, pair: Pair, found: Projection | Exception, fault: Fault | None) -> Projection:
        if isinstance(found, Exception):
            dropped = tuple([DroppedSpan(span, "error") for span in pair.source.spans])
            reason = f"projecting failed on the pair ({in_words(found)})"
            return Projection(Sentence(pair.target.tokens), (), dropped, reason)
        if fault is not None:
            return replace(found, error=fault.reason)
        return settled_projection(found, source_scores=self.source_scores)


def _plain(others: Sequence[Sequence[Any]]) -> list[list[tuple[int, int, float]]]:
    return [[(one.start, one.end, round(one.probability, DIGITS)) for one in row] for row in others]


@dataclass(kw_only=True)
class Keep(Step):
    """Takes the labels of sentences for what was carried over, where source and target are the same sentences."""

    labels: str
    name: str = "project"

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need(self.labels, "labels"))

    def work(self, inputs: Inputs) -> Output:
        """Take over the labels of a shard."""
        labels = inputs.labels(self.labels)
        found = []
        for index, (words, spans) in enumerate(zip(inputs.tokens().sides[1], labels.spans, strict=True)):
            links = tuple([ProjectedSpan(one, one, 1.0 if one.score is None else one.score) for one in spans])
            fault = labels.faults.get(index)
            found.append(Projection(Sentence(tuple(words), spans), links, (), None if fault is None else fault.reason))
        return Output({"projections": Projected(found)}, counts_of(found))


@dataclass(kw_only=True)
class Filter(Step):
    """Takes out of projections what is too unsure, or what filters object to (:mod:`crosspan.project.filters`)."""

    min_confidence: float
    filters: tuple[str, ...]
    labels: str
    name: str = "filter"
    parallel: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("project", "projections"))
        if self.filters:
            self.needs += (Need(self.labels, "labels"), Need("align", "links"))

    def facts(self) -> Mapping[str, Any]:
        """The filters."""
        return {"min_confidence": self.min_confidence, "filters": self.filters}

    def work(self, inputs: Inputs) -> Output:
        """Filter a shard."""
        sources, targets = inputs.tokens().sides
        projections = inputs.projected("project").on(targets)
        n = len(projections)
        links: Sequence[Alignment | None] = inputs.links().alignments if self.filters else [None] * n
        spans = inputs.labels(self.labels).spans if self.filters else [()] * n
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
        return Output({"projections": Projected(found)}, counts_of(found))


def counts_of(projections: Sequence[Projection]) -> Mapping[str, int]:
    """Counts of a shard of projections."""
    filtered = sum(map(is_filtered, projections))
    return {
        "sentences": len(projections),
        "filtered": filtered,
        "rejected": sum(one.error is not None for one in projections) - filtered,
    }
