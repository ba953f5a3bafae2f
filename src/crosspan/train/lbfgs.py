"""Minimises a smooth function of many variables: L-BFGS (Nocedal 1980), in parallel, with the same result each time.

The L-BFGS-B of SciPy works in one thread, and its sums, made by a library for linear algebra, depend on how many
threads that library takes. Here sums are made in fixed blocks, one behind the other within a block and over blocks.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from crosspan.compiled import njit

Float64Array = npt.NDArray[np.float64]
Function = Callable[[Float64Array], tuple[float, Float64Array]]

BLOCKS = 64
"""Sums are made in so many parts, whatever the number of threads."""

KEPT = 6
"""How many of the last steps tell of the curvature."""

FLAT = 1e-4
"""A point is a minimum where no slope is above this."""

_DECREASE, _CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
_TRIES = 20


def minimise(
    function: Function,
    start: Float64Array,
    *,
    iterations: int,
    tolerance: float,
    callback: Callable[[], None] | None = None,
) -> tuple[Float64Array, float]:
    """Go downhill until it is flat.

    Args:
        function: Returns the value and the gradient at a point; each call a gradient of its own.
        start: Where to start.
        iterations: Most steps.
        tolerance: Ends when the value shrinks by less than this share in a step.
        callback: Called after each step.

    Returns:
        The point and the value there.

    Example:
        >>> point, value = minimise(
        ...     lambda x: (float(((x - 3) ** 2).sum()), 2 * (x - 3)), np.zeros(2), iterations=20, tolerance=1e-9
        ... )
        >>> point.round(4).tolist(), round(value, 6)
        ([3.0, 3.0], 0.0)
    """
    point = start.copy()
    value, gradient = function(point)
    steps: list[tuple[Float64Array, Float64Array, float]] = []
    for _ in range(iterations):
        if np.abs(gradient).max(initial=0.0) <= FLAT:
            break
        way = _direction(gradient, steps)
        found = _search(function, point, value, gradient, way, 1.0 if steps else 1.0 / np.sqrt(_dot(way, way)))
        if found is None:
            if not steps:
                break
            steps.clear()  # what is known of the curvature misleads: begin anew, straight downhill
            continue
        new_point, new_value, new_gradient = found
        step, change = new_point - point, new_gradient - gradient
        curvature = _dot(step, change)
        if curvature > 1e-10 * _dot(change, change):
            steps = [*steps[-KEPT + 1 :], (step, change, curvature)]
        small = (value - new_value) / max(abs(value), abs(new_value), 1.0) <= tolerance
        point, value, gradient = new_point, new_value, new_gradient
        if callback is not None:
            callback()
        if small:
            break
    return point, value


def _direction(gradient: Float64Array, steps: list[tuple[Float64Array, Float64Array, float]]) -> Float64Array:
    """Minus the gradient times what the last steps tell of the inverse of the second derivatives."""
    way = -gradient
    shares = []
    for step, change, curvature in reversed(steps):
        share = _dot(step, way) / curvature
        _add(way, -share, change)
        shares.append(share)
    if steps:
        _, change, curvature = steps[-1]
        way *= curvature / _dot(change, change)
    for (step, change, curvature), share in zip(steps, reversed(shares), strict=True):
        _add(way, share - _dot(change, way) / curvature, step)
    return way


def _search(
    function: Function, point: Float64Array, value: float, gradient: Float64Array, way: Float64Array, length: float
) -> tuple[Float64Array, float, Float64Array] | None:
    """A point on the way that is lower and less steep (Lewis and Overton 2013); ``None`` where there is none."""
    slope = _dot(gradient, way)
    if not slope < 0.0:
        return None
    low, high = 0.0, np.inf
    best = None
    for _ in range(_TRIES):
        there = point.copy()
        _add(there, length, way)
        new_value, new_gradient = function(there)
        if not new_value <= value + _DECREASE * length * slope:
            high = length
        else:
            best = there, new_value, new_gradient
            if _dot(new_gradient, way) >= _CURVATURE * slope:
                return best
            low = length
        length = (low + high) / 2 if np.isfinite(high) else 2 * length
    return best


@njit(parallel=True)
def _dot(one, other):  # type: ignore[no-untyped-def]
    parts = np.zeros(BLOCKS)
    size = len(one) // BLOCKS + 1
    for block in numba.prange(BLOCKS):
        total = 0.0
        for i in range(block * size, min(len(one), (block + 1) * size)):
            total += one[i] * other[i]
        parts[block] = total
    total = 0.0
    for block in range(BLOCKS):
        total += parts[block]
    return total


@njit(parallel=True)
def _add(to, factor, what):  # type: ignore[no-untyped-def]
    """Add ``factor * what``."""
    for i in numba.prange(len(to)):
        to[i] += factor * what[i]
