"""Strict and lenient span scores of named-entity labels.

*Strict* counts a span of valid IOB2 as right when its first token, its last token and its class are right. *Lenient*
is what the ``conlleval`` script and papers that use ``seqeval`` by default report; it differs where tags break the
rules, so on sentences (whose spans are always valid) the two agree, and only tags or two readings of a file tell
them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.types import Sentence
from crosspan.evaluate.counts import Average, Mode, SpanCounts, count_spans, count_tags, f1_metric
from crosspan.evaluate.pairing import check_same_tokens
from crosspan.evaluate.signature import signature
from crosspan.evaluate.significance import Interval, bootstrap_interval


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 with the counts behind them.

    Args:
        precision: Share of the predicted spans that are right; 0 without predictions.
        recall: Share of the gold spans that were found; 0 without gold.
        f1: Harmonic mean of the two; of a macro score the mean of the labels' F1.
        tp: Predicted spans that are right.
        n_pred: Predicted spans.
        n_gold: Gold spans.
    """

    precision: float
    recall: float
    f1: float
    tp: int
    n_pred: int
    n_gold: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NerScore:
    """The span scores of a corpus in one mode.

    Args:
        mode: ``"strict"`` or ``"lenient"``.
        micro: Over all spans.
        macro: Unweighted mean over the labels that occur in gold or prediction; its counts are those of ``micro``.
        by_label: For each label that occurs in gold or prediction.
        n_sentences: Number of sentences.
        signature: How to get the same score again.
        intervals: Bootstrap intervals of F1, under ``"micro"`` and ``"macro"``; empty if none was asked for.
    """

    mode: Mode
    micro: Score
    macro: Score
    by_label: dict[str, Score]
    n_sentences: int
    signature: str
    intervals: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found: dict[str, Any] = {
            "mode": self.mode,
            "signature": self.signature,
            "n_sentences": self.n_sentences,
            "micro": self.micro.to_dict(),
            "macro": self.macro.to_dict(),
            "by_label": {label: score.to_dict() for label, score in self.by_label.items()},
        }
        if self.intervals:
            found["intervals"] = {name: interval.to_dict() for name, interval in self.intervals.items()}
        return found


def score_spans(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> NerScore:
    """Score spans strictly; arguments as for :func:`~crosspan.evaluate.evaluate_ner`.

    Raises:
        PairError: The sentences differ in number or in tokens.

    Example:
        >>> from crosspan.core.types import Span
        >>> gold = [Sentence(("Bo",), (Span(0, 1, "LOC"),))]
        >>> score_spans(gold, gold).micro.f1
        1.0
    """
    check_same_tokens(gold, pred)
    return score_counts(
        count_spans(gold, pred, labels=labels, ignore_labels=ignore_labels),
        "strict",
        labels=labels,
        ignore_labels=ignore_labels,
        bootstrap=bootstrap,
        confidence=confidence,
        seed=seed,
    )


def score_tags(
    gold: Sequence[Sequence[str]],
    pred: Sequence[Sequence[str]],
    *,
    mode: Mode = "lenient",
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> NerScore:
    """Score raw tags, valid or not.

    Args:
        gold: Right tags of each sentence.
        pred: Tags to score.
        mode: ``"lenient"`` as ``seqeval`` by default; ``"strict"`` as ``seqeval`` with ``mode="strict", scheme=IOB2``.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.
        bootstrap: Number of resamples for intervals; 0 for none.
        confidence: Share of the resamples that an interval holds.
        seed: Seed of the resampling.

    Raises:
        PairError: The two differ in length, or two sentences do.
        TagError: A tag is malformed.

    Example:
        >>> gold, pred = [["B-PER", "I-PER"]], [["I-PER", "I-PER"]]
        >>> score_tags(gold, pred).micro.f1, score_tags(gold, pred, mode="strict").micro.f1
        (1.0, 0.0)
    """
    return score_counts(
        count_tags(gold, pred, mode=mode, labels=labels, ignore_labels=ignore_labels),
        mode,
        labels=labels,
        ignore_labels=ignore_labels,
        bootstrap=bootstrap,
        confidence=confidence,
        seed=seed,
    )


def score_counts(
    counts: SpanCounts,
    mode: Mode,
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> NerScore:
    """Turn counts into scores; for counts made elsewhere or added up from shards.

    Args:
        counts: Counts of each sentence.
        mode: How the spans were read; for the signature.
        labels: Classes that were kept; for the signature.
        ignore_labels: Classes that were left out; for the signature.
        bootstrap: Number of resamples for intervals; 0 for none.
        confidence: Share of the resamples that an interval holds.
        seed: Seed of the resampling.

    Raises:
        EmptyInputError: There is no sentence and intervals were asked for.
        OptionError: ``bootstrap`` or ``confidence`` is out of range.

    Example:
        >>> from crosspan.evaluate.counts import count_chunks
        >>> score_counts(count_chunks([[(0, 1, "LOC")]], [[(0, 1, "LOC")]]), "strict").macro.f1
        1.0
    """
    sums = np.stack([part.sum(axis=0, dtype=np.int64) for part in (counts.tp, counts.n_pred, counts.n_gold)])
    by_label = {label: _one_score(sums[:, column]) for column, label in enumerate(counts.labels)}
    micro = _one_score(sums.sum(axis=1))
    n = max(1, len(by_label))
    macro = Score(
        precision=sum(score.precision for score in by_label.values()) / n,
        recall=sum(score.recall for score in by_label.values()) / n,
        f1=sum(score.f1 for score in by_label.values()) / n,
        tp=micro.tp,
        n_pred=micro.n_pred,
        n_gold=micro.n_gold,
    )
    intervals: dict[str, Interval] = {}
    averages: tuple[Average, ...] = ("micro", "macro") if bootstrap else ()
    for average in averages:
        intervals[average] = bootstrap_interval(
            counts.statistics(average), f1_metric(average), n_samples=bootstrap, confidence=confidence, seed=seed
        )
    extra = {"bootstrap": bootstrap, "conf": confidence, "seed": seed} if bootstrap else {}
    return NerScore(
        mode=mode,
        micro=micro,
        macro=macro,
        by_label=by_label,
        n_sentences=len(counts),
        signature=ner_signature(mode, counts.labels, labels, ignore_labels, n=len(counts), **extra),
        intervals=intervals,
    )


def ner_signature(
    mode: Mode, found: Collection[str], labels: Collection[str] | None, ignore_labels: Collection[str], **named: object
) -> str:
    """Write the signature of a span score.

    Args:
        mode: ``"strict"`` or ``"lenient"``.
        found: Classes that take part.
        labels: Classes that were asked for; named instead of ``found`` if given.
        ignore_labels: Classes that were left out.
        named: More settings.

    Example:
        >>> ner_signature("strict", ["PER", "LOC"], None, [], n=5).rpartition("|")[0]
        'crosspan-ner|strict|IOB2|labels:LOC,PER|n:5'
    """
    used = found if labels is None else set(labels) - set(ignore_labels)
    return signature("ner", mode, "IOB2", labels=set(used), ignored=set(ignore_labels), **named)


def _one_score(sums: npt.NDArray[np.int64]) -> Score:
    tp, n_pred, n_gold = (int(value) for value in sums)
    return Score(
        precision=tp / n_pred if n_pred else 0.0,
        recall=tp / n_gold if n_gold else 0.0,
        f1=2 * tp / (n_pred + n_gold) if n_pred + n_gold else 0.0,
        tp=tp,
        n_pred=n_pred,
        n_gold=n_gold,
    )
