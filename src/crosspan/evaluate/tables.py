"""What scores look like to people: tables of a report, of a comparison, of word links and of confidences."""

from __future__ import annotations

from collections.abc import Iterator

from crosspan.core.tables import Table
from crosspan.evaluate.alignment import AlignmentComparison, AlignmentScore
from crosspan.evaluate.calibration import Calibration
from crosspan.evaluate.comparison import NerComparison
from crosspan.evaluate.ner import NerScore, Score
from crosspan.evaluate.report import NerReport
from crosspan.evaluate.significance import Interval, PairedTest
from crosspan.evaluate.span_errors import KINDS


def ner_tables(report: NerReport) -> Iterator[Table]:
    """Yield the scores and the errors of a span report."""
    strict, lenient = report.strict, report.lenient
    ratio = f"pred/{report.ratio_reference}"
    rows = [[label, *_score_cells(score), _ratio(report, label)] for label, score in strict.by_label.items()]
    rows.append(["micro", *_score_cells(strict.micro), _ratio(report, "all")])
    rows.append(["macro", *_score_cells(strict.macro)[:3], "", "", "", ""])
    rows.append(["micro, lenient", *_score_cells(lenient.micro), ""])
    rows.append(["macro, lenient", *_score_cells(lenient.macro)[:3], "", "", "", ""])
    yield Table(
        ["label", "precision", "recall", "F1", "right", "pred", "gold", ratio],
        rows,
        f"Spans in {strict.n_sentences} sentences (strict, unless said)",
        [*_interval_notes(strict), strict.signature, lenient.signature],
    )
    total = report.errors.total
    names = [*report.errors.by_label, "all"]
    counts = [*report.errors.by_label.values(), total]
    notes = [
        "most confused: "
        + ", ".join(f"{gold} taken for {pred} {n}" for (gold, pred), n in list(report.errors.confusion.items())[:5])
    ]
    yield Table(
        ["label", *KINDS],
        [[name, *(str(row[kind]) for kind in KINDS)] for name, row in zip(names, counts, strict=True)],
        "Errors (boundary: right label, other tokens; label: right tokens, other label)",
        notes if report.errors.confusion else (),
    )


def ner_comparison_table(comparison: NerComparison, names: tuple[str, str]) -> Table:
    """Lay out a comparison of two predictions."""
    return _comparison_table(
        f"{comparison.average} F1 of {names[0]} against {names[1]} (strict)",
        comparison.randomization,
        comparison.bootstrap,
        comparison.signature,
    )


def alignment_table(score: AlignmentScore) -> Table:
    """Lay out the scores of word links."""
    cells = [f"{value:.4f}" for value in (score.aer, score.precision, score.recall, score.f1)]
    counts = [str(value) for value in (score.n_links, score.n_sure, score.n_possible)]
    notes = [_interval_text("AER", score.interval)] if score.interval else []
    return Table(
        ["", "AER", "precision", "recall", "F1", "links", "sure", "possible"],
        [["links", *cells, *counts]],
        f"Links of {score.n_sentences} sentence pairs",
        [*notes, score.signature],
    )


def alignment_comparison_table(comparison: AlignmentComparison, names: tuple[str, str]) -> Table:
    """Lay out a comparison of two sets of links."""
    return _comparison_table(
        f"AER of {names[0]} against {names[1]} (lower is better)",
        comparison.randomization,
        comparison.bootstrap,
        comparison.signature,
    )


def calibration_table(calibration: Calibration) -> Table:
    """Lay out a reliability table."""
    return Table(
        ["from", "to", "spans", "confidence", "precision"],
        [
            [f"{one.low:.2f}", f"{one.high:.2f}", str(one.n), f"{one.confidence:.3f}", f"{one.precision:.3f}"]
            for one in calibration.bins
            if one.confidence is not None and one.precision is not None
        ],
        f"Reliability of {calibration.n} confidences",
        [f"expected calibration error {calibration.ece:.4f}, Brier score {calibration.brier:.4f}"],
    )


def _score_cells(score: Score) -> list[str]:
    shares = [f"{value:.4f}" for value in (score.precision, score.recall, score.f1)]
    return [*shares, str(score.tp), str(score.n_pred), str(score.n_gold)]


def _ratio(report: NerReport, label: str) -> str:
    found = report.ratios.get(label)
    return f"{found.ratio:.3f}" if found is not None and found.ratio is not None else "-"


def _interval_notes(score: NerScore) -> list[str]:
    return [_interval_text(f"{name} F1", interval) for name, interval in score.intervals.items()]


def _interval_text(name: str, interval: Interval) -> str:
    return (
        f"{name} {interval.point:.4f}, {100 * interval.confidence:g} % interval "
        f"{interval.low:.4f} to {interval.high:.4f}"
    )


def _comparison_table(title: str, randomization: PairedTest, bootstrap: PairedTest, signature: str) -> Table:
    notes = [
        f"{randomization.score_a:.4f} against {randomization.score_b:.4f}: difference {randomization.difference:+.4f}"
    ]
    if bootstrap.low is not None and bootstrap.high is not None and bootstrap.confidence is not None:
        notes[0] += f", {100 * bootstrap.confidence:g} % interval {bootstrap.low:+.4f} to {bootstrap.high:+.4f}"
    return Table(
        ["paired test", "p"],
        [
            ["approximate randomisation", f"{randomization.p_value:.4g}"],
            ["bootstrap", f"{bootstrap.p_value:.4g}"],
        ],
        title,
        [*notes, signature],
    )
