"""Prodigy: tasks as lines of JSON for ``ner.manual`` and ``ner.correct``, and what ``db-out`` writes.

Tokens are given with the sentence, as Prodigy's own tokeniser need not know the language; ``token_end`` is the last
token of a span, not the one after it. Keys that Prodigy does not know it keeps. See https://prodi.gy/docs/api-interfaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, open_output
from crosspan.io.jsonl import put_records
from crosspan.io.places import written
from crosspan.review.decisions import Verdict
from crosspan.review.drawing import Shown
from crosspan.review.tools.tool import (
    Returned,
    ReviewTool,
    ToolOptions,
    described,
    export_records,
    marks_for,
    marks_in,
    moment,
    source_of,
)

_ANSWERS: dict[str, Verdict] = {"accept": "done", "reject": "reject", "ignore": "skip"}


class Prodigy(ReviewTool):
    """The tool ``prodigy``."""

    name = "prodigy"
    title = "Prodigy"

    def write(self, path: PathLike, shown: Sequence[Shown], how: ToolOptions) -> None:
        """Write a task a line."""
        with open_output(path) as stream:
            put_records(stream, map(task_record, shown))

    def read(self, path: PathLike, how: ToolOptions) -> Iterator[Returned]:
        """Yield each answer; a task without one was not looked at."""
        for where, _, record in export_records(path, self.title):
            yield Returned(where=where, fault=str(record)) if isinstance(record, FormatError) else _of(record, where)


def task_record(shown: Shown) -> dict[str, Any]:
    """What Prodigy loads of a sentence.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> from crosspan.review.tasks import Task
        >>> task = Task(index=0, id="a", sentence=Sentence(("in", "Cape", "Town"), (Span(1, 3, "LOC"),)))
        >>> task_record(Shown(task))["spans"]
        [{'start': 3, 'end': 12, 'label': 'LOC', 'token_start': 1, 'token_end': 2}]
    """
    task = shown.task
    text, offsets = written(task.sentence)
    tokens = [
        {"text": text[start:end], "start": start, "end": end, "id": number, "ws": text[end : end + 1].isspace()}
        for number, (start, end) in enumerate(offsets)
    ]
    spans = [
        {**place.to_dict(), "token_start": span.start, "token_end": span.end - 1}
        for span, place in zip(task.sentence.spans, task.spans, strict=True)
    ]
    record: dict[str, Any] = {"text": text, "tokens": tokens, "spans": spans, **marks_for(shown)}
    meta: dict[str, Any] = {}
    source = source_of(task)
    if source is not None:
        meta |= described(*source)
    if task.confidence is not None:
        meta["confidence"] = round(task.confidence, 4)
    return {**record, "meta": meta} if meta else record


def _of(record: Mapping[str, Any], where: str) -> Returned:
    text, spans, answer = record.get("text"), record.get("spans"), record.get("answer")
    fault = None
    if not isinstance(text, str):
        fault = "the record has no text"
    elif spans is not None and not isinstance(spans, list):
        fault = "the spans are not a list"
    elif answer is not None and answer not in _ANSWERS:
        fault = f"the answer is {answer!r}, not accept, reject or ignore"
    who = record.get("_annotator_id") or record.get("_session_id")
    return Returned(
        where=where,
        marks=marks_in(record, record.get("meta")),
        text=text if isinstance(text, str) else None,
        items=spans if isinstance(spans, list) else (),
        verdict=None if answer is None else _ANSWERS.get(answer),
        who=who if isinstance(who, str) else "",
        when=moment(record.get("_timestamp")),
        fault=fault,
    )
