"""Steps in which a method of projection looks at the corpus before it carries anything over, shard by shard.

First the words are counted, then it is observed how entities are rendered, for which the counts of the whole corpus are
known. Each shard is looked at by itself, wherever; what was learned of all of them is put together in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosspan.core.saved import loaded
from crosspan.core.types import Alignment, Pair
from crosspan.pipeline.parts import AboutRow, Extras, Faults, Labels, Links, Seen, Tokens, whole_sentence
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.project.observed import Observed


@dataclass(frozen=True, slots=True)
class PairShard:
    """The pairs of a shard with what is known of them."""

    pairs: list[Pair]
    links: list[Alignment | None]
    faults: Faults

    @classmethod
    def of(
        cls, tokens: Tokens, labels: Labels, links: Links, given: Labels | None = None, about: Extras | None = None
    ) -> PairShard:
        """The shard of these parts; what is wrong with its labels or its links is wrong with the pair."""
        wrong = {**links.faults, **labels.faults}
        sources, targets = tokens.sides
        n = len(tokens)
        there = [()] * n if given is None else given.spans
        rows = [[AboutRow()] * n] * 2 if about is None else about.sides
        pairs = [
            Pair(whole_sentence(source, of_source, found), whole_sentence(target, of_target, known))
            for source, target, found, known, of_source, of_target in zip(
                sources, targets, labels.spans, there, *rows, strict=True
            )
        ]
        return cls(pairs, [None if index in wrong else one for index, one in enumerate(links.alignments)], wrong)

    def sound(self) -> tuple[list[Pair], list[Alignment | None]]:
        """The pairs worth learning from."""
        kept = [(pair, links) for pair, links in zip(self.pairs, self.links, strict=True) if links is not None]
        return [pair for pair, _ in kept], [links for _, links in kept]


@dataclass(kw_only=True)
class _Look(Step):
    """A look at each shard.

    Args:
        method: The projector, which can put together what it learned of parts of a corpus.
        parts: What it reads of a shard: parts of steps, in the order of :meth:`PairShard.of`.
    """

    method: Use
    parts: Sequence[tuple[str, str]]
    parallel: bool = True
    _projector: Any = None

    def __post_init__(self) -> None:
        self.needs = tuple(Need(step, part) for step, part in self.parts)

    def facts(self) -> Mapping[str, Any]:
        """The method."""
        return {"method": self.method.facts()}

    def roots(self) -> tuple[str, ...]:
        """The method's."""
        return self.method.roots()

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Make the projector."""
        self._projector = self.method.make(inputs.threads)

    def _shard(self, inputs: Inputs) -> PairShard:
        return PairShard.of(*(inputs.part(step, part) for step, part in self.parts))


@dataclass(kw_only=True)
class Count(_Look):
    """Counts the words of a shard."""

    name: str = "count"

    def work(self, inputs: Inputs) -> Output:
        """Count."""
        shard = self._shard(inputs)
        self._projector.memory = None
        self._projector.count([pair for index, pair in enumerate(shard.pairs) if index not in shard.faults])
        return Output({"seen": Seen(self._projector.memory)})


@dataclass(kw_only=True)
class Observe(_Look):
    """Observes how the entities of a shard are rendered; the words of all shards were counted."""

    name: str = "observe"
    _counts: Observed | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.needs += (Need("count", "seen", True),)

    def learn(self, inputs: Inputs) -> Observed:
        """Put the counts together."""
        return together(inputs.all("count", "seen"))

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Make the projector, and take the counts."""
        super().prepare(inputs, learned)
        self._counts = learned

    def work(self, inputs: Inputs) -> Output:
        """Observe."""
        assert self._counts is not None
        self._projector.memory = self._counts.beside()
        self._projector.observe(*self._shard(inputs).sound())
        return Output({"seen": Seen(self._projector.memory.without_counts())})


def together(*streams: Iterable[Seen]) -> Observed:
    """What was learned of all shards, put together in their order; one stream after the other."""
    found = Observed()
    for stream in streams:
        for one in stream:
            found.merge(_observed(one))
    return found


def _observed(seen: Seen) -> Observed:
    """The object itself, or what its file holds."""
    if not isinstance(seen.value, bytes):
        return seen.value  # type: ignore[no-any-return]
    return loaded(seen.value, "seen.npz", Observed.load)
