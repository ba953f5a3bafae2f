"""Records of what was not projected, for people and for pages: each span with its words and the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crosspan.core.types import Projection, Sentence
from crosspan.project.filters import is_filtered


def dropped_records(
    index: int, source: Sentence, projection: Projection, *, where: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a record of each source span that was not projected, and first one of what is wrong with the sentence.

    Args:
        index: Place of the sentence in the corpus, from 0.
        source: The source sentence.
        projection: What became of it.
        where: ``file:line`` of the sentence.

    Example:
        >>> from crosspan.core.types import DroppedSpan, Span
        >>> source = Sentence(("Accra",), (Span(0, 1, "LOC"),), id="s1")
        >>> projection = Projection(Sentence(("huko",)), (), (DroppedSpan(source.spans[0], "no_link"),))
        >>> list(dropped_records(0, source, projection))
        [{'index': 0, 'id': 's1', 'label': 'LOC', 'text': 'Accra', 'start': 0, 'end': 1, 'reason': 'no_link'}]
    """
    head: dict[str, Any] = {"index": index}
    if source.id is not None or projection.sentence.id is not None:
        head["id"] = source.id if source.id is not None else projection.sentence.id
    if where is not None:
        head["where"] = where
    if projection.error is not None:
        reason = projection.error.partition(": ")[0] if is_filtered(projection) else "error"
        yield {**head, "reason": reason, "error": projection.error}
    for span in projection.lost:
        at = span.source
        yield {
            **head,
            "label": at.label,
            "text": source.text_of(at),
            "start": at.start,
            "end": at.end,
            "reason": span.reason,
        }
