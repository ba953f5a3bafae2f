"""The expectation step: link posteriors of many sentence pairs in both directions, on all cores.

A *cell* is a source word and a target word of one sentence pair; the cells of a pair stand row by row, ``i * J + j``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosspan.align.hmm import JUMP_OFFSET, chunk_posteriors
from crosspan.core.threads import in_parts

Float32Array = npt.NDArray[np.float32]

CHUNK_CELLS = 60_000
"""Cells handed to a thread at a time. Fixed, so that sums do not depend on the number of threads."""

HMM_CELLS = 1 << 18
"""Largest sentence pair, in cells, that gets the hidden Markov model, whose cost is cubic; longer ones get the
diagonal model. So do those with a side longer than the jump table reaches."""


@dataclass(slots=True)
class Parameters:
    """What the position models know.

    Args:
        jump_forward: Probability of each jump width when target words are generated, float32.
        jump_backward: The same when source words are generated.
        null_forward: Probability of each target word given no source word, float32, shape (target words,).
        null_backward: The same for source words.
        p_null: Prior probability that a word has no link.
        tension: How strongly the diagonal model prefers the diagonal.
    """

    jump_forward: Float32Array
    jump_backward: Float32Array
    null_forward: Float32Array
    null_backward: Float32Array
    p_null: float
    tension: float


@dataclass(slots=True)
class Expectation:
    """What an expectation step found.

    Args:
        posterior: Link value of every cell: the product of the two directions, or their mean; float32.
        jumps_forward: Expected jumps, float64.
        jumps_backward: Expected jumps of the other direction.
        unlinked_target: Probability that a target token has no link, float32, shape (target tokens,).
        unlinked_source: The same for source tokens.
    """

    posterior: Float32Array
    jumps_forward: npt.NDArray[np.float64]
    jumps_backward: npt.NDArray[np.float64]
    unlinked_target: Float32Array
    unlinked_source: Float32Array


def chunk_bounds(cell_ptr: npt.NDArray[np.int64], cells: int = CHUNK_CELLS) -> list[tuple[int, int]]:
    """Cut sentence pairs into runs of about so many cells, the same for any number of threads.

    Example:
        >>> chunk_bounds(np.array([0, 4, 8, 12]), cells=8)
        [(0, 2), (2, 3)]
    """
    n = len(cell_ptr) - 1
    bounds: list[tuple[int, int]] = []
    begin = 0
    while begin < n:
        end = int(np.searchsorted(cell_ptr, cell_ptr[begin] + cells, side="right")) - 1
        end = min(max(end, begin + 1), n)
        bounds.append((begin, end))
        begin = end
    return bounds


def expect(
    arrays: tuple[npt.NDArray[np.int64], ...],
    cell_pair: npt.NDArray[np.int32],
    tables: tuple[Float32Array, Float32Array],
    parameters: Parameters,
    *,
    use_hmm: bool,
    mean: bool,
    threads: int,
    advance: Callable[[int], None] | None = None,
) -> Expectation:
    """Compute link posteriors of a block of sentence pairs.

    Args:
        arrays: ``source_ptr, target_ptr, source, target, cell_ptr`` of the block.
        cell_pair: Number of each cell's word pair, int32.
        tables: Probability of target given source, and of source given target, for each word pair; float32.
        parameters: The position models.
        use_hmm: Hidden Markov model; otherwise the diagonal model.
        mean: Posterior as the mean of the two directions; otherwise their product (alignment by agreement, Liang
            et al. 2006), which is what training counts.
        threads: Number of threads; the result does not depend on it.
        advance: Called with the number of sentence pairs finished.
    """
    source_ptr, target_ptr, source, target, cell_ptr = arrays
    bounds = chunk_bounds(cell_ptr)
    width = 2 * JUMP_OFFSET + 1
    counts = np.zeros((2, len(bounds), width), np.float32)
    out = Expectation(
        np.zeros(len(cell_pair), np.float32),
        np.zeros(width),
        np.zeros(width),
        np.ones(len(target), np.float32),
        np.ones(len(source), np.float32),
    )

    def work(first: int, last: int) -> None:
        for number in range(first, last):
            begin, end = bounds[number]
            chunk_posteriors(
                begin, end, source_ptr, target_ptr, source, target, cell_ptr, cell_pair, tables[0], tables[1],
                parameters.null_forward, parameters.null_backward, parameters.jump_forward, parameters.jump_backward,
                np.float32(parameters.p_null), np.float32(parameters.tension), use_hmm, mean, HMM_CELLS,
                out.posterior, out.unlinked_target, out.unlinked_source, counts[0, number], counts[1, number],
            )  # fmt: skip
            if advance is not None:
                advance(end - begin)

    in_parts(work, len(bounds), threads)
    out.jumps_forward += counts[0].sum(axis=0, dtype=np.float64)
    out.jumps_backward += counts[1].sum(axis=0, dtype=np.float64)
    return out
