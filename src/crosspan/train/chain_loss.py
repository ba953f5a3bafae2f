"""What a conditional random field expects of sentences, against what it expects once it has seen the evidence.

Sentences lie as in :mod:`crosspan.tag.chain`, whose sums are used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.threads import in_parts
from crosspan.tag.chain import Float64Array, Int64Array, forward, log_product, padded, potentials, work_space


@njit()
def _expect(psi, back, n, alpha, scale, beta, ahead, factor, pairs, residual, begin):  # type: ignore[no-untyped-def]
    """Add ``factor`` times the probability of each tag to ``residual``, and of each pair of tags, but for its move.

    ``back`` is the padded transpose of the moves; ``beta`` and ``ahead`` are rows to work in.
    """
    k, fours = back.shape[:2]
    beta[:k] = 1.0
    ahead4, beta4 = ahead.reshape(fours, 4), beta.reshape(fours, 4)
    for t in range(n - 1, 0, -1):
        for y in range(k):
            residual[begin + t, y] += factor * alpha[t, y] * beta[y]
            ahead[y] = psi[t, y] * beta[y] / scale[t]
        for q in range(fours):
            a = b = c = d = 0.0
            for y in range(k):
                here = ahead[y]
                a += here * back[y, q, 0]
                b += here * back[y, q, 1]
                c += here * back[y, q, 2]
                d += here * back[y, q, 3]
            beta4[q, 0], beta4[q, 1], beta4[q, 2], beta4[q, 3] = a, b, c, d
            e, f, g, h = ahead4[q, 0], ahead4[q, 1], ahead4[q, 2], ahead4[q, 3]
            for x in range(k):
                here = factor * alpha[t - 1, x]
                a, b, c, d = pairs[x, q, 0], pairs[x, q, 1], pairs[x, q, 2], pairs[x, q, 3]
                a += here * e
                b += here * f
                c += here * g
                d += here * h
                pairs[x, q, 0], pairs[x, q, 1], pairs[x, q, 2], pairs[x, q, 3] = a, b, c, d
    for y in range(k):
        chance = factor * alpha[0, y] * beta[y]
        residual[begin, y] += chance
        pairs[k, y // 4, y % 4] += chance


def loss_and_residuals(
    first: Int64Array,
    blocks: Int64Array,
    emission: npt.NDArray[np.floating],
    kinds: npt.NDArray[np.int32],
    evidence: Float64Array,
    weight: Float64Array,
    moves: Float64Array,
    residual: npt.NDArray[np.floating],
    threads: int | None = None,
    *,
    least: int = 1,
) -> tuple[Float64Array, Float64Array]:
    """Compare what the model expects with what it expects once it has seen the evidence.

    The loss of a sentence is ``weight * (log Z - log Z(evidence))``, minus the log probability of the evidence.

    Args:
        first: Offsets of sentences, int64 ``[s + 1]``.
        blocks: Offsets of blocks of sentences that are summed in one go, int64 ``[b + 1]``; fixed blocks make the sums
            the same for any number of threads.
        emission: Scores, ``[n, k]`` or wider.
        kinds: Which row of the evidence is that of each token, int32 ``[n]``.
        evidence: Different evidence of tokens, float64 ``[e, k]``; 1 throughout a row says nothing.
        weight: Of sentences, float64 ``[s]``.
        moves: exp(transition), float64 ``[k + 1, k]``.
        residual: Filled with the weighted difference of both expectations, ``[n, k]``. May be ``emission`` itself.
        threads: Threads to use; all cores by default.
        least: So many blocks are worth a thread.

    Returns:
        The loss of each block, and the gradient of the transitions of each block, ``[b, k + 1, k]``. A sentence whose
        evidence allows no sequence has no loss and no gradient.
    """
    n_blocks, k = len(blocks) - 1, moves.shape[1]
    losses, pairs = np.zeros(n_blocks), np.zeros((n_blocks, k + 1, k))
    given = (first, blocks, emission, kinds, evidence, weight, moves, residual, losses, pairs)
    in_parts(_compare, n_blocks, threads, given=given, least=least)
    return losses, pairs


@njit()
def _compare(  # type: ignore[no-untyped-def]
    begin_block, end_block, first, blocks, emission, kinds, evidence, weight, moves, residual, losses, pairs
):
    k = moves.shape[1]
    wide, back = padded(moves), padded(moves[:k].T)
    for block in range(begin_block, end_block):
        psi, alpha, seen, _, scale = work_space(first, blocks[block], blocks[block + 1], wide)
        beta, ahead, both = np.zeros(psi.shape[1]), np.zeros(psi.shape[1]), np.zeros(wide.shape)
        for s in range(blocks[block], blocks[block + 1]):
            begin, n = first[s], first[s + 1] - first[s]
            if n == 0:
                continue
            potentials(emission, 1.0, begin, n, k, psi)
            for t in range(n):
                for y in range(k):
                    residual[begin + t, y] = 0.0
                    seen[t, y] = psi[t, y] * evidence[kinds[begin + t], y]
            if not forward(seen, wide, n, alpha, scale):
                continue
            w = weight[s]
            losses[block] -= w * log_product(scale, n)
            _expect(seen, back, n, alpha, scale, beta, ahead, -w, both, residual, begin)
            forward(psi, wide, n, alpha, scale)
            losses[block] += w * log_product(scale, n)
            _expect(psi, back, n, alpha, scale, beta, ahead, w, both, residual, begin)
        for x in range(k + 1):
            for y in range(k):
                pairs[block, x, y] = both[x, y // 4, y % 4] * (moves[x, y] if x < k else 1.0)
