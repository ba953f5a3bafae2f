"""Bootstrap intervals and paired tests on sufficient statistics per sentence.

Every test resamples *sentences*. What a sentence contributes to a score is a short row of counts, and a corpus has
few distinct rows; so instead of drawing sentences one by one, the number of times that each distinct row is drawn
(multinomial) or swapped (binomial) is drawn at once. The distribution is exactly the same, the cost no longer grows
with the corpus. ``scipy.stats`` draws sentence by sentence: the same test of 5,000 sentences takes it fifty times as
long, so that its ``bootstrap`` and ``permutation_test`` are not used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import EmptyInputError, OptionError, PairError

CountArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

Metric = Callable[[FloatArray], FloatArray]
"""Sums of statistics ``(…, k)`` to scores ``(…)``."""

_CELLS = 1 << 21
"""Cells of the largest temporary array: bounds memory at some tens of megabytes."""

_EPSILON = 1e-12
"""Differences this close are ties: float sums of the same counts differ in the last bit."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A bootstrap percentile interval.

    Args:
        point: The score of the corpus itself.
        low: Lower end.
        high: Upper end.
        confidence: Share of the resamples between the ends, e.g. 0.95.
        n_samples: Number of resamples.
        seed: Seed of the random numbers.
    """

    point: float
    low: float
    high: float
    confidence: float
    n_samples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The outcome of a paired test of two systems on the same sentences.

    Args:
        method: ``"randomization"`` or ``"bootstrap"``.
        score_a: Score of the first system.
        score_b: Score of the second system.
        difference: ``score_a - score_b``.
        p_value: Two-sided, smoothed so that it is never 0: (1 + hits) / (1 + samples).
        n_samples: Number of random samples.
        seed: Seed of the random numbers.
        win_rate: Share of resamples in which the first system scores higher; bootstrap only.
        low: Lower end of the difference's percentile interval; bootstrap only.
        high: Upper end of it; bootstrap only.
        confidence: Share of the resamples between the ends; bootstrap only.
    """

    method: str
    score_a: float
    score_b: float
    difference: float
    p_value: float
    n_samples: int
    seed: int
    win_rate: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def bootstrap_interval(
    stats: npt.ArrayLike, metric: Metric, *, n_samples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Estimate how far a score would move on other sentences of the same kind (percentile bootstrap).

    Args:
        stats: Counts of each sentence, ``(n_sentences, k)``.
        metric: Turns summed counts into scores.
        n_samples: Number of resamples.
        confidence: Share of the resamples that the interval holds, between 0 and 1.
        seed: Seed of the random numbers.

    Raises:
        EmptyInputError: There is no sentence.
        OptionError: ``n_samples`` or ``confidence`` is out of range.

    Example:
        >>> found = bootstrap_interval([[1, 1], [0, 1]] * 50, lambda sums: sums[..., 0] / sums[..., 1])
        >>> found.low < found.point == 0.5 < found.high
        True
    """
    rows = _rows(stats)
    _check_options(n_samples, confidence)
    samples = np.concatenate([metric(sums) for sums in _resample(rows, n_samples, seed)])
    low, high = _percentiles(samples, confidence)
    return Interval(float(metric(_total(rows))), low, high, confidence, n_samples, seed)


def paired_bootstrap(
    stats_a: npt.ArrayLike,
    stats_b: npt.ArrayLike,
    metric: Metric,
    *,
    n_samples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> PairedTest:
    """Test two systems by drawing the same sentences again for both (Koehn 2004).

    Koehn asks in which share of the resamples the better system stays ahead; that is ``win_rate``. The p-value here
    is two-sided: twice the smoothed share of resamples in which the system ahead on the corpus is not ahead.

    Args:
        stats_a: Counts of each sentence for the first system, ``(n_sentences, k)``.
        stats_b: The same for the second system, same shape, same sentences.
        metric: Turns summed counts into scores.
        n_samples: Number of resamples.
        confidence: Share of the resamples that the interval of the difference holds.
        seed: Seed of the random numbers.

    Raises:
        PairError: The two have different shapes.
        EmptyInputError: There is no sentence.
        OptionError: ``n_samples`` or ``confidence`` is out of range.

    Example:
        >>> test = paired_bootstrap([[1, 1]] * 60, [[1, 1], [0, 1]] * 30, lambda sums: sums[..., 0] / sums[..., 1])
        >>> test.difference, test.win_rate, round(test.p_value, 3)
        (0.5, 1.0, 0.002)
    """
    a, b = _pair(stats_a, stats_b)
    _check_options(n_samples, confidence)
    width = a.shape[1]
    samples = np.concatenate(
        [
            metric(sums[:, :width]) - metric(sums[:, width:])
            for sums in _resample(np.concatenate([a, b], axis=1), n_samples, seed)
        ]
    )
    score_a, score_b = float(metric(_total(a))), float(metric(_total(b)))
    difference = score_a - score_b
    behind = int(np.count_nonzero(samples <= _EPSILON if difference > 0 else samples >= -_EPSILON))
    low, high = _percentiles(samples, confidence)
    return PairedTest(
        method="bootstrap",
        score_a=score_a,
        score_b=score_b,
        difference=difference,
        p_value=1.0 if abs(difference) <= _EPSILON else min(1.0, 2 * (1 + behind) / (1 + n_samples)),
        n_samples=n_samples,
        seed=seed,
        win_rate=float(np.mean(samples > _EPSILON)),
        low=low,
        high=high,
        confidence=confidence,
    )


def paired_randomization(
    stats_a: npt.ArrayLike, stats_b: npt.ArrayLike, metric: Metric, *, n_samples: int = 10_000, seed: int = 0
) -> PairedTest:
    """Test two systems by swapping their outputs sentence by sentence at random (approximate randomisation).

    The p-value is the smoothed share of the swaps with a difference at least as large, either way, as the one
    observed (Noreen 1989; Yeh 2000).

    Args:
        stats_a: Counts of each sentence for the first system, ``(n_sentences, k)``.
        stats_b: The same for the second system, same shape, same sentences.
        metric: Turns summed counts into scores.
        n_samples: Number of random swaps.
        seed: Seed of the random numbers.

    Raises:
        PairError: The two have different shapes.
        EmptyInputError: There is no sentence.
        OptionError: ``n_samples`` is below 1.

    Example:
        >>> same = [[1, 1], [0, 1]]
        >>> paired_randomization(same, same, lambda sums: sums[..., 0] / sums[..., 1]).p_value
        1.0
    """
    a, b = _pair(stats_a, stats_b)
    _check_options(n_samples, 0.5)
    total_a, total_b = _total(a), _total(b)
    score_a, score_b = float(metric(total_a)), float(metric(total_b))
    difference = score_a - score_b
    # Swapping a sentence moves b - a from one side to the other; where nothing differs a swap moves nothing.
    moves, counts = np.unique((b - a)[(a != b).any(axis=1)], axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    hits = 0
    for size in _batches(n_samples, max(len(moves), a.shape[1])):
        moved = rng.binomial(counts, 0.5, size=(size, len(moves))).astype(np.float64) @ moves.astype(np.float64)
        swapped = metric(total_a + moved) - metric(total_b - moved)
        hits += int(np.count_nonzero(np.abs(swapped) >= abs(difference) - _EPSILON))
    return PairedTest(
        method="randomization",
        score_a=score_a,
        score_b=score_b,
        difference=difference,
        p_value=(1 + hits) / (1 + n_samples),
        n_samples=n_samples,
        seed=seed,
    )


def _resample(rows: CountArray, n_samples: int, seed: int) -> Iterator[FloatArray]:
    """Yield sums ``(batch, k)`` over sentences drawn with replacement."""
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    shares = counts / counts.sum()
    values = distinct.astype(np.float64)
    rng = np.random.default_rng(seed)
    for size in _batches(n_samples, len(distinct)):
        yield rng.multinomial(len(rows), shares, size=size).astype(np.float64) @ values


def _batches(n_samples: int, width: int) -> Iterator[int]:
    size = max(1, _CELLS // max(1, width))
    for start in range(0, n_samples, size):
        yield min(size, n_samples - start)


def _rows(stats: npt.ArrayLike) -> CountArray:
    rows = np.asarray(stats, dtype=np.int64)
    if rows.ndim != 2:
        raise PairError(f"statistics of shape {rows.shape} are not one row for each sentence")
    if len(rows) == 0:
        raise EmptyInputError("there is no sentence to draw from", hint="Give at least one sentence.")
    return rows


def _pair(stats_a: npt.ArrayLike, stats_b: npt.ArrayLike) -> tuple[CountArray, CountArray]:
    a, b = _rows(stats_a), _rows(stats_b)
    if a.shape != b.shape:
        raise PairError(
            f"statistics of shapes {a.shape} and {b.shape} cannot be paired",
            hint="A paired test needs both systems on the same sentences and labels.",
        )
    return a, b


def _total(rows: CountArray) -> FloatArray:
    total: FloatArray = rows.sum(axis=0).astype(np.float64)
    return total


def _percentiles(samples: FloatArray, confidence: float) -> tuple[float, float]:
    tail = 50.0 * (1.0 - confidence)
    low, high = np.percentile(samples, [tail, 100.0 - tail])
    return float(low), float(high)


def _check_options(n_samples: int, confidence: float) -> None:
    if n_samples < 1:
        raise OptionError(f"{n_samples} samples cannot be drawn", hint="Draw at least one, better 1000.")
    if not (math.isfinite(confidence) and 0 < confidence < 1):
        raise OptionError(f"a confidence of {confidence} is not between 0 and 1", hint="Use for example 0.95.")
