"""What the page sends, read and checked: it may be anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from crosspan.core.errors import FormatError
from crosspan.core.types import Span
from crosspan.review.decisions import DRAWN, VERDICTS, Drawn, Verdict

_MOST_SECONDS = 86_400.0
_HINT = "Load the page again."


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswer:
    """What the page says of a sentence.

    Args:
        index: The sentence.
        hash: Of the text that was looked at.
        version: Of the decision that was there then, see :meth:`crosspan.review.desk.desk.Desk.shown`.
        verdict: What was decided.
        after: The spans ``(start, end, label)``, in code points.
        seconds: How long it took.
        drawn: Why the sentence came up; ``None`` where it was looked for.
    """

    index: int
    hash: str
    version: str
    verdict: Verdict
    after: tuple[Span, ...]
    seconds: float | None
    drawn: Drawn | None


def answer_of(record: Any) -> PageAnswer:
    """Read what the page sends.

    Args:
        record: The values by name.

    Raises:
        FormatError: It is something else.
        SpanError: A span is empty.

    Example:
        >>> answer_of({"index": 0, "hash": "", "version": "", "verdict": "done", "after": [[0, 3, "PER"]]}).after
        (Span(start=0, end=3, label='PER', score=None),)
    """
    values = record if isinstance(record, Mapping) else {}
    verdict, drawn, seconds = values.get("verdict"), values.get("drawn"), values.get("seconds")
    fits = (
        type(values.get("index")) is int
        and isinstance(values.get("hash"), str)
        and isinstance(values.get("version"), str)
        and verdict in VERDICTS
        and drawn in (*DRAWN, None)
        and (seconds is None or (type(seconds) in (int, float) and 0 <= seconds <= _MOST_SECONDS))
    )
    if not fits:
        raise FormatError("this is no decision of the page", hint=_HINT)
    return PageAnswer(
        index=values["index"],
        hash=values["hash"],
        version=values["version"],
        verdict=cast(Verdict, verdict),
        after=_spans(values.get("after")),
        seconds=None if seconds is None else round(seconds, 1),
        drawn=cast("Drawn | None", drawn),
    )


def _spans(rows: Any) -> tuple[Span, ...]:
    found = []
    for row in rows if isinstance(rows, Sequence) and not isinstance(rows, str) else [None]:
        if not isinstance(row, Sequence) or len(row) != 3 or type(row[0]) is not int or type(row[1]) is not int:
            raise FormatError("the spans are no list of start, end and label", hint=_HINT)
        found.append(Span(row[0], row[1], row[2]))
    return tuple(found)
