"""What a projection method found, and the way from there to projections.

A method answers with a :class:`SpanResult` (one row a source span), and :func:`assemble` turns that into
:class:`~crosspan.core.types.Projection` objects. What must hold of every projection is checked here, whatever the
method that made it.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from crosspan.core.types import DroppedSpan, Pair, ProjectedSpan, Projection, Sentence, Span
from crosspan.project.batch import Float64Array, Int8Array, Int32Array, Int64Array, PairBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Reason(IntEnum):
    """What became of a source span, as a number for compiled code.

    ``FILTERED + i`` stands for the ``i``-th name in the ``filters`` given to :func:`assemble`.

    Example:
        >>> Reason.OVERLAP.text
        'overlap'
    """

    PROJECTED = 0
    NO_LINK = 1
    BELOW_THRESHOLD = 2
    OVERLAP = 3
    ERROR = 4
    PUNCTUATION = 5
    FILTERED = 16

    @property
    def text(self) -> str:
        """The reason as :class:`~crosspan.core.types.DroppedSpan` spells it."""
        return _REASON_TEXT[self]


_REASON_TEXT = {
    Reason.PROJECTED: "projected",
    Reason.NO_LINK: "no_link",
    Reason.BELOW_THRESHOLD: "below_threshold",
    Reason.OVERLAP: "overlap",
    Reason.ERROR: "error",
    Reason.PUNCTUATION: "filtered:punctuation",
    Reason.FILTERED: "filtered",
}


@dataclass(frozen=True, slots=True, eq=False)
class SpanResult:
    """What a method found, one row for each source span of a batch.

    Args:
        start: First target token, or -1 where the span is dropped; int32 ``[m]``.
        end: One past the last target token, or -1; int32 ``[m]``.
        reason: :class:`Reason` codes, ``PROJECTED`` exactly where ``start`` is not -1; int8 ``[m]``.
        confidence: In [0, 1] for projected spans; float64 ``[m]``.
    """

    start: Int32Array
    end: Int32Array
    reason: Int8Array
    confidence: Float64Array


@dataclass(frozen=True, slots=True, eq=False)
class MoreRanges:
    """Further target ranges of spans that have one already, where an entity may be projected several times.

    Args:
        span: Index of the source span in the batch, int64 ``[k]``.
        start: First target token, int32 ``[k]``.
        end: One past the last target token, int32 ``[k]``.
        confidence: In [0, 1], float64 ``[k]``.
    """

    span: Int64Array
    start: Int32Array
    end: Int32Array
    confidence: Float64Array


def assemble(
    batch: PairBatch,
    pairs: Sequence[Pair],
    result: SpanResult,
    *,
    more: MoreRanges | None = None,
    filters: Sequence[str] = (),
) -> list[Projection]:
    """Turn the rows of a method into projections, and check what must hold of them.

    Every source span ends up in ``links`` or in ``dropped``, and target spans of a sentence never overlap. A
    sentence for which a method breaks this (a range outside the sentence, an overlap, a confidence outside [0, 1])
    becomes an error sentence that says so; nothing is repaired silently.

    Args:
        batch: The batch that the method worked on.
        pairs: The pairs that the batch was built from.
        result: One row a source span.
        more: Further ranges, where a span may have several.
        filters: Names for the reason codes from ``Reason.FILTERED`` upwards.

    Returns:
        One projection a pair, in order. Labels that the target sentences came with are replaced.

    Raises:
        ValueError: ``pairs`` or ``result`` do not have the size of the batch.

    Example:
        >>> from crosspan.core.types import Alignment
        >>> pair = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("Accra", "mu")))
        >>> batch = PairBatch.build([pair], [Alignment.from_pharaoh("1-0")])
        >>> row = SpanResult(np.array([0], np.int32), np.array([1], np.int32), np.zeros(1, np.int8), np.array([0.9]))
        >>> assemble(batch, [pair], row)[0].sentence.tags()
        ['B-LOC', 'O']
    """
    if len(pairs) != len(batch):
        raise ValueError(f"{len(pairs)} pairs for a batch of {len(batch)}")
    sizes = {len(result.start), len(result.end), len(result.reason), len(result.confidence)}
    if sizes != {batch.n_spans}:
        raise ValueError(f"a result with {sorted(sizes)} rows for a batch of {batch.n_spans} source spans")
    errors = {**_faults(batch, result, more, len(filters)), **batch.errors}
    extra: dict[int, list[tuple[int, int, float]]] = {}
    if more is not None:
        rows = zip(more.span.tolist(), more.start.tolist(), more.end.tolist(), more.confidence.tolist(), strict=True)
        for span, start, end, confidence in rows:
            extra.setdefault(span, []).append((start, end, confidence))
    names = {int(reason): reason.text for reason in Reason}
    names.update({Reason.FILTERED + index: f"filtered:{name}" for index, name in enumerate(filters)})

    with _without_garbage_collection():
        return _projections(batch, pairs, result, extra, errors, names)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the search for cycles: among many small objects that have none it would take half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _projections(
    batch: PairBatch,
    pairs: Sequence[Pair],
    result: SpanResult,
    extra: dict[int, list[tuple[int, int, float]]],
    errors: dict[int, str],
    names: dict[int, str],
) -> list[Projection]:
    starts, ends = result.start.tolist(), result.end.tolist()
    reasons, confidences = result.reason.tolist(), result.confidence.tolist()
    projections: list[Projection] = []
    row = 0
    for index, pair in enumerate(pairs):
        spans = pair.source.spans
        if index in errors:
            dropped = [DroppedSpan(span, Reason.ERROR.text) for span in spans]
            projections.append(Projection(_labelled(pair.target, ()), (), tuple(dropped), errors[index]))
            row += len(spans)
            continue
        links: list[ProjectedSpan] = []
        dropped = []
        for span in spans:
            if starts[row] < 0:
                dropped.append(DroppedSpan(span, names[reasons[row]]))
            else:
                links.append(_project(span, starts[row], ends[row], confidences[row]))
                if row in extra:
                    links.extend(_project(span, *again) for again in extra[row])
            row += 1
        sentence = _labelled(pair.target, tuple([link.target for link in links]))
        projections.append(Projection(sentence, tuple(links), tuple(dropped)))
    return projections


def _project(span: Span, start: int, end: int, confidence: float) -> ProjectedSpan:
    return ProjectedSpan(span, Span(start, end, span.label, confidence), confidence)


def _labelled(target: Sentence, spans: tuple[Span, ...]) -> Sentence:
    """The target sentence with these spans and no others."""
    if not spans and not target.spans:
        return target
    return Sentence(target.tokens, spans, target.id, target.lang, target.text, target.offsets)


def _faults(batch: PairBatch, result: SpanResult, more: MoreRanges | None, n_filters: int) -> dict[int, str]:
    """Sentences for which a result breaks the rules, with what is wrong; found for the whole batch at once."""
    faults: dict[int, str] = {}
    sentence = batch.span_sentence
    reason = result.reason
    projected = result.start >= 0
    known = np.isin(reason, np.array([int(r) for r in Reason if r != Reason.FILTERED], np.int8))
    known |= (reason >= Reason.FILTERED) & (reason < Reason.FILTERED + n_filters)
    odd = ~known | (projected != (reason == Reason.PROJECTED))
    for row in np.flatnonzero(odd)[::-1]:
        faults[int(sentence[row])] = (
            f"the projector gave reason {reason[row]} for a span with start {result.start[row]}"
        )

    span = np.flatnonzero(projected)
    start, end, confidence = result.start[span], result.end[span], result.confidence[span]
    if more is not None:
        unowned = np.flatnonzero(~projected[more.span])
        for row in unowned[::-1]:
            faults[int(sentence[more.span[row]])] = "the projector gave a further range for a span that it dropped"
        span = np.concatenate([span, more.span])
        start, end = np.concatenate([start, more.start]), np.concatenate([end, more.end])
        confidence = np.concatenate([confidence, more.confidence])
    owner = sentence[span]
    order = np.lexsort((start, owner))
    owner, start, end, confidence = owner[order], start[order], end[order], confidence[order]

    wrong = ~((confidence >= 0.0) & (confidence <= 1.0))  # true for NaN as well
    for row in np.flatnonzero(wrong)[::-1]:
        faults[int(owner[row])] = f"the projector gave a confidence of {confidence[row]}, outside [0, 1]"
    overlap = (owner[1:] == owner[:-1]) & (start[1:] < end[:-1])
    for row in np.flatnonzero(overlap)[::-1]:
        faults[int(owner[row])] = (
            f"the projected spans [{start[row]}, {end[row]}) and [{start[row + 1]}, {end[row + 1]}) overlap"
        )
    outside = (start < 0) | (end <= start) | (end > batch.n_target[owner])
    for row in np.flatnonzero(outside)[::-1]:
        faults[int(owner[row])] = (
            f"the projected span [{start[row]}, {end[row]}) is not inside {batch.n_target[owner[row]]} target tokens"
        )
    return faults
