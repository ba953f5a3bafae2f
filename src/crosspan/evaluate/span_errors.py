"""What is wrong with each span: boundary, label, both, missed or spurious."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from crosspan.core.types import Sentence
from crosspan.evaluate.chunks import Chunk
from crosspan.evaluate.counts import keeps
from crosspan.evaluate.pairing import check_lengths

ErrorKind = Literal["exact", "label", "boundary", "both", "missed", "spurious"]
KINDS: tuple[ErrorKind, ...] = ("exact", "label", "boundary", "both", "missed", "spurious")


@dataclass(frozen=True, slots=True)
class SpanFinding:
    """One gold span, one predicted span, or the two that belong together.

    Args:
        kind: ``exact``; ``label``: same tokens, other class; ``boundary``: same class, tokens overlap; ``both``:
            other class, tokens overlap; ``missed``: gold alone; ``spurious``: predicted alone.
        gold: The gold span, ``(start, end, label)``.
        pred: The predicted span.
    """

    kind: ErrorKind
    gold: Chunk | None
    pred: Chunk | None

    @property
    def label(self) -> str:
        """The gold class; the predicted one of a spurious span."""
        span = self.gold or self.pred
        assert span is not None
        return span[2]


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """How many spans of each class end how.

    Of a class, ``exact + label + boundary + both + missed`` is the number of gold spans. Over all classes,
    ``exact + label + boundary + both + spurious`` is the number of predicted spans.

    Args:
        by_label: For each class, the number of each kind (see :class:`SpanFinding`).
        confusion: ``(gold class, predicted class)`` of the kinds ``label`` and ``both``, and how often.
    """

    by_label: dict[str, dict[ErrorKind, int]]
    confusion: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def total(self) -> dict[ErrorKind, int]:
        """The number of each kind over all classes."""
        return {kind: sum(row[kind] for row in self.by_label.values()) for kind in KINDS}

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "total": dict(self.total),
            "by_label": {label: dict(row) for label, row in self.by_label.items()},
            "confusion": [
                {"gold": gold, "pred": pred, "count": count} for (gold, pred), count in self.confusion.items()
            ],
        }


def classify_spans(gold: Sequence[Chunk], pred: Sequence[Chunk]) -> list[SpanFinding]:
    """Put every gold and every predicted span of a sentence into exactly one finding.

    Exact pairs are taken first, then pairs of the same tokens, then overlapping pairs of the same class, then other
    overlapping pairs; among equals the one with more tokens in common, then the one further left. No span is in two
    pairs, so a gold span that was predicted in two pieces is one boundary error and one spurious span.

    Args:
        gold: Spans as ``(start, end, label)``, none twice.
        pred: Spans as ``(start, end, label)``, none twice.

    Returns:
        The findings, pairs first.

    Example:
        >>> [finding.kind for finding in classify_spans([(0, 2, "PER"), (3, 4, "LOC")], [(0, 1, "PER"), (5, 6, "ORG")])]
        ['boundary', 'missed', 'spurious']
    """
    if tuple(gold) == tuple(pred):
        return [SpanFinding("exact", span, span) for span in gold]
    findings: list[SpanFinding] = []
    gold_left, pred_left = list(gold), list(pred)
    for _, kind, one, other in sorted(_pairings(gold, pred)):
        if one in gold_left and other in pred_left:
            findings.append(SpanFinding(kind, one, other))
            gold_left.remove(one)
            pred_left.remove(other)
    findings += [SpanFinding("missed", span, None) for span in gold_left]
    findings += [SpanFinding("spurious", None, span) for span in pred_left]
    return findings


def _pairings(
    gold: Sequence[Chunk], pred: Sequence[Chunk]
) -> Iterator[tuple[tuple[int, int], ErrorKind, Chunk, Chunk]]:
    """Yield each overlapping pair as ((rank, -common tokens), kind, gold, pred): the order they are taken in."""
    for one in gold:
        for other in pred:
            common = min(one[1], other[1]) - max(one[0], other[0])
            if common <= 0:
                continue
            same_label = one[2] == other[2]
            if one[:2] == other[:2]:
                kind: ErrorKind = "exact" if same_label else "label"
            else:
                kind = "boundary" if same_label else "both"
            yield (KINDS.index(kind), -common), kind, one, other


def count_errors(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
) -> ErrorCounts:
    """Classify the spans of all sentences and count.

    Args:
        gold: Sentences with the right spans.
        pred: The same sentences with the spans to score.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.

    Raises:
        PairError: The two differ in length.

    Example:
        >>> from crosspan.core.types import Span
        >>> gold = [Sentence(("New", "York"), (Span(0, 2, "LOC"),))]
        >>> count_errors(gold, [Sentence(("New", "York"), (Span(1, 2, "LOC"),))]).total["boundary"]
        1
    """
    check_lengths(len(gold), len(pred))
    kinds: Counter[tuple[str, ErrorKind]] = Counter()
    confusion: Counter[tuple[str, str]] = Counter()
    for one, other in zip(gold, pred, strict=True):
        if not one.spans and not other.spans:
            continue
        findings = classify_spans(
            _chunks(one, labels, ignore_labels),
            _chunks(other, labels, ignore_labels),
        )
        for finding in findings:
            kinds[finding.label, finding.kind] += 1
            if finding.kind in ("label", "both") and finding.gold and finding.pred:
                confusion[finding.gold[2], finding.pred[2]] += 1
    names = sorted({label for label, _ in kinds})
    return ErrorCounts(
        {label: {kind: kinds[label, kind] for kind in KINDS} for label in names},
        dict(sorted(confusion.items(), key=lambda item: (-item[1], item[0]))),
    )


def _chunks(sentence: Sentence, labels: Collection[str] | None, ignore_labels: Collection[str]) -> list[Chunk]:
    return [(s.start, s.end, s.label) for s in sentence.spans if keeps(s.label, labels, ignore_labels)]
