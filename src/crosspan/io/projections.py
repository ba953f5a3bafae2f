"""A projection as a record: the labelled sentence with the source of each span, dropped spans, and unobserved ones.

A format that keeps such records keeps all of a projection, so that a tagger can be trained from the file as it could
from memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crosspan.core.errors import ArgumentError, CrosspanError, FormatError, SpanError, TagError
from crosspan.core.shown import shown
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io.record_spans import span_of
from crosspan.io.records import sentence_of
from crosspan.io.rejects import Located, Reject


def is_projection(record: Mapping[str, Any]) -> bool:
    """Whether a record was made by :meth:`crosspan.Projection.to_dict`.

    Example:
        >>> is_projection({"tokens": ["Accra"], "spans": []})
        False
    """
    return record.get("dropped") is not None


def failure_of(record: Mapping[str, Any] | None) -> SpanError | None:
    """What is wrong with a sentence that could not be projected: it is unlabelled, not free of entities.

    Args:
        record: The record of a projection, if it is one.

    Example:
        >>> failure_of({"dropped": [], "error": "no links"}).message
        'no labels: no links'
    """
    if record is None or record.get("error") is None:
        return None
    return SpanError(f"no labels: {record['error']}", hint="Label the sentence anew, or leave it out.")


def projection_from_dict(record: Mapping[str, Any]) -> Projection:
    """Read a projection from its record; confidences come back as they were rounded.

    Raises:
        ArgumentError: It is no record.
        FormatError: The record is no sentence, or what it says of its sources cannot be read.
        SpanError: Its spans are wrong, or one has no source.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection = Projection(Sentence(("Accra",), (link.target,)), (link,))
        >>> projection_from_dict(projection.to_dict()) == projection
        True
    """
    if not isinstance(record, Mapping):
        raise ArgumentError(f"{shown(record)} is no record", hint="Give what Projection.to_dict made.")
    sentence, fault = sentence_of(record)
    if fault is not None:
        raise fault
    return projection_of(sentence, record)


def projection_of(sentence: Sentence, record: Mapping[str, Any], *, whole: bool = True) -> Projection:
    """The projection that a sentence is of.

    Args:
        sentence: The sentence.
        record: Its record, as it was read: :attr:`crosspan.io.Located.evidence`.
        whole: Whether each span must have a source; else one without, which somebody put in by hand, is kept as it is.

    Raises:
        FormatError: What the record says of its sources cannot be read.
        SpanError: A span has no source.
    """
    sources = _sources(record)
    links = []
    for span in sentence.spans:
        source = sources.get((span.start, span.end))
        if whole or (source is not None and span.score is not None):
            links.append(_linked(span, source))
    unobserved = tuple(_unobserved(record, len(sentence)))
    return Projection(sentence, tuple(links), tuple(_dropped(record)), record.get("error"), unobserved)


def _linked(span: Span, source: Any) -> ProjectedSpan:
    """A span with its source, as a record has it."""
    if source is None or span.score is None:
        raise SpanError(
            f"span [{span.start}, {span.end}) {span.label} of a projection has no source or no score",
            hint="Write the file again with 'crosspan project'; remove 'dropped' to use it as plain labels.",
        )
    return ProjectedSpan(_source_of(source, span.label), span, span.score)


_REWRITE = "Write the file again with 'crosspan project'."


def _sources(record: Mapping[str, Any]) -> dict[tuple[int, int], Any]:
    """The source of each span, by its place; the spans themselves are known to be sound."""
    spans = record.get("spans") or ()
    found = {}
    for item in spans:
        if isinstance(item, Mapping) and "start" in item and "end" in item:
            found[item["start"], item["end"]] = item.get("source")
    return found


def _dropped(record: Mapping[str, Any]) -> Iterator[DroppedSpan]:
    items = record["dropped"]
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise FormatError("'dropped' is no list of spans with reasons", hint=_REWRITE)
    for item in items:
        if not isinstance(item, Mapping) or not isinstance(item.get("reason"), str):
            raise FormatError(f"{shown(item)} is no dropped span with its reason", hint=_REWRITE)
        yield DroppedSpan(_source_of(item, item.get("label")), item["reason"])


def _unobserved(record: Mapping[str, Any], n_tokens: int) -> Iterator[ProjectedSpan]:
    items = record.get("unobserved") or ()
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise FormatError("'unobserved' is no list of spans", hint=_REWRITE)
    for item in items:
        if not isinstance(item, Mapping):
            raise FormatError(f"{shown(item)} is no span", hint=_REWRITE)
        span = span_of(item, item.get("start"), item.get("end"), item.get("label"), item.get("score"))
        if span.end > n_tokens:
            raise SpanError(
                f"the unobserved span [{span.start}, {span.end}) ends after the last of {n_tokens} tokens",
                hint=_REWRITE,
            )
        yield _linked(span, item.get("source"))


def _source_of(item: Any, label: Any) -> Span:
    if not isinstance(item, Mapping):
        raise FormatError(f"{shown(item)} is no source span", hint=_REWRITE)
    try:
        return span_of(item, item.get("start"), item.get("end"), label, item.get("score"))
    except SpanError as error:
        raise FormatError(error.message, hint=_REWRITE) from error


def projections_of(located: Iterable[Located], name: str, rejects: list[Reject] | None = None) -> Iterator[Projection]:
    """Make projections of the sentences of a file.

    Args:
        located: The sentences as they were read.
        name: Their file, for messages.
        rejects: Takes the sentences whose spans are wrong; they become projections with an error. With ``None`` the
            first one raises.

    Raises:
        FormatError: A sentence is of no projection.
        SpanError: The spans of a sentence are wrong, and ``rejects`` is ``None``.
    """
    for index, (line, sentence, fault, record, _) in enumerate(located):
        where = fault.where if fault is not None and fault.where else f"{name}:{line}"
        if record is None:
            raise fault or FormatError(
                "the record has no key 'dropped', so it is no projection",
                where=where,
                hint="Read labelled sentences with crosspan.read.",
            )
        try:
            if fault is not None and failure_of(record) is None:
                raise fault
            yield projection_of(sentence, record)
        except CrosspanError as error:
            placed = type(error)(error.message, where=where, hint=error.hint)
            if rejects is None or not isinstance(error, SpanError | TagError):
                raise placed from error
            reason = f"{error.message}. {error.hint}" if error.hint else error.message
            rejects.append(Reject(index, where, reason))
            yield Projection(sentence, error=str(placed))
