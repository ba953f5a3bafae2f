"""The arithmetic of a linear-chain conditional random field, compiled: sums over all tag sequences, and the best one.

All sentences lie one behind the other in flat arrays; ``first[s]`` to ``first[s + 1]`` are the tokens of sentence
``s``. Scores of tags at tokens are ``emission`` ``[n, k]``, those of neighbouring tags ``transition`` ``[k + 1, k]``,
whose last row is the beginning of a sentence. Tag 0 is ``O``, tag ``2l + 1`` is ``B-`` of label ``l``, ``2l + 2`` its
``I-``. A score of minus infinity forbids. Sums are exact, in scaled probabilities (Rabiner 1989).

A numerical kernel here may be longer than elsewhere: inner loops pay for calls.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit

Float64Array = npt.NDArray[np.float64]

FLOOR = -80.0
"""Scores this far below the best tag of a token count as this far: it keeps sums above zero."""


@njit()
def _potentials(emission, evidence, use_evidence, begin, end, psi):  # type: ignore[no-untyped-def]
    """Fill ``psi`` with exp(emission + evidence - best) of the tokens of a sentence; return the sum of the bests."""
    k = emission.shape[1]
    total = 0.0
    for t in range(begin, end):
        best = -np.inf
        for y in range(k):
            score = emission[t, y] + (evidence[t, y] if use_evidence else 0.0)
            psi[t - begin, y] = score
            best = max(best, score)
        for y in range(k):
            score = psi[t - begin, y] - best
            psi[t - begin, y] = 0.0 if score == -np.inf else np.exp(max(score, FLOOR))
        total += best
    return total


@njit()
def _forward(psi, moves, n, alpha, scale):  # type: ignore[no-untyped-def]
    """Fill scaled forward sums; return the logarithm of their scales, minus infinity where no sequence is allowed."""
    k = psi.shape[1]
    total = 0.0
    for t in range(n):
        mass = 0.0
        for y in range(k):
            reach = moves[k, y] if t == 0 else 0.0
            if t > 0:
                for x in range(k):
                    reach += alpha[t - 1, x] * moves[x, y]
            alpha[t, y] = reach * psi[t, y]
            mass += alpha[t, y]
        if mass <= 0.0:
            return -np.inf
        scale[t] = mass
        for y in range(k):
            alpha[t, y] /= mass
        total += np.log(mass)
    return total


@njit()
def _backward(psi, moves, n, scale, beta, ahead):  # type: ignore[no-untyped-def]
    """Fill scaled backward sums, and ``ahead``: what a token and all after it add to a way that comes there."""
    k = psi.shape[1]
    for y in range(k):
        beta[n - 1, y] = 1.0
    for t in range(n - 1, 0, -1):
        for y in range(k):
            ahead[t, y] = psi[t, y] * beta[t, y] / scale[t]
        for x in range(k):
            reach = 0.0
            for y in range(k):
                reach += moves[x, y] * ahead[t, y]
            beta[t - 1, x] = reach


@njit()
def _subtract_pairs(moves, n, alpha, beta, ahead, factor, pairs):  # type: ignore[no-untyped-def]
    """Add ``factor`` times the expected number of each transition to ``pairs``."""
    k = alpha.shape[1]
    for y in range(k):
        pairs[k, y] += factor * alpha[0, y] * beta[0, y]
    for t in range(1, n):
        for x in range(k):
            here = factor * alpha[t - 1, x]
            for y in range(k):
                pairs[x, y] += here * moves[x, y] * ahead[t, y]


@njit(parallel=True)
def loss_and_residuals(first, blocks, emission, evidence, weight, moves, residual):  # type: ignore[no-untyped-def]
    """Compare what the model expects with what it expects once it has seen the evidence.

    The loss of a sentence is ``weight * (log Z - log Z(evidence))``, minus the log probability of the evidence.

    Args:
        first: Offsets of sentences, int64 ``[s + 1]``.
        blocks: Offsets of blocks of sentences that are summed in one go, int64 ``[b + 1]``; fixed blocks make the sums
            the same for any number of threads.
        emission: Scores, float64 ``[n, k]``.
        evidence: Log evidence, float64 ``[n, k]``; 0 throughout a row where nothing is known of a token.
        weight: Of sentences, float64 ``[s]``.
        moves: exp(transition), float64 ``[k + 1, k]``.
        residual: Filled with the weighted difference of both expectations, float64 ``[n, k]``.

    Returns:
        The loss of each block, and the gradient of the transitions of each block, ``[b, k + 1, k]``. A sentence whose
        evidence allows no sequence has no loss and no gradient.
    """
    k = emission.shape[1]
    n_blocks = len(blocks) - 1
    losses = np.zeros(n_blocks)
    pairs = np.zeros((n_blocks, k + 1, k))
    for block in numba.prange(n_blocks):
        longest = 0
        for s in range(blocks[block], blocks[block + 1]):
            longest = max(longest, first[s + 1] - first[s])
        psi = np.empty((longest, k))
        alpha = np.empty((longest, k))
        beta = np.empty((longest, k))
        ahead = np.empty((longest, k))
        scale = np.empty(longest)
        for s in range(blocks[block], blocks[block + 1]):
            begin, end = first[s], first[s + 1]
            n = end - begin
            if n == 0:
                continue
            seen = _potentials(emission, evidence, True, begin, end, psi) + _forward(psi, moves, n, alpha, scale)
            if seen == -np.inf:
                residual[begin:end] = 0.0
                continue
            w = weight[s]
            _backward(psi, moves, n, scale, beta, ahead)
            _subtract_pairs(moves, n, alpha, beta, ahead, -w, pairs[block])
            for t in range(n):
                for y in range(k):
                    residual[begin + t, y] = -w * alpha[t, y] * beta[t, y]
            every = _potentials(emission, evidence, False, begin, end, psi) + _forward(psi, moves, n, alpha, scale)
            _backward(psi, moves, n, scale, beta, ahead)
            _subtract_pairs(moves, n, alpha, beta, ahead, w, pairs[block])
            for t in range(n):
                for y in range(k):
                    residual[begin + t, y] += w * alpha[t, y] * beta[t, y]
            losses[block] += w * (every - seen)
    return losses, pairs


@njit(parallel=True)
def marginals(first, emission, moves, temperature, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` ``[n, k]`` with the probability of each tag at each token.

    ``moves`` are exp(transition / temperature), float64 ``[k + 1, k]``; emission is divided here.
    """
    k = emission.shape[1]
    for s in numba.prange(len(first) - 1):
        begin, n = first[s], first[s + 1] - first[s]
        if n > 0:
            psi = np.empty((n, k))
            alpha = np.empty((n, k))
            beta = np.empty((n, k))
            ahead = np.empty((n, k))
            scale = np.empty(n)
            _sums(emission[begin : begin + n] / temperature, moves, psi, alpha, beta, ahead, scale)
            for t in range(n):
                for y in range(k):
                    out[begin + t, y] = alpha[t, y] * beta[t, y]


@njit(parallel=True)
def best_tags(first, emission, transition, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` ``[n]`` with the most probable sequence of each sentence (Viterbi); ties go to the lower tag."""
    for s in numba.prange(len(first) - 1):
        if first[s + 1] > first[s]:
            _viterbi(emission[first[s] : first[s + 1]], transition, out[first[s] : first[s + 1]])


@njit(parallel=True)
def best_spans(first, emission, transition, moves, temperature, out, score):  # type: ignore[no-untyped-def]
    """Fill ``out`` as :func:`best_tags` does, and ``score`` with the probability of each entity at its first token.

    That is the probability that an entity has exactly these words and this label; ``moves`` and ``temperature`` are
    those of :func:`marginals`. Other tokens of ``score`` stay as they are.
    """
    k = emission.shape[1]
    for s in numba.prange(len(first) - 1):
        begin, n = first[s], first[s + 1] - first[s]
        if n > 0:
            best = out[begin : begin + n]
            _viterbi(emission[begin : begin + n], transition, best)
            if np.any(best > 0):
                psi = np.empty((n, k))
                alpha = np.empty((n, k))
                beta = np.empty((n, k))
                ahead = np.empty((n, k))
                scale = np.empty(n)
                _sums(emission[begin : begin + n] / temperature, moves, psi, alpha, beta, ahead, scale)
                for start in range(n):
                    if best[start] % 2 == 1:
                        end = start + 1
                        while end < n and best[end] == best[start] + 1:
                            end += 1
                        score[begin + start] = _span_mass(psi, moves, alpha, ahead, scale, start, end, best[start])


@njit()
def _sums(emission, moves, psi, alpha, beta, ahead, scale):  # type: ignore[no-untyped-def]
    n = len(emission)
    _potentials(emission, emission, False, 0, n, psi)
    _forward(psi, moves, n, alpha, scale)
    _backward(psi, moves, n, scale, beta, ahead)


@njit()
def _viterbi(emission, transition, out):  # type: ignore[no-untyped-def]
    n, k = emission.shape
    back = np.empty((n, k), np.int16)
    here = np.empty(k)
    there = np.empty(k)
    for y in range(k):
        here[y] = transition[k, y] + emission[0, y]
    for t in range(1, n):
        for y in range(k):
            best, choice = -np.inf, 0
            for x in range(k):
                score = here[x] + transition[x, y]
                if score > best:
                    best, choice = score, x
            there[y] = best + emission[t, y]
            back[t, y] = choice
        here, there = there, here
    last = 0
    for y in range(1, k):
        if here[y] > here[last]:
            last = y
    for t in range(n - 1, -1, -1):
        out[t] = last
        last = back[t, last]


@njit()
def _span_mass(psi, moves, alpha, ahead, scale, start, end, tag):  # type: ignore[no-untyped-def]
    """The probability of an entity from ``start`` to before ``end``; ``tag`` is the ``B-`` of its label."""
    n, k = psi.shape
    inside = tag + 1
    mass = alpha[start, tag]
    for t in range(start + 1, end):
        mass *= moves[tag, inside] * psi[t, inside] / scale[t]
        tag = inside
    if end < n:
        after = 0.0
        for y in range(k):
            if y != inside:
                after += moves[tag, y] * ahead[end, y]
        mass *= after
    return min(mass, 1.0)


def allowed_transitions(n_labels: int) -> Float64Array:
    """Zero where IOB2 lets a tag follow another, minus infinity elsewhere; ``[2l + 2, 2l + 1]``, beginning last.

    Example:
        >>> allowed_transitions(1).tolist()  # O, B, I; from O, from B, from I, from the beginning
        [[0.0, 0.0, -inf], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -inf]]
    """
    k = 2 * n_labels + 1
    allowed = np.zeros((k + 1, k))
    for label in range(n_labels):
        inside = 2 * label + 2
        allowed[:, inside] = -np.inf
        allowed[inside - 1, inside] = allowed[inside, inside] = 0.0
    return allowed


def flat_offsets(lengths: list[int]) -> npt.NDArray[np.int64]:
    """Where each of some runs begins when they lie one behind the other; the last number is the length of all.

    Example:
        >>> flat_offsets([2, 0, 3]).tolist()
        [0, 2, 2, 5]
    """
    first = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(np.array(lengths, np.int64), out=first[1:])
    return first
