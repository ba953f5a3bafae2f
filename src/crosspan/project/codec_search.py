"""The search of CODEC: where in a fixed text do an opening and a closing marker belong?

Numbers only: what is probable is asked from outside, several sequences at a time, so that many searches can share the
batches of one model.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from crosspan.project.batch import Float64Array, Int64Array

SLACK = 1e-4
"""By how much a bound may be wrong: the same sequence in another batch is rounded differently."""


class Forced(NamedTuple):
    """A sequence whose probabilities are wanted.

    Args:
        ids: Its pieces.
        watch: A piece whose probability is wanted at every place of it as well.
    """

    ids: tuple[int, ...]
    watch: int


class ForcedScores(NamedTuple):
    """What a model says of a :class:`Forced` sequence.

    Args:
        forced: Log probability of each of its pieces, given those before it and the source, ``[n]``.
        watched: Log probability of ``watch`` at each place, ``[n]``.
    """

    forced: Float64Array
    watched: Float64Array


@dataclass(frozen=True, slots=True, eq=False)
class TargetTemplate:
    """A target text as pieces, and where markers may stand in it.

    Args:
        before: Pieces that every text of this language begins with.
        pieces: The pieces of the text, ``n`` of them.
        after: Pieces that every text ends with.
        place: Where markers may stand, as the index of the piece that follows, ascending, from 0 to ``n``.
        opens: For each place, the word an entity begins with that is opened there.
        closes: For each place, the word after the last of an entity that is closed there.
    """

    before: tuple[int, ...]
    pieces: tuple[int, ...]
    after: tuple[int, ...]
    place: Int64Array
    opens: Int64Array
    closes: Int64Array

    def plain(self) -> tuple[int, ...]:
        """The whole sequence without markers."""
        return (*self.before, *self.pieces, *self.after)

    def marked(self, begin: int, end: int | None, opening: Sequence[int], closing: Sequence[int]) -> tuple[int, ...]:
        """The whole sequence with a marker before piece ``begin`` and, if there is an ``end``, one before that."""
        stop = len(self.pieces) if end is None else end
        close = () if end is None else closing
        inside, rest = self.pieces[begin:stop], self.pieces[stop:]
        return (*self.before, *self.pieces[:begin], *opening, *inside, *close, *rest, *self.after)


def template_of(
    before: Sequence[int], pieces: Sequence[int], after: Sequence[int], words: Sequence[tuple[int, int]], n_words: int
) -> TargetTemplate:
    """Find the places for markers: where one word ends and the next begins, and so do their pieces.

    Args:
        before: Pieces that every text begins with.
        pieces: The pieces of the text.
        after: Pieces that every text ends with.
        words: For each piece, its first word and the one after its last; where it has none (blanks alone), the word
            that follows, twice.
        n_words: Number of words.

    Example:
        Three words in two pieces, the second of which is part of two words:

        >>> found = template_of([9], [4, 5], [2], [(0, 1), (1, 3)], 3)
        >>> found.place.tolist(), found.opens.tolist(), found.closes.tolist()
        ([0, 1, 2], [0, 1, 3], [0, 1, 3])
    """
    found: dict[int, list[int]] = {}
    at, reached = 0, 0
    for boundary in range(n_words + 1):
        while at < len(words) and words[at][0] < boundary:
            reached = max(reached, words[at][1])
            at += 1
        if boundary == n_words:
            at = len(words)
        if reached <= boundary:
            found.setdefault(at, []).append(boundary)
    places = sorted(found)
    return TargetTemplate(
        tuple(before),
        tuple(pieces),
        tuple(after),
        np.array(places, np.int64),
        # words without pieces stay outside
        np.array([max(found[place]) for place in places], np.int64),
        np.array([min(found[place]) for place in places], np.int64),
    )


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A place for an entity.

    Args:
        start: Its first word.
        end: The word after its last.
        score: Log probability of the text with markers there, given the marked source.
    """

    start: int
    end: int
    score: float


@dataclass(order=True, slots=True)
class _Node:
    """A part of the search: all closings of an opening (``close`` is -1), or one sequence. The best bound is first."""

    negative_bound: float
    open: int
    close: int = -1


@dataclass(slots=True)
class MarkerSearch:
    """Finds the most probable places for the two markers of one entity.

    Log probabilities are never positive, so the sum over a part of a sequence bounds the whole from above. One
    sequence without markers bounds every opening; one with an opening bounds every closing of it; the best bound is
    followed first, until none that is left can reach the hypotheses that are kept. What is kept are the ``most`` best
    whose probability is at least ``min_share`` of the best one's. With all openings, and as long as ``effort`` is not
    reached, that is exact.

    Args:
        template: The text.
        opening: Pieces of the opening marker.
        closing: Pieces of the closing marker.
        most: How many hypotheses to keep.
        min_share: How probable a hypothesis must be, as a share of the best one.
        openings: How many openings to look at: those where the log probability of the piece that follows falls most
            when the source is marked. 0 looks at all.
        plain: Log probability of each piece of the text (what stands before and after it left out) given the source
            without markers; needed for ``openings``.
        effort: After so many sequences, what was found by then is taken; 0 never gives up.
        width: How many parts to look into at a time.

    Attributes:
        found: The hypotheses, the best first.
        sequences: How many were asked for.
        exact: Whether nothing better can be left; false where openings were left out or the effort was too much.

    Example:
        >>> text = template_of([], [5, 6], [2], [(0, 1), (1, 2)], 2)
        >>> search = MarkerSearch(text, (7,), (8,))
        >>> def model(asked):  # sure of one marked text
        ...     def say(*ids):
        ...         return 0.0 if ids == (5, 7, 6, 8, 2)[: len(ids)] else -9.0
        ...     ids, places = asked.ids, range(len(asked.ids))
        ...     watched = [say(*ids[:at], asked.watch) for at in places]
        ...     return ForcedScores(np.array([say(*ids[: at + 1]) for at in places]), np.array(watched))
        >>> while asked := search.ask():
        ...     search.tell([model(one) for one in asked])
        >>> search.found[0], search.sequences
        (Hypothesis(start=1, end=2, score=0.0), 3)
    """

    template: TargetTemplate
    opening: tuple[int, ...]
    closing: tuple[int, ...]
    most: int = 5
    min_share: float = 1e-3
    openings: int = 0
    plain: Float64Array | None = None
    effort: int = 0
    width: int = 4
    found: list[Hypothesis] = field(default_factory=list)
    sequences: int = 0
    exact: bool = True
    _heap: list[_Node] = field(default_factory=list)
    _asked: list[_Node] = field(default_factory=list)

    def ask(self) -> list[Forced]:
        """The sequences that must be known to go on; none where the search is over."""
        if self.sequences == 0:
            asked = [Forced(self.template.plain(), self.opening[0])] if len(self.template.place) > 1 else []
        else:
            self._asked = self._next()
            asked = [self._forced(node) for node in self._asked]
        self.sequences += len(asked)
        return asked

    def tell(self, known: Sequence[ForcedScores]) -> None:
        """Take in what is known of the sequences that were asked for, in their order."""
        if not self._asked:
            self._open(known[0])
            return
        for node, one in zip(self._asked, known, strict=True):
            if node.close < 0:
                self._close(node.open, one)
            else:
                self._keep(node, float(self._own(one).sum()))

    def _next(self) -> list[_Node]:
        """The best parts; beside the first one those that would still count if it were as good as its bound."""
        nodes: list[_Node] = []
        least = self._least()
        if self.found and 0 < self.effort <= self.sequences:
            self.exact = self.exact and not (self._heap and -self._heap[0].negative_bound > least)
            return nodes
        while self._heap and len(nodes) < self.width and -self._heap[0].negative_bound > least:
            nodes.append(heapq.heappop(self._heap))
            least = max(least, self._share_of(-nodes[0].negative_bound) - SLACK)
        return nodes

    def _share_of(self, score: float) -> float:
        """What a hypothesis must reach beside one of this score."""
        return score + (math.log(self.min_share) if self.min_share > 0.0 else -math.inf)

    def _forced(self, node: _Node) -> Forced:
        place = self.template.place
        end = None if node.close < 0 else int(place[node.close])
        return Forced(
            self.template.marked(int(place[node.open]), end, self.opening, self.closing),
            self.closing[0],
        )

    def _own(self, known: ForcedScores) -> Float64Array:
        return known.forced[len(self.template.before) :]

    def _least(self) -> float:
        """What a hypothesis must reach to be kept."""
        if not self.found:
            return -math.inf
        least = self._share_of(self.found[0].score)
        if len(self.found) >= self.most:
            least = max(least, self.found[self.most - 1].score)
        return least - SLACK

    def _open(self, known: ForcedScores) -> None:
        before = len(self.template.before)
        at = self.template.place[:-1]  # nothing can be opened at the end
        sums = np.concatenate([[0.0], np.cumsum(self._own(known))])
        bound = sums[at] + known.watched[before + at]
        chosen = np.arange(len(at))
        if 0 < self.openings < len(at):
            assert self.plain is not None, "openings are chosen by what the marks change"
            change = self.plain[at] - known.forced[before + at]
            chosen = np.sort(np.argsort(-change, kind="stable")[: self.openings])
            self.exact = False
        self._heap = [_Node(-float(bound[index]), int(index)) for index in chosen]
        heapq.heapify(self._heap)

    def _close(self, opened: int, known: ForcedScores) -> None:
        before, place = len(self.template.before), self.template.place
        sums = np.concatenate([[0.0], np.cumsum(self._own(known))])
        at = place[opened + 1 :] + len(self.opening)
        bound = sums[at] + known.watched[before + at]
        least = self._least()
        for index in np.flatnonzero(bound > least):
            heapq.heappush(self._heap, _Node(-float(bound[index]), opened, opened + 1 + int(index)))

    def _keep(self, node: _Node, score: float) -> None:
        start, end = int(self.template.opens[node.open]), int(self.template.closes[node.close])
        self.found.append(Hypothesis(start, end, score))
        self.found.sort(key=lambda one: (-one.score, one.start, -one.end))
        least = self._share_of(self.found[0].score)
        self.found = [one for one in self.found[: self.most] if one.score >= least]


def shares(found: Sequence[Hypothesis]) -> Float64Array:
    """The probability of each hypothesis among those given.

    Example:
        >>> shares([Hypothesis(0, 1, -1.0), Hypothesis(1, 2, -1.0)]).tolist()
        [0.5, 0.5]
    """
    scores = np.array([one.score for one in found], np.float64)
    weight = np.exp(scores - scores.max(initial=-math.inf)) if len(scores) else scores
    total: Float64Array = weight / weight.sum() if len(scores) else weight
    return total
