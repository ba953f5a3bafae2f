"""Compiled matchers: choose for each entity at most one candidate so that no two chosen ones overlap.

The greedy one, and of the exact one what settles most sentences: bounds. What still competes then is for the dynamic
program (:mod:`crosspan.project.match_tables`).

All work on candidates in order of their entity (a source span, numbered through the corpus): those of entity ``e``
are ``ptr[e]:ptr[e + 1]``. A candidate with a score of 0 or less is worth no more than leaving the entity out, and is
never chosen. Where two candidates of an entity have the same score the earlier start wins, then the longer one, then
the one listed first.

Kernels that call each other stand in one module, because Numba's cache does not notice a change in another one.
"""

from __future__ import annotations

import numpy as np

from crosspan.core.compiled import njit

_MAX_ROUNDS = 6
_REST = 1e-12


@njit()
def index_candidates(n_spans, span, start, end, score):  # type: ignore[no-untyped-def]
    """Find where each entity's candidates begin and check them on the way.

    Returns:
        ``(ptr, fault, at)``: fault 0 fine, 1 span out of range, 2 empty range or start below 0, 3 score NaN or +inf,
        4 candidates not in order of their entity; ``at`` is the candidate at fault.
    """
    ptr = np.zeros(n_spans + 1, np.int64)
    for c in range(len(span)):
        s = span[c]
        if s < 0 or s >= n_spans:
            return ptr, 1, c
        if start[c] < 0 or end[c] <= start[c]:
            return ptr, 2, c
        if not score[c] < np.inf:
            return ptr, 3, c
        if c > 0 and s < span[c - 1]:
            return ptr, 4, c
        ptr[s + 1] += 1
    for s in range(n_spans):
        ptr[s + 1] += ptr[s]
    return ptr, 0, 0


@njit()
def _before(a, b, start, end, score):  # type: ignore[no-untyped-def]
    """Whether candidate ``a`` is to be preferred to ``b``."""
    if score[a] != score[b]:
        return score[a] > score[b]
    if start[a] != start[b]:
        return start[a] < start[b]
    return end[a] > end[b]


@njit()
def _is_free(c, start, end, taken, stamp):  # type: ignore[no-untyped-def]
    for word in range(start[c], end[c]):  # noqa: SIM110 (Numba compiles no generator expressions)
        if taken[word] == stamp:
            return False
    return True


@njit()
def _best(e, ptr, start, end, score):  # type: ignore[no-untyped-def]
    """The best candidate of an entity with a score above 0, or -1."""
    best = -1
    top = 0.0
    for c in range(ptr[e], ptr[e + 1]):
        value = score[c]
        if value > top or (value == top and best >= 0 and _before(c, best, start, end, score)):
            best = c
            top = value
    return best


@njit()
def _best_free(e, ptr, start, end, score, least, taken, stamp):  # type: ignore[no-untyped-def]
    """The best candidate of an entity that overlaps no taken word, or -1."""
    best = -1
    for c in range(ptr[e], ptr[e + 1]):
        if score[c] <= 0.0 or score[c] < least:
            continue
        if (best < 0 or _before(c, best, start, end, score)) and _is_free(c, start, end, taken, stamp):
            best = c
    return best


@njit()
def _greedy(ents, n, ptr, start, end, score, least, n_proj, taken, stamp, picked):  # type: ignore[no-untyped-def]
    """Take the best candidate of all, drop what overlaps it, repeat.

    Of ``ents`` the first ``n`` count; ``least`` is the lowest score that counts, for each entity of the corpus.
    ``taken`` is work space, one cell a target word, those equal to ``stamp`` are occupied. What is picked goes to
    ``picked``, in the order of picking; how many that are comes back.
    """
    front = np.empty(n, np.int64)
    count = np.zeros(n, np.int64)
    for k in range(n):
        front[k] = _best_free(ents[k], ptr, start, end, score, least[ents[k]], taken, stamp)
    n_picked = 0
    while True:
        top = -1
        for k in range(n):
            if front[k] >= 0 and (top < 0 or _before(front[k], front[top], start, end, score)):
                top = k
        if top < 0:
            return n_picked
        c = front[top]
        picked[n_picked] = c
        n_picked += 1
        count[top] += 1
        for word in range(start[c], end[c]):
            taken[word] = stamp
        if count[top] >= n_proj:
            front[top] = -1
        for k in range(n):
            other = front[k]
            if other >= 0 and start[other] < end[c] and start[c] < end[other]:
                front[k] = _best_free(ents[k], ptr, start, end, score, least[ents[k]], taken, stamp)


@njit()
def _easy(ents, n, best, start, end, taken, stamp, chosen):  # type: ignore[no-untyped-def]
    """Give every entity its best candidate where these do not overlap; return whether that worked."""
    for k in range(n):
        c = best[ents[k]]
        if c >= 0:
            if not _is_free(c, start, end, taken, stamp):
                return False
            for word in range(start[c], end[c]):
                taken[word] = stamp
    for k in range(n):
        chosen[ents[k]] = best[ents[k]]
    return True


@njit()
def greedy_corpus(span_ptr, ptr, span, start, end, score, n_words, n_proj):  # type: ignore[no-untyped-def]
    """Match every sentence greedily.

    ``n_words`` is one more than the highest target word in use.

    Returns:
        ``(chosen, picked)``: the best candidate of each entity or -1, and all that were picked.
    """
    n_spans = len(ptr) - 1
    chosen = np.full(n_spans, -1, np.int64)
    best = np.full(n_spans, -1, np.int64)
    least = np.zeros(n_spans, np.float64)
    picked = np.empty(min(len(start), n_spans * n_proj), np.int64)
    taken = np.full(n_words, -1, np.int64)
    n_picked = 0
    stamp = 0
    for s in range(len(span_ptr) - 1):
        low, high = span_ptr[s], span_ptr[s + 1]
        if low == high or ptr[low] == ptr[high]:
            continue
        ents = np.arange(low, high)
        if n_proj == 1:
            for e in range(low, high):
                best[e] = _best(e, ptr, start, end, score)
            stamp += 1
            if _easy(ents, high - low, best, start, end, taken, stamp, chosen):
                for e in range(low, high):
                    if chosen[e] >= 0:
                        picked[n_picked] = chosen[e]
                        n_picked += 1
                continue
        stamp += 1
        room = picked[n_picked:]
        found = _greedy(ents, high - low, ptr, start, end, score, least, n_proj, taken, stamp, room)
        for k in range(found - 1, -1, -1):
            chosen[span[room[k]]] = room[k]
        n_picked += found
    return chosen, picked[:n_picked]


@njit()
def _hulls(ents, n, ptr, start, end, score, least, left, right):  # type: ignore[no-untyped-def]
    """Leftmost start and rightmost end of each entity's candidates; entities are put in order of the first."""
    for k in range(n):
        e = ents[k]
        low, high = np.int64(1 << 62), np.int64(-1)
        for c in range(ptr[e], ptr[e + 1]):
            if score[c] > 0.0 and score[c] >= least[e]:
                low = min(low, np.int64(start[c]))
                high = max(high, np.int64(end[c]))
        left[e] = low
        right[e] = high
    for k in range(1, n):  # insertion sort: entities are few, and mostly in order already
        e = ents[k]
        at = k
        while at > 0 and (left[ents[at - 1]], ents[at - 1]) > (left[e], e):
            ents[at] = ents[at - 1]
            at -= 1
        ents[at] = e


@njit()
def _settle(todo, n, ptr, start, end, score, best, least, left, right, taken, stamp, chosen, crowds, begins, n_crowds):  # type: ignore[no-untyped-def]
    """Settle what bounds can settle of one sentence; return the new stamp and the number of crowds.

    Round by round: split the entities into components whose hulls do not touch; take those that are easy; bound the
    others by their greedy solution. An optimum can leave a total of ``gap = sum of best - greedy`` at most, so a
    candidate further than that below its entity's best is in none, and hulls shrink. What still competes when
    nothing shrinks any more is a crowd.
    """
    picked = np.empty(n, np.int64)
    shrunk = True
    rounds = 0
    while n > 0:
        last = rounds == _MAX_ROUNDS or not shrunk
        shrunk = False
        rounds += 1
        _hulls(todo, n, ptr, start, end, score, least, left, right)
        kept = 0
        first = 0
        while first < n:
            reach = right[todo[first]]
            stop = first + 1
            while stop < n and left[todo[stop]] < reach:
                reach = max(reach, right[todo[stop]])
                stop += 1
            ents = todo[first:stop].copy()
            size = stop - first
            first = stop
            stamp += 1
            if _easy(ents, size, best, start, end, taken, stamp, chosen):
                continue
            if last:
                at = begins[n_crowds]
                n_crowds += 1
                begins[n_crowds] = at + size
                crowds[at : at + size] = ents
                continue
            stamp += 1
            found = _greedy(ents, size, ptr, start, end, score, least, 1, taken, stamp, picked)
            gap = 0.0
            for k in range(size):
                gap += score[best[ents[k]]]
            rest = _REST * gap
            for k in range(found):
                gap -= score[picked[k]]
            if gap <= rest:  # everybody has a best candidate, by way of a tie
                for k in range(found):
                    for e in ents:
                        if ptr[e] <= picked[k] < ptr[e + 1]:
                            chosen[e] = picked[k]
                continue
            for k in range(size):
                e = ents[k]
                floor = score[best[e]] - gap - rest
                if floor > least[e]:
                    least[e] = floor
                    shrunk = True
                todo[kept] = e  # never ahead of what is still to be read
                kept += 1
        n = kept
    return stamp, n_crowds


@njit()
def settle_corpus(span_ptr, ptr, start, end, score, n_words):  # type: ignore[no-untyped-def]
    """Match every sentence exactly, as far as bounds reach.

    ``n_words`` is one more than the highest target word in use.

    Returns:
        ``(chosen, crowds, begins, least, left, right)``: the candidate of each entity or -1; the entities that still
        compete, crowd ``k`` being ``crowds[begins[k]:begins[k + 1]]``, in order of the first word that any of their
        candidates has; the lowest score that can be part of an optimum there; and, of their candidates with at least
        that, the leftmost start and the rightmost end.
    """
    n_spans = len(ptr) - 1
    chosen = np.full(n_spans, -1, np.int64)
    best = np.full(n_spans, -1, np.int64)
    least = np.zeros(n_spans, np.float64)
    left = np.zeros(n_spans, np.int64)
    right = np.zeros(n_spans, np.int64)
    crowds = np.empty(n_spans, np.int64)
    begins = np.zeros(n_spans + 1, np.int64)
    taken = np.full(n_words, -1, np.int64)
    longest = 0
    for s in range(len(span_ptr) - 1):
        longest = max(longest, span_ptr[s + 1] - span_ptr[s])
    todo = np.empty(longest, np.int64)
    stamp = 0
    n_crowds = 0
    for s in range(len(span_ptr) - 1):
        n = 0
        for e in range(span_ptr[s], span_ptr[s + 1]):
            best[e] = _best(e, ptr, start, end, score)
            if best[e] >= 0:
                todo[n] = e
                n += 1
        if n == 1:
            chosen[todo[0]] = best[todo[0]]
        elif n > 1:
            stamp += 1
            if not _easy(todo, n, best, start, end, taken, stamp, chosen):
                stamp, n_crowds = _settle(
                    todo, n, ptr, start, end, score, best, least, left, right, taken, stamp,
                    chosen, crowds, begins, n_crowds,
                )  # fmt: skip
    return chosen, crowds[: begins[n_crowds]], begins[: n_crowds + 1], least, left, right
