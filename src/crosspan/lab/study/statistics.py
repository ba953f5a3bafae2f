"""Statistics over few seeds: intervals, paired tests, many tests at once, slopes, and what could have been found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError

ALPHA = 0.05
"""Level of the tests."""

POWER = 0.8
"""Chance to find what is there that the statements of power are about."""

_NODES = 400

_EXACT = 16
"""Differences of whose signs all changes are gone through; of more, so many are drawn at random as these have."""


class Estimate(NamedTuple):
    """A mean with an interval.

    Args:
        mean: The mean.
        low: Lower end; ``None`` where one value tells nothing of how far it can be off.
        high: Upper end.
        sd: Standard deviation of a single value.
        n: Values.
    """

    mean: float
    low: float | None
    high: float | None
    sd: float | None
    n: int


class Slope(NamedTuple):
    """A line through points (least squares).

    Args:
        slope: What y gains where x gains 1.
        low: Lower end of its interval.
        high: Upper end.
        p_value: Of no slope, two-sided.
        n: Points.
    """

    slope: float
    low: float
    high: float
    p_value: float
    n: int


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of values with Student's t interval.

    Args:
        values: At least one.
        confidence: How often such an interval holds the true mean.

    Raises:
        OptionError: There is no value.

    Example:
        >>> found = estimate([1.0, 2.0, 3.0])
        >>> found.mean, round(found.low, 4), round(found.high, 4)
        (2.0, -0.4841, 4.4841)
    """
    from scipy import stats

    if not values:
        raise OptionError("a mean of no values", hint="Give at least one.")
    rows = np.asarray(values, np.float64)
    mean = float(rows.mean())
    if len(rows) < 2:
        return Estimate(mean, None, None, None, 1)
    sd = float(rows.std(ddof=1))
    half = float(stats.t.ppf(0.5 + confidence / 2, len(rows) - 1)) * sd / math.sqrt(len(rows))
    return Estimate(mean, mean - half, mean + half, sd, len(rows))


def paired_t(differences: Sequence[float]) -> float | None:
    """The two-sided p-value of a paired t-test; ``None`` for fewer than two differences, or if all are the same.

    Example:
        >>> round(paired_t([1.0, 2.0, 3.0]), 4)
        0.0742
    """
    from scipy import stats

    if len(differences) < 2 or min(differences) == max(differences):
        return None
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def sign_flip(differences: Sequence[float], seed: int = 0) -> float | None:
    """The two-sided p-value of the sign-flip test: how often a mean as far from 0 comes from signs by chance.

    Exact up to 16 differences; it cannot be below 2 / 2^n, so that three seeds never give less than 0.25. ``None`` for
    no differences.

    Args:
        differences: Paired differences.
        seed: Of the random signs, where there are more than 16.

    Example:
        >>> sign_flip([1.0, 2.0, 3.0])
        0.25
    """
    from scipy import stats

    if len(differences) < 2:  # both signs of a single one are as far from 0
        return 1.0 if differences else None
    found = stats.permutation_test(
        (np.asarray(differences, np.float64),),
        _distance,
        permutation_type="samples",
        n_resamples=1 << _EXACT,
        alternative="greater",
        random_state=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _distance(rows: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """How far sums are from 0."""
    found: npt.NDArray[np.float64] = np.abs(rows.sum(axis=axis))
    return found


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """P-values corrected for their number (Holm 1979), so that the chance of one false finding stays below the level.

    Args:
        p_values: Of one family of tests; ``None`` where there was none, which does not count.

    Example:
        >>> holm([0.01, 0.04, None, 0.03])
        [0.03, 0.06, None, 0.06]
    """
    order = sorted((p, at) for at, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, at) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - rank)))
        found[at] = highest
    return found


def slope(x: Sequence[float], y: Sequence[float], confidence: float = 0.95) -> Slope | None:
    """The line through points, with Student's t interval; ``None`` for fewer than three points or equal x.

    Example:
        >>> found = slope([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 4.0])
        >>> round(found.slope, 2), round(found.low, 3), round(found.high, 3), found.n
        (1.3, 0.555, 2.045, 4)
    """
    from scipy import stats

    if len(x) < 3 or len({*x}) < 2:
        return None
    found = stats.linregress(x, y)
    error = float(found.stderr) if math.isfinite(found.stderr) else 0.0  # equal y are no number to scipy
    half = float(stats.t.ppf(0.5 + confidence / 2, len(x) - 2)) * error
    p_value = float(found.pvalue) if math.isfinite(found.pvalue) else 1.0
    return Slope(float(found.slope), float(found.slope) - half, float(found.slope) + half, p_value, len(x))


def power_of(effect: float, sd: float, n: int, alpha: float = ALPHA) -> float:
    """The chance that a two-sided paired t-test finds a difference.

    Args:
        effect: The true mean difference.
        sd: Standard deviation of a single difference.
        n: Pairs; at least 2.
        alpha: Level of the test.

    Example:
        >>> round(power_of(1.0, 1.0, 10), 3)
        0.803
    """
    from scipy import special, stats

    # T = (Z + shift) / S, with S² a chi square over its degrees of freedom; scipy's noncentral t gives no number at
    # some values of few degrees, so S is integrated over here
    critical = float(stats.t.ppf(1 - alpha / 2, n - 1))
    shift = abs(effect) / sd * math.sqrt(n)
    scale, weights = _scales(n - 1)
    found = special.ndtr(shift - critical * scale) + special.ndtr(-shift - critical * scale)
    return float(min(1.0, weights @ found / 2))


@lru_cache(maxsize=256)
def _scales(freedom: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Standard deviations that a sample may have, and the weight of each in an integral over them."""
    from scipy import stats

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return np.sqrt(stats.chi2.ppf((nodes + 1) / 2, freedom) / freedom), weights


def detectable(sd: float, n: int, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """The smallest mean difference that a paired t-test of so many pairs finds with some chance.

    Args:
        sd: Standard deviation of a single difference.
        n: Pairs.
        power: The chance.
        alpha: Level of the test.

    Returns:
        It, or ``None`` for fewer than two pairs or no spread.

    Example:
        >>> round(detectable(1.0, 3), 2)
        3.26
    """
    from scipy import optimize

    if n < 2 or not sd > 0:
        return None
    return float(sd * optimize.brentq(lambda effect: power_of(effect, 1.0, n, alpha) - power, 1e-6, 100.0, xtol=1e-9))


def seeds_needed(
    sd: float, effect: float, power: float = POWER, alpha: float = ALPHA, most: int = 10_000
) -> int | None:
    """How many pairs it takes to find a mean difference; ``None`` where there is no spread, or it takes too many.

    Example:
        >>> seeds_needed(1.0, 1.0)
        10
    """
    if not sd > 0 or power_of(effect, sd, most, alpha) < power:
        return None
    low, high = 1, most  # power_of(low) is too little, that of high is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(effect, sd, middle, alpha) >= power else (middle, high)
    return high
