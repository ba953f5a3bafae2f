"""Whether confidences mean what they say, and what it brings to keep the sure spans alone.

    python -m benchmarks.reliability [--json] [--page]

Every projection set is projected with weights trained without its corpus. The two numbers that turn a probability into
a confidence (Platt scaling) were fitted to these very predictions, of all sets together; "fitted elsewhere" fits them
to the other corpora alone, as new data will meet them. ``bam_nllb`` was used for nothing, and its source spans are a
tagger's, with the tagger's mistakes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks import datasets, ours, page
from benchmarks.findings import markdown
from benchmarks.projection_sets import NAMES, family, load
from benchmarks.train_weights import calibrate
from crosspan.evaluate import Calibration, reliability, score_spans, span_outcomes
from crosspan.project.filters import drop_unsure
from crosspan.project.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosspan.core.types import Projection, Sentence
    from crosspan.evaluate.ner import Score

Outcomes = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]

THRESHOLDS = (0.0, 0.3, 0.5, 0.7, 0.9)


@dataclass
class Projected:
    """Gold sentences beside what was projected."""

    gold: list[Sentence]
    found: list[Projection]

    def outcomes(self) -> Outcomes:
        """Confidence of each span, and whether it is right."""
        return span_outcomes(self.gold, [projection.sentence for projection in self.found])

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
    return Projected(data.gold, ours.project(data.pairs, data.alignments, tagged=True))


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


@dataclass(frozen=True, slots=True)
class Line:
    """One corpus: its spans, and how far their confidences are from the truth."""

    calibration: Calibration
    confidence: float
    right: float
    elsewhere: Calibration

    @classmethod
    def of(cls, own: Outcomes, others: Sequence[Outcomes]) -> Line:
        confidence, right = own
        slope, offset = calibrate(np.concatenate([c for c, _ in others]), np.concatenate([r for _, r in others]))
        # scaling what is scaled already fits as well as scaling the probability: both are linear in its logit
        refitted = Weights({}, slope, offset).calibrated(confidence)
        return cls(
            reliability(*own), float(np.mean(confidence)), float(np.mean(right)), reliability(refitted, right)
        )  # fmt: skip

    def cells(self, *, pooled: bool) -> list[str]:
        one = self.calibration
        shares = (self.confidence, self.right, one.ece, one.brier)
        elsewhere = "–" if pooled else f"{self.elsewhere.ece:.3f}"
        return [f"{one.n:,}", *(f"{share:.3f}" for share in shares), elsewhere]


CORPORA_HEADER = ("corpus", "spans", "mean confidence", "share right", "ECE", "Brier", "ECE, fitted elsewhere")


def thresholds_table(scores: dict[str, dict[float, Score]]) -> str:
    rows = [
        [name, f"{least:g}", f"{one.n_pred:,}", f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}"]
        for name, by_threshold in scores.items()
        for least, one in by_threshold.items()
    ]
    return markdown(["corpus", "--min-confidence", "spans kept", "precision", "recall", "F1"], rows)


def lines(parts: dict[str, Projected]) -> dict[str, Line]:
    outcomes = {name: part.outcomes() for name, part in parts.items()}
    trained = {name: one for name, one in outcomes.items() if name not in ("all", "bam_nllb")}
    return {
        name: Line.of(own, [other for corpus, other in trained.items() if corpus != name])
        for name, own in outcomes.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args(arguments)
    corpora = project_all()
    parts = {"all": together(corpora), **corpora, "bam_nllb": bambara()}
    found = lines(parts)
    scores = {name: {least: part.score(least) for least in THRESHOLDS} for name, part in parts.items()}
    if options.json:
        out: dict[str, Any] = {
            name: {
                "calibration": found[name].calibration.to_dict(),
                "ece_fitted_elsewhere": found[name].elsewhere.ece,
                "min_confidence": {str(least): asdict(score) for least, score in scores[name].items()},
            }
            for name in parts
        }
        print(json.dumps(out, indent=1))
        return
    by_corpus = markdown(CORPORA_HEADER, ([name, *line.cells(pooled=name == "all")] for name, line in found.items()))
    text = "\n\n".join([bins_table(found["all"].calibration), by_corpus, thresholds_table(scores)])
    print(text)
    if options.page:
        page.write("reliability", text)


if __name__ == "__main__":
    main()
