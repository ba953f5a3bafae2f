"""Exponential and logarithm that give the same bits on every processor.

Those of NumPy and of the system's library are written several times, for processors that can do more or less at once,
and the versions differ in the last bit. These add, multiply, divide and shift in one order, which every processor that
keeps to IEEE 754 does alike; Numba does not change that order, as long as it is not allowed to by ``fastmath``. They
are right to about one unit in the last place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit

Float64Array = npt.NDArray[np.float64]

_LN2_HIGH = 0.693147180369123816490
"""The natural logarithm of 2, with so few digits that small whole multiples of it are exact."""
_LN2_LOW = 1.90821492927058770002e-10
"""What it lacks to the logarithm."""
_LARGEST, _SMALLEST = 709.782712893384, -707.5
_ROUND = 6755399441055744.0
"""Added to a number (3 * 2 ** 51), it leaves no place behind the point: the last bits are the nearest whole number."""
_ROOT_HALF = 0.7071067811865476
_MANTISSA = np.int64((1 << 52) - 1)
_ONE = np.int64(1023 << 52)


@njit()
def exp_of(x):  # type: ignore[no-untyped-def]
    """The exponential of a number, in compiled code; 0 where it is below 1e-307."""
    rounded = min(max(x, _SMALLEST), _LARGEST) * 1.4426950408889634 + _ROUND
    k = rounded - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # the series, as far as it counts for |r| <= ln(2) / 2
    r2 = r * r
    r4 = r2 * r2
    a = (1.0 / 2.0 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0))
    b = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    c = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0))
    p = 1.0 + (r + r2 * (a + r4 * (b + r4 * c)))
    # 2 ** (k - 1), as 2 ** k alone can be too large
    power = np.int64((np.float64(rounded).view(np.int64) + 1022) << 52).view(np.float64)
    found = p * power * 2.0
    if x < _SMALLEST:
        found = 0.0
    if x > _LARGEST:
        found = np.inf
    return found if x == x else x


@njit()
def log_of(x):  # type: ignore[no-untyped-def]
    """The natural logarithm of a number, in compiled code; minus infinity for 0, no number below."""
    if not x > 0.0:
        return -np.inf if x == 0.0 else np.nan
    if x == np.inf:
        return x
    k = 0.0
    if x < 2.2250738585072014e-308:
        x *= 18014398509481984.0
        k = -54.0
    bits = np.float64(x).view(np.int64)
    k += np.float64((bits >> 52) - 1023)
    m = np.int64((bits & _MANTISSA) | _ONE).view(np.float64) * 0.5
    k += 1.0
    if m < _ROOT_HALF:
        m *= 2.0
        k -= 1.0
    # log(m) = 2 atanh(s), as a series
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    a = (2.0 / 3.0 + z * (2.0 / 5.0)) + z2 * (2.0 / 7.0 + z * (2.0 / 9.0))
    b = (2.0 / 11.0 + z * (2.0 / 13.0)) + z2 * (2.0 / 15.0 + z * (2.0 / 17.0))
    c = (2.0 / 19.0 + z * (2.0 / 21.0)) + z2 * (2.0 / 23.0)
    p = z * (a + z4 * (b + z4 * c))
    # 2 s = f - s f, and f is exact
    return k * _LN2_HIGH + (f - (s * (f - p) - k * _LN2_LOW))


@njit()
def _exp_all(values, out):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        out[i] = exp_of(values[i])


@njit()
def _log_all(values, out):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        out[i] = log_of(values[i])


def exps(values: npt.ArrayLike) -> Float64Array:
    """The exponential of each number, float64 in the shape of ``values``.

    Example:
        >>> exps([0.0, -np.inf]).tolist()
        [1.0, 0.0]
    """
    return _mapped(_exp_all, values)


def logs(values: npt.ArrayLike) -> Float64Array:
    """The natural logarithm of each number, float64 in the shape of ``values``.

    Example:
        >>> logs([1.0, 0.0]).tolist()
        [0.0, -inf]
    """
    return _mapped(_log_all, values)


def _mapped(kernel: Any, values: npt.ArrayLike) -> Float64Array:
    given = np.ascontiguousarray(values, np.float64)
    out = np.empty_like(given)
    kernel(given.reshape(-1), out.reshape(-1))
    return out.reshape(np.shape(values))
