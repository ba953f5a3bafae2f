"""Numbers the parts that the features of tokens come in: equal parts have one number, and are kept once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.threads import in_parts
from crosspan.tag.crf import TokenBatch

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt32Array = npt.NDArray[np.uint32]


class PartTable:
    """Numbers parts by what is in them.

    Args:
        threads: Threads to use; all cores by default.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._slots = np.zeros(1 << 16, np.uint64)
        self._numbers = np.zeros(1 << 16, np.int32)
        self._used = 0
        self._lengths: list[Int64Array] = []
        self._keys: list[UInt32Array] = []

    def number(self, batch: TokenBatch) -> Int32Array:
        """The numbers of the parts of each token, ``[n, parts]``; -1 for parts that are empty."""
        hashes = _hashes(batch.part_offsets, batch.keys, self._threads)
        self._slots, self._numbers, self._used, ids, fresh = _find_parts(hashes, self._slots, self._numbers, self._used)
        lengths, keys = _contents(batch.part_offsets, batch.keys, fresh)
        self._lengths.append(lengths)
        self._keys.append(keys)
        by_token: Int32Array = ids.reshape(-1, batch.parts)
        return by_token

    def contents(self) -> tuple[Int64Array, UInt32Array]:
        """Offsets of the features of each part, int64 ``[parts + 1]``, and their keys. To be called once."""
        first = np.zeros(self._used + 1, np.int64)
        np.cumsum(np.concatenate(self._lengths), out=first[1:])
        return first, joined(self._keys)


def joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The parts in one array; each is let go when it is copied, so that not all are in memory twice."""
    parts.reverse()
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    at = 0
    while parts:
        part = parts.pop()
        whole[at : at + len(part)] = part
        at += len(part)
    return whole


@njit(inline="always")
def mixed(value):  # type: ignore[no-untyped-def]
    """A number that looks like chance, made of a number (SplitMix64)."""
    h = value + np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


def _hashes(offsets: Int64Array, keys: UInt32Array, threads: int | None) -> npt.NDArray[np.uint64]:
    """A hash of each part, 0 for empty ones. 64 bits: no two different parts share one."""
    out = np.zeros(len(offsets) - 1, np.uint64)
    in_parts(_hash_parts, len(out), threads, given=(offsets, keys, out), least=20_000)
    return out


@njit()
def _hash_parts(begin, end, offsets, keys, out):  # type: ignore[no-untyped-def]
    for i in range(begin, end):
        if offsets[i + 1] > offsets[i]:
            h = np.uint64(0)
            for j in range(offsets[i], offsets[i + 1]):
                h = mixed(h ^ np.uint64(keys[j]))
            out[i] = h | np.uint64(1)


@njit()
def _find_parts(hashes, slots, numbers, used):  # type: ignore[no-untyped-def]
    """Number hashes, new ones too; return the table, which has grown where it must, and which are new."""
    ids = np.full(len(hashes), -1, np.int32)
    fresh = np.empty(len(hashes), np.int64)
    n_fresh = 0
    for i in range(len(hashes)):
        if hashes[i] == 0:
            continue
        if 2 * used >= len(slots):
            grown = np.zeros(2 * len(slots), np.uint64)
            more = np.zeros(2 * len(slots), np.int32)
            for j in range(len(slots)):
                if slots[j]:
                    h = _slot(grown, slots[j])
                    grown[h] = slots[j]
                    more[h] = numbers[j]
            slots, numbers = grown, more
        h = _slot(slots, hashes[i])
        if slots[h] == 0:
            slots[h] = hashes[i]
            numbers[h] = used
            used += 1
            fresh[n_fresh] = i
            n_fresh += 1
        ids[i] = numbers[h]
    return slots, numbers, used, ids, fresh[:n_fresh].copy()


@njit(inline="always")
def _slot(slots, wanted):  # type: ignore[no-untyped-def]
    mask = np.int64(len(slots) - 1)
    h = np.int64(wanted >> np.uint64(20)) & mask
    while slots[h] != 0 and slots[h] != wanted:
        h = (h + 1) & mask
    return h


@njit()
def _contents(offsets, keys, wanted):  # type: ignore[no-untyped-def]
    """The lengths and the keys of some parts."""
    lengths = np.empty(len(wanted), np.int64)
    for i in range(len(wanted)):
        lengths[i] = offsets[wanted[i] + 1] - offsets[wanted[i]]
    out = np.empty(lengths.sum(), np.uint32)
    at = 0
    for i in range(len(wanted)):
        for j in range(offsets[wanted[i]], offsets[wanted[i] + 1]):
            out[at] = keys[j]
            at += 1
    return lengths, out
