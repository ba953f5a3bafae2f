"""The compiled kernels against slow models that enumerate every path."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.align.expectation import Parameters, expect
from crosspan.align.hmm import JUMP_OFFSET, LANES, diagonal_posteriors, hmm_posteriors, running_sums, with_room
from crosspan.align.statistical import smooth_jumps


def run_hmm(emission, null, jump, p_null):
    n_j, n_i = emission.shape
    size = max(n_i, n_j)
    post = np.full((n_j, n_i), np.nan, np.float32)
    counts = np.zeros(2 * JUMP_OFFSET + 1, np.float32)
    scratch = [np.empty((n_j, n_i), np.float32) for _ in range(2)]
    rows = [np.full(size + LANES, np.nan, np.float32) for _ in range(5)]
    given = with_room(jump), running_sums(jump), np.float32(p_null)
    hmm_posteriors(emission, null, n_i, n_j, *given, post, counts, *scratch, *rows)
    return post, counts


def every_path(emission, null, jump, p_null):
    """Posteriors and expected jumps by summing over all sequences of (last position, linked or not)."""
    n_j, n_i = emission.shape
    post, counts = np.zeros((n_j, n_i)), np.zeros(2 * JUMP_OFFSET + 1)
    jump = jump.astype(np.float64)
    start = jump[JUMP_OFFSET + 1 : JUMP_OFFSET + 1 + n_i]
    norm = [jump[JUMP_OFFSET - k : JUMP_OFFSET - k + n_i].sum() for k in range(n_i)]
    total = 0.0
    states = list(itertools.product(range(n_i), (True, False)))
    for path in itertools.product(states, repeat=n_j):
        weight, jumps = 1.0, []
        for j, (i, linked) in enumerate(path):
            if j == 0:
                weight *= start[i] / start.sum()
                jumps += [i + 1] if linked else []
            elif linked:
                width = i - path[j - 1][0]
                weight *= jump[JUMP_OFFSET + width] / norm[path[j - 1][0]]
                jumps.append(width)
            elif i != path[j - 1][0]:
                weight = 0.0
            weight *= (1 - p_null) * emission[j, i] if linked else p_null * null[j]
        total += weight
        for j, (i, linked) in enumerate(path):
            post[j, i] += weight * linked
        for width in jumps:
            counts[JUMP_OFFSET + width] += weight
    return post / total, counts / total


def sentence(seed, n_i, n_j):
    rng = np.random.default_rng(seed)
    emission = (10.0 ** rng.uniform(-6, 0, (n_j, n_i))).astype(np.float32)
    return emission, (10.0 ** rng.uniform(-6, -2, n_j)).astype(np.float32)


shapes = st.tuples(st.integers(1, 3), st.integers(1, 4))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), shapes, st.floats(0.01, 0.9), st.booleans())
def test_hmm_sums_over_every_path(seed, shape, p_null, learned):
    emission, null = sentence(seed, *shape)
    counts = (
        np.random.default_rng(seed).uniform(0, 5, 2 * JUMP_OFFSET + 1) if learned else np.zeros(2 * JUMP_OFFSET + 1)
    )
    jump = smooth_jumps(counts)
    post, jumps = run_hmm(emission, null, jump, p_null)
    expected, expected_jumps = every_path(emission, null, jump, p_null)
    assert post == pytest.approx(expected, abs=2e-4)
    assert jumps == pytest.approx(expected_jumps, abs=2e-4)


def forward_backward(emission, null, jump, p_null):
    """The same model in double precision, without pruning, by matrices."""
    n_j, n_i = emission.shape
    jump = jump.astype(np.float64)
    places = np.arange(n_i)
    moves = jump[JUMP_OFFSET - places[:, None] + places]
    moves /= moves.sum(axis=1, keepdims=True)
    start = jump[JUMP_OFFSET + 1 : JUMP_OFFSET + 1 + n_i]
    words = (1 - p_null) * emission.astype(np.float64)
    alpha, alpha_null = np.zeros((2, n_j, n_i))
    beta = np.ones((n_j, n_i))
    for j in range(n_j):
        before = start / start.sum() if j == 0 else alpha[j - 1] + alpha_null[j - 1]
        alpha[j] = words[j] * (before if j == 0 else before @ moves)
        alpha_null[j] = p_null * null[j] * before
        scale = (alpha[j] + alpha_null[j]).sum()
        alpha[j] /= scale
        alpha_null[j] /= scale
    for j in range(n_j - 2, -1, -1):
        beta[j] = moves @ (words[j + 1] * beta[j + 1]) + p_null * null[j + 1] * beta[j + 1]
        beta[j] /= beta[j].max()
    total = ((alpha + alpha_null) * beta).sum(axis=1, keepdims=True)
    return alpha * beta / total


@pytest.mark.parametrize(("n_i", "n_j"), [(30, 40), (120, 90), (1, 50), (300, 1)])
@pytest.mark.parametrize("sharp", [False, True])
def test_hmm_on_longer_sentences(n_i, n_j, sharp):
    emission, null = sentence(n_i, n_i, n_j)
    if sharp:  # most words have one likely partner, as after training
        emission *= np.float32(1e-2)
        emission[np.arange(n_j), np.random.default_rng(5).integers(0, n_i, n_j)] = 0.5
    jump = smooth_jumps(np.zeros(2 * JUMP_OFFSET + 1))
    post, _ = run_hmm(emission, null, jump, 0.1)
    assert np.abs(post - forward_backward(emission, null, jump, 0.1)).max() < 0.01


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 60), st.floats(0.01, 0.9))
def test_hmm_rows_are_probabilities(seed, n_i, n_j, p_null):
    emission, null = sentence(seed, n_i, n_j)
    post, jumps = run_hmm(emission, null, smooth_jumps(np.zeros(2 * JUMP_OFFSET + 1)), p_null)
    assert (post >= 0).all()
    assert (post.sum(axis=1) <= 1 + 1e-4).all()
    assert (jumps >= 0).all()
    assert jumps.sum() == pytest.approx(post.sum(), rel=0.02, abs=0.02)  # a jump for each link


def test_hmm_with_impossible_words_gives_no_links_and_no_nan():
    emission = np.zeros((5, 4), np.float32)
    post, jumps = run_hmm(emission, np.full(5, 1e-9, np.float32), smooth_jumps(np.zeros(2 * JUMP_OFFSET + 1)), 0.1)
    assert (post == 0).all()
    assert (jumps == 0).all()
    emission[2] = 1.0  # one word can be linked
    post, _ = run_hmm(emission, np.full(5, 1e-9, np.float32), smooth_jumps(np.zeros(2 * JUMP_OFFSET + 1)), 0.1)
    assert post.sum(axis=1) == pytest.approx([0, 0, 1, 0, 0], abs=1e-3)


def run_diagonal(emission, null, tension, p_null):
    n_j, n_i = emission.shape
    post = np.full((n_j, n_i), np.nan, np.float32)
    room = np.full(n_i + LANES, np.nan, np.float32)
    diagonal_posteriors(emission, null, n_i, n_j, np.float32(tension), np.float32(p_null), post, room)
    return post


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 6), st.floats(0.01, 0.9), st.floats(0, 8))
def test_diagonal_model(seed, n_i, n_j, p_null, tension):
    emission, null = sentence(seed, n_i, n_j)
    post = run_diagonal(emission, null, tension, p_null)
    for j in range(n_j):
        prior = [math.exp(-tension * abs((i + 0.5) / n_i - (j + 0.5) / n_j)) for i in range(n_i)]
        joint = [(1 - p_null) * prior[i] / sum(prior) * emission[j, i] for i in range(n_i)]
        evidence = sum(joint) + p_null * null[j]
        assert post[j] == pytest.approx([value / evidence for value in joint], rel=1e-3, abs=1e-6)


def test_jump_table():
    start = smooth_jumps(np.zeros(2 * JUMP_OFFSET + 1))
    assert start.sum() == pytest.approx(1.0, abs=1e-5)
    assert (start > 0).all()
    assert start.argmax() == JUMP_OFFSET + 1  # one step forward
    counts = np.zeros(2 * JUMP_OFFSET + 1)
    counts[JUMP_OFFSET - 2] = 1000.0
    learned = smooth_jumps(counts)
    assert learned.argmax() == JUMP_OFFSET - 2
    assert (learned > 0).all()


def one_pair(n_i, n_j, seed):
    """A block of one sentence pair in which every word pair is its own."""
    rng = np.random.default_rng(seed)
    arrays = (
        np.array([0, n_i]), np.array([0, n_j]), np.arange(n_i, dtype=np.int32), np.arange(n_j, dtype=np.int32),
        np.array([0, n_i * n_j]),
    )  # fmt: skip
    tables = tuple((10.0 ** rng.uniform(-4, 0, n_i * n_j)).astype(np.float32) for _ in range(2))
    jump = smooth_jumps(np.zeros(2 * JUMP_OFFSET + 1))
    nulls = np.full(n_j, 0.01, np.float32), np.full(n_i, 0.01, np.float32)
    return arrays, np.arange(n_i * n_j, dtype=np.int32), tables, Parameters(jump, jump, *nulls, 0.1, 1.0)


@pytest.mark.parametrize("use_hmm", [False, True])
def test_both_directions_come_together(use_hmm):
    arrays, cells, tables, parameters = one_pair(4, 6, seed=3)
    product, mean = (
        expect(arrays, cells, tables, parameters, use_hmm=use_hmm, mean=mean, threads=1) for mean in (False, True)
    )
    t_forward, t_backward = tables[0].reshape(4, 6), tables[1].reshape(4, 6)
    if use_hmm:
        one, _ = run_hmm(np.ascontiguousarray(t_forward.T), parameters.null_forward, parameters.jump_forward, 0.1)
        other, _ = run_hmm(t_backward, parameters.null_backward, parameters.jump_backward, 0.1)
    else:
        one = run_diagonal(np.ascontiguousarray(t_forward.T), parameters.null_forward, 1.0, 0.1)
        other = run_diagonal(t_backward, parameters.null_backward, 1.0, 0.1)
    assert product.posterior.reshape(4, 6) == pytest.approx(one.T * other, abs=1e-5)
    assert mean.posterior.reshape(4, 6) == pytest.approx((one.T + other) / 2, abs=1e-5)
    assert mean.unlinked_target == pytest.approx(1 - one.sum(axis=1), abs=1e-5)
    assert mean.unlinked_source == pytest.approx(1 - other.sum(axis=1), abs=1e-5)
    assert bool(mean.jumps_forward.any()) == use_hmm
