"""Label Studio: tasks with predictions, the settings of the labelling page, and its exports JSON and JSON_MIN.

A task carries our names beside the text under keys of their own: an export as JSON_MIN overwrites ``id``. The source
stands above the sentence with its spans, which are labelled by a control of their own (:data:`SOURCE_CONTROL`), so that
what is done to them is told from what is done to the sentence.

Written after Label Studio 1.23; predictions are described at https://labelstud.io/guide/predictions.
"""

from __future__ import annotations

import colorsys
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import quoteattr

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike, open_output
from crosspan.core.shown import shown as in_short
from crosspan.core.types import Span
from crosspan.io.record_shapes import is_list
from crosspan.report.colours import hues
from crosspan.review.drawing import Shown
from crosspan.review.tools.tool import (
    Returned,
    ReviewTool,
    ToolOptions,
    duration,
    export_records,
    labels_of,
    marks_for,
    marks_in,
    moment,
    source_of,
)

CONTROL, TEXT = "label", "text"
"""What the control of the labels and the text are called on the page."""
SOURCE_CONTROL, SOURCE = "source_label", "source"
DATA = {TEXT: TEXT, SOURCE: "crosspan_source"}
"""Under which keys of a task the two texts stand: the page shows its own record of the task under ``source``."""
_HOTKEYS = 9
MODEL = "crosspan"


class LabelStudio(ReviewTool):
    """The tool ``label-studio``."""

    name = "label-studio"
    title = "Label Studio"

    def write(self, path: PathLike, shown: Sequence[Shown], how: ToolOptions) -> None:
        """Write tasks with predictions as JSON, and the settings of the page where ``how.config`` says so."""
        if how.config is not None:
            with open_output(how.config) as stream:
                stream.write(page_settings(shown, how.labels))
        with open_output(path) as stream:
            stream.write("[")
            for number, one in enumerate(shown):
                stream.write(",\n" if number else "\n")
                stream.write(json.dumps(task_record(one), ensure_ascii=False, allow_nan=False))
            stream.write("\n]\n")

    def read(self, path: PathLike, how: ToolOptions) -> Iterator[Returned]:
        """Yield each annotation of each task; a task that nobody annotated has no verdict."""
        for where, _, record in export_records(path, self.title):
            if isinstance(record, FormatError):
                yield Returned(where=where, fault=str(record))
            elif isinstance(record.get("data"), Mapping):
                yield from _of_task(record, where)
            else:
                yield _of_flat(record, where)


def task_record(shown: Shown) -> dict[str, Any]:
    """What Label Studio imports of a sentence.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> from crosspan.review.tasks import Task
        >>> task = Task(index=0, id="a", sentence=Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.75),)))
        >>> task_record(Shown(task))["predictions"][0]["result"][0]["value"]
        {'start': 3, 'end': 8, 'text': 'Accra', 'labels': ['LOC']}
    """
    task = shown.task
    data: dict[str, Any] = {DATA[TEXT]: task.text, **marks_for(shown)}
    result = _results(task.text, task.spans, CONTROL, TEXT)
    source = source_of(task)
    if source is not None:
        data[DATA[SOURCE]] = source[0]
        result += _results(*source, SOURCE_CONTROL, SOURCE)
    prediction: dict[str, Any] = {"model_version": MODEL, "result": result}
    if task.confidence is not None:
        prediction["score"] = round(task.confidence, 4)
    return {"data": data, "predictions": [prediction]}


def _results(text: str, spans: Sequence[Span], control: str, of: str) -> list[dict[str, Any]]:
    found = []
    for number, span in enumerate(spans):
        value = {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
        one: dict[str, Any] = {"id": f"{of}{number}", "from_name": control, "to_name": of, "type": "labels"}
        one["value"] = value
        if span.score is not None:
            one["score"] = round(span.score, 4)
        found.append(one)
    return found


def page_settings(shown: Sequence[Shown], more: Sequence[str] = ()) -> str:
    """The settings of the labelling page (its *labeling interface*), as XML.

    Args:
        shown: What is shown.
        more: Labels that can be given besides those that there are.

    Raises:
        OptionError: There is no label.

    Example:
        >>> print(page_settings([], ["LOC"]).splitlines()[3].strip())
        <Label value="LOC" background="#2e9461" hotkey="1"/>
    """
    with_source = any(one.task.source is not None for one in shown)
    names = labels_of(shown, more)
    if not names:
        raise OptionError(
            "there is no label that could be given", hint="Name some: --labels PER,LOC, besides those of the sentences."
        )
    source_names = sorted({span.label for one in shown if one.task.source for span in one.task.source.spans})
    colours = {name: _colour(hue) for name, hue in hues([*names, *source_names]).items()}
    lines = ["<View>"]
    if with_source:
        lines += _control(SOURCE_CONTROL, SOURCE, source_names, colours)
    lines += _control(CONTROL, TEXT, names, colours)
    return "\n".join([*lines, "</View>", ""])


def _control(control: str, of: str, names: Sequence[str], colours: Mapping[str, str]) -> list[str]:
    lines = [f'  <Header value="{"Source" if of == SOURCE else "Sentence"}"/>']
    if names:
        lines += [
            f'  <Labels name="{control}" toName="{of}">',
            *(
                f"    <Label value={quoteattr(name)} background={quoteattr(colours[name])}{_hotkey(of, number)}/>"
                for number, name in enumerate(names, 1)
            ),
            "  </Labels>",
        ]
    return [*lines, f'  <Text name="{of}" value="${DATA[of]}" granularity="symbol"/>']


def _hotkey(of: str, number: int) -> str:
    """The keys of digits are for the labels of the sentence; those of the source get others by themselves."""
    return f' hotkey="{number}"' if of == TEXT and number <= _HOTKEYS else ""


def _colour(hue: int) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue / 360, 0.38, 0.53)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _of_task(record: Mapping[str, Any], where: str) -> Iterator[Returned]:
    data = record["data"]
    marks = marks_in(data, record.get("meta"))
    text = data.get(TEXT)
    about = Returned(where=where, marks=marks, text=text if isinstance(text, str) else None, verdict=None)
    rounds = record.get("annotations")
    given = [one for one in rounds if isinstance(one, Mapping)] if isinstance(rounds, list) else []
    if not given:
        yield about
    for one in sorted(given, key=lambda one: str(one.get("updated_at") or one.get("created_at") or "")):
        done = replace(
            about,
            who=_person(one.get("completed_by")),
            when=moment(one.get("updated_at") or one.get("created_at")),
            seconds=duration(one.get("lead_time")),
        )
        results = one.get("result")
        if one.get("was_cancelled"):
            yield replace(done, verdict="skip")
        elif not isinstance(results, list):
            yield replace(done, fault=f"the result of an annotation is {in_short(results)}, not a list")
        else:
            yield replace(done, verdict="done", items=[*_values(results)])


def _values(results: Sequence[Any]) -> Iterator[Any]:
    """The spans among the results of an annotation: those of the sentence, not of its source.

    Relations and choices are none. Marks of another kind, such as those of HTML, are, and will be refused: who passed
    over them would take what somebody marked for deleted.
    """
    for one in results:
        value = one.get("value") if isinstance(one, Mapping) else None
        if isinstance(value, Mapping) and "start" in value and one.get("from_name") != SOURCE_CONTROL:
            yield value


def _of_flat(record: Mapping[str, Any], where: str) -> Returned:
    """A record of JSON_MIN, in which the data of a task and what was annotated stand side by side."""
    text = record.get(TEXT)
    if "annotation_id" not in record and not isinstance(text, str):
        return Returned(where=where, fault="the record is none of Label Studio's exports JSON and JSON_MIN")
    items = [
        item
        for key, value in record.items()
        if key != SOURCE_CONTROL and is_list(value)
        for item in value
        if isinstance(item, Mapping) and "start" in item
    ]
    return Returned(
        where=where,
        marks=marks_in(record),
        text=text if isinstance(text, str) else None,
        items=items,
        verdict="done" if record.get("annotation_id") is not None else None,
        who=_person(record.get("annotator")),
        when=moment(record.get("updated_at") or record.get("created_at")),
        seconds=duration(record.get("lead_time")),
    )


def _person(value: object) -> str:
    """The name of an annotator: Label Studio tells a number, or what it knows of the person."""
    if isinstance(value, Mapping):
        value = value.get("email") or value.get("username") or value.get("id")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
