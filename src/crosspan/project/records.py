"""Projections as plain records and files: spans with their score and source, dropped spans with their reason.

JSONL keeps all of a projection, so that a tagger can be trained from the file as it could from memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Literal

from crosspan import io
from crosspan.core.errors import CrosspanError, FormatError, MissingDependencyError, OptionError, SpanError, TagError
from crosspan.core.files import PathLike, name_of, open_output, read_blocks
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io.jsonl import iter_records
from crosspan.io.records import record_of, sentence_of
from crosspan.io.rejects import Reject
from crosspan.project.filters import is_filtered

OutputFormat = Literal["auto", "conll", "docbin", "jsonl", "parquet"]
OUTPUT_FORMATS: tuple[OutputFormat, ...] = ("auto", "conll", "docbin", "jsonl", "parquet")
"""Formats that keep labels, and ``auto``: by the ending of the name."""


_BINARY = {"parquet": ("Parquet", "pyarrow", "parquet"), "docbin": ("DocBin", "spacy", "spacy")}


def find_output_format(
    path: PathLike,
    format: OutputFormat = "auto",  # noqa: A002
) -> Literal["conll", "docbin", "jsonl", "parquet"]:
    """Tell the format to write, before any work is done.

    Args:
        path: The file; ``-`` is standard output.
        format: The format asked for.

    Raises:
        OptionError: The name does not tell a format, or the format cannot keep labels or be written there.
        MissingDependencyError: The format needs a package that is not installed.

    Example:
        >>> find_output_format("out.jsonl.gz"), find_output_format("-")
        ('jsonl', 'conll')
    """
    found = format if format != "auto" else "conll" if path == "-" else io.format_by_name(path)
    if found not in OUTPUT_FORMATS:
        raise OptionError(
            f"the name {str(path)!r} does not tell a format that keeps labels",
            hint="End it in .conll, .jsonl, .parquet or .spacy, or name the format.",
        )
    if found in _BINARY:
        shown, package, extra = _BINARY[found]
        if path == "-":
            raise OptionError(f"{shown} cannot be written to standard output", hint="Name a file.")
        if find_spec(package) is None:
            raise MissingDependencyError(
                f"{shown} needs the package {package}", hint=f"Install it with: pip install 'crosspan[{extra}]'."
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
        format: ``"conll"``, ``"docbin"``, ``"jsonl"``, ``"parquet"``, or ``"auto"``. JSONL keeps all of a projection;
            see :func:`projection_record`.

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

    Source spans that were not projected stand under ``dropped``; a record that has this key, be the list empty or not,
    is that of a projection. Confidences are rounded to four digits.

    Example:
        >>> from crosspan.core.types import ProjectedSpan
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection_record(Projection(Sentence(("Accra",), (link.target,)), (link,)))["spans"]
        [{'start': 0, 'end': 1, 'label': 'LOC', 'score': 0.9, 'source': {'start': 2, 'end': 3}}]
    """
    record = record_of(projection.sentence)
    sources = {link.target: link.source for link in projection.links}
    for item, span in zip(record["spans"], projection.sentence.spans, strict=True):
        if span.score is not None:
            item["score"] = round(span.score, 4)
        item["source"] = _source_record(sources[span])
    record["dropped"] = [
        {**_source_record(span.source), "label": span.source.label, "reason": span.reason}
        for span in projection.dropped
    ]
    if projection.error is not None:
        record["error"] = projection.error
    return record


def _source_record(span: Span) -> dict[str, Any]:
    record: dict[str, Any] = {"start": span.start, "end": span.end}
    if span.score is not None:
        record["score"] = round(span.score, 4)
    return record


def is_projection(record: Mapping[str, Any]) -> bool:
    """Whether a record was made by :func:`projection_record`.

    Example:
        >>> is_projection({"tokens": ["Accra"], "spans": []})
        False
    """
    return "dropped" in record


def projection_of(record: Mapping[str, Any]) -> Projection:
    """Read a projection from its record; confidences come back as they were rounded.

    Raises:
        FormatError: The record is no sentence, or what it says of its sources cannot be read.
        SpanError: Its spans are wrong, or one has no source.

    Example:
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection = Projection(Sentence(("Accra",), (link.target,)), (link,))
        >>> projection_of(projection_record(projection)) == projection
        True
    """
    sentence, fault = sentence_of(record)
    if fault is not None:
        raise fault
    sources = {(item["start"], item["end"]): item.get("source") for item in record.get("spans") or ()}
    links = []
    for span in sentence.spans:
        source = sources[span.start, span.end]
        if source is None or span.score is None:
            raise SpanError(
                f"span [{span.start}, {span.end}) {span.label} of a projection has no source or no score",
                hint="Write the file again with 'crosspan project'; remove 'dropped' to use it as plain labels.",
            )
        links.append(ProjectedSpan(_source_of(source, span.label), span, span.score))
    try:
        dropped = tuple([DroppedSpan(_source_of(item, item["label"]), item["reason"]) for item in record["dropped"]])
    except (TypeError, KeyError) as error:
        raise FormatError("'dropped' is no list of spans with reasons", hint=_REWRITE) from error
    return Projection(sentence, tuple(links), dropped, record.get("error"))


_REWRITE = "Write the file again with 'crosspan project'."


def _source_of(item: Mapping[str, Any], label: str) -> Span:
    try:
        return Span(item["start"], item["end"], label, item.get("score"))
    except (TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"{item!r} is no source span", hint=_REWRITE) from error


def read_projections(path: PathLike, *, rejects: list[Reject] | None = None) -> Iterator[Projection]:
    """Yield the projections of a JSONL file that :func:`write_projections` wrote, in bounded memory.

    Args:
        path: The file; ``-`` is standard input.
        rejects: A list that takes the lines whose spans are wrong; they become projections with an error. With ``None``
            the first one raises.

    Raises:
        FormatError: A line is no projection; sentences that are merely labelled are read by :func:`crosspan.read`.
        SpanError: The spans of a line are wrong, and ``rejects`` is ``None``.
        EmptyInputError: There is nothing in the file.

    Example:
        >>> import pathlib, tempfile
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection = Projection(Sentence(("Accra",), (link.target,)), (link,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "a.jsonl"
        ...     _ = write_projections(path, [projection])
        ...     list(read_projections(path)) == [projection]
        True
    """
    name = name_of(path)
    for index, (number, record) in enumerate(iter_records(read_blocks(path), name)):
        where = f"{name}:{number}"
        if not is_projection(record):
            raise FormatError(
                "the record has no key 'dropped', so it is no projection",
                where=where,
                hint="Read labelled sentences with crosspan.read.",
            )
        try:
            yield projection_of(record)
        except CrosspanError as error:
            placed = type(error)(error.message, where=where, hint=error.hint)
            if rejects is None or not isinstance(error, SpanError | TagError):
                raise placed from error
            reason = f"{error.message}. {error.hint}" if error.hint else error.message
            rejects.append(Reject(index, where, reason))
            yield Projection(sentence_of(record)[0], error=str(placed))


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
        >>> from crosspan.core.types import DroppedSpan
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
