"""Everything about a prediction at once: both scores, the errors, the projection ratios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from crosspan.core.checks import check_sentences
from crosspan.core.types import Sentence
from crosspan.evaluate.counts import Mode, count_spans, keeps
from crosspan.evaluate.ner import NerScore, score_counts
from crosspan.evaluate.pairing import check_same_tokens
from crosspan.evaluate.span_errors import ErrorCounts, count_errors


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many spans there are for each span of a reference.

    Args:
        n: Spans counted.
        n_reference: Spans of the reference.
    """

    n: int
    n_reference: int

    @property
    def ratio(self) -> float | None:
        """``n / n_reference``; ``None`` where the reference has no span."""
        return self.n / self.n_reference if self.n_reference else None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {"n": self.n, "n_reference": self.n_reference, "ratio": self.ratio}


@dataclass(frozen=True, slots=True)
class NerReport:
    """All that :func:`evaluate_ner` finds.

    Args:
        strict: Scores of exact spans.
        lenient: Scores in the way of ``conlleval``.
        errors: What is wrong with the spans, read strictly.
        ratios: Projection ratio of each label and of ``"all"``, see :func:`projection_ratio`.
        ratio_reference: What the ratios divide by: ``"gold"`` or ``"source"``.
    """

    strict: NerScore
    lenient: NerScore
    errors: ErrorCounts
    ratios: dict[str, Ratio]
    ratio_reference: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "strict": self.strict.to_dict(),
            "lenient": self.lenient.to_dict(),
            "errors": self.errors.to_dict(),
            "projection_ratio": {
                "reference": self.ratio_reference,
                "labels": {label: ratio.to_dict() for label, ratio in self.ratios.items()},
            },
        }


def evaluate_ner(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    *,
    lenient: tuple[Sequence[Sentence], Sequence[Sentence]] | None = None,
    source: Sequence[Sentence] | None = None,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> NerReport:
    """Score spans in every way this module knows.

    Args:
        gold: Sentences with the right spans.
        pred: The same sentences with the spans to score.
        lenient: Gold and prediction read leniently (``repair="begin"``), for files whose tags break their scheme;
            by default the sentences above, on which both modes agree.
        source: Sentences that the prediction was projected from; the ratios then divide by their spans.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.
        bootstrap: Number of resamples for intervals; 0 for none.
        confidence: Share of the resamples that an interval holds.
        seed: Seed of the resampling.

    Raises:
        PairError: The sentences differ in number or in tokens.
        EmptyInputError: There is no sentence and intervals were asked for.
        OptionError: ``bootstrap`` or ``confidence`` is out of range.
        ArgumentError: Something is no sentence.

    Example:
        >>> from crosspan.core.types import Span
        >>> gold = [Sentence(("Ada", "in", "Bo"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))]
        >>> pred = [Sentence(("Ada", "in", "Bo"), (Span(0, 1, "PER"), Span(1, 3, "LOC")))]
        >>> report = evaluate_ner(gold, pred)
        >>> report.strict.micro.f1, report.errors.total["boundary"]
        (0.5, 1)
    """
    gold, pred = check_sentences("gold", gold), check_sentences("pred", pred)
    check_same_tokens(gold, pred)

    def score(one: Sequence[Sentence], other: Sequence[Sentence], mode: Mode) -> NerScore:
        return score_counts(
            count_spans(one, other, labels=labels, ignore_labels=ignore_labels),
            mode,
            labels=labels,
            ignore_labels=ignore_labels,
            bootstrap=bootstrap,
            confidence=confidence,
            seed=seed,
        )

    return NerReport(
        strict=score(gold, pred, "strict"),
        lenient=score(*(lenient or (gold, pred)), "lenient"),
        errors=count_errors(gold, pred, labels=labels, ignore_labels=ignore_labels),
        ratios=projection_ratio(pred, gold if source is None else source, labels=labels, ignore_labels=ignore_labels),
        ratio_reference="gold" if source is None else "source",
    )


def projection_ratio(
    pred: Sequence[Sentence],
    reference: Sequence[Sentence],
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
) -> dict[str, Ratio]:
    """Count the spans of each class for each span that there is, or should be.

    Against the source sentences it is the share of entities that survived the projection; against gold it is above
    1 where a class is predicted too often. It says nothing of where the spans are.

    Args:
        pred: Projected or predicted sentences.
        reference: Gold sentences, or the source sentences of a projection.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.

    Returns:
        The ratio of each class of either side, and of ``"all"`` at the end.

    Example:
        >>> from crosspan.core.types import Span
        >>> source = [Sentence(("Bo",), (Span(0, 1, "LOC"),)), Sentence(("Ho",), (Span(0, 1, "LOC"),))]
        >>> projection_ratio([source[0], Sentence(("Ho",))], source)["LOC"].ratio
        0.5
    """
    found, wanted = (
        Counter(
            span.label for sentence in sentences for span in sentence.spans if keeps(span.label, labels, ignore_labels)
        )
        for sentences in (pred, reference)
    )
    ratios = {label: Ratio(found[label], wanted[label]) for label in sorted({*found, *wanted})}
    ratios["all"] = Ratio(found.total(), wanted.total())
    return ratios
