from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crosspan.core.errors import OptionError
from crosspan.lab.study.statistics import (
    detectable,
    estimate,
    holm,
    paired_t,
    power_of,
    seeds_needed,
    sign_flip,
    slope,
)

VALUES = st.lists(st.floats(-50, 50), min_size=2, max_size=8)


def test_an_interval_by_hand():
    # 2 and 4: mean 3, sd sqrt(2), t(0.975, 1) = 12.7062, half = 12.7062 * sqrt(2) / sqrt(2)
    found = estimate([2.0, 4.0])
    assert found.mean == 3.0
    assert found.sd == pytest.approx(math.sqrt(2))
    assert (found.low, found.high) == (pytest.approx(3 - 12.7062, abs=1e-3), pytest.approx(3 + 12.7062, abs=1e-3))


def test_one_value_has_no_interval_and_none_no_mean():
    assert estimate([7.0])[:4] == (7.0, None, None, None)
    with pytest.raises(OptionError, match="no values"):
        estimate([])


@given(VALUES, st.floats(0.5, 0.99))
def test_intervals_are_those_of_scipy(values, confidence):
    found = estimate(values, confidence)
    if found.sd > 1e-6:
        right = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
        assert (found.low, found.high) == (pytest.approx(right[0]), pytest.approx(right[1]))


@given(VALUES)
def test_the_t_test_is_that_of_scipy(values):
    if np.std(values) > 1e-3:
        assert paired_t(values) == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, abs=1e-12)


def test_no_t_test_without_spread():
    assert paired_t([1.0]) is None
    assert paired_t([1.0, 1.0]) is None
    assert paired_t([]) is None


def test_sign_flips_by_hand():
    # of the 8 ways to give 3, 2, -1 signs, |sum| >= 4 for +++ (6), ++- (4) and their opposites
    assert sign_flip([3.0, 2.0, -1.0]) == 0.5
    assert sign_flip([1.0, 1.0, 1.0, 1.0, 1.0]) == 2 / 32
    assert sign_flip([]) is None


@given(st.lists(st.integers(-9, 9).map(float), min_size=2, max_size=7))
def test_sign_flips_are_those_of_scipy(values):
    def statistic(rows, axis):
        return np.mean(rows, axis=axis)

    right = stats.permutation_test(
        (np.array(values),), statistic, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    ).pvalue  # it doubles the smaller tail, which for a symmetric distribution is the same
    assert sign_flip(values) == pytest.approx(min(1.0, right))


def test_many_differences_are_drawn_the_same_each_time():
    values = [0.5] * 12 + [-0.4] * 8
    assert sign_flip(values) == sign_flip(values)
    assert 0.2 < sign_flip(values) < 0.9


def test_holm_by_hand():
    assert holm([0.01, 0.02, 0.03]) == [0.03, 0.04, 0.04]
    assert holm([0.6, None, 0.5]) == [1.0, None, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_between_the_value_and_bonferroni(values):
    for value, found in zip(values, holm(values), strict=True):
        assert value <= found <= min(1.0, value * len(values)) or found == pytest.approx(value)


def test_a_slope_by_hand():
    # through (0, 1), (1, 3), (2, 5) goes y = 1 + 2 x without error
    found = slope([0, 1, 2], [1, 3, 5])
    assert found.slope == pytest.approx(2.0)
    assert found.low == pytest.approx(2.0)
    assert found.n == 3
    assert slope([0, 1, 2], [0, 0, 0]) == (0.0, 0.0, 0.0, 1.0, 3)
    assert slope([0, 1], [1, 3]) is None
    assert slope([1, 1, 1], [1, 2, 3]) is None


def test_power_is_that_of_a_simulation():
    rng = np.random.default_rng(0)
    rows = rng.normal(1.0, 1.0, (20_000, 6))
    share = float(np.mean(stats.ttest_1samp(rows, 0.0, axis=1).pvalue < 0.05))
    assert power_of(1.0, 1.0, 6) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("n", [3, 4, 6, 10, 30])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0])
def test_power_is_that_of_the_noncentral_t(n, effect):
    critical = stats.t.ppf(0.975, n - 1)
    shift = effect * math.sqrt(n)
    right = stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift)
    assert power_of(effect, 1.0, n) == pytest.approx(right, abs=1e-6)


def test_power_of_two_pairs_where_the_noncentral_t_of_scipy_gives_no_number():
    rng = np.random.default_rng(1)
    rows = rng.normal(8.0, 1.0, (40_000, 2))
    assert power_of(8.0, 1.0, 2) == pytest.approx(np.mean(stats.ttest_1samp(rows, 0.0, axis=1).pvalue < 0.05), abs=0.01)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.05, 5.0), st.integers(2, 12))
def test_what_can_be_detected_has_the_power_that_is_asked(sd, n):
    assert power_of(detectable(sd, n), sd, n) == pytest.approx(0.8, abs=1e-6)


def test_seeds_that_are_needed():
    for sd in (0.5, 1.0, 3.0):
        n = seeds_needed(sd, 1.0)
        assert power_of(1.0, sd, n) >= 0.8
        assert n == 2 or power_of(1.0, sd, n - 1) < 0.8
    assert seeds_needed(1000.0, 0.01) is None
    assert seeds_needed(0.0, 1.0) is None
    assert detectable(1.0, 1) is None
