"""Posterior probabilities of word links in one direction: compiled kernels for a hidden Markov and a diagonal model.

Arrays are of one sentence pair. ``I`` words generate ``J`` words; ``emission[j, i]`` is the probability of generated
word ``j`` given generating word ``i``; ``null[j]`` its probability given no word. Scratch arrays are passed in, so that
a thread allocates once.

Every sum is made in an order that is written down here, eight numbers side by side, and not left to the compiler
(``fastmath``), which would choose another one for each kind of processor.
"""

from __future__ import annotations

import numpy as np

from crosspan.core.arithmetic import exp_of
from crosspan.core.compiled import njit

JUMP_OFFSET = 512
"""Index of a jump of width 0 in a jump table; tables are ``2 * JUMP_OFFSET + 1`` long."""

LONG_TENSION = np.float32(0.3)
"""Tension per word (of the shorter side) of the diagonal model where a pair is too long for the hidden Markov model."""

LANES = 8
"""Numbers that are added side by side; arrays that are summed up have room for as many behind their end."""

_TINY = np.float32(1e-30)
_BEAM = np.float32(1e-5)
"""States with a smaller share of the forward probability are not followed: they hardly ever matter, and are most."""
_RARE_JUMP = np.float32(1e-4)
"""Jumps from states with a smaller posterior are not counted."""

# unsigned: Numba does not ask whether they count from the end
_0, _1, _2, _3, _4, _5, _6, _7, _8 = (np.uint64(lane) for lane in range(LANES + 1))


@njit()
def _dot(one, at, other, n):  # type: ignore[no-untyped-def]
    """The inner product of ``one`` from ``at`` on with ``other``, as far as ``n``, up to the next multiple of 8.

    There must be so much room, and zeros in one of the two.
    """
    a = b = c = d = e = f = g = h = np.float32(0.0)
    start = np.uint64(at)
    for i in range(_0, np.uint64(n), _8):
        k = start + i
        a += one[k] * other[i]
        b += one[k + _1] * other[i + _1]
        c += one[k + _2] * other[i + _2]
        d += one[k + _3] * other[i + _3]
        e += one[k + _4] * other[i + _4]
        f += one[k + _5] * other[i + _5]
        g += one[k + _6] * other[i + _6]
        h += one[k + _7] * other[i + _7]
    return ((a + e) + (c + g)) + ((b + f) + (d + h))


@njit()
def _sum(values, n):  # type: ignore[no-untyped-def]
    """The sum of the first ``n`` values, up to the next multiple of 8: there must be so much room, and zeros in it."""
    a = b = c = d = e = f = g = h = np.float32(0.0)
    for i in range(_0, np.uint64(n), _8):
        a += values[i]
        b += values[i + _1]
        c += values[i + _2]
        d += values[i + _3]
        e += values[i + _4]
        f += values[i + _5]
        g += values[i + _6]
        h += values[i + _7]
    return ((a + e) + (c + g)) + ((b + f) + (d + h))


@njit()
def diagonal_posteriors(emission, null, n_i, n_j, tension, p_null, post, room):  # type: ignore[no-untyped-def]
    """Posteriors under IBM model 2 with a prior that falls off from the diagonal (Dyer et al. 2013).

    Writes ``post[j, i]``; what a row lacks to 1 is the probability of no link. ``room`` is to work in.
    """
    room[n_i : n_i + LANES] = np.float32(0.0)
    for j in range(n_j):
        position = (j + np.float32(0.5)) / n_j
        total = np.float32(n_i)
        if tension == 0.0:
            room[:n_i] = np.float32(1.0)
        else:
            for i in range(n_i):
                room[i] = exp_of(-tension * abs((i + np.float32(0.5)) / n_i - position))
            total = _sum(room, n_i)
        scale = (np.float32(1.0) - p_null) / total
        for i in range(n_i):
            room[i] *= scale * emission[j, i]
        total = p_null * null[j] + _sum(room, n_i)
        if total > 0.0:
            total = np.float32(1.0) / total
        for i in range(n_i):
            post[j, i] = room[i] * total


@njit()
def hmm_posteriors(  # type: ignore[no-untyped-def]
    emission, null, n_i, n_j, jump, reach, p_null, post, jump_counts, alpha, alpha_null, beta, work, norm, acc, both
):
    """Posteriors under a hidden Markov alignment model (Vogel et al. 1996) with a no-link state per position.

    States are the generating positions; moving from one to another costs by the width of the jump, renormalised to
    the jumps that stay inside the sentence. The no-link states remember the last position (Och & Ney 2003).

    Writes ``post[j, i]`` and adds expected jumps to ``jump_counts``. Forward values are rescaled at every step, so
    float32 is enough for sentences of any length. ``reach`` are the running sums of ``jump``, from 0 on.
    """
    off = JUMP_OFFSET
    p_word = np.float32(1.0) - p_null
    for i in range(n_i):
        norm[i] = np.float32(1.0) / np.float32(reach[off - i + n_i] - reach[off - i])
    work[n_i : n_i + LANES] = np.float32(0.0)
    both[n_i : n_i + LANES] = np.float32(0.0)
    # the first word jumps from a position before the sentence
    first = np.float32(1.0) / np.float32(reach[off + n_i + 1] - reach[off + 1])
    for i in range(n_i):
        start = jump[off + i + 1] * first
        alpha[0, i] = p_word * start * emission[0, i]
        alpha_null[0, i] = p_null * start * null[0]
        both[i] = alpha[0, i] + alpha_null[0, i]
    z = np.float32(1.0) / max(_sum(both, n_i), _TINY)
    for i in range(n_i):
        alpha[0, i] *= z
        alpha_null[0, i] *= z
        both[i] *= z
    for j in range(1, n_j):
        acc[:n_i] = np.float32(0.0)
        for k in range(n_i):
            weight = both[k] * norm[k]
            if weight > _BEAM:
                moves = jump[off - k : off - k + n_i]
                for i in range(n_i):
                    acc[i] += weight * moves[i]
        unlinked = p_null * null[j]
        for i in range(n_i):
            alpha[j, i] = p_word * acc[i] * emission[j, i]
            alpha_null[j, i] = unlinked * both[i]
            both[i] = alpha[j, i] + alpha_null[j, i]
        z = np.float32(1.0) / max(_sum(both, n_i), _TINY)
        for i in range(n_i):
            alpha[j, i] *= z
            alpha_null[j, i] *= z
            both[i] *= z
    beta[:n_i] = np.float32(1.0)
    for j in range(n_j - 1, -1, -1):
        for i in range(n_i):
            both[i] = (alpha[j, i] + alpha_null[j, i]) * beta[i]
        total = np.float32(1.0) / max(_sum(both, n_i), _TINY)
        for i in range(n_i):
            post[j, i] = alpha[j, i] * beta[i] * total
        if j == 0:
            break
        for i in range(n_i):
            work[i] = p_word * emission[j, i] * beta[i]
            both[i] = alpha[j - 1, i] + alpha_null[j - 1, i]
        unlinked = p_null * null[j]
        largest = np.float32(0.0)
        total = np.float32(0.0)
        for k in range(n_i):
            acc[k] = np.float32(0.0)
            if both[k] > _BEAM:
                acc[k] = _dot(jump, off - k, work, n_i) * norm[k] + unlinked * beta[k]
                largest = max(largest, acc[k])
                total += both[k] * acc[k]
        total = np.float32(1.0) / max(total, _TINY)
        largest = np.float32(1.0) / max(largest, _TINY)
        for k in range(n_i):
            weight = both[k] * norm[k] * total
            if weight > _RARE_JUMP:
                moves, counts = jump[off - k : off - k + n_i], jump_counts[off - k : off - k + n_i]
                for i in range(n_i):
                    counts[i] += weight * moves[i] * work[i]
            beta[k] = acc[k] * largest
    for i in range(n_i):
        jump_counts[off + i + 1] += post[0, i]


@njit()
def running_sums(jump):  # type: ignore[no-untyped-def]
    """Running sums, with 0 before the first."""
    out = np.zeros(len(jump) + 1)
    for k in range(len(jump)):
        out[k + 1] = out[k] + jump[k]
    return out


@njit()
def with_room(jump):  # type: ignore[no-untyped-def]
    """The same with zeros behind it, so that sums may go on to the next multiple of 8."""
    out = np.zeros(len(jump) + LANES, np.float32)
    out[: len(jump)] = jump
    return out


@njit()
def chunk_posteriors(  # type: ignore[no-untyped-def]
    begin, end, source_ptr, target_ptr, source, target, cell_ptr, cell_pair, t_forward, t_backward,
    null_f, null_b, jump_f, jump_b, p_null, tension, use_hmm, mean, hmm_cells,
    posterior, unlinked_target, unlinked_source, counts_f, counts_b,
):  # fmt: skip
    """Posteriors of the pairs ``begin`` to ``end`` in both directions; see :mod:`crosspan.align.expectation`."""
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
    norm = np.empty(longest, np.float32)
    acc = np.empty(longest, np.float32)
    work = np.empty(longest + LANES, np.float32)
    both = np.empty(longest + LANES, np.float32)
    reach_f, reach_b = running_sums(jump_f), running_sums(jump_b)
    jump_f, jump_b = with_room(jump_f), with_room(jump_b)
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
            hmm_posteriors(ef, nf, n_i, n_j, jump_f, reach_f, p_null, pf, counts_f,
                           a.reshape(n_j, n_i), an.reshape(n_j, n_i), beta, work, norm, acc, both)  # fmt: skip
            hmm_posteriors(eb, nb, n_j, n_i, jump_b, reach_b, p_null, pb, counts_b,
                           a.reshape(n_i, n_j), an.reshape(n_i, n_j), beta, work, norm, acc, both)  # fmt: skip
        else:
            # nothing else says where the words of a very long pair are
            pull = max(tension, LONG_TENSION * min(n_i, n_j)) if use_hmm else tension
            diagonal_posteriors(ef, nf, n_i, n_j, pull, p_null, pf, work)
            diagonal_posteriors(eb, nb, n_j, n_i, pull, p_null, pb, work)
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
