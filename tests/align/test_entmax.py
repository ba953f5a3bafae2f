from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from crosspan.align.entmax import entmax_rows
from crosspan.align.extraction import softmax_rows
from crosspan.core.errors import OptionError

scores = st.tuples(st.integers(1, 4), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-300, 300).map(lambda n: n / 20))
)


@settings(deadline=None, max_examples=60)
@given(scores, st.sampled_from([1.1, 1.5, 2.0, 3.0]))
def test_is_a_distribution_in_the_order_of_the_scores(rows, alpha):
    found = entmax_rows(rows, alpha)
    assert np.allclose(found.sum(axis=1), 1.0, atol=1e-5)
    assert found.min() >= 0.0
    for row, share in zip(rows, found, strict=True):
        order = np.argsort(row, kind="stable")
        assert (np.diff(share[order]) >= -1e-6).all()


@settings(deadline=None, max_examples=30)
@given(arrays(np.float64, 4, elements=st.integers(-40, 40).map(lambda n: n / 20)), st.sampled_from([1.3, 1.5, 2.0]))
def test_is_what_it_is_defined_as(row, alpha):
    """The distribution with the largest expected score plus Tsallis entropy, found by a general optimiser."""

    def loss(p):
        p = np.clip(p, 0.0, None)
        return -(p @ row + (p - p**alpha).sum() / (alpha * (alpha - 1)))

    best = minimize(
        loss,
        np.full(4, 0.25),
        bounds=[(0.0, 1.0)] * 4,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1.0},
        options={"maxiter": 500, "ftol": 1e-14},
    ).x
    assert loss(entmax_rows(row[None], alpha)[0].astype(np.float64)) <= loss(best) + 1e-6
    assert np.allclose(entmax_rows(row[None], alpha)[0], best, atol=2e-3)


@settings(deadline=None, max_examples=60)
@given(scores)
def test_exact_and_bisection_agree(rows):
    assert np.allclose(entmax_rows(rows, 1.5), entmax_rows(rows, 1.5 + 1e-9), atol=1e-4)


def test_between_softmax_and_sparsemax():
    row = np.array([[1.0, 0.5, 0.0, -2.0]])
    assert np.allclose(entmax_rows(row, 1.0001), softmax_rows(row), atol=1e-3)
    assert np.allclose(entmax_rows(row, 2.0), [[0.75, 0.25, 0.0, 0.0]], atol=1e-6)
    assert entmax_rows(row, 1.5)[0, 3] == 0.0


def test_far_scores_and_no_scores():
    assert entmax_rows(np.array([[1e4, -1e4, 1e4]])).tolist() == [[0.5, 0.0, 0.5]]
    assert entmax_rows(np.zeros((0, 3))).shape == (0, 3)
    assert entmax_rows(np.array([[7.0]])).tolist() == [[1.0]]


@pytest.mark.parametrize("alpha", [1.0, 0.5, float("nan")])
def test_alpha_out_of_range(alpha):
    with pytest.raises(OptionError, match="above 1"):
        entmax_rows(np.zeros((1, 2)), alpha)


def test_against_the_package():
    torch = pytest.importorskip("torch")
    sparsemax = pytest.importorskip("awesome_align.sparsemax")
    rows = np.random.default_rng(0).normal(0, 4, (50, 20))
    wanted = sparsemax.entmax15(torch.from_numpy(rows), dim=-1).numpy()
    assert np.allclose(entmax_rows(rows), wanted, atol=1e-6)
