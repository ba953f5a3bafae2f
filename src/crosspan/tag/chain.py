"""The arithmetic of a linear-chain conditional random field, compiled: sums over all tag sequences, and the best one.

All sentences lie one behind the other in flat arrays; ``first[s]`` to ``first[s + 1]`` are the tokens of sentence
``s``. Scores of tags at tokens are ``emission`` ``[n, k]``, those of neighbouring tags ``transition`` ``[k + 1, k]``,
whose last row is the beginning of a sentence. Tag 0 is ``O``, tag ``2l + 1`` is ``B-`` of label ``l``, ``2l + 2`` its
``I-``. A score of minus infinity forbids. Sums are exact, in scaled probabilities (Rabiner 1989).

A numerical kernel here may be longer than elsewhere: inner loops pay for calls.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crosspan.core.arithmetic import exp_of, exps, log_of
from crosspan.core.compiled import njit
from crosspan.core.threads import in_parts

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

FLOOR = -80.0
"""Scores this far below the best tag of a token count as this far: it keeps sums above zero."""

_TOGETHER = 32
"""Sentences that are worked on in the same room."""


@njit()
def padded(moves):  # type: ignore[no-untyped-def]
    """The same with columns of zeros, in fours: ``[rows, fours, 4]``. The machine takes four numbers in one step."""
    n, k = moves.shape
    fours = (k + 3) // 4
    out = np.zeros((n, 4 * fours))
    out[:, :k] = moves
    return out.reshape(n, fours, 4)


@njit()
def work_space(first, begin, end, wide):  # type: ignore[no-untyped-def]
    """Room for the longest of some sentences: psi, alpha, beta, ahead, and scales."""
    longest = 0
    for s in range(begin, end):
        longest = max(longest, first[s + 1] - first[s])
    shape = (longest, 4 * wide.shape[1])
    return np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(longest)


@njit()
def potentials(emission, temperature, begin, n, k, psi):  # type: ignore[no-untyped-def]
    """Fill ``psi`` with exp((emission - best) / temperature) of the tokens of a sentence."""
    for t in range(n):
        best = -np.inf
        for y in range(k):
            score = emission[begin + t, y] / temperature
            psi[t, y] = score
            best = max(best, score)
        for y in range(k):
            score = psi[t, y] - best
            psi[t, y] = 0.0 if score == -np.inf else exp_of(max(score, FLOOR))


@njit()
def forward(psi, wide, n, alpha, scale):  # type: ignore[no-untyped-def]
    """Fill scaled forward sums; return whether any sequence is allowed. ``wide`` are padded moves."""
    k, fours = len(wide) - 1, wide.shape[1]
    psi4, alpha4 = psi.reshape(len(psi), fours, 4), alpha.reshape(len(alpha), fours, 4)
    for t in range(n):
        mass = 0.0
        for q in range(fours):
            a, b, c, d = wide[k, q, 0], wide[k, q, 1], wide[k, q, 2], wide[k, q, 3]
            if t > 0:
                a = b = c = d = 0.0
                for x in range(k):
                    here = alpha[t - 1, x]
                    a += here * wide[x, q, 0]
                    b += here * wide[x, q, 1]
                    c += here * wide[x, q, 2]
                    d += here * wide[x, q, 3]
            a *= psi4[t, q, 0]
            b *= psi4[t, q, 1]
            c *= psi4[t, q, 2]
            d *= psi4[t, q, 3]
            alpha4[t, q, 0], alpha4[t, q, 1], alpha4[t, q, 2], alpha4[t, q, 3] = a, b, c, d
            mass = mass + a + b + c + d
        if mass <= 0.0:
            return False
        scale[t] = mass
        for y in range(alpha.shape[1]):
            alpha[t, y] /= mass
    return True


@njit()
def log_product(scale, n):  # type: ignore[no-untyped-def]
    """The logarithm of a product; it is taken of few numbers, as it costs."""
    total, product = 0.0, 1.0
    for t in range(n):
        product *= scale[t]
        if not 1e-150 < product < 1e150:
            total += log_of(product)
            product = 1.0
    return total + log_of(product)


@njit()
def _backward(psi, wide, n, scale, beta, ahead):  # type: ignore[no-untyped-def]
    """Fill scaled backward sums, and ``ahead``: what a token and all after it add to a way that comes there."""
    k = len(wide) - 1
    moves = wide.reshape(k + 1, 4 * wide.shape[1])
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


def marginals(
    first: Int64Array,
    emission: Float64Array,
    transition: Float64Array,
    temperature: float,
    out: Float64Array,
    threads: int | None = None,
) -> None:
    """Fill ``out`` ``[n, k]`` with the probability of each tag at each token; scores are divided by ``temperature``."""
    given = (first, emission, moves_of(transition, temperature), temperature, out)
    in_parts(_marginals, _rooms(first), threads, given=given)


@njit()
def _marginals(begin_room, end_room, first, emission, moves, temperature, out):  # type: ignore[no-untyped-def]
    wide = padded(moves)
    for room in range(begin_room, end_room):
        low, high = room * _TOGETHER, min(len(first) - 1, (room + 1) * _TOGETHER)
        psi, alpha, beta, ahead, scale = work_space(first, low, high, wide)
        for s in range(low, high):
            begin, n = first[s], first[s + 1] - first[s]
            if n > 0:
                _sums(emission, temperature, begin, n, wide, psi, alpha, beta, ahead, scale)
                _put_marginals(alpha, beta, begin, n, out)


def best_tags(
    first: Int64Array,
    emission: Float64Array,
    transition: Float64Array,
    out: npt.NDArray[np.int64],
    threads: int | None = None,
) -> None:
    """Fill ``out`` ``[n]`` with the most probable sequence of each sentence (Viterbi); ties go to the lower tag."""
    in_parts(_best_tags, len(first) - 1, threads, given=(first, emission, transition, out), least=_TOGETHER)


@njit()
def _best_tags(begin, end, first, emission, transition, out):  # type: ignore[no-untyped-def]
    for s in range(begin, end):
        if first[s + 1] > first[s]:
            _viterbi(emission[first[s] : first[s + 1]], transition, out[first[s] : first[s + 1]])


def best_spans(
    first: Int64Array,
    emission: Float64Array,
    transition: Float64Array,
    temperature: float,
    out: npt.NDArray[np.int64],
    score: Float64Array,
    chances: Float64Array,
    threads: int | None = None,
) -> None:
    """Fill ``out`` as :func:`best_tags` does, and ``score`` with the probability of each entity at its first token.

    That is the probability that an entity has exactly these words and this label; scores are divided by
    ``temperature`` for it. Other tokens of ``score`` stay as they are. ``chances`` is filled as by :func:`marginals`,
    unless it has no rows.
    """
    moves = moves_of(transition, temperature)
    given = (first, emission, transition, moves, temperature, out, score, chances)
    in_parts(_best_spans, _rooms(first), threads, given=given)


@njit()
def _best_spans(  # type: ignore[no-untyped-def]
    begin_room, end_room, first, emission, transition, moves, temperature, out, score, chances
):
    wide = padded(moves)
    for room in range(begin_room, end_room):
        low, high = room * _TOGETHER, min(len(first) - 1, (room + 1) * _TOGETHER)
        psi, alpha, beta, ahead, scale = work_space(first, low, high, wide)
        for s in range(low, high):
            begin, n = first[s], first[s + 1] - first[s]
            if n == 0:
                continue
            best = out[begin : begin + n]
            _viterbi(emission[begin : begin + n], transition, best)
            if len(chances) or np.any(best > 0):
                _sums(emission, temperature, begin, n, wide, psi, alpha, beta, ahead, scale)
            if len(chances):
                _put_marginals(alpha, beta, begin, n, chances)
            for start in range(n):
                if best[start] % 2 == 1:
                    end = start + 1
                    while end < n and best[end] == best[start] + 1:
                        end += 1
                    score[begin + start] = _span_mass(psi, moves, alpha, ahead, scale, start, end, n, best[start])


@njit()
def _put_marginals(alpha, beta, begin, n, out):  # type: ignore[no-untyped-def]
    for t in range(n):
        for y in range(out.shape[1]):
            out[begin + t, y] = alpha[t, y] * beta[t, y]


@njit()
def _sums(emission, temperature, begin, n, wide, psi, alpha, beta, ahead, scale):  # type: ignore[no-untyped-def]
    potentials(emission, temperature, begin, n, emission.shape[1], psi)
    forward(psi, wide, n, alpha, scale)
    _backward(psi, wide, n, scale, beta, ahead)


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
def _span_mass(psi, moves, alpha, ahead, scale, start, end, n, tag):  # type: ignore[no-untyped-def]
    """The probability of an entity from ``start`` to before ``end``; ``tag`` is the ``B-`` of its label."""
    k = len(moves) - 1
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


def moves_of(transition: Float64Array, temperature: float = 1.0) -> Float64Array:
    """What scores of neighbouring tags multiply probabilities by: exp(transition / temperature)."""
    return exps(transition / temperature)


def _rooms(first: Int64Array) -> int:
    return (len(first) - 1 + _TOGETHER - 1) // _TOGETHER


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
