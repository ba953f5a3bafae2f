from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosspan.align.extraction import (
    argmax_links,
    certain,
    cosine_similarity,
    distorted,
    itermax_links,
    match_links,
    one_way_links,
    softmax_rows,
    unit_vectors,
    word_alignment,
)

matrices = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.integers(0, 20).map(lambda n: n / 20))
)


def itermax_in_matrices(sim, iterations=2, factor=0.9):
    """The definition, in whole matrices: slow, and written without looking at loops."""
    m, n = sim.shape
    links = argmax_in_matrices(sim)
    if min(m, n) <= 2:
        return links
    for _ in range(iterations - 1):
        free_rows, free_columns = ~links.any(axis=1), ~links.any(axis=0)
        if not free_rows.any() or not free_columns.any():
            break
        weight = np.clip(factor * free_rows[:, None] + factor * free_columns[None, :], 0, 1)
        new = argmax_in_matrices(sim * weight.astype(np.float32)) & (free_rows[:, None] | free_columns[None, :])
        if not new.any():
            break
        links = links | new
    return links


def argmax_in_matrices(sim):
    rows, columns = np.zeros_like(sim, bool), np.zeros_like(sim, bool)
    rows[np.arange(len(sim)), sim.argmax(axis=1)] = True
    columns[sim.argmax(axis=0), np.arange(sim.shape[1])] = True
    return rows & columns


@settings(deadline=None, max_examples=60)
@given(matrices)
def test_argmax_is_mutual(sim):
    assert np.array_equal(argmax_links(sim), argmax_in_matrices(sim))
    assert np.array_equal(argmax_links(sim), one_way_links(sim, forward=True) & one_way_links(sim, forward=False))


@settings(deadline=None, max_examples=60)
@given(matrices, st.integers(1, 4), st.sampled_from([0.5, 0.9, 1.0]))
def test_itermax_against_its_definition(sim, iterations, factor):
    found = itermax_links(sim, iterations=iterations, factor=factor)
    assert np.array_equal(found, itermax_in_matrices(sim, iterations, factor))


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.integers(0, 20).map(lambda n: n / 20))
    )
)
def test_match_against_all_matchings(sim):
    found = match_links(sim)
    assert found.sum(axis=0).max() <= 1
    assert found.sum(axis=1).max() <= 1
    assert (sim[found] > 0).all()
    m, n = sim.shape
    wide = sim if m <= n else sim.T
    best = max(
        (sum(wide[i, j] > 0 for i, j in enumerate(chosen)), sum(float(wide[i, j]) for i, j in enumerate(chosen)))
        for chosen in itertools.permutations(range(max(m, n)), min(m, n))
    )
    assert (found.sum(), sim[found].sum()) == pytest.approx(best, abs=1e-5)


def test_match_prefers_the_sum_to_the_best_link():
    assert np.argwhere(match_links(np.array([[0.9, 0.8], [0.8, 0.1]]))).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 7), (7, 2)])
def test_small_matrices(shape):
    sim = np.random.default_rng(0).random(shape).astype(np.float32)
    assert np.array_equal(itermax_links(sim), argmax_links(sim))
    assert match_links(sim).sum() == min(shape)
    assert certain(sim, 0.5).all()
    assert np.array_equal(distorted(sim, 0.0), sim)
    assert np.isfinite(distorted(sim, 1.0)).all()


def test_distortion_is_strongest_in_the_corners():
    found = distorted(np.ones((3, 5), np.float32), 0.5)
    assert found[0, 0] == found[2, 4] == 1.0
    assert found[0, 4] == found[2, 0] == 0.5
    assert found[1, 2] == 1.0


def test_null_threshold_takes_out_what_is_like_everything():
    sim = np.array([[0.9, 0.1, 0.1, 0.1], [0.1, 0.9, 0.1, 0.1], [0.1, 0.1, 0.9, 0.1], [0.5, 0.5, 0.5, 0.5]])
    assert certain(sim, 1.0).all()
    assert certain(sim, 0.9)[:3].all()
    assert not certain(sim, 0.75)[3, 3]


@settings(deadline=None, max_examples=60)
@given(matrices)
def test_softmax_rows_sum_to_one(sim):
    found = softmax_rows(sim * 100 - 30)
    assert np.allclose(found.sum(axis=1), 1.0, atol=1e-5)
    exact = np.exp((sim * 100.0) - (sim * 100.0).max(axis=1, keepdims=True))
    assert np.allclose(found, exact / exact.sum(axis=1, keepdims=True), atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(matrices, st.data())
def test_word_links_are_those_of_any_piece(sim, data):
    m, n = sim.shape
    words = [np.sort(data.draw(arrays(np.int32, size, elements=st.integers(0, 2)))) for size in (m, n)]
    links = sim > 0.5
    found = word_alignment(links, sim, words[0], words[1], least=0.7)
    expected: dict[tuple[int, int], float] = {}
    for i, j in np.argwhere(links):
        key = int(words[0][i]), int(words[1][j])
        expected[key] = max(expected.get(key, 0.0), float(sim[i, j]))
    got = dict(zip(zip(found.source.tolist(), found.target.tolist(), strict=True), found.prob.tolist(), strict=True))
    assert got == {key: prob for key, prob in expected.items() if prob >= np.float32(0.7)}
    assert list(got) == sorted(got)


def test_vectors_without_length():
    units = unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    found = cosine_similarity(units, units)
    assert np.allclose(found, [[1.0, 0.5], [0.5, 0.5]])
