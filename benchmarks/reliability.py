"""Whether confidences mean what they say, and what it brings to keep the sure spans alone.

    python -m benchmarks.reliability [--json]

Every projection set is projected with weights trained without its corpus. The two numbers that turn a probability into
a confidence (Platt scaling) were fitted to these very predictions, of all sets together; so the table shows that two
numbers are enough, and its lines by corpus how far one corpus departs from all. ``bam_nllb`` was used for nothing, and
its source spans are a tagger's, with the tagger's mistakes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import datasets, ours
from benchmarks.findings import markdown
from benchmarks.projection_sets import NAMES, family, load
from crosspan.evaluate import Calibration, reliability, score_spans, span_outcomes
from crosspan.project.filters import drop_unsure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosspan.evaluate.ner import Score
    from crosspan.types import Projection, Sentence

THRESHOLDS = (0.0, 0.3, 0.5, 0.7, 0.9)


@dataclass
class Projected:
    """Gold sentences beside what was projected."""

    gold: list[Sentence]
    found: list[Projection]

    def calibration(self) -> Calibration:
        outcomes = span_outcomes(self.gold, [projection.sentence for projection in self.found])
        return reliability(*outcomes)

    def score(self, least: float) -> Score:
        kept = [drop_unsure(projection, least).sentence for projection in self.found]
        return score_spans(self.gold, kept).micro


def project_all() -> dict[str, Projected]:
    """Every corpus, its languages together."""
    corpora: dict[str, Projected] = {}
    for name in NAMES:
        pairs, extra = load(name)
        found = ours.project(pairs, ours.align(pairs, extra), ours.weights_without(family(name)))
        corpus = corpora.setdefault(family(name), Projected([], []))
        corpus.gold.extend(pair.target for pair in pairs)
        corpus.found.extend(found)
    return corpora


def bambara() -> Projected:
    data = datasets.bam_nllb()
    return Projected(data.gold, ours.project(data.pairs, data.alignments))


def together(corpora: dict[str, Projected]) -> Projected:
    parts = corpora.values()
    return Projected([s for part in parts for s in part.gold], [p for part in parts for p in part.found])


def bins_table(calibration: Calibration) -> str:
    rows = [
        [f"{one.low:.1f}–{one.high:.1f}", f"{one.n:,}", f"{one.confidence:.3f}", f"{one.precision:.3f}"]
        for one in calibration.bins
        if one.n and one.confidence is not None and one.precision is not None
    ]
    return markdown(["confidence", "spans", "mean confidence", "share right"], rows)


def corpora_table(calibrations: dict[str, Calibration], shares: dict[str, tuple[float, float]]) -> str:
    rows = [
        [name, f"{one.n:,}", *(f"{share:.3f}" for share in shares[name]), f"{one.ece:.3f}", f"{one.brier:.3f}"]
        for name, one in calibrations.items()
    ]
    return markdown(["corpus", "spans", "mean confidence", "share right", "ECE", "Brier"], rows)


def thresholds_table(scores: dict[str, dict[float, Score]]) -> str:
    rows = [
        [name, f"{least:g}", f"{one.n_pred:,}", f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}"]
        for name, by_threshold in scores.items()
        for least, one in by_threshold.items()
    ]
    return markdown(["corpus", "--min-confidence", "spans kept", "precision", "recall", "F1"], rows)


def mean_and_share(part: Projected) -> tuple[float, float]:
    confidence, right = span_outcomes(part.gold, [projection.sentence for projection in part.found])
    return float(np.mean(confidence)), float(np.mean(right))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    corpora = project_all()
    parts = {"all": together(corpora), **corpora, "bam_nllb": bambara()}
    calibrations = {name: part.calibration() for name, part in parts.items()}
    scores = {name: {least: part.score(least) for least in THRESHOLDS} for name, part in parts.items()}
    if options.json:
        out: dict[str, Any] = {
            name: {
                "calibration": calibrations[name].to_dict(),
                "min_confidence": {str(least): asdict(score) for least, score in scores[name].items()},
            }
            for name in parts
        }
        print(json.dumps(out, indent=1))
        return
    print(bins_table(calibrations["all"]), "\n")
    print(corpora_table(calibrations, {name: mean_and_share(part) for name, part in parts.items()}), "\n")
    print(thresholds_table(scores))


if __name__ == "__main__":
    main()
