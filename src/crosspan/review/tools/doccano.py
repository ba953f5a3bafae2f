"""doccano: texts with their labels as lines of JSON, and its exports, with names of labels or with their numbers.

doccano's server keeps places as they come, its pages count UTF-16 units. So places are written in those, which is what
a person sees; they differ from code points only behind characters such as emoji. An export can hold both, where one who
imported labels counted otherwise: what each place counts is found out then, and told.

Its exports do not say which sentences somebody looked at. Written after doccano 1.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, open_output
from crosspan.io.format import Unit
from crosspan.io.jsonl import put_records
from crosspan.io.places import PlacesInUnit
from crosspan.io.record_shapes import first
from crosspan.review.drawing import Shown
from crosspan.review.tools.tool import (
    Returned,
    ReviewTool,
    ToolOptions,
    described,
    export_records,
    marks_for,
    marks_in,
    source_of,
)

_ALL_USERS = ("all", "unknown")
"""What doccano calls the file of nobody in particular."""


class Doccano(ReviewTool):
    """The tool ``doccano``."""

    name = title = "doccano"
    unit = "utf16"
    says_who_looked = False

    def write(self, path: PathLike, shown: Sequence[Shown], how: ToolOptions) -> None:
        """Write a text a line, for the import as JSONL."""
        unit = how.offsets or self.unit
        with open_output(path) as stream:
            put_records(stream, (text_record(one, unit) for one in shown))

    def read(self, path: PathLike, how: ToolOptions) -> Iterator[Returned]:
        """Yield each text; in an archive, with the name of the person whose file it stands in."""
        for where, stem, record in export_records(path, self.title):
            if isinstance(record, FormatError):
                yield Returned(where=where, fault=str(record))
            else:
                who = stem if "/" in where and stem not in _ALL_USERS else ""
                yield _of(record, where, how, who)


def text_record(shown: Shown, unit: Unit) -> dict[str, Any]:
    """What doccano imports of a sentence.

    Args:
        shown: The sentence.
        unit: What places count.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> from crosspan.review.tasks import Task
        >>> task = Task(index=0, id="a", sentence=Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)))
        >>> text_record(Shown(task), "utf16")["label"]
        [[3, 8, 'LOC']]
    """
    task = shown.task
    place = PlacesInUnit(task.text, unit)
    record: dict[str, Any] = {"text": task.text}
    record["label"] = [[place.of(one.start), place.of(one.end), one.label] for one in task.spans]
    record |= marks_for(shown)
    source = source_of(task)
    if source is not None:
        record |= described(*source)
    scores = [one.score for one in task.spans]
    if any(score is not None for score in scores):
        record["scores"] = [None if score is None else round(score, 4) for score in scores]
    return record


def _of(record: Mapping[str, Any], where: str, how: ToolOptions, who: str) -> Returned:
    text = first(record, ("text", "data"))
    items = first(record, ("entities", "label", "labels"))
    fault = None
    if not isinstance(text, str):
        fault = "the record has no text"
    elif not isinstance(items, list):
        fault = "the record has no list of labels, not even an empty one"
    return Returned(
        where=where,
        marks=marks_in(record, record.get("meta")),
        text=text if isinstance(text, str) else None,
        items=items if isinstance(items, list) else (),
        unit=how.offsets,
        sure=False,
        who=who or (record["annotator"] if isinstance(record.get("annotator"), str) else ""),
        fault=fault,
    )
