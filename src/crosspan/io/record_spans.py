"""Spans and places in records, from values that may be anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosspan.core.errors import SpanError
from crosspan.core.shown import shown
from crosspan.core.spans import SCORE_HINT, is_score
from crosspan.core.tag_forms import without_invisible
from crosspan.core.types import Span
from crosspan.io.record_shapes import END_KEYS, LABEL_KEYS, START_KEYS, first, is_list

_LAST_PLACE = 2**31 - 1


def is_place(value: Any) -> bool:
    """Whether it is a whole number that some text is long enough for."""
    return type(value) is int and -_LAST_PLACE <= value <= _LAST_PLACE


def place_under(item: Mapping[str, Any], keys: Sequence[str]) -> int:
    """The whole number under the first of some keys that is there.

    Args:
        item: A span or token.
        keys: The keys.

    Raises:
        SpanError: There is none.

    Example:
        >>> place_under({"begin": 3}, ["start", "begin"])
        3
    """
    value = first(item, keys)
    if not is_place(value):
        raise SpanError(f"{shown(dict(item))} has no whole number under {keys[0]!r}", hint=_SPAN_HINT)
    return int(value)


_SPAN_HINT = 'Write spans as [start, end, "LABEL"] or {"start": 0, "end": 2, "label": "LABEL"}.'


def spans_under(record: Mapping[str, Any], key: str, names: Mapping[int, str]) -> list[Span]:
    """The spans of a record, in whatever unit they count.

    Args:
        record: In our shape.
        key: Where they stand.
        names: What labels that are numbers stand for.
    """
    items = record[key]
    if not is_list(items):
        raise SpanError("the spans are not a list", hint=_SPAN_HINT)
    return [_span(item, names) for item in items]


def _span(item: Any, names: Mapping[int, str]) -> Span:
    score = None
    if isinstance(item, Mapping):
        start = place_under(item, START_KEYS)
        length = item.get("length")
        end = start + length if first(item, END_KEYS) is None and type(length) is int else place_under(item, END_KEYS)
        label, score = first(item, LABEL_KEYS), item.get("score", item.get("Score"))
        score = first_score(item) if score is None else score
        if is_list(label) and len(label) == 1:
            label = label[0]
    elif is_list(item) and len(item) in (3, 4) and isinstance(item[0], str) and type(item[1]) is int:
        label, start, end = item[:3]  # as Argilla has it
        score = item[3] if len(item) == 4 else None
    elif is_list(item) and len(item) == 3:
        start, end, label = item
    else:
        raise SpanError(f"{shown(item)} is not a span", hint=_SPAN_HINT)
    if type(label) is int:
        label = names.get(label, label)
    return span_of(item, start, end, label, score)


def first_score(item: Mapping[str, Any]) -> float | None:
    """The confidence that tools give a span under another name than ``score``, where it is one.

    Example:
        >>> first_score({"confidence": 0.5}), first_score({"confidence": "high"})
        (0.5, None)
    """
    return next((item[key] for key in ("confidence", "probability", "prob") if is_score(item.get(key))), None)


def span_of(item: Any, start: Any, end: Any, label: Any, score: Any = None) -> Span:
    """A span of values that may be anything.

    Args:
        item: What they were found in, for the error.
        start: Where it begins.
        end: Where it ends.
        label: Its label.
        score: Its score.

    Raises:
        SpanError: They make no span.

    Example:
        >>> span_of({"start": 0}, 0, 1, "PER", "high")
        Traceback (most recent call last):
        ...
        crosspan.core.errors.SpanError: {'start': 0} has the score 'high'. Write a number from 0 to 1, or leave it out.
    """
    if type(label) is int:
        raise SpanError(
            f"{shown(item)} has the number {label} for a label",
            hint=f"Say what the numbers stand for, e.g. --tag-names {label}=PER,{label + 1}=LOC, or name the file of "
            "labels that the tool exports: --tag-names labels.json.",
        )
    if not is_place(start) or not is_place(end) or not isinstance(label, str):
        raise SpanError(f"{shown(item)} is not a span", hint=_SPAN_HINT)
    if isinstance(score, str):
        score = _number(score)
    if score is not None and not is_score(score):
        raise SpanError(f"{shown(item)} has the score {shown(score)}", hint=SCORE_HINT)
    return Span(start, end, without_invisible(label), score)


def _number(text: str) -> float | str:
    """The number that a string holds, or the string."""
    try:
        return float(text)
    except ValueError:
        return text
