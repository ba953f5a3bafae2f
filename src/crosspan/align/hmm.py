"""Posterior probabilities of word links in one direction: compiled kernels for a hidden Markov and a diagonal model.

Arrays are of one sentence pair. ``I`` words generate ``J`` words; ``emission[j, i]`` is the probability of generated
word ``j`` given generating word ``i``; ``null[j]`` its probability given no word. Scratch arrays are passed in, so that
a thread allocates once.
"""

from __future__ import annotations

import numpy as np

from crosspan.core.compiled import njit

JUMP_OFFSET = 512
"""Index of a jump of width 0 in a jump table; tables are ``2 * JUMP_OFFSET + 1`` long."""

LONG_TENSION = np.float32(0.3)
"""Tension per word (of the shorter side) of the diagonal model where a pair is too long for the hidden Markov model."""

_TINY = np.float32(1e-30)
_BEAM = np.float32(1e-5)
"""States with a smaller share of the forward probability are not followed: they hardly ever matter, and are most."""
_RARE_JUMP = np.float32(1e-4)
"""Jumps from states with a smaller posterior are not counted."""


@njit(fastmath=True)
def diagonal_posteriors(emission, null, n_i, n_j, tension, p_null, post):  # type: ignore[no-untyped-def]
    """Posteriors under IBM model 2 with a prior that falls off from the diagonal (Dyer et al. 2013).

    Writes ``post[j, i]``; what a row lacks to 1 is the probability of no link.
    """
    for j in range(n_j):
        position = (j + np.float32(0.5)) / n_j
        total = np.float32(0.0)
        if tension == 0.0:
            for i in range(n_i):
                post[j, i] = np.float32(1.0)
            total = np.float32(n_i)
        else:
            for i in range(n_i):
                post[j, i] = np.exp(-tension * abs((i + np.float32(0.5)) / n_i - position))
                total += post[j, i]
        scale = (np.float32(1.0) - p_null) / total
        total = p_null * null[j]
        for i in range(n_i):
            post[j, i] *= scale * emission[j, i]
            total += post[j, i]
        if total > 0.0:
            total = np.float32(1.0) / total
        for i in range(n_i):
            post[j, i] *= total


@njit(fastmath=True)
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
            if weight > _BEAM:
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
            reached = alpha[j - 1, k] + alpha_null[j - 1, k]
            acc[k] = np.float32(0.0)
            if reached > _BEAM:
                s = np.float32(0.0)
                for i in range(n_i):
                    s += jump[off - k + i] * work[i]
                acc[k] = s * norm[k] + p_null * null[j] * beta[k]
                largest = max(largest, acc[k])
                total += reached * acc[k]
        total = np.float32(1.0) / max(total, _TINY)
        largest = np.float32(1.0) / max(largest, _TINY)
        for k in range(n_i):
            weight = (alpha[j - 1, k] + alpha_null[j - 1, k]) * norm[k] * total
            if weight > _RARE_JUMP:
                for i in range(n_i):
                    jump_counts[off - k + i] += weight * jump[off - k + i] * work[i]
            beta[k] = acc[k] * largest
    for i in range(n_i):
        jump_counts[off + i + 1] += post[0, i]


@njit()
def chunk_posteriors(  # type: ignore[no-untyped-def]
    begin, end, source_ptr, target_ptr, source, target, cell_ptr, cell_pair, t_forward, t_backward,
    null_f, null_b, jump_f, jump_b, p_null, tension, use_hmm, mean, hmm_cells,
    posterior, unlinked_target, unlinked_source, counts_f, counts_b,
):  # fmt: skip
    """Posteriors of the sentence pairs ``begin`` to ``end`` in both directions (see :mod:`crosspan.align.expectation`).

    It stands here, beside the kernels it calls, because Numba's cache does not notice when a compiled function of
    another file changes.
    """
    cells = 0
    longest = 1
    for k in range(begin, end):
        size = cell_ptr[k + 1] - cell_ptr[k]
        cells = max(cells, size)
        longest = max(longest, source_ptr[k + 1] - source_ptr[k], target_ptr[k + 1] - target_ptr[k])
    e_f = np.empty(cells, np.float32)
    e_b = np.empty(cells, np.float32)
    p_f = np.empty(cells, np.float32)
    p_b = np.empty(cells, np.float32)
    alpha = np.empty(min(cells, hmm_cells), np.float32)
    alpha_null = np.empty(min(cells, hmm_cells), np.float32)
    beta = np.empty(longest, np.float32)
    work = np.empty(longest, np.float32)
    norm = np.empty(longest, np.float32)
    acc = np.empty(longest, np.float32)
    for k in range(begin, end):
        n_i = source_ptr[k + 1] - source_ptr[k]
        n_j = target_ptr[k + 1] - target_ptr[k]
        if n_i == 0 or n_j == 0:
            for j in range(target_ptr[k], target_ptr[k + 1]):
                unlinked_target[j] = 1.0
            for i in range(source_ptr[k], source_ptr[k + 1]):
                unlinked_source[i] = 1.0
            continue
        first = cell_ptr[k]
        size = n_i * n_j
        ef = e_f[:size].reshape(n_j, n_i)
        eb = e_b[:size].reshape(n_i, n_j)
        pf = p_f[:size].reshape(n_j, n_i)
        pb = p_b[:size].reshape(n_i, n_j)
        for i in range(n_i):
            for j in range(n_j):
                pair = cell_pair[first + i * n_j + j]
                ef[j, i] = t_forward[pair]
                eb[i, j] = t_backward[pair]
        nf = np.empty(n_j, np.float32)
        for j in range(n_j):
            nf[j] = null_f[target[target_ptr[k] + j]]
        nb = np.empty(n_i, np.float32)
        for i in range(n_i):
            nb[i] = null_b[source[source_ptr[k] + i]]
        if use_hmm and size <= hmm_cells and max(n_i, n_j) < JUMP_OFFSET:
            a = alpha[:size]
            an = alpha_null[:size]
            hmm_posteriors(ef, nf, n_i, n_j, jump_f, p_null, pf, counts_f,
                           a.reshape(n_j, n_i), an.reshape(n_j, n_i), beta, work, norm, acc)  # fmt: skip
            hmm_posteriors(eb, nb, n_j, n_i, jump_b, p_null, pb, counts_b,
                           a.reshape(n_i, n_j), an.reshape(n_i, n_j), beta, work, norm, acc)  # fmt: skip
        else:
            # nothing else says where the words of a very long pair are
            pull = max(tension, LONG_TENSION * min(n_i, n_j)) if use_hmm else tension
            diagonal_posteriors(ef, nf, n_i, n_j, pull, p_null, pf)
            diagonal_posteriors(eb, nb, n_j, n_i, pull, p_null, pb)
        for j in range(n_j):
            unlinked_target[target_ptr[k] + j] = 1.0
        for i in range(n_i):
            free = np.float32(1.0)
            for j in range(n_j):
                f = pf[j, i]
                b = pb[i, j]
                free -= b
                unlinked_target[target_ptr[k] + j] -= f
                posterior[first + i * n_j + j] = np.float32(0.5) * (f + b) if mean else f * b
            unlinked_source[source_ptr[k] + i] = max(free, np.float32(0.0))
        for j in range(target_ptr[k], target_ptr[k + 1]):
            unlinked_target[j] = max(unlinked_target[j], np.float32(0.0))
