"""A sentence as the page shows it, and the file in which the sentences wait."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from crosspan.core.json_text import parse_json
from crosspan.core.locks import Lock
from crosspan.core.types import Projection, Sentence
from crosspan.io.places import Offsets, written
from crosspan.io.python import sentence_from_text
from crosspan.report.items import Item
from crosspan.report.records import Names, record_of_item, safe_json, side_record
from crosspan.review.tasks import Task


def record_of_task(task: Task, labels: Names, reasons: Names) -> dict[str, Any]:
    """A sentence for the page.

    Args:
        task: The sentence.
        labels: Gives labels their numbers.
        reasons: Gives reasons why spans were dropped theirs.

    Returns:
        What :func:`crosspan.report.records.record_of_item` says of it, under the name that the task has, with ``h``,
        the hash of the text, ``b``, the spans that it came with, and ``f``, whether it has a source. Each of the spans
        is ``[label, start, end, confidence or null]``, in code points of the text.

    Example:
        >>> from crosspan.core.types import Span
        >>> task = Task(index=0, id="a", sentence=Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.7),)))
        >>> record = record_of_task(task, Names(), Names())
        >>> record["t"], record["b"]
        ({'w': ['in', 'Accra']}, [[0, 3, 8, 0.7]])
    """
    projection = task.projection or Projection(task.sentence)
    item = Item(task.index, task.source or Sentence(()), projection, task.alignment)
    record = record_of_item(item, labels, reasons)
    record["id"] = task.id
    record["t"] = side_record(_placed(task.sentence))
    record["h"] = task.hash
    record["f"] = task.source is not None
    record["b"] = [[labels.number(span.label), span.start, span.end, span.score] for span in task.spans]
    return record


def _placed(sentence: Sentence) -> Sentence:
    """A sentence whose record holds its text, where it has one: as its words, or, if they are not in it, as others."""
    if sentence.text is None or sentence.offsets is not None:
        return sentence
    text, offsets = written(sentence)
    if offsets:
        return replace(sentence, offsets=offsets)
    return sentence_from_text(text, lang=sentence.lang)


def text_of_side(side: Mapping[str, Any]) -> tuple[str, Offsets]:
    """The text that a record of a side stands for, and where its words are in it, in code points.

    Args:
        side: What :func:`crosspan.report.records.side_record` made.

    Example:
        >>> text_of_side({"w": ["Hi", "!"], "x": [1, ""]})
        ('Hi!', ((0, 2), (2, 3)))
    """
    flat = side.get("x", [])
    gaps = dict(zip(flat[::2], flat[1::2], strict=True))
    text, offsets = "", []
    for place, word in enumerate(side["w"]):
        text += gaps.get(place, " " if place else "")
        offsets.append((len(text), len(text) + len(word)))
        text += word
    return text + gaps.get(len(side["w"]), ""), tuple(offsets)


class RecordSpool:
    """Records in a temporary file, each found by its number, so that a corpus of any size can wait.

    Example:
        >>> with RecordSpool() as spool:
        ...     spool.add({"i": 1})
        ...     spool[0], len(spool)
        ({'i': 1}, 1)
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="crosspan-")  # noqa: SIM115  # closed by __exit__
        self._ends = [0]
        self._lock = Lock()

    def __enter__(self) -> RecordSpool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, record: Mapping[str, Any]) -> None:
        """Put a record behind the others; all are added before the first is looked at."""
        self._file.write(raw := safe_json(record).encode("utf-8"))
        self._ends.append(self._ends[-1] + len(raw))

    def __getitem__(self, number: int) -> dict[str, Any]:
        start, end = self._ends[number], self._ends[number + 1]
        with self._lock:
            self._file.seek(start)
            raw = self._file.read(end - start)
        record: dict[str, Any] = parse_json(raw)
        return record
