from __future__ import annotations

import numba
import numpy as np
import pytest

from crosspan.train.lbfgs import minimise


def rosenbrock(x):
    value = float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    slope = np.zeros_like(x)
    slope[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    slope[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return value, slope


def test_it_finds_the_end_of_a_bent_valley():
    steps = []
    point, value = minimise(
        rosenbrock, np.full(10, -1.0), iterations=500, tolerance=1e-14, callback=lambda: steps.append(1)
    )
    np.testing.assert_allclose(point, 1.0, atol=1e-3)
    assert value < 1e-6
    assert 10 < len(steps) < 200


def test_the_result_does_not_depend_on_the_number_of_threads():
    start = np.random.default_rng(0).normal(size=5_000)
    found = []
    before = numba.get_num_threads()
    try:
        for threads in range(1, before + 1):
            numba.set_num_threads(threads)
            found.append(minimise(rosenbrock, start, iterations=30, tolerance=0.0)[0].tobytes())
    finally:
        numba.set_num_threads(before)
    assert len({*found}) == 1


@pytest.mark.parametrize("iterations", [0, 5])
def test_it_stays_where_it_is_flat(iterations):
    point, value = minimise(lambda x: (1.0, np.zeros_like(x)), np.ones(3), iterations=iterations, tolerance=1e-9)
    assert (point.tolist(), value) == ([1.0, 1.0, 1.0], 1.0)


def test_a_function_that_says_nothing_of_use_ends_it():
    point, _ = minimise(lambda x: (float("nan"), np.ones_like(x)), np.zeros(3), iterations=5, tolerance=1e-9)
    assert point.tolist() == [0.0, 0.0, 0.0]
