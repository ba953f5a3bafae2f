"""How each entity was rendered elsewhere in the corpus: a memory that makes projections consistent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.locks import Lock
from crosspan.core.types import Pair

FORGET_BELOW = 0.05
"""Renderings less sure than this are not remembered: they are most candidates, and say nothing."""


def entity_names(pairs: Sequence[Pair]) -> list[str]:
    """The lower-cased words of every source entity of a batch, in order.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> source = Sentence(("The", "European", "Union"), (Span(1, 3, "ORG"),))
        >>> entity_names([Pair(source, Sentence(("Die", "Europäische", "Union")))])
        ['european union']
    """
    return [" ".join(pair.source.tokens[span.start : span.end]).lower() for pair in pairs for span in pair.source.spans]


class EntityMemory:
    """Sums, for each source entity, how surely it was rendered by which target words.

    It is filled with the confidences of a first pass over the corpus and asked in the second. What an occurrence
    itself brought in is taken out when it is asked about, so that nothing confirms itself. Many threads may fill it
    and ask it. Each batch is summed up by itself, and then the batches, in the order in which it is filled: so it is
    the same whether it is filled batch by batch, or put together from memories of single batches (:meth:`merge`).
    """

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._entity: list[npt.NDArray[np.int64]] = []
        self._words: list[npt.NDArray[np.uint64]] = []
        self._weight: list[npt.NDArray[np.float64]] = []
        self._index: tuple[npt.NDArray[Any], ...] | None = None
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._number)

    def add(
        self,
        names: Sequence[str],
        span: npt.NDArray[np.int32],
        words: npt.NDArray[np.uint64],
        confidence: npt.NDArray[np.float64],
    ) -> None:
        """Remember the candidates of a batch.

        Args:
            names: Of each source span (:func:`entity_names`).
            span: Span of each candidate.
            words: Hash of its words, from the lower-cased words themselves, so that it is the same in every batch.
            confidence: Of each candidate, from a pass without memory.
        """
        keep = confidence >= FORGET_BELOW
        number: dict[str, int] = {}
        entity = np.fromiter((number.setdefault(name, len(number)) for name in names), np.int64, len(names))
        self._append(list(number), *_summed(entity[span[keep]], words[keep], confidence[keep]))

    def merge(self, other: EntityMemory) -> None:
        """Remember what another remembers that was filled with one batch, as if it had been filled in here."""
        names, arrays = other.arrays()
        self._append(names, arrays["entity"], arrays["rendering"], arrays["weight"])

    def _append(
        self,
        names: Sequence[str],
        entity: npt.NDArray[np.int64],
        words: npt.NDArray[np.uint64],
        weight: npt.NDArray[np.float64],
    ) -> None:
        """Remember distinct renderings; entities are numbered by these names."""
        if not names:
            return
        with self._lock:
            number = self._number
            place = np.fromiter((number.setdefault(name, len(number)) for name in names), np.int64, len(names))
            self._entity.append(place[entity])
            self._words.append(words)
            self._weight.append(weight)
            self._index = None
            if len(self._entity) > 64:  # keep long streams from piling up repeated renderings
                entity, words, weight, _ = self._built()
                self._entity, self._words, self._weight = [entity], [words], [weight]

    def arrays(self) -> tuple[list[str], dict[str, npt.NDArray[Any]]]:
        """The names of the entities in order, and arrays of distinct renderings: what :meth:`of` takes."""
        with self._lock:
            entity, words, weight, _ = self._built()
            names = list(self._number)
        return names, {"entity": entity, "rendering": words, "weight": weight}

    @classmethod
    def of(cls, names: Sequence[str], arrays: Mapping[str, npt.NDArray[Any]]) -> EntityMemory:
        """A memory from what :meth:`arrays` gave."""
        found = cls()
        found._number = {name: number for number, name in enumerate(names)}
        found._entity = [arrays["entity"].astype(np.int64)]
        found._words = [arrays["rendering"].astype(np.uint64)]
        found._weight = [arrays["weight"].astype(np.float64)]
        return found

    def _built(self) -> tuple[npt.NDArray[Any], ...]:
        """Distinct renderings sorted by entity and words, with summed weights, and each entity's offset."""
        if self._index is None:
            entity = np.concatenate([np.zeros(0, np.int64), *self._entity])
            words = np.concatenate([np.zeros(0, np.uint64), *self._words])
            weight = np.concatenate([np.zeros(0), *self._weight])
            entity, words, weight = _summed(entity, words, weight)
            self._index = entity, words, weight, np.searchsorted(entity, np.arange(len(self._number) + 1))
        return self._index

    def recall(
        self,
        names: Sequence[str],
        span: npt.NDArray[np.int32],
        words: npt.NDArray[np.uint64],
        own: npt.NDArray[np.float64],
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What speaks for each candidate of a batch.

        Args:
            names: Of each source span.
            span: Span of each candidate.
            words: Hash of its words.
            own: What the candidate itself was added with, to be taken out; 0 where it was not added.

        Returns:
            Weight of the same rendering elsewhere, and of other renderings elsewhere; float32, one per candidate.
        """
        with self._lock:
            _, known, weight, ptr = self._built()
            entity = np.fromiter((self._number.get(name, -1) for name in names), np.int64, len(names))
        same, other = _recall(span, words, np.where(own >= FORGET_BELOW, own, 0.0), entity, ptr, known, weight)
        return same, other


def _summed(
    entity: npt.NDArray[np.int64], words: npt.NDArray[np.uint64], weight: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.float64]]:
    """Distinct renderings sorted by entity and words, with summed weights."""
    order = np.lexsort((words, entity))
    entity, words, weight = entity[order], words[order], weight[order]
    new = np.ones(len(entity), np.bool_)
    new[1:] = (entity[1:] != entity[:-1]) | (words[1:] != words[:-1])
    first = np.flatnonzero(new)
    return entity[first], words[first], np.add.reduceat(weight, first) if len(first) else weight


@njit()
def _recall(span, words, own, entity, ptr, known, weight):  # type: ignore[no-untyped-def]
    n = len(span)
    same = np.zeros(n, np.float32)
    other = np.zeros(n, np.float32)
    c = 0
    while c < n:
        end = c
        mine = 0.0  # all that this occurrence brought in
        while end < n and span[end] == span[c]:
            mine += own[end]
            end += 1
        e = entity[span[c]]
        if e >= 0:
            total = 0.0
            for k in range(ptr[e], ptr[e + 1]):
                total += weight[k]
            for x in range(c, end):
                at = ptr[e] + np.searchsorted(known[ptr[e] : ptr[e + 1]], words[x])
                found = weight[at] if at < ptr[e + 1] and known[at] == words[x] else 0.0
                # the same words twice in one sentence are one occurrence twice: both are its own
                for y in range(c, end):
                    if words[y] == words[x]:
                        found -= own[y]
                found = max(found, 0.0)
                same[x] = found
                other[x] = max(total - mine - found, 0.0)
        c = end
    return same, other
