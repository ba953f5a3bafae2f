"""Compiled matchers: choose for each entity at most one candidate so that no two chosen ones overlap.

All work on candidates in order of their entity (a source span, numbered through the corpus): those of entity ``e``
are ``ptr[e]:ptr[e + 1]``. A candidate with a score of 0 or less is worth no more than leaving the entity out, and is
never chosen. Where two candidates of an entity have the same score the earlier start wins, then the longer one, then
the one listed first.

Everything is in one module because Numba's cache does not notice a change in a function called across modules.
"""

from __future__ import annotations

import numpy as np

from crosspan.core.compiled import njit

MAX_SLOTS = 12
"""Entities that may be open at once in the dynamic program; its tables have ``2 ** MAX_SLOTS`` columns."""
MAX_STATES = 1 << 22
"""Cells of its tables; a larger problem is left to the integer program."""
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
def _slots(ents, n, left, right, slot):  # type: ignore[no-untyped-def]
    """Give each entity a bit that no other entity with an overlapping hull has; return how many bits that takes."""
    free_at = np.zeros(n, np.int64)
    used = 0
    for k in range(n):
        e = ents[k]
        at = 0
        while at < used and free_at[at] > left[e]:
            at += 1
        if at == used:
            used += 1
        free_at[at] = right[e]
        slot[k] = at
    return used


@njit()
def _places(ents, n, ptr, start, end, score, least, left, right):  # type: ignore[no-untyped-def]
    """Number the words where a candidate starts or ends; others need no row in the tables.

    Returns:
        ``(place, n_places, total)``: the number of each word, counted from the leftmost, how many numbers there are,
        and how many candidates.
    """
    base = left[ents[0]]
    width = 0
    for k in range(n):
        width = max(width, right[ents[k]] - base)
    place = np.zeros(width + 1, np.int64)
    total = 0
    for k in range(n):
        e = ents[k]
        for c in range(ptr[e], ptr[e + 1]):
            if score[c] > 0.0 and score[c] >= least[e]:
                place[start[c] - base] = 1
                place[end[c] - base] = 1
                total += 1
    n_places = 0
    for word in range(width + 1):
        n_places += place[word]
        place[word] = n_places - 1
    return place, n_places, total


@njit()
def _by_end(ents, n, ptr, start, end, score, least, base, place, n_places, total):  # type: ignore[no-untyped-def]
    """Sort candidates by the place they end at.

    Returns:
        ``(begins, listed, owner)``: the candidates that end at ``p`` are ``listed[begins[p]:begins[p + 1]]``, and
        ``owner`` says to which of ``ents`` each belongs.
    """
    begins = np.zeros(n_places + 1, np.int64)
    listed = np.empty(total, np.int64)
    owner = np.empty(total, np.int64)
    for count in (True, False):
        fill = begins.copy()
        for k in range(n):
            e = ents[k]
            for c in range(ptr[e], ptr[e + 1]):
                if score[c] > 0.0 and score[c] >= least[e]:
                    p = place[end[c] - base]
                    if count:
                        begins[p + 1] += 1
                    else:
                        listed[fill[p]] = c
                        owner[fill[p]] = k
                        fill[p] += 1
        if count:
            for p in range(n_places):
                begins[p + 1] += begins[p]
    return begins, listed, owner


@njit()
def _fill_tables(n_masks, begins, origin, bits, gain, closing):  # type: ignore[no-untyped-def]
    """Fill the tables of :func:`_dynamic_program`.

    For the candidates by end, ``origin`` is the place where each starts, ``bits`` the bit of its entity and ``gain``
    its score; ``closing[p]`` holds the bits of the entities whose hull ends at ``p``.

    Returns:
        ``(back_item, back_mask)``: the candidate (or -1, nothing ends here) and the mask that each cell came from.
    """
    n_places = len(closing)
    table = np.full((n_places, n_masks), -np.inf)
    back_item = np.full((n_places, n_masks), -1, np.int32)
    back_mask = np.zeros((n_places, n_masks), np.int32)
    table[0, 0] = 0.0
    for p in range(1, n_places):
        for mask in range(n_masks):  # nothing ends here
            value = table[p - 1, mask]
            after = mask & ~closing[p]
            if value > table[p, after]:
                table[p, after] = value
                back_mask[p, after] = mask
        for at in range(begins[p], begins[p + 1]):
            gone = np.int64(0)
            for q in range(origin[at] + 1, p + 1):
                gone |= closing[q]
            for mask in range(n_masks):
                value = table[origin[at], mask] + gain[at]
                if mask & bits[at] or value == -np.inf:
                    continue
                after = (mask | bits[at]) & ~gone
                if value > table[p, after]:
                    table[p, after] = value
                    back_item[p, after] = at
                    back_mask[p, after] = mask
    return back_item, back_mask


@njit()
def _dynamic_program(ents, n, ptr, start, end, score, least, left, right, chosen):  # type: ignore[no-untyped-def]
    """Solve one component exactly; return false where its tables would be too large.

    ``table[p, mask]`` is the best total of candidates that end at or before place ``p``, where ``mask`` tells which
    of the entities *open* at ``p`` are used: an entity is open inside the hull of its candidates. Outside of it
    nobody asks whether it was used, so its bit goes to the next entity, and a sentence with many entities needs only
    as many bits as have overlapping hulls at one place.
    """
    slot = np.empty(n, np.int64)
    n_slots = _slots(ents, n, left, right, slot)
    place, n_places, total = _places(ents, n, ptr, start, end, score, least, left, right)
    if n_slots > MAX_SLOTS or n_places << n_slots > MAX_STATES:
        return False
    base = left[ents[0]]
    begins, listed, owner = _by_end(ents, n, ptr, start, end, score, least, base, place, n_places, total)
    bits, origin, gain = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.float64)
    for at in range(total):
        bits[at] = np.int64(1) << slot[owner[at]]
        origin[at] = place[start[listed[at]] - base]
        gain[at] = score[listed[at]]
    closing = np.zeros(n_places, np.int64)
    for k in range(n):
        closing[place[right[ents[k]] - base]] |= np.int64(1) << slot[k]
    back_item, back_mask = _fill_tables(1 << n_slots, begins, origin, bits, gain, closing)

    for k in range(n):
        chosen[ents[k]] = -1
    p, mask = n_places - 1, 0
    while p > 0:
        at = back_item[p, mask]
        mask = back_mask[p, mask]
        if at < 0:
            p -= 1
        else:
            chosen[ents[owner[at]]] = listed[at]
            p = origin[at]
    return True


@njit()
def _solve(todo, n, ptr, start, end, score, best, least, left, right, taken, stamp, chosen, hard, n_hard):  # type: ignore[no-untyped-def]
    """Solve one sentence whose entities compete; return the new stamp and the number of components left undone.

    Round by round: split the entities into components whose hulls do not touch; take those that are easy; bound the
    others by their greedy solution. An optimum can leave a total of ``gap = sum of best - greedy`` at most, so a
    candidate further than that below its entity's best is in none, and hulls shrink. What still competes when
    nothing shrinks any more goes to the dynamic program.
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
                if not _dynamic_program(ents, size, ptr, start, end, score, least, left, right, chosen):
                    n_hard += 1
                    for k in range(size):
                        hard[ents[k]] = n_hard
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
    return stamp, n_hard


@njit()
def exact_corpus(span_ptr, ptr, start, end, score, n_words):  # type: ignore[no-untyped-def]
    """Match every sentence exactly, as far as the dynamic program reaches.

    ``n_words`` is one more than the highest target word in use.

    Returns:
        ``(chosen, hard, least)``: the candidate of each entity or -1; for each entity 0, or the number (from 1) of a
        component that is too large and left undone; and the lowest score that can be part of an optimum there.
    """
    n_spans = len(ptr) - 1
    chosen = np.full(n_spans, -1, np.int64)
    best = np.full(n_spans, -1, np.int64)
    hard = np.zeros(n_spans, np.int64)
    least = np.zeros(n_spans, np.float64)
    left = np.zeros(n_spans, np.int64)
    right = np.zeros(n_spans, np.int64)
    taken = np.full(n_words, -1, np.int64)
    longest = 0
    for s in range(len(span_ptr) - 1):
        longest = max(longest, span_ptr[s + 1] - span_ptr[s])
    todo = np.empty(longest, np.int64)
    stamp = 0
    n_hard = 0
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
                stamp, n_hard = _solve(
                    todo, n, ptr, start, end, score, best, least, left, right, taken, stamp, chosen, hard, n_hard
                )
    return chosen, hard, least
