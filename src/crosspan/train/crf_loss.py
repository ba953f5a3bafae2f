"""The loss of a conditional random field and its gradient, over a text that is laid out by :mod:`.crf_layout`."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.tag import chain
from crosspan.train.crf_layout import BLOCKS, Layout

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of the sentences.

    Args:
        first: Offsets of their tokens, int64 ``[s + 1]``.
        kinds: Which row of the evidence is that of each token, int32 ``[n]``.
        evidence: Different evidence, float64 ``[e, k]``; see :mod:`crosspan.train.evidence`.
        weight: How much each sentence counts, float64 ``[s]``.
    """

    first: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int32]
    evidence: Float64Array
    weight: Float64Array


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    """The weights that the penalty counts from.

    Args:
        weights: Of features, ``[f, k]``; ``None`` for zeros.
        transition: Of neighbouring tags, ``[k + 1, k]``.
    """

    weights: Float64Array | None
    transition: Float64Array


class CrfLoss:
    """Weights to a loss, ``l2 / 2 * (how far from the centre) ** 2`` less the log probability of the evidence.

    What is learned are differences from the centre: one row a group of features, times the root of its size so that
    the penalty and the way to the minimum are those of the single features; then the rows of transitions.

    Args:
        layout: What sums up what.
        known: What is known of the sentences.
        l2: Strength of the penalty.
        centre: What the penalty counts from.
    """

    def __init__(self, layout: Layout, known: Known, l2: float, centre: Centre) -> None:
        self._layout, self._known, self._l2, self._centre = layout, known, l2, centre
        k = known.evidence.shape[1]
        self._k = k
        self._root = np.sqrt(layout.group_sizes.astype(np.float64))
        self._base = _sums_by_group(layout, centre.weights, k)
        self._allowed = chain.allowed_transitions((k - 1) // 2)
        width = -(-k // 4) * 4  # rows of whole vectors
        n_groups = len(layout.group_sizes)
        self._sums = np.zeros((n_groups + layout.n_parts, width), np.float32)
        self._scores = np.zeros((layout.n_tokens + layout.n_parts, width), np.float32)
        self._sentences = _cuts(known.first)
        self._tokens = _cuts(layout.offsets[: layout.n_tokens + 1])
        self._parts = layout.n_tokens + _cuts(layout.offsets[layout.n_tokens :])
        self._of_groups = _cuts(layout.column_offsets[: n_groups + 1])
        self._of_parts = n_groups + _cuts(layout.column_offsets[n_groups:])

    @property
    def size(self) -> int:
        """How many numbers are learned."""
        return (len(self._root) + self._k + 1) * self._k

    def __call__(self, flat: Float64Array, gradient: Float64Array) -> float:
        """The loss of weights ``[size]``; ``gradient`` is filled."""
        layout, n_groups = self._layout, len(self._root)
        rows, slopes = flat.reshape(-1, self._k), gradient.reshape(-1, self._k)
        transition = self._transition(rows)
        penalty = _fill(rows, self._base, self._root, self._l2, self._sums, slopes)
        _gather(layout.offsets, layout.rows, self._sums, self._parts, self._sums, n_groups - layout.n_tokens)
        _gather(layout.offsets, layout.rows, self._sums, self._tokens, self._scores, 0)
        known = self._known
        losses, pairs = chain.loss_and_residuals(
            known.first, self._sentences, self._scores, known.kinds, known.evidence, known.weight, np.exp(transition),
            self._scores,
        )  # fmt: skip
        _gather(layout.column_offsets, layout.columns, self._scores, self._of_parts, self._scores,
                layout.n_tokens - n_groups)  # fmt: skip
        _collect(layout.column_offsets, layout.columns, self._scores, self._of_groups, self._root, slopes)
        slopes[n_groups:] += np.where(np.isneginf(self._allowed), 0.0, pairs.sum(axis=0))
        return float(losses.sum() + penalty.sum())

    def weights(self, flat: Float64Array) -> tuple[Float64Array, Float64Array]:
        """What was learned as weights of features ``[f, k]`` and of transitions ``[k + 1, k]``."""
        rows = flat.reshape(-1, self._k)
        found = self._layout.members(rows[: len(self._root)] / self._root[:, None])
        if self._centre.weights is not None:
            found += self._centre.weights
        return found, self._transition(rows)

    def _transition(self, rows: Float64Array) -> Float64Array:
        return self._allowed + self._centre.transition + rows[len(self._root) :]


def _sums_by_group(layout: Layout, weights: Float64Array | None, k: int) -> Float64Array:
    """What each group scores with the weights of the centre, ``[g, k]``; no row where all are zero."""
    if weights is None:
        return np.zeros((0, k))
    used = layout.group >= 0
    columns = [np.bincount(layout.group[used], weights[used, y], minlength=len(layout.group_sizes)) for y in range(k)]
    return np.stack(columns, axis=1)


def _cuts(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Cut what offsets count into blocks of about as much work each."""
    cuts = np.searchsorted(offsets, np.linspace(offsets[0], offsets[-1], BLOCKS + 1)).astype(np.int64)
    cuts[0], cuts[-1] = 0, len(offsets) - 1
    return cuts


@njit(parallel=True)
def _fill(rows, base, root, l2, sums, slopes):  # type: ignore[no-untyped-def]
    """Fill what groups score and the gradient of the penalty; return the penalty in blocks."""
    penalty = np.zeros(BLOCKS)
    size = len(rows) // BLOCKS + 1
    for block in numba.prange(BLOCKS):
        for g in range(block * size, min(len(rows), (block + 1) * size)):
            for y in range(rows.shape[1]):
                slopes[g, y] = l2 * rows[g, y]
                penalty[block] += 0.5 * l2 * rows[g, y] * rows[g, y]
                if g < len(root):
                    score = root[g] * rows[g, y]
                    sums[g, y] = score + base[g, y] if len(base) else score
    return penalty


@njit(parallel=True)
def _gather(offsets, rows, values, blocks, out, shift):  # type: ignore[no-untyped-def]
    """Fill row ``i + shift`` of ``out`` with the sum of the values that ``i`` sums up. Four columns at a time."""
    for block in numba.prange(len(blocks) - 1):
        for i in range(blocks[block], blocks[block + 1]):
            for y in range(0, values.shape[1], 4):
                a = b = c = d = 0.0
                for j in range(offsets[i], offsets[i + 1]):
                    row = rows[j]
                    a += values[row, y]
                    b += values[row, y + 1]
                    c += values[row, y + 2]
                    d += values[row, y + 3]
                out[i + shift, y] = a
                out[i + shift, y + 1] = b
                out[i + shift, y + 2] = c
                out[i + shift, y + 3] = d


@njit(parallel=True)
def _collect(offsets, columns, values, blocks, root, slopes):  # type: ignore[no-untyped-def]
    """Add to the gradient of each group what its tokens and parts say; each sum is made in one thread, in order."""
    k = slopes.shape[1]
    for block in numba.prange(len(blocks) - 1):
        for g in range(blocks[block], blocks[block + 1]):
            for y in range(0, values.shape[1], 4):
                a = b = c = d = 0.0
                for j in range(offsets[g], offsets[g + 1]):
                    row = columns[j]
                    a += values[row, y]
                    b += values[row, y + 1]
                    c += values[row, y + 2]
                    d += values[row, y + 3]
                slopes[g, y] += root[g] * a
                if y + 1 < k:
                    slopes[g, y + 1] += root[g] * b
                if y + 2 < k:
                    slopes[g, y + 2] += root[g] * c
                if y + 3 < k:
                    slopes[g, y + 3] += root[g] * d
