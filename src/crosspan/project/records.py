"""Projections as plain records and files: spans with their score and source, dropped spans with their reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any, Literal

from crosspan import io
from crosspan.errors import MissingDependencyError, OptionError
from crosspan.io.files import PathLike, open_output
from crosspan.io.records import record_of
from crosspan.types import Projection, Sentence, Span

OutputFormat = Literal["auto", "conll", "jsonl", "parquet"]
OUTPUT_FORMATS: tuple[OutputFormat, ...] = ("auto", "conll", "jsonl", "parquet")
"""Formats that keep labels, and ``auto``: by the ending of the name."""


def find_output_format(path: PathLike, format: OutputFormat = "auto") -> Literal["conll", "jsonl", "parquet"]:  # noqa: A002
    """Tell the format to write, before any work is done.

    Args:
        path: The file; ``-`` is standard output.
        format: The format asked for.

    Raises:
        OptionError: The name does not tell a format, or the format cannot keep labels or be written there.
        MissingDependencyError: Parquet needs ``pyarrow``, which is not installed.

    Example:
        >>> find_output_format("out.jsonl.gz"), find_output_format("-")
        ('jsonl', 'conll')
    """
    found = format if format != "auto" else "conll" if path == "-" else io.format_by_name(path)
    if found not in OUTPUT_FORMATS:
        raise OptionError(
            f"the name {str(path)!r} does not tell a format that keeps labels",
            hint="End it in .conll, .jsonl or .parquet, or name the format.",
        )
    if found == "parquet" and path == "-":
        raise OptionError("Parquet cannot be written to standard output", hint="Name a file.")
    if found == "parquet" and find_spec("pyarrow") is None:
        raise MissingDependencyError(
            "Parquet needs the package pyarrow", hint="Install it with: pip install 'crosspan[parquet]'."
        )
    return found


def write_projections(
    path: PathLike,
    projections: Iterable[Projection],
    *,
    format: OutputFormat = "auto",  # noqa: A002
) -> int:
    """Write labelled target sentences, all or nothing.

    Args:
        path: The file; ``-`` is standard output.
        projections: What to write, without error sentences; they may be produced while writing.
        format: ``"conll"``, ``"jsonl"``, ``"parquet"``, or ``"auto"``. In JSONL each span has its confidence and its
            source span.

    Returns:
        The number of sentences written.

    Raises:
        OptionError: See :func:`find_output_format`.
        OutputError: The file cannot be written.
    """
    found = find_output_format(path, format)
    if found != "jsonl":
        return io.write(path, (projection.sentence for projection in projections), format=found)
    count = 0
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open_output(path) as stream:
        for projection in projections:
            stream.write(encode(projection_record(projection)) + "\n")
            count += 1
    return count


def projection_record(projection: Projection) -> dict[str, Any]:
    """The labelled sentence as a record; each span has its confidence and the source span it comes from.

    Example:
        >>> from crosspan.types import ProjectedSpan
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection_record(Projection(Sentence(("Accra",), (link.target,)), (link,)))["spans"]
        [{'start': 0, 'end': 1, 'label': 'LOC', 'score': 0.9, 'source': {'start': 2, 'end': 3}}]
    """
    record = record_of(projection.sentence)
    sources = {link.target: link.source for link in projection.links}
    for item, span in zip(record["spans"], projection.sentence.spans, strict=True):
        if span.score is not None:
            item["score"] = round(span.score, 4)
        item["source"] = {"start": sources[span].start, "end": sources[span].end}
    return record


def span_text(sentence: Sentence, span: Span) -> str:
    """The words of a span as written, or with blanks between them where the text is not known.

    Example:
        >>> span_text(Sentence(("New", "York")), Span(0, 2, "LOC"))
        'New York'
    """
    if sentence.text is None or sentence.offsets is None:
        return " ".join(sentence.tokens[span.start : span.end])
    return sentence.text[sentence.offsets[span.start][0] : sentence.offsets[span.end - 1][1]]


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
        >>> from crosspan.types import DroppedSpan
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
        yield {**head, "reason": "error", "error": projection.error}
    for span in projection.dropped:
        at = span.source
        yield {
            **head,
            "label": at.label,
            "text": span_text(source, at),
            "start": at.start,
            "end": at.end,
            "reason": span.reason,
        }
