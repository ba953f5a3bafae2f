"""The minimiser: against SciPy's, and by what it promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from crosspan.train.lbfgs import Stopping, minimise

TIGHT = Stopping(2_000, 1e-14, 1e-8)


def valley(x, gradient):
    gradient[:] = rosen_der(x)
    return float(rosen(x))


def bowl(curvature):
    def value(x, gradient):
        gradient[:] = curvature * (x - 1.0)
        return float(0.5 * (curvature * (x - 1.0) ** 2).sum())

    return value


@pytest.mark.parametrize("n", [2, 10, 50])
def test_a_curved_valley_is_followed_to_its_end(n):
    found, value, steps = minimise(valley, np.full(n, -1.2), TIGHT)
    np.testing.assert_allclose(found, 1.0, atol=1e-3)
    assert value < 1e-8
    assert steps < 4 * minimize(rosen, np.full(n, -1.2), jac=rosen_der, method="L-BFGS-B").nit + 50


def test_the_value_never_rises():
    seen = []
    minimise(valley, np.full(6, -1.2), Stopping(200, 1e-12), after=lambda step, value: seen.append((step, value)))
    assert [step for step, _ in seen] == list(range(1, len(seen) + 1))
    assert all(later <= earlier for (_, earlier), (_, later) in itertools.pairwise(seen))


def test_it_stops_when_it_is_told_to():
    curvature = np.geomspace(1e-3, 1e3, 500)
    assert minimise(bowl(curvature), np.zeros(500), Stopping(7, 0.0, 0.0))[2] == 7
    loose, tight = (minimise(bowl(curvature), np.zeros(500), Stopping(500, share))[2] for share in (1e-1, 1e-9))
    assert loose < tight
    assert minimise(bowl(curvature), np.ones(500), Stopping(9, 0.0))[2] == 0  # it begins at the minimum


def test_a_function_that_falls_for_ever_or_is_not_a_number_ends():
    def slope(x, gradient):
        gradient[:] = -1.0
        return float(-x.sum())

    assert np.isfinite(minimise(slope, np.zeros(3), Stopping(5, 0.0))[0]).all()

    def wall(x, gradient):  # defined only below 1
        gradient[:] = -1.0 + 0.1 / (1.0 - x)
        return float((-x - 0.1 * np.log(1.0 - x)).sum()) if (x < 1.0).all() else float("nan")

    with np.errstate(all="ignore"):
        found, _, _ = minimise(wall, np.zeros(3), Stopping(50, 1e-10))
    np.testing.assert_allclose(found, 0.9, atol=1e-3)


def test_threads_change_nothing():
    curvature = np.geomspace(1e-2, 1e2, 700_000)  # enough to be worth more than one
    found = [
        minimise(bowl(curvature), np.zeros(len(curvature)), Stopping(6, 0.0), threads=threads)[0].tobytes()
        for threads in (1, 2)
    ]
    assert found[0] == found[1]
