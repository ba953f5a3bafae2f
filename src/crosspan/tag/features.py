"""Features of tokens: 32-bit keys made from what is known of a word, its neighbours and its sentence, compiled.

A feature is a template and the values it looks at, mixed into one key; keys are never turned back into text. Of a
million features about a hundred pairs share a key, which does not matter: a key takes 4 bytes in a model.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.threads import in_parts

UInt32Array = npt.NDArray[np.uint32]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

_FACTOR_1 = np.uint64(0xBF58476D1CE4E5B9)
_FACTOR_2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)

# columns of WordTypes.attributes
_WORD, _LOWER, _SHAPE, _SHORT, _PREFIX, _SUFFIX = range(6)
PARTS, WIDE_PARTS = 9, 14
"""How many parts the features of a token have: see :func:`extract`."""

_EDGE = np.uint64(0x5851F42D4C957F2D)
"""Stands for the place before the first and after the last word."""


@njit(inline="always")
def _mix(template, value):  # type: ignore[no-untyped-def]
    """The upper half of SplitMix64 of a template and a value."""
    h = value + np.uint64(template) * _STEP
    h = (h ^ (h >> np.uint64(30))) * _FACTOR_1
    h = (h ^ (h >> np.uint64(27))) * _FACTOR_2
    return np.uint32(h >> np.uint64(32))


@njit(inline="always")
def _two(template, one, other):  # type: ignore[no-untyped-def]
    return _mix(template, (one * _FACTOR_1) ^ ((other + _STEP) * _FACTOR_2))


@njit()
def _near(attributes, types, t, begin, end, column):  # type: ignore[no-untyped-def]
    return attributes[types[t], column] if begin <= t < end else _EDGE


@njit()
def _bits(mask):  # type: ignore[no-untyped-def]
    count = 0
    while mask:
        mask &= mask - np.uint32(1)
        count += 1
    return count


@njit()
def _lexicon_keys(template, mask, keys, at):  # type: ignore[no-untyped-def]
    """Write a key for each category in a mask; return the next free place."""
    category = 0
    while mask:
        if mask & np.uint32(1):
            keys[at] = _mix(template, np.uint64(category + 1))
            at += 1
        mask >>= np.uint32(1)
        category += 1
    return at


@njit()
def _sentence_style(types, begin, end, upper):  # type: ignore[no-untyped-def]
    """0 for ordinary text, 1 where most words are capitalised (headlines), 2 where none is."""
    words = capitals = 0
    for t in range(begin, end):
        kind = upper[types[t]]
        words += kind > 0
        capitals += kind == 2
    if capitals == 0:
        return 2
    return 1 if words >= 4 and 10 * capitals >= 7 * words else 0


def extract(
    first: Int64Array,
    types: Int32Array,
    attributes: npt.NDArray[np.uint64],
    bag: tuple[Int64Array, npt.NDArray[np.uint64]],
    upper: npt.NDArray[np.int8],
    lexicon: UInt32Array,
    *,
    wide: bool,
    threads: int | None = None,
) -> tuple[Int64Array, UInt32Array]:
    """Make the features of tokens, in parts: features that look at the same things stand together.

    Args:
        first: Offsets of sentences, int64 ``[s + 1]``.
        types: Word types of tokens, int32 ``[n]``.
        attributes: Hashes of single values, uint64 ``[types, a]``.
        bag: Offsets of affixes of types, int64 ``[types + 1]``, and their hashes, uint64.
        upper: Of types: 0 no letter, 1 a letter of low case or none, 2 begins with a capital; int8.
        lexicon: Categories of which a word is the beginning, the inside, or the whole; uint32 ``[n, 3]``.
        wide: Whether pairs of words are features too.
        threads: Threads to use; all cores by default.

    Returns:
        Offsets of the parts of each token, int64 ``[n * p + 1]`` for :data:`PARTS` or :data:`WIDE_PARTS` parts a token,
        and their keys, uint32 and never 0.
    """
    at = _places(types, bag[0], lexicon, 24 + (8 if wide else 0))
    keys = np.zeros(at[-1], np.uint32)
    ends = np.zeros((len(types), WIDE_PARTS if wide else PARTS), np.int64)
    given = (first, types, attributes, *bag, upper, lexicon, wide, at, keys, ends)
    in_parts(_fill, len(first) - 1, threads, given=given, least=50)
    offsets, kept = _closed_up(at, ends, keys)
    return offsets, kept


@njit()
def _fill(begin_s, end_s, first, types, attributes, bag_first, bag, upper, lexicon, wide, at, keys, ends):  # type: ignore[no-untyped-def]
    """Write the features of some sentences to the places that are kept for them, and where their parts end."""
    for s in range(begin_s, end_s):
        begin, end = first[s], first[s + 1]
        style = _sentence_style(types, begin, end, upper)
        for t in range(begin, end):
            i = at[t]
            own = attributes[types[t]]
            before = _near(attributes, types, t - 1, begin, end, _LOWER)
            after = _near(attributes, types, t + 1, begin, end, _LOWER)
            shape_before = _near(attributes, types, t - 1, begin, end, _SHORT)
            shape_after = _near(attributes, types, t + 1, begin, end, _SHORT)
            # the word itself
            keys[i] = _mix(10, np.uint64(1))
            keys[i + 1] = _mix(11, own[_WORD])
            keys[i + 2] = _mix(12, own[_LOWER])
            keys[i + 3] = _mix(13, own[_SHAPE])
            keys[i + 4] = _mix(14, own[_SHORT])
            keys[i + 5] = _two(32, np.uint64(style), own[_LOWER])
            i += 6
            for j in range(bag_first[types[t]], bag_first[types[t] + 1]):
                keys[i] = _mix(50, bag[j])
                i += 1
            ends[t, 0] = i
            # the word before, and the word after
            keys[i] = _mix(15, before)
            keys[i + 1] = _mix(17, shape_before)
            keys[i + 2] = _mix(23, _near(attributes, types, t - 1, begin, end, _SUFFIX))
            keys[i + 3] = _mix(33, _near(attributes, types, t - 1, begin, end, _PREFIX))
            keys[i + 4] = _two(27, before, own[_SHORT])
            ends[t, 1] = i + 5
            keys[i + 5] = _mix(16, after)
            keys[i + 6] = _mix(18, shape_after)
            keys[i + 7] = _mix(24, _near(attributes, types, t + 1, begin, end, _SUFFIX))
            keys[i + 8] = _two(28, own[_SHORT], after)
            ends[t, 2] = i + 9
            # the words beyond
            keys[i + 9] = _mix(19, _near(attributes, types, t - 2, begin, end, _LOWER))
            keys[i + 10] = _mix(21, _near(attributes, types, t - 2, begin, end, _SHORT))
            ends[t, 3] = i + 11
            keys[i + 11] = _mix(20, _near(attributes, types, t + 2, begin, end, _LOWER))
            keys[i + 12] = _mix(22, _near(attributes, types, t + 2, begin, end, _SHORT))
            ends[t, 4] = i + 13
            # shapes
            keys[i + 13] = _two(25, shape_before, own[_SHORT])
            keys[i + 14] = _two(26, own[_SHORT], shape_after)
            keys[i + 15] = _two(29, np.uint64(style), own[_SHORT])
            keys[i + 16] = _two(30, np.uint64(t == begin), own[_SHORT])
            keys[i + 17] = _two(31, shape_before * _STEP ^ own[_SHORT], shape_after)
            i += 18
            ends[t, 5] = i
            # the lexicon
            for part in range(3):
                i = _lexicon_keys(100 + part, lexicon[t, part], keys, i)
            ends[t, 6] = i
            if t > begin:
                for part in range(3):
                    i = _lexicon_keys(110 + part, lexicon[t - 1, part], keys, i)
            ends[t, 7] = i
            if t + 1 < end:
                for part in range(3):
                    i = _lexicon_keys(120 + part, lexicon[t + 1, part], keys, i)
            ends[t, 8] = i
            if wide:
                keys[i] = _two(40, before, own[_LOWER])
                keys[i + 1] = _two(45, before, own[_SUFFIX])
                keys[i + 2] = _two(47, own[_PREFIX], shape_before)
                ends[t, 9] = i + 3
                keys[i + 3] = _two(41, own[_LOWER], after)
                keys[i + 4] = _two(46, own[_SUFFIX], shape_after)
                ends[t, 10] = i + 5
                keys[i + 5] = _two(42, before, after)
                ends[t, 11] = i + 6
                keys[i + 6] = _two(43, _near(attributes, types, t - 2, begin, end, _LOWER), before)
                ends[t, 12] = i + 7
                keys[i + 7] = _two(44, after, _near(attributes, types, t + 2, begin, end, _LOWER))
                ends[t, 13] = i + 8


@njit()
def _places(types, bag_first, lexicon, fixed):  # type: ignore[no-untyped-def]
    """Where the features of each token may lie: there is room for as many as it can have."""
    n = len(types)
    at = np.zeros(n + 1, np.int64)
    for t in range(n):
        kind = types[t]
        count = fixed + bag_first[kind + 1] - bag_first[kind]
        for part in range(3):
            count += _bits(lexicon[t, part])
            if t > 0:
                count += _bits(lexicon[t - 1, part])
            if t + 1 < n:
                count += _bits(lexicon[t + 1, part])
        at[t + 1] = at[t] + count
    return at


@njit()
def _closed_up(at, ends, keys):  # type: ignore[no-untyped-def]
    """Take out the places that were reserved but not used."""
    n, parts = ends.shape
    offsets = np.zeros(n * parts + 1, np.int64)
    free = 0
    for t in range(n):
        j = at[t]
        for part in range(parts):
            while j < ends[t, part]:
                if keys[j]:
                    keys[free] = keys[j]
                    free += 1
                j += 1
            offsets[t * parts + part + 1] = free
    return offsets, keys[:free].copy()


@njit()
def slot_of(table, mask, key):  # type: ignore[no-untyped-def]
    """Where a key stands in an open-addressing table of ``mask + 1`` places, or would stand."""
    h = np.int64(key) & mask
    while table[h] != 0 and table[h] != key:
        h = (h + 1) & mask
    return h


@njit()
def build_table(keys):  # type: ignore[no-untyped-def]
    """An open-addressing hash table from distinct keys, none of them 0, to their places: keys and int32 places."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    table = np.zeros(size, np.uint32)
    place = np.full(size, -1, np.int32)
    for i in range(len(keys)):
        h = slot_of(table, size - 1, keys[i])
        table[h] = keys[i]
        place[h] = i
    return table, place


def find_rows(keys: UInt32Array, table: UInt32Array, place: Int32Array, threads: int | None = None) -> Int32Array:
    """The place of each key, int32; -1 for keys that are not in the table."""
    rows = np.empty(len(keys), np.int32)
    in_parts(_find, len(keys), threads, given=(keys, table, place, rows), least=50_000)
    return rows


@njit()
def _find(begin, end, keys, table, place, rows):  # type: ignore[no-untyped-def]
    for i in range(begin, end):
        rows[i] = place[slot_of(table, len(table) - 1, keys[i])]


def in_fours(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows of weights with columns of zeros behind them, in fours: ``[f, fours, 4]``; what :func:`score` takes."""
    n, k = weights.shape
    fours = (k + 3) // 4
    out = np.zeros((n, 4 * fours), np.float32)
    out[:, :k] = weights
    return out.reshape(n, fours, 4)


def score(
    offsets: Int64Array,
    keys: UInt32Array,
    table: tuple[UInt32Array, Int32Array],
    weights: npt.NDArray[np.float32],
    out: npt.NDArray[np.float64],
    threads: int | None = None,
) -> None:
    """Fill ``out`` ``[n, k]`` with the sums of the weights of each token's features, which come in fours."""
    most = int(np.diff(offsets).max(initial=0))
    in_parts(_score, len(offsets) - 1, threads, given=(offsets, keys, *table, weights, out, most), least=500)


@njit()
def _score(begin, end, offsets, keys, table, place, weights, out, most):  # type: ignore[no-untyped-def]
    k = out.shape[1]
    rows = np.empty(most, np.uint64)
    for t in range(begin, end):
        n = 0
        for j in range(offsets[t], offsets[t + 1]):
            row = place[slot_of(table, len(table) - 1, keys[j])]
            rows[n] = row
            n += row >= 0
        for q in range(weights.shape[1]):
            a = b = c = d = 0.0
            for i in range(n):
                at = rows[i]
                a += weights[at, q, 0]
                b += weights[at, q, 1]
                c += weights[at, q, 2]
                d += weights[at, q, 3]
            y = 4 * q
            out[t, y] = a
            if y + 1 < k:
                out[t, y + 1] = b
            if y + 2 < k:
                out[t, y + 2] = c
            if y + 3 < k:
                out[t, y + 3] = d
