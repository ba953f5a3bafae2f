"""The features of training text, laid out so that nothing is summed or learned twice.

A token has some 45 features, but they come in a few *parts* that look at the same things
(:func:`crosspan.tag.features.extract`): all that a word's own letters give is the same wherever the word stands. Each
different part is kept once, and its weights are summed once an iteration. Features that occur in exactly the same
tokens are one *group*: their weights are equal all through training, so only one of them is learned. Both save time and
memory without changing what is learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.progress import Advance
from crosspan.tag import features
from crosspan.tag.crf import FeatureMaker, FeatureOptions
from crosspan.train.crf_parts import PartTable, joined, mixed

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt32Array = npt.NDArray[np.uint32]
UInt64Array = npt.NDArray[np.uint64]

SHARD = 4_000
BLOCKS = 64
"""Sums are made in this many blocks, whatever the number of threads, so that they do not depend on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which weights each token sums up.

    Args:
        keys: The features, uint32 ``[f]``, ascending.
        group: The group of each feature, int32 ``[f]``; -1 for features that occur in no token.
        group_sizes: Features of each group, int64 ``[g]``.
        n_tokens: Tokens; with noise, those of the text and those of its noised copy.
        n_parts: Parts that are summed once.
        offsets: Offsets of what each token sums up, and behind the tokens each part, int64
            ``[n_tokens + n_parts + 1]``.
        rows: The groups that are summed; ``g`` and more are the sums of parts.
        column_offsets: The other way: offsets for each group, and behind the groups each part, int64
            ``[g + n_parts + 1]``.
        columns: In which tokens it is; ``n_tokens`` and more are parts.
    """

    keys: UInt32Array
    group: Int32Array
    group_sizes: Int64Array
    n_tokens: int
    n_parts: int
    offsets: Int64Array
    rows: UInt32Array
    column_offsets: Int64Array
    columns: UInt32Array

    def members(self, group: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The rows of groups as rows of features; zeros for features that occur in no token."""
        return np.where(self.group[:, None] >= 0, group[self.group], 0.0)


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """Which features of the text are kept.

    Args:
        options: Which are made.
        min_count: Those seen fewer times are left out.
        most: Where more are left, the rarest are left out as well.
        always: Keys of features that are kept in any case, ascending.
        noising: Share of features that is left out, by chance, of a second copy of the text.
    """

    options: FeatureOptions
    min_count: int
    most: int
    always: UInt32Array | None = None
    noising: float = 0.0


def lay_out(
    token_lists: Sequence[Sequence[str]], choice: FeatureChoice, advance: Advance, threads: int | None = None
) -> Layout:
    """Number the features of a text and lay out what sums up what.

    Args:
        token_lists: Sentences.
        choice: Which features to keep.
        advance: Told how many sentences are read.
        threads: Threads to use; all cores by default.
    """
    maker = FeatureMaker(choice.options)
    parts = PartTable(threads)
    ids = []
    for done, shard in _shards(token_lists):
        ids.append(parts.number(maker.batch(shard, threads)))
        advance(done, len(token_lists))
    whole = joined(ids)
    first, part_keys = parts.contents()
    times = _times(whole, len(first) - 1)
    keys = _kept(first, part_keys, times, choice)
    table, place = features.build_table(keys)
    part_rows = features.find_rows(part_keys, table, place, threads)
    del part_keys, parts, maker
    noised_first, noised = np.zeros(1, np.int64), np.zeros(0, np.int32)
    if choice.noising:
        noised_first, noised = _noised(whole, first, part_rows, choice.noising)
    group, sizes, speaker = _groups(*_marks(whole, times, first, part_rows, noised_first, noised, len(keys)))
    offsets, rows, n_parts = _node_rows(
        whole, times, first, part_rows, noised_first, noised, group, speaker, len(sizes)
    )
    del whole, noised, part_rows
    column_offsets, columns = _transposed(offsets, rows, len(sizes) + n_parts)
    return Layout(keys, group, sizes, len(offsets) - 1 - n_parts, n_parts, offsets, rows, column_offsets, columns)


def _shards(given: Sequence[Sequence[str]]) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
    for begin in range(0, len(given), SHARD):
        shard = given[begin : begin + SHARD]
        yield begin + len(shard), shard


def _kept(first: Int64Array, part_keys: UInt32Array, times: Int64Array, choice: FeatureChoice) -> UInt32Array:
    table, counts = _count_keys(first, part_keys, times)
    least = choice.min_count
    how_often = np.bincount(np.minimum(counts[counts >= least], 1_000))
    while least < len(how_often) and how_often[least:].sum() > choice.most:
        least += 1
    keys = np.sort(table[counts >= least])
    return keys if choice.always is None else np.union1d(keys, choice.always)


def _groups(marks: UInt64Array, counts: Int64Array) -> tuple[Int32Array, Int64Array, Int32Array]:
    """Put features with the same mark together; those that occur nowhere have the mark 0.

    Returns:
        The group of each feature, the size of each group, and the feature of each that stands for all. The groups that
        occur most come first: what is often needed lies together then.
    """
    used = np.flatnonzero(marks)
    _, speaker, group_of_used, sizes = np.unique(
        marks[used], return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts[used[speaker]], kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    group = np.full(len(marks), -1, np.int32)
    group[used] = rank[group_of_used]
    return group, sizes[order].astype(np.int64), used[speaker[order]].astype(np.int32)


@njit()
def _times(ids, n_parts):  # type: ignore[no-untyped-def]
    """How often each part occurs."""
    out = np.zeros(n_parts, np.int64)
    for number in ids.ravel():
        if number >= 0:
            out[number] += 1
    return out


@njit()
def _count_keys(first, keys, times):  # type: ignore[no-untyped-def]
    """Count the keys of parts, each as often as its part occurs; return an open-addressing table and its counts."""
    table, counts, used = np.zeros(1 << 16, np.uint32), np.zeros(1 << 16, np.int64), 0
    for part in range(len(first) - 1):
        for i in range(first[part], first[part + 1]):
            if 2 * used >= len(table):
                grown = np.zeros(2 * len(table), np.uint32)
                more = np.zeros(2 * len(table), np.int64)
                for j in range(len(table)):
                    if table[j]:
                        h = features.slot_of(grown, len(grown) - 1, table[j])
                        grown[h] = table[j]
                        more[h] = counts[j]
                table, counts = grown, more
            h = features.slot_of(table, len(table) - 1, keys[i])
            if table[h] == 0:
                table[h] = keys[i]
                used += 1
            counts[h] += times[part]
    return table, counts


@njit()
def _noised(ids, first, part_rows, share):  # type: ignore[no-untyped-def]
    """The features of each token without a share of them, the same ones each time: offsets and rows."""
    limit = np.uint64(share * 2.0**32)
    offsets = np.zeros(len(ids) + 1, np.int64)
    rows = np.empty(0, np.int32)
    for fill in (False, True):
        if fill:
            rows = np.empty(offsets[-1], np.int32)
        at = 0
        for t in range(len(ids)):
            state = mixed(np.uint64(t))
            for part in ids[t]:
                if part >= 0:
                    for j in range(first[part], first[part + 1]):
                        state = mixed(state)
                        if part_rows[j] >= 0 and (state >> np.uint64(32)) >= limit:
                            if fill:
                                rows[at] = part_rows[j]
                            at += 1
            offsets[t + 1] = at
    return offsets, rows


@njit()
def _marks(ids, times, first, part_rows, noised_first, noised, n_features):  # type: ignore[no-untyped-def]
    """For each feature the sum of random numbers of the tokens it occurs in, and how many they are.

    Features of the same tokens have the same mark.
    """
    of_parts = np.zeros(len(first) - 1, np.uint64)
    for t in range(len(ids)):
        number = mixed(np.uint64(t))
        for part in ids[t]:
            if part >= 0:
                of_parts[part] += number
    marks, counts = np.zeros(n_features, np.uint64), np.zeros(n_features, np.int64)
    for part in range(len(of_parts)):
        for j in range(first[part], first[part + 1]):
            if part_rows[j] >= 0:
                marks[part_rows[j]] += of_parts[part]
                counts[part_rows[j]] += times[part]
    for t in range(len(noised_first) - 1):
        number = mixed(np.uint64(len(ids) + t))
        for j in range(noised_first[t], noised_first[t + 1]):
            marks[noised[j]] += number
            counts[noised[j]] += 1
    return marks, counts


@njit()
def _node_rows(ids, times, first, part_rows, noised_first, noised, group, speaker, n_groups):  # type: ignore[no-untyped-def]
    """What tokens and parts sum up. A part that stands once, or has one group, is put into its tokens instead."""
    n_parts = len(first) - 1
    held = np.zeros(n_parts, np.int64)
    for part in range(n_parts):
        for j in range(first[part], first[part + 1]):
            row = part_rows[j]
            held[part] += row >= 0 and speaker[group[row]] == row
    number = np.full(n_parts, -1, np.int64)
    order = np.argsort(-times, kind="mergesort")  # what is often needed lies together then
    n_own = 0
    for part in order:
        if times[part] > 1 and held[part] > 1:
            number[part] = n_groups + n_own
            n_own += 1
    n_noised = len(noised_first) - 1
    offsets = np.zeros(len(ids) + n_noised + n_own + 1, np.int64)
    rows = np.empty(0, np.uint32)
    for fill in (False, True):
        if fill:
            rows = np.empty(offsets[-1], np.uint32)
        at = node = 0
        for t in range(len(ids)):
            for part in ids[t]:
                if part >= 0 and number[part] >= 0:
                    if fill:
                        rows[at] = number[part]
                    at += 1
                elif part >= 0:
                    at = _put(part, first, part_rows, group, speaker, fill, rows, at)
            node += 1
            offsets[node] = at
        for t in range(n_noised):
            for j in range(noised_first[t], noised_first[t + 1]):
                if speaker[group[noised[j]]] == noised[j]:
                    if fill:
                        rows[at] = group[noised[j]]
                    at += 1
            node += 1
            offsets[node] = at
        for part in order:
            if number[part] >= 0:
                at = _put(part, first, part_rows, group, speaker, fill, rows, at)
                node += 1
                offsets[node] = at
    return offsets, rows, n_own


@njit(inline="always")
def _put(part, first, part_rows, group, speaker, fill, rows, at):  # type: ignore[no-untyped-def]
    """Write the groups of a part, or only count them; return the next free place."""
    for j in range(first[part], first[part + 1]):
        row = part_rows[j]
        if row >= 0 and speaker[group[row]] == row:
            if fill:
                rows[at] = group[row]
            at += 1
    return at


@njit()
def _transposed(offsets, rows, n_columns):  # type: ignore[no-untyped-def]
    """Where each row number stands, from what stands where."""
    first = np.zeros(n_columns + 1, np.int64)
    for row in rows:
        first[row + 1] += 1
    for f in range(n_columns):
        first[f + 1] += first[f]
    at = first[:-1].copy()
    columns = np.empty(len(rows), np.uint32)
    for t in range(len(offsets) - 1):
        for j in range(offsets[t], offsets[t + 1]):
            columns[at[rows[j]]] = t
            at[rows[j]] += 1
    return first, columns
