"""Posterior probabilities of word links in one direction: compiled kernels for a hidden Markov and a diagonal model.

Arrays are of one sentence pair. ``I`` words generate ``J`` words; ``emission[j, i]`` is the probability of generated
word ``j`` given generating word ``i``; ``null[j]`` its probability given no word. Scratch arrays are passed in, so that
a thread allocates once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

JUMP_OFFSET = 512
"""Index of a jump of width 0 in a jump table; tables are ``2 * JUMP_OFFSET + 1`` long."""

_TINY = np.float32(1e-30)


@njit(cache=True, fastmath=True, nogil=True)
def diagonal_posteriors(emission, null, n_i, n_j, tension, p_null, post):  # type: ignore[no-untyped-def]
    """Posteriors under IBM model 2 with a prior that falls off from the diagonal (Dyer et al. 2013).

    Writes ``post[j, i]``; what a row lacks to 1 is the probability of no link.
    """
    for j in range(n_j):
        position = (j + np.float32(0.5)) / n_j
        total = np.float32(0.0)
        for i in range(n_i):
            weight = np.exp(-tension * abs((i + np.float32(0.5)) / n_i - position))
            post[j, i] = weight
            total += weight
        scale = (np.float32(1.0) - p_null) / total
        total = p_null * null[j]
        for i in range(n_i):
            post[j, i] *= scale * emission[j, i]
            total += post[j, i]
        if total > 0.0:
            total = np.float32(1.0) / total
        for i in range(n_i):
            post[j, i] *= total


@njit(cache=True, fastmath=True, nogil=True)
def hmm_posteriors(  # type: ignore[no-untyped-def]
    emission, null, n_i, n_j, jump, p_null, post, jump_counts, alpha, alpha_null, beta, work, norm, acc
):
    """Posteriors under a hidden Markov alignment model (Vogel et al. 1996) with a no-link state per position.

    States are the generating positions; moving from one to another costs by the width of the jump, renormalised to
    the jumps that stay inside the sentence. The no-link states remember the last position (Och & Ney 2003).

    Writes ``post[j, i]`` and adds expected jumps to ``jump_counts``. Forward values are rescaled at every step, so
    float32 is enough for sentences of any length.
    """
    off = JUMP_OFFSET
    p_word = np.float32(1.0) - p_null
    for i in range(n_i):
        total = np.float32(0.0)
        for k in range(off - i, off - i + n_i):
            total += jump[k]
        norm[i] = np.float32(1.0) / total
    # the first word jumps from a position before the sentence
    first = np.float32(0.0)
    for i in range(n_i):
        first += jump[off + i + 1]
    z = np.float32(0.0)
    for i in range(n_i):
        start = jump[off + i + 1] / first
        alpha[0, i] = p_word * start * emission[0, i]
        alpha_null[0, i] = p_null * start * null[0]
        z += alpha[0, i] + alpha_null[0, i]
    z = np.float32(1.0) / max(z, _TINY)
    for i in range(n_i):
        alpha[0, i] *= z
        alpha_null[0, i] *= z
    for j in range(1, n_j):
        for i in range(n_i):
            acc[i] = np.float32(0.0)
        for k in range(n_i):
            weight = (alpha[j - 1, k] + alpha_null[j - 1, k]) * norm[k]
            if weight > np.float32(1e-9):
                for i in range(n_i):
                    acc[i] += weight * jump[off - k + i]
        z = np.float32(0.0)
        for i in range(n_i):
            alpha[j, i] = p_word * acc[i] * emission[j, i]
            alpha_null[j, i] = p_null * null[j] * (alpha[j - 1, i] + alpha_null[j - 1, i])
            z += alpha[j, i] + alpha_null[j, i]
        z = np.float32(1.0) / max(z, _TINY)
        for i in range(n_i):
            alpha[j, i] *= z
            alpha_null[j, i] *= z
    for i in range(n_i):
        beta[i] = np.float32(1.0)
    for j in range(n_j - 1, -1, -1):
        total = np.float32(0.0)
        for i in range(n_i):
            post[j, i] = alpha[j, i] * beta[i]
            total += post[j, i] + alpha_null[j, i] * beta[i]
        total = np.float32(1.0) / max(total, _TINY)
        for i in range(n_i):
            post[j, i] *= total
        if j == 0:
            break
        for i in range(n_i):
            work[i] = p_word * emission[j, i] * beta[i]
        largest = np.float32(0.0)
        total = np.float32(0.0)
        for k in range(n_i):
            s = np.float32(0.0)
            for i in range(n_i):
                s += jump[off - k + i] * work[i]
            acc[k] = s * norm[k] + p_null * null[j] * beta[k]
            largest = max(largest, acc[k])
            total += (alpha[j - 1, k] + alpha_null[j - 1, k]) * acc[k]
        total = np.float32(1.0) / max(total, _TINY)
        largest = np.float32(1.0) / max(largest, _TINY)
        for k in range(n_i):
            weight = (alpha[j - 1, k] + alpha_null[j - 1, k]) * norm[k] * total
            if weight > np.float32(1e-6):
                for i in range(n_i):
                    jump_counts[off - k + i] += weight * jump[off - k + i] * work[i]
            beta[k] = acc[k] * largest
    for i in range(n_i):
        jump_counts[off + i + 1] += post[0, i]
