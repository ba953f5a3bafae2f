"""Whether confidences mean what they say: reliability table, expected calibration error, Brier score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import EmptyInputError, OptionError, PairError
from crosspan.core.types import Sentence
from crosspan.evaluate.counts import keeps
from crosspan.evaluate.pairing import check_lengths

Binning = Literal["width", "quantile"]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One line of a reliability table.

    Args:
        low: Lower end of the confidences in the bin.
        high: Upper end of them; in the bin only if it is 1 or the last.
        n: Number of spans.
        confidence: Their mean confidence; ``None`` for an empty bin.
        precision: Share of them that are right; ``None`` for an empty bin.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well confidences agree with what is right.

    Args:
        bins: The reliability table, from low to high.
        ece: Expected calibration error: the gap between mean confidence and precision of a bin, weighted by its
            size (Guo et al. 2017). 0 is perfect.
        brier: Mean squared difference between confidence and outcome (Brier 1950). 0 is perfect.
        n: Number of spans.
    """

    bins: tuple[ReliabilityBin, ...]
    ece: float
    brier: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {"n": self.n, "ece": self.ece, "brier": self.brier, "bins": [asdict(one) for one in self.bins]}


def reliability(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, n_bins: int = 10, binning: Binning = "width"
) -> Calibration:
    """Sort confidences into bins and compare each bin's mean with the share that is right.

    Args:
        confidence: Confidence of each prediction in [0, 1], shape ``(n,)``.
        correct: Whether it is right, same shape.
        n_bins: Number of bins.
        binning: Bins of the same ``"width"``, or of about the same number of predictions (``"quantile"``; equal
            confidences stay together, so there may be fewer bins).

    Raises:
        PairError: The two differ in shape.
        EmptyInputError: There is no prediction.
        OptionError: A confidence is outside [0, 1], or ``n_bins`` is below 1.

    Example:
        >>> found = reliability([0.9, 0.9, 0.1, 0.1], [True, True, False, True], n_bins=2)
        >>> [(one.n, one.precision) for one in found.bins], round(found.ece, 3), round(found.brier, 3)
        ([(2, 0.5), (2, 1.0)], 0.25, 0.21)
    """
    values, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if values.ndim != 1 or values.shape != right.shape:
        raise PairError(f"confidences of shape {values.shape} do not fit outcomes of shape {right.shape}")
    if n_bins < 1:
        raise OptionError(f"{n_bins} bins hold nothing", hint="Ask for at least one bin.")
    if len(values) == 0:
        raise EmptyInputError("there is no prediction with a confidence", hint="Predict at least one span.")
    if not (values.min() >= 0.0 and values.max() <= 1.0):  # false for NaN as well
        raise OptionError("a confidence is outside [0, 1]")
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    if binning == "quantile":
        edges = np.unique(np.quantile(values, edges))
        edges = np.array([edges[0], edges[0]]) if len(edges) == 1 else edges
    bin_of = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    n = np.bincount(bin_of, minlength=len(edges) - 1)
    sums = np.bincount(bin_of, weights=values, minlength=len(n))
    hits = np.bincount(bin_of, weights=right, minlength=len(n))
    return Calibration(
        bins=tuple(
            ReliabilityBin(
                float(edges[i]),
                float(edges[i + 1]),
                int(n[i]),
                float(sums[i] / n[i]) if n[i] else None,
                float(hits[i] / n[i]) if n[i] else None,
            )
            for i in range(len(n))
        ),
        ece=float(np.abs(sums - hits).sum() / len(values)),
        brier=float(np.mean((values - right) ** 2)),
        n=len(values),
    )


def span_outcomes(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Collect the confidence of each predicted span, and whether the span is exactly right.

    Args:
        gold: Sentences with the right spans.
        pred: The same sentences, with spans that have scores; a span without one is left out.
        labels: Classes to keep; all by default.
        ignore_labels: Classes to leave out.

    Returns:
        Confidences and outcomes, both of shape ``(n,)``.

    Raises:
        PairError: The two differ in length.

    Example:
        >>> from crosspan.core.types import Span
        >>> gold = [Sentence(("Bo",), (Span(0, 1, "LOC"),))]
        >>> span_outcomes(gold, [Sentence(("Bo",), (Span(0, 1, "LOC", 0.75),))])
        (array([0.75]), array([ True]))
    """
    check_lengths(len(gold), len(pred))
    confidences: list[float] = []
    outcomes: list[bool] = []
    for one, other in zip(gold, pred, strict=True):
        right = set(one.spans)
        for span in other.spans:
            if span.score is not None and keeps(span.label, labels, ignore_labels):
                confidences.append(span.score)
                outcomes.append(span in right)
    return np.array(confidences, dtype=np.float64), np.array(outcomes, dtype=np.bool_)
