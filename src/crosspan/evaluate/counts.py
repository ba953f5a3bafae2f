"""Sufficient statistics of span scores: true positives, predictions and gold spans of each sentence and label.

Everything that the scores need is a sum of these, so intervals and tests never look at a span again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError, PairError
from crosspan.core.types import Sentence
from crosspan.evaluate.chunks import Chunk, lenient_spans, strict_spans
from crosspan.evaluate.pairing import check_lengths
from crosspan.evaluate.significance import FloatArray

Mode = Literal["strict", "lenient"]
Average = Literal["micro", "macro"]


@dataclass(frozen=True, slots=True, eq=False)
class SpanCounts:
    """Counts of each sentence and label.

    Args:
        labels: The classes in alphabetical order; ``L`` of them.
        tp: Predicted spans that are exactly right, ``(n_sentences, L)``, int32.
        n_pred: Predicted spans, same shape.
        n_gold: Gold spans, same shape.
    """

    labels: tuple[str, ...]
    tp: npt.NDArray[np.int32]
    n_pred: npt.NDArray[np.int32]
    n_gold: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.tp)

    def statistics(self, average: Average | str) -> npt.NDArray[np.int64]:
        """Rows for the resampling tests, to be used with :func:`f1_metric` of the same average.

        Args:
            average: ``"micro"``, ``"macro"``, or a label for that label alone.

        Returns:
            ``(n_sentences, 3)`` with tp, predicted, gold; for ``"macro"`` that for each label, ``(n_sentences, 3 L)``.

        Raises:
            OptionError: There is no such label.
        """
        parts = (self.tp, self.n_pred, self.n_gold)
        if average == "macro":
            return np.concatenate(parts, axis=1).astype(np.int64)
        if average == "micro":
            return np.stack([part.sum(axis=1, dtype=np.int64) for part in parts], axis=1)
        if average not in self.labels:
            raise OptionError(f"no span has the label {average!r}", hint=f"There are: {', '.join(self.labels)}.")
        column = self.labels.index(average)
        return np.stack([part[:, column] for part in parts], axis=1).astype(np.int64)

    def with_labels(self, labels: Sequence[str]) -> SpanCounts:
        """Lay the same counts out over other labels: those not counted are zero, those not named are left out."""
        places = {label: column for column, label in enumerate(self.labels)}
        names = tuple(sorted(set(labels)))

        def lay(part: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
            out = np.zeros((len(part), len(names)), dtype=np.int32)
            for column, label in enumerate(names):
                if label in places:
                    out[:, column] = part[:, places[label]]
            return out

        return replace(self, labels=names, tp=lay(self.tp), n_pred=lay(self.n_pred), n_gold=lay(self.n_gold))


def count_spans(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
) -> SpanCounts:
    """Count the spans of two labellings of the same sentences; the texts are not compared.

    Args:
        gold: Sentences with the right spans.
        pred: The same sentences with the spans to score.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.

    Raises:
        PairError: The two differ in length.

    Example:
        >>> from crosspan.core.types import Span
        >>> gold = [Sentence(("Ada", "in", "Bo"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))]
        >>> counts = count_spans(gold, [Sentence(("Ada", "in", "Bo"), (Span(0, 1, "PER"),))])
        >>> counts.labels, counts.tp.tolist(), counts.n_gold.tolist()
        (('LOC', 'PER'), [[0, 1]], [[1, 1]])
    """
    return count_chunks(
        [[(s.start, s.end, s.label) for s in sentence.spans] for sentence in gold],
        [[(s.start, s.end, s.label) for s in sentence.spans] for sentence in pred],
        labels=labels,
        ignore_labels=ignore_labels,
    )


def count_tags(
    gold: Sequence[Sequence[str]],
    pred: Sequence[Sequence[str]],
    *,
    mode: Mode = "lenient",
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
) -> SpanCounts:
    """Count the spans of raw tag sequences, which may break the rules of their scheme.

    Args:
        gold: Right tags of each sentence.
        pred: Tags to score.
        mode: ``"lenient"`` reads like ``conlleval``, ``"strict"`` like ``seqeval``'s strict mode with IOB2.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.

    Raises:
        PairError: The two differ in length, or two sentences do.
        TagError: A tag is malformed.

    Example:
        >>> count_tags([["B-PER", "I-PER"]], [["I-PER", "I-PER"]]).tp.tolist()
        [[1]]
        >>> count_tags([["B-PER", "I-PER"]], [["I-PER", "I-PER"]], mode="strict").tp.tolist()
        [[0]]
    """
    for number, (one, other) in enumerate(zip(gold, pred, strict=False), 1):
        if len(one) != len(other):
            raise PairError(
                f"{len(one)} gold tags and {len(other)} predicted tags",
                where=f"sentence {number}",
                hint="Both need one tag for each token of the same sentence.",
            )
    read: Callable[[Sequence[str]], list[Chunk]] = lenient_spans if mode == "lenient" else strict_spans
    return count_chunks(
        [read(tags) for tags in gold], [read(tags) for tags in pred], labels=labels, ignore_labels=ignore_labels
    )


def count_chunks(
    gold: Sequence[Sequence[Chunk]],
    pred: Sequence[Sequence[Chunk]],
    *,
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
) -> SpanCounts:
    """Count spans given as ``(start, end, label)``.

    Args:
        gold: Right spans of each sentence, none twice.
        pred: Spans to score, none twice in a sentence.
        labels: Classes to keep, on both sides; all by default.
        ignore_labels: Classes to leave out, on both sides.

    Raises:
        PairError: The two differ in length.

    Example:
        >>> count_chunks([[(0, 2, "PER")]], [[(0, 1, "PER")]]).n_pred.tolist()
        [[1]]
    """
    check_lengths(len(gold), len(pred))
    found = {label for side in (gold, pred) for chunks in side for _, _, label in chunks}
    names = tuple(sorted(label for label in found if keeps(label, labels, ignore_labels)))
    places = {label: column for column, label in enumerate(names)}
    right = [set(chunks).intersection(other) for chunks, other in zip(gold, pred, strict=True)]
    return SpanCounts(names, _table(right, places), _table(pred, places), _table(gold, places))


def keeps(label: str, labels: Collection[str] | None, ignore_labels: Collection[str]) -> bool:
    """Tell whether a class takes part in the score."""
    return (labels is None or label in labels) and label not in ignore_labels


def f1_metric(average: Average | str) -> Callable[[FloatArray], FloatArray]:
    """The F1 of summed :meth:`SpanCounts.statistics`, over any leading axes.

    Macro F1 is the mean over the labels that occur in gold or prediction, as in ``seqeval``; in a resample, over
    those that occur there.

    Args:
        average: What the statistics were made for: ``"micro"``, ``"macro"`` or a label.

    Example:
        >>> float(f1_metric("micro")(np.array([1.0, 1.0, 1.0])))
        1.0
    """
    return _macro_f1 if average == "macro" else _micro_f1


def precision_metric(sums: FloatArray) -> FloatArray:
    """Precision of summed :meth:`SpanCounts.statistics` of ``"micro"`` or a label, over any leading axes.

    Example:
        >>> float(precision_metric(np.array([1.0, 2.0, 4.0])))
        0.5
    """
    return _divide(sums[..., 0], sums[..., 1])


def recall_metric(sums: FloatArray) -> FloatArray:
    """Recall of summed :meth:`SpanCounts.statistics` of ``"micro"`` or a label, over any leading axes.

    Example:
        >>> float(recall_metric(np.array([1.0, 2.0, 4.0])))
        0.25
    """
    return _divide(sums[..., 0], sums[..., 2])


def _micro_f1(sums: FloatArray) -> FloatArray:
    return _divide(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def _macro_f1(sums: FloatArray) -> FloatArray:
    parts = sums.reshape(*sums.shape[:-1], 3, -1)
    size = parts[..., 1, :] + parts[..., 2, :]
    return _divide(_divide(2 * parts[..., 0, :], size).sum(axis=-1), (size > 0).sum(axis=-1).astype(np.float64))


def _divide(above: FloatArray, below: FloatArray) -> FloatArray:
    out = np.zeros(np.broadcast_shapes(np.shape(above), np.shape(below)), dtype=np.float64)
    return np.divide(above, below, out=out, where=np.asarray(below) != 0)


def _table(sentences: Iterable[Iterable[Chunk]], places: dict[str, int]) -> npt.NDArray[np.int32]:
    rows: list[int] = []
    columns: list[int] = []
    n_rows = 0
    for row, chunks in enumerate(sentences):
        n_rows = row + 1
        for _, _, label in chunks:
            column = places.get(label)
            if column is not None:
                rows.append(row)
                columns.append(column)
    flat = np.asarray(rows, dtype=np.int64) * len(places) + np.asarray(columns, dtype=np.int64)
    counts = np.bincount(flat, minlength=n_rows * len(places))
    return counts.reshape(n_rows, len(places)).astype(np.int32)
