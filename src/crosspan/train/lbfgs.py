"""L-BFGS for functions of millions of weights: limited memory, several threads, the same sums for any number of them.

The method is that of Liu and Nocedal (1989) with a line search for the strong Wolfe conditions. The memory is kept in
single precision, and the two loops of the method run over inner products instead of vectors (Chen et al. 2014), so that
the memory is read twice a step. Sums are made in one order, whatever the processor: no library for linear algebra makes
them, and the compiler may not change them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.threads import in_parts

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

Objective = Callable[[Float64Array, Float64Array], float]
"""What is minimised: called with weights and an array to fill with the gradient, it returns the value."""

_BLOCK = 1 << 14  # numbers that are summed in one go
_WORTH_A_THREAD = 16  # blocks
_SHRINK, _FLATTEN = 1e-3, 0.9  # the Wolfe conditions
_TRIALS = 20


@dataclass(frozen=True, slots=True)
class Stopping:
    """When the search ends.

    Args:
        iterations: Most steps.
        tolerance: It ends when the value shrinks by less than this share.
        gradient: It ends when no part of the gradient is larger than this.
    """

    iterations: int
    tolerance: float
    gradient: float = 1e-4


class _Point(NamedTuple):
    """A step along a line, the value there, and the slope."""

    step: float
    value: float
    slope: float


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A way from a place; ``there`` and ``gradient`` are filled with where one comes to, and the gradient there."""

    objective: Objective
    here: Float64Array
    way: Float32Array
    there: Float64Array
    gradient: Float64Array
    threads: int | None

    def at(self, step: float) -> _Point:
        in_blocks = _Blocks(len(self.here), self.threads)
        in_blocks(_go, self.here, self.way, step, self.there)
        value = self.objective(self.there, self.gradient)
        return _Point(step, value, float(in_blocks.filled(_inner, self.way, self.gradient).sum()))


class _Blocks:
    """Runs loops over ``n`` numbers block by block, side by side."""

    def __init__(self, n: int, threads: int | None) -> None:
        self.count = (n + _BLOCK - 1) // _BLOCK
        self.threads = threads

    def __call__(self, kernel: Any, *arrays: Any) -> None:
        in_parts(kernel, self.count, self.threads, given=arrays, least=_WORTH_A_THREAD)

    def filled(self, kernel: Any, *arrays: Any, shape: tuple[int, ...] = ()) -> Float64Array:
        """What a loop fills in: something of this shape for each block."""
        out = np.zeros((self.count, *shape))
        self(kernel, *arrays, out)
        return out


def minimise(
    objective: Objective,
    start: Float64Array,
    stopping: Stopping,
    *,
    memory: int = 6,
    threads: int | None = None,
    after: Callable[[int, float], None] | None = None,
) -> tuple[Float64Array, float, int]:
    """Find weights for which a smooth function is least.

    Args:
        objective: The function.
        start: Where to begin, ``[n]``; it is written over.
        stopping: When to end.
        memory: Steps that are remembered.
        threads: Threads to use; all cores by default.
        after: Called after each step with its number and the value.

    Returns:
        The weights, their value, and the number of steps.

    Example:
        >>> def bowl(x, gradient):
        ...     gradient[:] = 2 * (x - 3)
        ...     return float(((x - 3) ** 2).sum())
        >>> found, value, steps = minimise(bowl, np.zeros(4), Stopping(50, 1e-9))
        >>> np.round(found, 3).tolist(), round(value, 6)
        ([3.0, 3.0, 3.0, 3.0], 0.0)
    """
    here, there = start, np.empty_like(start)
    gradient, other = np.empty_like(start), np.empty_like(start)
    past, in_blocks = _Past(len(start), memory, threads), _Blocks(len(start), threads)
    value = objective(here, gradient)
    steps = 0
    while steps < stopping.iterations and in_blocks.filled(_largest, gradient).max() > stopping.gradient:
        way, slope = past.direction(gradient)
        if slope >= 0.0:
            break
        line = _Line(objective, here, way, there, other, threads)
        first = 1.0 if past.used else min(1.0, 1.0 / float(np.sqrt(-slope)))
        found = _search(line.at, _Point(0.0, value, slope), first)
        if found.step == 0.0:
            break
        past.learn(found.step, gradient, other)
        here, there, gradient, other = there, here, other, gradient
        shrunk, value = value - found.value, found.value
        steps += 1
        if after is not None:
            after(steps, value)
        if shrunk <= stopping.tolerance * max(abs(value + shrunk), abs(value), 1.0):
            break
    return here, value, steps


def _search(at: Callable[[float], _Point], begin: _Point, step: float) -> _Point:
    """A step that shrinks the value enough and flattens the slope, and is the last one asked for.

    It is ``begin`` itself where no step shrinks the value.
    """
    low, high = begin, None
    for _ in range(_TRIALS):
        found = at(step)
        enough = found.value <= begin.value + _SHRINK * step * begin.slope
        if not enough or (low is not begin and found.value >= low.value):
            high = found
        elif abs(found.slope) <= -_FLATTEN * begin.slope:
            return found
        else:
            if found.slope * (1.0 if high is None else high.step - low.step) >= 0.0:
                high = low
            low = found
        if high is not None and abs(high.step - low.step) <= 1e-10 * max(high.step, low.step):
            break
        step = 4.0 * step if high is None else _between(low, high)
    return low if low is begin else at(low.step)


def _between(low: _Point, high: _Point) -> float:
    """Where the cubic through two points with slopes is least, not too near either of them."""
    width = high.step - low.step
    if not np.isfinite(high.value):
        return low.step + 0.1 * width
    one = low.slope + high.slope - 3.0 * (high.value - low.value) / width
    square = one * one - low.slope * high.slope
    step = low.step + 0.5 * width
    if square >= 0.0:
        two = float(np.copysign(np.sqrt(square), width))
        below = high.slope - low.slope + 2.0 * two
        if below != 0.0:
            step = high.step - width * (high.slope + two - one) / below
    nearest, farthest = sorted((low.step + 0.1 * width, low.step + 0.9 * width))
    return float(min(max(step, nearest), farthest))


class _Past:
    """The last steps and the changes of the gradient that they made.

    Args:
        n: Weights.
        memory: Steps that are remembered.
        threads: Threads to use; all cores by default.
    """

    def __init__(self, n: int, memory: int, threads: int | None) -> None:
        self.used = 0
        self._in_blocks = _Blocks(n, threads)
        self._memory = memory
        self._rows = np.zeros((2 * memory, n), np.float32)  # steps, then changes
        self._products = np.zeros((2 * memory, 2 * memory))
        self._order: list[int] = []  # places in the memory, oldest first
        self._free = list(range(memory))
        self._way = np.empty(n, np.float32)

    def direction(self, gradient: Float64Array) -> tuple[Float32Array, float]:
        """Where to go from here, and the slope that way."""
        m, products = self._memory, self._products
        own = self._in_blocks.filled(_inner_all, self._rows, gradient, shape=(2 * m,)).sum(axis=0)
        # the direction is -(scale * gradient + sum of coefficients * rows): both loops change coefficients only
        coefficients = np.zeros(2 * m)
        share = {}
        for i in reversed(self._order):
            inner = own[i] + (coefficients * products[i]).sum()
            share[i] = inner / products[i, m + i]
            coefficients[m + i] -= share[i]
        scale = 1.0
        if self._order:
            last = self._order[-1]
            scale = products[last, m + last] / products[m + last, m + last]
            coefficients *= scale
        for i in self._order:
            inner = scale * own[m + i] + (coefficients * products[m + i]).sum()
            coefficients[i] += share[i] - inner / products[i, m + i]
        parts = self._in_blocks.filled(_combine, self._rows, coefficients, scale, gradient, self._way)
        return self._way, float(parts.sum())

    def learn(self, step: float, before: Float64Array, after: Float64Array) -> None:
        """Remember the step that was taken along the last direction, and the gradients before and after."""
        m = self._memory
        place = self._free[0] if self._free else self._order[0]
        self._in_blocks(_note, self._way, step, before, after, self._rows[place], self._rows[m + place])
        own = self._in_blocks.filled(_inner_both, self._rows, place, m + place, shape=(2 * m, 2)).sum(axis=0)
        if own[m + place, 0] <= 1e-12 * own[m + place, 1]:  # no curvature: nothing to learn from
            if not self._free:
                self._order.pop(0)
                self._free.append(place)
            return
        for column, row in ((0, place), (1, m + place)):
            self._products[row] = self._products[:, row] = own[:, column]
        if self._free:
            self._free.pop(0)
        else:
            self._order.pop(0)
        self._order.append(place)
        self.used += 1


@njit()
def _go(first, last, here, way, step, there):  # type: ignore[no-untyped-def]
    for i in range(first * _BLOCK, min(len(here), last * _BLOCK)):
        there[i] = here[i] + step * way[i]


@njit()
def _note(first, last, way, step, before, after, steps, changes):  # type: ignore[no-untyped-def]
    for i in range(first * _BLOCK, min(len(way), last * _BLOCK)):
        steps[i] = step * way[i]
        changes[i] = after[i] - before[i]


@njit()
def _largest(first, last, values, out):  # type: ignore[no-untyped-def]
    """The largest value of each block, without its sign."""
    for block in range(first, last):
        for i in range(block * _BLOCK, min(len(values), (block + 1) * _BLOCK)):
            out[block] = max(out[block], abs(values[i]))


@njit()
def _dot(one, other, begin, end):  # type: ignore[no-untyped-def]
    """The inner product of two stretches: eight sums side by side, as the machine adds several numbers in one step."""
    a = b = c = d = e = f = g = h = 0.0
    stop = begin + (end - begin) // 8 * 8
    for i in range(begin, stop, 8):
        a += np.float64(one[i]) * np.float64(other[i])
        b += np.float64(one[i + 1]) * np.float64(other[i + 1])
        c += np.float64(one[i + 2]) * np.float64(other[i + 2])
        d += np.float64(one[i + 3]) * np.float64(other[i + 3])
        e += np.float64(one[i + 4]) * np.float64(other[i + 4])
        f += np.float64(one[i + 5]) * np.float64(other[i + 5])
        g += np.float64(one[i + 6]) * np.float64(other[i + 6])
        h += np.float64(one[i + 7]) * np.float64(other[i + 7])
    for i in range(stop, end):
        a += np.float64(one[i]) * np.float64(other[i])
    return ((a + e) + (b + f)) + ((c + g) + (d + h))


@njit()
def _inner(first, last, one, other, out):  # type: ignore[no-untyped-def]
    """The inner product of two vectors, in blocks."""
    for block in range(first, last):
        out[block] = _dot(one, other, block * _BLOCK, min(len(one), (block + 1) * _BLOCK))


@njit()
def _inner_all(first, last, rows, vector, out):  # type: ignore[no-untyped-def]
    """The inner products of all rows with a vector, in blocks: ``[blocks, rows]``."""
    for block in range(first, last):
        for row in range(len(rows)):
            out[block, row] = _dot(rows[row], vector, block * _BLOCK, min(len(vector), (block + 1) * _BLOCK))


@njit()
def _inner_both(first, last, rows, one, other, out):  # type: ignore[no-untyped-def]
    """The inner products of all rows with two of them, in blocks: ``[blocks, rows, 2]``."""
    for block in range(first, last):
        begin, end = block * _BLOCK, min(rows.shape[1], (block + 1) * _BLOCK)
        for row in range(len(rows)):
            out[block, row, 0] = _dot(rows[row], rows[one], begin, end)
            out[block, row, 1] = _dot(rows[row], rows[other], begin, end)


@njit()
def _combine(first, last, rows, coefficients, scale, gradient, way, out):  # type: ignore[no-untyped-def]
    """Fill ``way`` with ``-(scale * gradient + coefficients @ rows)``, and ``out`` with its slope in blocks."""
    for block in range(first, last):
        begin, end = block * _BLOCK, min(len(gradient), (block + 1) * _BLOCK)
        for i in range(begin, end):
            way[i] = -scale * gradient[i]
        for row in range(len(rows)):
            if coefficients[row] != 0.0:
                factor = np.float32(coefficients[row])
                for i in range(begin, end):
                    way[i] -= factor * rows[row, i]
        out[block] = _dot(way, gradient, begin, end)
