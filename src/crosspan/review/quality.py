"""How good labels are, from what people decided of sentences that were drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from crosspan.core.tables import Table
from crosspan.core.types import Span
from crosspan.evaluate.calibration import Calibration, reliability
from crosspan.evaluate.chunks import Chunk
from crosspan.evaluate.counts import SpanCounts, count_chunks, f1_metric, precision_metric, recall_metric
from crosspan.evaluate.ner import Score, score_counts
from crosspan.evaluate.proportions import exact_interval
from crosspan.evaluate.significance import bootstrap_interval

FEW_SPANS = 30
"""Of fewer spans an interval is that of Clopper and Pearson: resamples of so few are too much alike."""
ENOUGH_SENTENCES = 100
"""Of fewer sentences the estimate is called rough."""

Measure = Literal["precision", "recall", "f1"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence with its labels, and those that a person says it has.

    Args:
        spans: Its labels, with their confidences.
        right: What it has.
        random: Whether it was drawn by chance.
    """

    spans: tuple[Span, ...]
    right: tuple[Span, ...]
    random: bool = True


@dataclass(frozen=True, slots=True)
class QualityEstimate:
    """Scores of one label or of all, with what they may be in the corpus.

    Args:
        score: In the sentences that were looked at.
        intervals: Lower and upper end of each measure that can be told; empty where everything was looked at.
    """

    score: Score
    intervals: dict[Measure, tuple[float, float]]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self.score), "intervals": {name: list(ends) for name, ends in self.intervals.items()}}


@dataclass(frozen=True, slots=True)
class Quality:
    """How good labels are.

    Args:
        sentences: Sentences that the estimate rests on.
        of: Sentences that there are.
        total: Over all labels; ``None`` where nothing speaks for the whole.
        by_label: For each label that was there or should have been.
        reliability: Whether confidences mean what they say; ``None`` where none is known.
        confidence: Chance that an interval holds the true value.
        notes: What must be known of it, in sentences.
    """

    sentences: int
    of: int
    total: QualityEstimate | None
    by_label: dict[str, QualityEstimate]
    reliability: Calibration | None
    confidence: float
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "sentences": self.sentences,
            "of": self.of,
            "confidence": self.confidence,
            "total": None if self.total is None else self.total.to_dict(),
            "by_label": {label: one.to_dict() for label, one in self.by_label.items()},
            "reliability": None if self.reliability is None else self.reliability.to_dict(),
            "notes": list(self.notes),
        }


def estimate_quality(
    judged: Sequence[Judged],
    of: int,
    *,
    undecided: int = 0,
    bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Quality:
    """QualityEstimate precision, recall and F1 of the labels of a corpus.

    Only sentences that were drawn by chance count, unless all sentences of the corpus are there. Intervals are
    bootstrap percentiles over sentences; where fewer than :data:`FEW_SPANS` spans stand behind a share, or all or none
    of them are right, so that every resample says the same, they are those of Clopper and Pearson (1934) over spans.
    That of F1 is then made of the ends of the two others, and a little too wide.

    Args:
        judged: Sentences that were decided.
        of: Sentences that there are.
        undecided: Sentences drawn by chance that nobody could or would decide.
        bootstrap: Number of resamples; 0 for no intervals.
        confidence: Chance that an interval holds the true value.
        seed: Seed of the resampling.

    Example:
        >>> right = Judged((Span(0, 3, "PER", 0.9),), (Span(0, 3, "PER"),))
        >>> found = estimate_quality([right] * 20, 1000)
        >>> [round(end, 2) for end in found.total.intervals["precision"]]
        [0.83, 1.0]
    """
    whole = len(judged) == of
    used = list(judged) if whole else [one for one in judged if one.random]
    notes = list(_notes(len(judged), len(used), of, undecided, whole))
    scored = used or list(judged)
    calibration = _reliability(scored)
    if not used:
        return Quality(0, of, None, {}, calibration, confidence, tuple(notes))
    counts = count_chunks([_chunks(one.right) for one in used], [_chunks(one.spans) for one in used])
    score = score_counts(counts, "strict")
    how = {"n_samples": bootstrap, "confidence": confidence, "seed": seed}

    def estimate(name: str, found: Score) -> QualityEstimate:
        return QualityEstimate(found, {} if whole or not bootstrap else _intervals(counts, name, found, how))

    total = estimate("micro", score.micro)
    if min(score.micro.n_pred, score.micro.n_gold) < FEW_SPANS:
        notes.append(
            f"these sentences hold {score.micro.n_pred} labels and should hold {score.micro.n_gold}: "
            "too few to say much; draw more"
        )
    by_label = {label: estimate(label, one) for label, one in score.by_label.items()}
    return Quality(len(used), of, total, by_label, calibration, confidence, tuple(notes))


def _notes(decided: int, used: int, of: int, undecided: int, whole: bool) -> Sequence[str]:
    notes = []
    if whole and of:
        notes.append("every sentence was decided: these are the scores of the labels themselves, and no estimate")
    elif not used:
        why = "nothing was decided yet" if not decided else "no sentence that was decided was drawn by chance"
        notes.append(f"{why}, so nothing can be said of the whole: look at some that are (--random)")
    elif used < ENOUGH_SENTENCES:
        notes.append(f"{used} sentences drawn by chance are few: take the intervals seriously, or look at more")
    if undecided:
        notes.append(
            f"{undecided} sentences drawn by chance were rejected or skipped and do not count; "
            "where those are the worst ones, the rest is worse than this says"
        )
    return notes


def _chunks(spans: Sequence[Span]) -> list[Chunk]:
    return [(one.start, one.end, one.label) for one in spans]


def _intervals(counts: SpanCounts, name: str, score: Score, how: dict[str, Any]) -> dict[Measure, tuple[float, float]]:
    """Intervals of what can be told: of a share of nothing there is none."""
    found: dict[Measure, tuple[float, float]] = {}
    few = False
    rows = counts.statistics(name)
    for measure, metric, total in (
        ("precision", precision_metric, score.n_pred),
        ("recall", recall_metric, score.n_gold),
    ):
        if not total:
            few = True
        elif total < FEW_SPANS or score.tp in (0, total):
            few = True
            found[measure] = exact_interval(score.tp, total, confidence=how["confidence"])  # type: ignore[index]
        else:
            ends = bootstrap_interval(rows, metric, **how)
            found[measure] = ends.low, ends.high  # type: ignore[index]
    if not few:
        ends = bootstrap_interval(rows, f1_metric(name), **how)
        found["f1"] = ends.low, ends.high
    elif len(found) == 2:
        precision, recall = found["precision"], found["recall"]
        found["f1"] = _harmonic(precision[0], recall[0]), _harmonic(precision[1], recall[1])
    return found


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def _reliability(judged: Sequence[Judged]) -> Calibration | None:
    confidences: list[float] = []
    right: list[bool] = []
    for one in judged:
        there = set(one.right)
        for span in one.spans:
            if span.score is not None:
                confidences.append(span.score)
                right.append(span in there)
    return reliability(confidences, right) if confidences else None


def quality_tables(quality: Quality) -> list[Table]:
    """What an estimate looks like to people."""
    header = ["label", "precision", "", "recall", "", "F1", "", "right", "labels", "should be"]
    rows = [[label, *_cells(one)] for label, one in quality.by_label.items()]
    if quality.total is not None:
        rows.append(["all", *_cells(quality.total)])
    title = f"Quality by {quality.sentences} of {quality.of} sentences"
    if quality.total is not None and quality.total.intervals:
        title += f", with {100 * quality.confidence:g} % intervals"
    tables = [Table(header if rows else [], rows, title, list(quality.notes))]
    found = quality.reliability
    if found is not None:
        tables.append(
            Table(
                ["from", "to", "labels", "mean confidence", "share right", ""],
                [
                    [
                        *(f"{one.low:.2f}", f"{one.high:.2f}", str(one.n)),
                        *(f"{one.confidence:.3f}", f"{one.precision:.3f}"),
                        _ends(exact_interval(round(one.precision * one.n), one.n, confidence=quality.confidence)),
                    ]
                    for one in found.bins
                    if one.confidence is not None and one.precision is not None
                ],
                "Whether confidences mean what they say",
                [f"expected calibration error {found.ece:.4f}, Brier score {found.brier:.4f}"],
            )
        )
    return tables


def _cells(one: QualityEstimate) -> list[str]:
    score, cells = one.score, []
    measures: tuple[tuple[Measure, float], ...] = (
        ("precision", score.precision),
        ("recall", score.recall),
        ("f1", score.f1),
    )
    totals = {"precision": score.n_pred, "recall": score.n_gold, "f1": score.n_pred + score.n_gold}
    for measure, value in measures:
        cells.append(f"{value:.3f}" if totals[measure] else "-")
        ends = one.intervals.get(measure)
        cells.append(_ends(ends) if ends is not None else "")
    return [*cells, str(score.tp), str(score.n_pred), str(score.n_gold)]


def _ends(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"
