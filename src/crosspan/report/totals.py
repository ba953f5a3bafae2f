"""Counts over all sentences, for the figures of a page; memory does not grow with the corpus."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from crosspan.core.types import Span
from crosspan.evaluate.span_errors import KINDS
from crosspan.report.items import Item

N_BINS = 10
LONGEST_SPAN = 8
"""Spans of more words are counted with those of this many."""
SENTENCE_STEP = 5
LONGEST_SENTENCE = 80
SHOWN_LABELS = 12
"""Labels that the confusion table names; the others are put together."""


@dataclass(slots=True)
class Totals:
    """What is counted.

    Args:
        sentences: Sentences with a projection.
        rejected: Sentences that were left out.
        without_gold: Sentences with a projection whose gold labels are not known.
        source_spans: Source spans by label.
        projected: Source spans that have a counterpart, by label.
        dropped: Source spans without one, by reason and label.
        target_spans: Projected target spans by label.
        scored: Those of them that have a confidence, by label.
        confidence: Sum of their confidences, by label.
        findings: Target and gold spans by label and kind; see :mod:`crosspan.evaluate.span_errors`.
        confusion: Gold label and projected label of what belongs together; ``None`` for missed and spurious spans.
        bins: Of projected spans, by confidence: how many, the sum of their confidences, how many are compared with
            gold, the sum of the confidences of those, how many of those are right.
        brier: Sum of squared differences between confidence and outcome.
        span_lengths: Source and target spans by their number of words.
        projected_lengths: Source spans with a counterpart, by their number of words.
        sentence_lengths: Source and target sentences by their number of words, in steps.
    """

    sentences: int = 0
    rejected: int = 0
    without_gold: int = 0
    source_spans: Counter[str] = field(default_factory=Counter)
    projected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    target_spans: Counter[str] = field(default_factory=Counter)
    scored: Counter[str] = field(default_factory=Counter)
    confidence: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    confusion: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    bins: list[list[float]] = field(default_factory=lambda: [[0, 0.0, 0, 0.0, 0] for _ in range(N_BINS)])
    brier: float = 0.0
    span_lengths: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))
    projected_lengths: Counter[int] = field(default_factory=Counter)
    sentence_lengths: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))

    def add(self, item: Item) -> None:
        """Count a sentence.

        Example:
            >>> from crosspan.core.types import Projection, Sentence
            >>> totals = Totals()
            >>> totals.add(Item(0, Sentence(("Accra",)), Projection(Sentence(("Accra",)))))
            >>> totals.sentences
            1
        """
        projection = item.projection
        if projection is None:
            self.rejected += 1
            return
        self.sentences += 1
        if not item.alone:
            self.sentence_lengths[0][_step(len(item.source))] += 1
        self.sentence_lengths[1][_step(len(projection.sentence))] += 1
        for span in item.source.spans:
            self.source_spans[span.label] += 1
            self.span_lengths[0][_words(span)] += 1
        for span in {link.source for link in projection.links}:
            self.projected[span.label] += 1
            self.projected_lengths[_words(span)] += 1
        for gone in projection.lost:
            self.dropped[gone.reason, gone.source.label] += 1
        right = self._compare(item)
        for span in projection.sentence.spans:
            self.target_spans[span.label] += 1
            self.span_lengths[1][_words(span)] += 1
            if span.score is not None:
                self.scored[span.label] += 1
                self.confidence[span.label] += span.score
                self._add_to_bin(span.score, None if right is None else (span.start, span.end, span.label) in right)

    def _compare(self, item: Item) -> set[tuple[int, int, str]] | None:
        """Count how the spans of a sentence compare with gold; return those that are right."""
        if item.gold is None:
            self.without_gold += 1
            return None
        right = set()
        for one in item.findings():
            self.findings[one.label, one.kind] += 1
            self.confusion[one.gold[2] if one.gold else None, one.pred[2] if one.pred else None] += 1
            if one.kind == "exact" and one.pred:
                right.add(one.pred)
        return right

    def _add_to_bin(self, score: float, outcome: bool | None) -> None:
        row = self.bins[min(int(score * N_BINS), N_BINS - 1)]
        row[0] += 1
        row[1] += score
        if outcome is not None:
            row[2] += 1
            row[3] += score
            row[4] += outcome
            self.brier += (score - outcome) ** 2

    def labels(self) -> list[str]:
        """All labels, the most frequent first."""
        counts: Counter[str] = Counter()
        for one in (self.source_spans, self.target_spans):
            counts.update(one)
        for (gold, pred), count in self.confusion.items():
            if gold is not None and gold != pred:
                counts[gold] += count
        return sorted(counts, key=lambda label: (-counts[label], label))

    def to_dict(self) -> dict[str, Any]:
        """What the page draws, as plain values for JSON."""
        has_gold = self.sentences > self.without_gold
        overall, rows = self._rows(has_gold)
        return {
            "sentences": self.sentences,
            "rejected": self.rejected,
            "without_gold": self.without_gold if has_gold else None,
            "all": overall,
            "labels": rows,
            "dropped": [[*key, count] for key, count in sorted(self.dropped.items(), key=_by_count)],
            "bins": [[row[0], *(round(value, 6) for value in row[1:])] for row in self.bins],
            "calibration": self._calibration(),
            "confusion": self._confusion() if has_gold else None,
            "spanLengths": [_listed(counts, 1, LONGEST_SPAN) for counts in self.span_lengths],
            "projectedLengths": _listed(self.projected_lengths, 1, LONGEST_SPAN),
            "sentenceLengths": [
                _listed(counts, 0, LONGEST_SENTENCE // SENTENCE_STEP) for counts in self.sentence_lengths
            ],
            "sentenceStep": SENTENCE_STEP,
        }

    def _rows(self, has_gold: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The counts of all labels together, and of each."""
        rows: dict[str, dict[str, Any]] = {label: _empty_row(label, has_gold) for label in self.labels()}
        for name, counts in (
            ("source", self.source_spans),
            ("projected", self.projected),
            ("target", self.target_spans),
        ):
            for label, count in counts.items():
                rows[label][name] = count
        for (_, label), count in self.dropped.items():
            rows[label]["dropped"] += count
        for (label, kind), count in self.findings.items():
            rows[label]["kinds"][kind] += count
        for pair, count in self.confusion.items():
            for side, one in zip(("gold", "pred"), pair, strict=True):
                if one is not None:
                    rows[one][side] += count
        overall = _empty_row(None, has_gold)
        for name, value in overall.items():
            if isinstance(value, int):
                overall[name] = sum(row[name] for row in rows.values())
            elif isinstance(value, dict):
                overall[name] = {kind: sum(row[name][kind] for row in rows.values()) for kind in value}
        for label, row in rows.items():
            row["confidence"] = _share(self.confidence[label], self.scored[label])
        overall["confidence"] = _share(sum(self.confidence.values()), self.scored.total())
        return overall, list(rows.values())

    def _calibration(self) -> dict[str, float] | None:
        """Expected calibration error and Brier score, as :func:`crosspan.evaluate.reliability` has them."""
        n = sum(row[2] for row in self.bins)
        if not n:
            return None
        gap = sum(abs(row[3] - row[4]) for row in self.bins)
        return {"n": int(n), "ece": round(gap / n, 6), "brier": round(self.brier / n, 6)}

    def _confusion(self) -> dict[str, Any]:
        """Gold labels by projected labels; the last row and column are for no label."""
        names = self.labels()
        places = {label: min(place, SHOWN_LABELS) for place, label in enumerate(names)}
        shown = [*names[:SHOWN_LABELS], *(["(other)"] if len(names) > SHOWN_LABELS else [])]
        table = [[0] * (len(shown) + 1) for _ in range(len(shown) + 1)]
        for (gold, pred), count in self.confusion.items():
            row = len(shown) if gold is None else places[gold]
            column = len(shown) if pred is None else places[pred]
            table[row][column] += count
        return {"labels": shown, "counts": table, "other": len(names) > SHOWN_LABELS}


def _empty_row(label: str | None, has_gold: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"label": label, "source": 0, "projected": 0, "dropped": 0, "target": 0}
    if has_gold:
        row.update({"gold": 0, "pred": 0, "kinds": dict.fromkeys(KINDS, 0)})
    return row


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _words(span: Span) -> int:
    return min(span.end - span.start, LONGEST_SPAN)


def _step(n_words: int) -> int:
    return min(n_words, LONGEST_SENTENCE) // SENTENCE_STEP


def _listed(counts: Counter[int], first: int, last: int) -> list[int]:
    return [counts[place] for place in range(first, last + 1)]


def _by_count(item: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -item[1], item[0]
