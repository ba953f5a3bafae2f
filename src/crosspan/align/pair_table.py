"""Numbers for pairs of ids: an open-addressing hash table of 64-bit keys, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit

_EMPTY = np.int64(-1)
_FACTOR = np.int64(-7046029254386353131)


@njit(inline="always")
def _slot(keys, mask, key):  # type: ignore[no-untyped-def]
    h = key * _FACTOR
    h = (h ^ (h >> 29)) & mask
    while keys[h] != _EMPTY and keys[h] != key:
        h = (h + 1) & mask
    return h


@njit()
def _rehash(old_keys, old_values, size):  # type: ignore[no-untyped-def]
    keys = np.full(size, _EMPTY, np.int64)
    values = np.zeros(size, np.int32)
    for k in range(len(old_keys)):
        if old_keys[k] != _EMPTY:
            h = _slot(keys, size - 1, old_keys[k])
            keys[h] = old_keys[k]
            values[h] = old_values[k]
    return keys, values


@njit()
def number_cells(source_ptr, target_ptr, source, target, cell_ptr, cell_pair):  # type: ignore[no-untyped-def]
    """Number the distinct (source id, target id) pairs that meet in a sentence pair.

    Writes the number of each cell's pair to ``cell_pair`` and returns the pairs' ids, in order of first meeting.
    """
    size = 1 << 12
    keys = np.full(size, _EMPTY, np.int64)
    values = np.zeros(size, np.int32)
    pair_source = np.empty(size, np.int32)
    pair_target = np.empty(size, np.int32)
    n = 0
    for k in range(len(source_ptr) - 1):
        cell = cell_ptr[k]
        for a in range(source_ptr[k], source_ptr[k + 1]):
            high = np.int64(source[a]) << 32
            if 2 * (n + target_ptr[k + 1] - target_ptr[k]) > size:
                while 2 * (n + target_ptr[k + 1] - target_ptr[k]) > size:
                    size *= 2
                keys, values = _rehash(keys, values, size)
                grown = np.empty(size, np.int32)
                grown[:n] = pair_source[:n]
                pair_source = grown
                grown = np.empty(size, np.int32)
                grown[:n] = pair_target[:n]
                pair_target = grown
            for b in range(target_ptr[k], target_ptr[k + 1]):
                key = high | np.int64(target[b])
                h = _slot(keys, size - 1, key)
                if keys[h] == _EMPTY:
                    keys[h] = key
                    values[h] = n
                    pair_source[n] = source[a]
                    pair_target[n] = target[b]
                    n += 1
                cell_pair[cell] = values[h]
                cell += 1
    return pair_source[:n].copy(), pair_target[:n].copy()


@njit()
def number_pairs(first, second):  # type: ignore[no-untyped-def]
    """Number the distinct pairs in two parallel arrays; returns each row's number and the pairs' ids."""
    size = 1 << 12
    while size < 2 * len(first):
        size *= 2
    keys = np.full(size, _EMPTY, np.int64)
    values = np.zeros(size, np.int32)
    number = np.empty(len(first), np.int32)
    a = np.empty(len(first), np.int32)
    b = np.empty(len(first), np.int32)
    n = 0
    for k in range(len(first)):
        key = (np.int64(first[k]) << 32) | np.int64(second[k])
        h = _slot(keys, size - 1, key)
        if keys[h] == _EMPTY:
            keys[h] = key
            values[h] = n
            a[n] = first[k]
            b[n] = second[k]
            n += 1
        number[k] = values[h]
    return number, a[:n].copy(), b[:n].copy()


@njit()
def _get(keys, values, numbers, first, second):  # type: ignore[no-untyped-def]
    out = np.zeros(len(first), np.float32)
    mask = len(keys) - 1
    for k in range(len(first)):
        h = _slot(keys, mask, (np.int64(first[k]) << 32) | np.int64(second[k]))
        if keys[h] != _EMPTY:
            out[k] = values[numbers[h]]
    return out


@njit()
def _index(pair_keys, size):  # type: ignore[no-untyped-def]
    keys = np.full(size, _EMPTY, np.int64)
    numbers = np.zeros(size, np.int32)
    for k in range(len(pair_keys)):
        h = _slot(keys, size - 1, pair_keys[k])
        keys[h] = pair_keys[k]
        numbers[h] = k
    return keys, numbers


class PairTable:
    """A fixed map from (first id, second id) to a float32; missing pairs are worth 0.

    Args:
        first: First ids, int32.
        second: Second ids, int32; each pair stands once.
        values: The numbers, float32.

    Example:
        >>> table = PairTable(np.array([1]), np.array([2]), np.array([0.5]))
        >>> table.get(np.array([1, 2]), np.array([2, 1])).tolist()
        [0.5, 0.0]
    """

    def __init__(self, first: npt.NDArray[Any], second: npt.NDArray[Any], values: npt.NDArray[Any]) -> None:
        self.first = np.ascontiguousarray(first, np.int32)
        self.second = np.ascontiguousarray(second, np.int32)
        self.values = np.ascontiguousarray(values, np.float32)
        size = 1 << 4
        while size < 2 * len(self.first):
            size *= 2
        pair_keys = (self.first.astype(np.int64) << 32) | self.second
        self._keys, self._numbers = _index(pair_keys, size)

    def __len__(self) -> int:
        return len(self.values)

    def get(self, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The numbers of many pairs at once; ids below 0 or never seen give 0."""
        out: npt.NDArray[np.float32] = _get(self._keys, self.values, self._numbers, first, second)
        return out

    def updated(self, first: npt.NDArray[Any], second: npt.NDArray[Any], values: npt.NDArray[Any]) -> PairTable:
        """A table in which these pairs have these numbers and all others keep theirs."""
        old = (self.first.astype(np.int64) << 32) | self.second
        new = (np.asarray(first).astype(np.int64) << 32) | np.asarray(second)
        keep = ~np.isin(old, new)
        return PairTable(
            np.concatenate([self.first[keep], first]),
            np.concatenate([self.second[keep], second]),
            np.concatenate([self.values[keep], values]),
        )
