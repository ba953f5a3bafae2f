"""The loss of a conditional random field and its gradient, over a text that is laid out by :mod:`.crf_layout`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.threads import in_parts
from crosspan.tag import chain
from crosspan.train.chain_loss import loss_and_residuals
from crosspan.train.crf_layout import BLOCKS, Layout

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

CURVATURE = 0.05
"""How much tokens are taken to bend the loss along the weight of a feature: this times the root of their number.

It changes how soon the minimum is found, not where it is. Growing with the number itself would find it no sooner, and
favour rare features on the way there, which is worse where the search is stopped early. A model that is only trained on
is sure of nearly all tokens: 0 is best there. Chosen on the development sets of UNER EWT, and of Luganda and Twi.
"""


_WORTH_A_THREAD = 1_000
"""Tokens that are worth a thread."""


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

    What is learned are differences from the centre: one row a group of features, then the rows of transitions. Each row
    is measured in steps of its own, short ones where it counts in many tokens. The loss is about as curved along each
    row then, and its minimum is found in a fraction of the iterations.

    Args:
        layout: What sums up what.
        known: What is known of the sentences.
        l2: Strength of the penalty.
        centre: What the penalty counts from.
        curvature: See :data:`CURVATURE`.
        threads: Threads to use; all cores by default.
    """

    def __init__(
        self,
        layout: Layout,
        known: Known,
        l2: float,
        centre: Centre,
        *,
        curvature: float = CURVATURE,
        threads: int | None = None,
    ) -> None:
        self._layout, self._known, self._centre = layout, known, centre
        self._threads = threads
        self._least = max(1, BLOCKS * _WORTH_A_THREAD // max(layout.n_tokens, 1))
        k = known.evidence.shape[1]
        self._k, self._n_groups = k, len(layout.group_sizes)
        self._base = _sums_by_group(layout, centre.weights, k)
        self._allowed = chain.allowed_transitions((k - 1) // 2)
        fours = -(-k // 4)  # columns come in fours, as the machine takes four numbers in one step
        self._sums = np.zeros((self._n_groups + layout.n_parts, fours, 4), np.float32)
        self._scores = np.zeros((layout.n_tokens + layout.n_parts, fours, 4), np.float32)
        self._sentences = _cuts(known.first)
        self._tokens = _cuts(layout.offsets[: layout.n_tokens + 1])
        self._parts = layout.n_tokens + _cuts(layout.offsets[layout.n_tokens :])
        self._of_groups = _cuts(layout.column_offsets[: self._n_groups + 1])
        self._of_parts = self._n_groups + _cuts(layout.column_offsets[self._n_groups :])
        self._root = np.sqrt(layout.group_sizes.astype(np.float64))
        self._step = 1.0 / np.sqrt(np.maximum(l2 + curvature * np.sqrt(self._weight_of_rows()), 1e-6))
        self._pull = l2 * self._step**2
        self._factor = self._root * self._step[: self._n_groups]

    @property
    def size(self) -> int:
        """How many numbers are learned."""
        return int((self._n_groups + self._k + 1) * self._k)

    def __call__(self, flat: Float64Array, gradient: Float64Array) -> float:
        """The loss of weights ``[size]``; ``gradient`` is filled."""
        layout, known, n_groups = self._layout, self._known, self._n_groups
        rows, slopes = flat.reshape(-1, self._k), gradient.reshape(-1, self._k)
        moves = chain.moves_of(self._transition(rows))
        sums, scores = (array.reshape(len(array), -1) for array in (self._sums, self._scores))
        penalty = np.zeros(BLOCKS)
        self._in_blocks(_fill, rows, self._base, self._factor, self._pull, sums, slopes, penalty)
        offsets, summed = layout.offsets, layout.rows
        self._in_blocks(_gather, offsets, summed, self._sums, self._parts, self._sums, n_groups - layout.n_tokens)
        self._in_blocks(_gather, offsets, summed, self._sums, self._tokens, self._scores, 0)
        losses, pairs = loss_and_residuals(
            known.first, self._sentences, scores, known.kinds, known.evidence, known.weight, moves, scores,
            self._threads, least=self._least,
        )  # fmt: skip
        self._collect(self._factor, slopes)
        pairs = np.where(np.isneginf(self._allowed), 0.0, pairs.sum(axis=0))
        slopes[n_groups:] += self._step[n_groups:, None] * pairs
        return float(losses.sum() + penalty.sum())

    def weights(self, flat: Float64Array) -> tuple[Float64Array, Float64Array]:
        """What was learned as weights of features ``[f, k]`` and of transitions ``[k + 1, k]``."""
        rows = flat.reshape(-1, self._k)
        found = self._layout.members(rows[: self._n_groups] * (self._step[: self._n_groups] / self._root)[:, None])
        if self._centre.weights is not None:
            found += self._centre.weights
        return found, self._transition(rows)

    def _transition(self, rows: Float64Array) -> Float64Array:
        learned: Float64Array = self._step[self._n_groups :, None] * rows[self._n_groups :]
        return self._allowed + self._centre.transition + learned

    def _collect(self, factor: Float64Array, out: Float64Array) -> None:
        """Add to ``out`` what the tokens of each group hold in ``_scores``, times ``factor``."""
        layout = self._layout
        offsets, columns, shift = layout.column_offsets, layout.columns, layout.n_tokens - self._n_groups
        self._in_blocks(_gather, offsets, columns, self._scores, self._of_parts, self._scores, shift)
        self._in_blocks(_collect, offsets, columns, self._scores, self._of_groups, factor, out)

    def _in_blocks(self, kernel: Any, *arrays: Any) -> None:
        in_parts(kernel, BLOCKS, self._threads, given=arrays, least=self._least)

    def _weight_of_rows(self) -> Float64Array:
        """In how many features of tokens each row counts, as the sentences weigh."""
        weight = np.repeat(self._known.weight, np.diff(self._known.first))
        self._scores[: len(weight), 0, 0] = weight
        found = np.full((self._n_groups + self._k + 1, 1), weight.sum())
        found[: self._n_groups] = 0.0
        self._collect(self._layout.group_sizes.astype(np.float64), found)
        return found[:, 0]


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


@njit()
def _fill(begin, end, rows, base, factor, pull, sums, slopes, penalty):  # type: ignore[no-untyped-def]
    """Fill what groups score, the gradient of the penalty, and the penalty in blocks, for some of the blocks."""
    size = len(rows) // BLOCKS + 1
    for block in range(begin, end):
        for g in range(block * size, min(len(rows), (block + 1) * size)):
            for y in range(rows.shape[1]):
                slopes[g, y] = pull[g] * rows[g, y]
                penalty[block] += 0.5 * slopes[g, y] * rows[g, y]
                if g < len(factor):
                    score = factor[g] * rows[g, y]
                    sums[g, y] = score + base[g, y] if len(base) else score


@njit()
def _gather(begin, end, offsets, rows, values, blocks, out, shift):  # type: ignore[no-untyped-def]
    """Fill row ``i + shift`` of ``out`` with the sum of the values that ``i`` sums up. Columns come in fours."""
    for block in range(begin, end):
        for i in range(blocks[block], blocks[block + 1]):
            for q in range(values.shape[1]):
                a = b = c = d = np.float64(0.0)
                for j in range(offsets[i], offsets[i + 1]):
                    row = rows[j]
                    a += values[row, q, 0]
                    b += values[row, q, 1]
                    c += values[row, q, 2]
                    d += values[row, q, 3]
                out[i + shift, q, 0], out[i + shift, q, 1], out[i + shift, q, 2], out[i + shift, q, 3] = a, b, c, d


@njit()
def _collect(begin, end, offsets, columns, values, blocks, factor, out):  # type: ignore[no-untyped-def]
    """Add to each group what its tokens and parts hold, times its factor; each sum is made in one thread, in order."""
    k = out.shape[1]
    for block in range(begin, end):
        for g in range(blocks[block], blocks[block + 1]):
            for q in range(min(values.shape[1], (k + 3) // 4)):
                a = b = c = d = np.float64(0.0)
                for j in range(offsets[g], offsets[g + 1]):
                    row = columns[j]
                    a += values[row, q, 0]
                    b += values[row, q, 1]
                    c += values[row, q, 2]
                    d += values[row, q, 3]
                y = 4 * q
                out[g, y] += factor[g] * a
                if y + 1 < k:
                    out[g, y + 1] += factor[g] * b
                if y + 2 < k:
                    out[g, y + 2] += factor[g] * c
                if y + 3 < k:
                    out[g, y + 3] += factor[g] * d
