"""The choice of the sentences that a page shows, in one pass and bounded memory.

Four kinds are wanted: those that disagree with gold, those with a dropped span (or left out themselves), those of low
confidence, and any. Each has a heap of the best so far; which of two equally wanted sentences is taken is decided by a
number that depends on the seed and on the place of the sentence alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from crosspan.report.items import Item

KINDS = ("gold", "dropped", "unsure", "random")
"""Why a sentence is shown: it disagrees with gold, has a dropped span, has the least confidences, or by chance."""

_MASK = (1 << 64) - 1


def draw(seed: int, index: int) -> int:
    """A number from 0 to 2**64 - 1 for a place in the corpus, as if by chance (SplitMix64, Steele et al. 2014).

    Example:
        >>> draw(0, 1) == draw(0, 1), draw(0, 1) == draw(1, 1)
        (True, False)
    """
    z = ((seed * 0x9E3779B97F4A7C15) ^ ((index + 1) * 0xBF58476D1CE4E5B9)) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sentences to show.

    Args:
        records: Their records, in the order of the corpus.
        kinds: How many were chosen as which of :data:`KINDS`.
        too_long: How many were wanted and left out, as the page would have become too large.
    """

    records: list[str]
    kinds: dict[str, int]
    too_long: int


class Sample:
    """Chooses sentences while they pass by.

    Args:
        size: How many to choose.
        seed: Another seed makes another choice.
        max_chars: The most characters that the chosen records may have together.

    Example:
        >>> from crosspan.core.types import Projection, Sentence
        >>> sample = Sample(size=2)
        >>> for index in range(9):
        ...     item = Item(index, Sentence(("a",)), Projection(Sentence(("b",))))
        ...     sample.add(item, lambda item: str(item.index))
        >>> len(sample.chosen().records)
        2
    """

    def __init__(self, size: int, seed: int = 0, *, max_chars: int = 6_000_000) -> None:
        self.size = size
        self.seed = seed
        self.max_chars = max_chars
        self._heaps: dict[str, list[tuple[float, int, int, str]]] = {kind: [] for kind in KINDS}
        self._seen = 0

    def add(self, item: Item, record: Callable[[Item], str]) -> None:
        """Look at a sentence; its record is only made where it may be shown."""
        self._seen += 1
        if not self.size:
            return
        made: str | None = None
        number = draw(self.seed, item.index)
        for kind, wanted in _wanted(item).items():
            heap = self._heaps[kind]
            rank = (wanted, -number, -item.index)
            if len(heap) == self.size and heap[0][:3] > rank:
                continue
            made = record(item) if made is None else made
            (heapq.heappush if len(heap) < self.size else heapq.heapreplace)(heap, (*rank, made))

    def chosen(self) -> Chosen:
        """The choice: a quarter of each kind that there is, the rest by chance."""
        share = self.size if self._seen <= self.size else self.size // 4
        taken: dict[int, str] = {}
        kinds = dict.fromkeys(KINDS, 0)
        chars = too_long = 0
        for kind in KINDS:
            most = self.size if kind == "random" else min(self.size, len(taken) + share)
            for _, _, place, record in sorted(self._heaps[kind], reverse=True):
                if len(taken) >= most:
                    break
                if -place in taken:
                    continue
                if chars + len(record) > self.max_chars:
                    too_long += 1
                    continue
                chars += len(record)
                taken[-place] = record
                kinds[kind] += 1
        return Chosen([taken[index] for index in sorted(taken)], kinds, too_long)


def _wanted(item: Item) -> dict[str, float]:
    """How much a sentence is wanted as which kind."""
    wanted = {"random": 0.0}
    projection = item.projection
    if projection is None:
        return {**wanted, "dropped": 1.0}
    if projection.dropped:
        wanted["dropped"] = 0.0
    scores = [span.score for span in projection.sentence.spans if span.score is not None]
    if scores:
        wanted["unsure"] = -min(scores)
    if any(one.kind != "exact" for one in item.findings()):
        wanted["gold"] = 0.0
    return wanted
