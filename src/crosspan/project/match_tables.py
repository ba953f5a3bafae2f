"""The dynamic program of the exact matcher, compiled: for entities that still compete when bounds have done their part.

What comes before, and how candidates are given, is in :mod:`crosspan.project.match_kernels`.
"""

from __future__ import annotations

import numpy as np

from crosspan.core.compiled import njit

MAX_SLOTS = 12
"""Entities that may be open at once; the tables have ``2 ** MAX_SLOTS`` columns."""
MAX_STATES = 1 << 22
"""Cells of the tables; a larger problem is left to the integer program."""


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
    """Solve one crowd exactly; return false where its tables would be too large.

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
def solve_crowds(crowds, begins, ptr, start, end, score, least, left, right, chosen):  # type: ignore[no-untyped-def]
    """Solve each crowd as :func:`crosspan.project.match_kernels.settle_corpus` gives them, and note it in ``chosen``.

    Returns:
        For each crowd whether it was solved; one that is too large is left as it is. bool ``[k]``.
    """
    solved = np.zeros(len(begins) - 1, np.bool_)
    for k in range(len(begins) - 1):
        ents = crowds[begins[k] : begins[k + 1]]
        solved[k] = _dynamic_program(ents, len(ents), ptr, start, end, score, least, left, right, chosen)
    return solved
