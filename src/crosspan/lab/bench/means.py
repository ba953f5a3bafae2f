"""The mean over languages: its interval, and whether it differs from a baseline's by more than chance.

The mean is unweighted, as papers report it. Sentences are drawn or swapped within each language, so that every
language keeps its size; see :mod:`crosspan.evaluate.significance` for the same on one language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.evaluate.alignment import aer_metric
from crosspan.evaluate.counts import f1_metric
from crosspan.evaluate.significance import FloatArray, Metric
from crosspan.lab.bench.scoring import BenchScoring

_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over languages.

    Args:
        languages: Those it covers.
        value: The mean, as a fraction.
        low: Lower end of its bootstrap interval; ``None`` where none was asked for.
        high: Upper end.
        baseline: The mean of the baseline over the same languages.
        p_value: Of the difference, by stratified approximate randomisation.
    """

    languages: tuple[str, ...]
    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    p_value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found: dict[str, Any] = {"languages": list(self.languages), "value": self.value}
        for name in ("low", "high", "baseline", "p_value"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        return found


def mean_of(
    languages: Sequence[str], counts: Sequence[Sequence[Sequence[int]]], metric: str, scoring: BenchScoring
) -> Mean:
    """The mean over languages.

    Args:
        languages: Their names.
        counts: For each the distinct rows that :func:`crosspan.lab.bench.scoring.score_language` keeps.
        metric: ``"f1"`` or ``"aer"``.
        scoring: How many samples, and their seed.

    Example:
        >>> rows = [[[60, 1, 1, 1], [40, 0, 1, 1]], [[80, 1, 1, 1], [20, 0, 1, 1]]]
        >>> found = mean_of(("de", "es"), rows, "f1", BenchScoring(bootstrap=200))
        >>> round(found.value, 3), found.low < 0.7 < found.high
        (0.7, True)
    """
    width = 4 if metric == "aer" else 3
    score: Metric = aer_metric if metric == "aer" else f1_metric("micro")
    tables = [np.asarray(rows, dtype=np.int64) for rows in counts]
    totals = [(table[:, :1] * table[:, 1:]).sum(axis=0).astype(np.float64) for table in tables]
    value = _average([score(total[:width]) for total in totals])
    low = high = None
    if scoring.bootstrap:
        rng = np.random.default_rng(scoring.seed)
        samples = _average(
            [score(_drawn(table[:, 0], table[:, 1 : 1 + width], rng, scoring.bootstrap)) for table in tables]
        )
        tail = 50 * (1 - scoring.confidence)
        low, high = (float(one) for one in np.percentile(samples, [tail, 100 - tail]))
    baseline = p_value = None
    if all(table.shape[1] > 1 + width for table in tables):
        baseline = float(_average([score(total[width:]) for total in totals]))
        p_value = _randomised(tables, totals, width, score, float(value) - baseline, scoring)
    return Mean(tuple(languages), float(value), low, high, baseline, p_value)


def _drawn(
    counts: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], rng: np.random.Generator, n_samples: int
) -> FloatArray:
    """Summed rows of as many sentences as there are, drawn with replacement, ``(n_samples, width)``."""
    total = int(counts.sum())
    drawn: FloatArray = rng.multinomial(total, counts / total, size=n_samples).astype(np.float64) @ rows
    return drawn


def _randomised(
    tables: Sequence[npt.NDArray[np.int64]],
    totals: Sequence[FloatArray],
    width: int,
    score: Metric,
    difference: float,
    scoring: BenchScoring,
) -> float:
    rng = np.random.default_rng(scoring.seed)
    parts = []
    for table, total in zip(tables, totals, strict=True):
        moves = table[:, 1 + width :] - table[:, 1 : 1 + width]
        moved = rng.binomial(table[:, 0], 0.5, size=(scoring.samples, len(table))).astype(np.float64) @ moves
        parts.append(score(total[:width] + moved) - score(total[width:] - moved))
    hits = int(np.count_nonzero(np.abs(_average(parts)) >= abs(difference) - _EPSILON))
    return (1 + hits) / (1 + scoring.samples)


def _average(parts: Sequence[FloatArray]) -> FloatArray:
    found: FloatArray = np.mean(np.stack(parts), axis=0)
    return found
