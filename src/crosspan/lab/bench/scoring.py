"""Scores of one language: F1 or alignment error rate, intervals, the test against a baseline, and counts for means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosspan.evaluate import compare_alignments, compare_ner, evaluate_ner, score_alignments
from crosspan.evaluate.alignment import link_statistics
from crosspan.evaluate.counts import count_spans
from crosspan.lab.bench.outcome import CellOutcome
from crosspan.suites.suite import Material

LINK_THRESHOLD = 0.5
"""Links less probable than this are no links to the error rate, in every language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchScoring:
    """How test sentences are scored.

    Args:
        ignore: Labels left out on both sides.
        bootstrap: Resamples of intervals; 0 for none.
        samples: Samples of paired tests.
        confidence: Share of the resamples in an interval.
        seed: Seed of the random numbers.
    """

    ignore: tuple[str, ...] = ()
    bootstrap: int = 1000
    samples: int = 10_000
    confidence: float = 0.95
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "ignore": sorted(self.ignore),
            "bootstrap": self.bootstrap,
            "samples": self.samples,
            "confidence": self.confidence,
            "seed": self.seed,
        }


def score_language(
    material: Material, ours: CellOutcome, baseline: CellOutcome | None, scoring: BenchScoring
) -> dict[str, Any]:
    """Score what a system made of a language, and what a baseline did.

    Args:
        material: What was read.
        ours: What the system made of it.
        baseline: What the baseline made of it.
        scoring: How to score.

    Returns:
        Plain values for JSON: ``scores``, ``comparison`` and ``baseline`` where there is one, and ``counts``: the
        distinct rows of sufficient statistics (those of the system, then of the baseline), each after the number of
        sentences that have it.
    """
    if material.links:
        return _links(material, ours, baseline, scoring)
    ignored = (*scoring.ignore, *material.ignore)
    how = {"bootstrap": scoring.bootstrap, "confidence": scoring.confidence, "seed": scoring.seed}
    outcomes = [ours] if baseline is None else [ours, baseline]
    reports = []
    for outcome in outcomes:
        report = evaluate_ner(
            material.gold,
            outcome.sentences,
            lenient=(material.lenient or material.gold, outcome.sentences),
            ignore_labels=ignored,
            **how,  # type: ignore[arg-type]
        )
        reports.append({"strict": report.strict.to_dict(), "lenient": report.lenient.to_dict()})
    found: dict[str, Any] = {"metric": "f1", "scores": reports[0], "n": len(material.gold)}
    if baseline is not None:
        comparison = compare_ner(
            material.gold,
            ours.sentences,
            baseline.sentences,
            ignore_labels=ignored,
            n_samples=scoring.samples,
            confidence=scoring.confidence,
            seed=scoring.seed,
        )
        found |= {"baseline": reports[1], "comparison": comparison.to_dict()}
    found["counts"] = {
        mode: _distinct([
            count_spans(gold, outcome.sentences, ignore_labels=ignored).statistics("micro")
            for outcome in outcomes
        ])
        for mode, gold in (("strict", material.gold), ("lenient", material.lenient or material.gold))
    }  # fmt: skip
    return found


def _links(
    material: Material, ours: CellOutcome, baseline: CellOutcome | None, scoring: BenchScoring
) -> dict[str, Any]:
    how: dict[str, Any] = {
        "threshold": LINK_THRESHOLD,
        "confidence": scoring.confidence,
        "seed": scoring.seed,
    }
    outcomes = [ours] if baseline is None else [ours, baseline]
    scores = [
        score_alignments(material.links, one.links, bootstrap=scoring.bootstrap, **how).to_dict() for one in outcomes
    ]
    found: dict[str, Any] = {"metric": "aer", "scores": {"links": scores[0]}, "n": len(material.gold)}
    if baseline is not None:
        comparison = compare_alignments(material.links, ours.links, baseline.links, n_samples=scoring.samples, **how)
        found |= {"baseline": {"links": scores[1]}, "comparison": comparison.to_dict()}
    rows = [link_statistics(material.links, one.links, threshold=LINK_THRESHOLD) for one in outcomes]
    found["counts"] = {"links": _distinct(rows)}
    return found


def _distinct(stats: Sequence[np.ndarray[Any, Any]]) -> list[list[int]]:
    """Distinct rows over all systems side by side, with the number of sentences that have it in front."""
    rows, counts = np.unique(np.concatenate(stats, axis=1), axis=0, return_counts=True)
    return [[int(count), *row] for count, row in zip(counts.tolist(), rows.tolist(), strict=True)]
