"""Shards as bytes: JSON for words and spans, flat arrays for links. Nothing in the cache is ever executed.

Spans travel as ``[start, end, label, score]``. A *fault* is ``[where, message, hint]`` by the number of its sentence.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span

_HEADER = struct.Struct("<qq")  # sentences, links

Fault = tuple[str | None, str, str | None]
Faults = dict[int, Fault]
SpanRow = list[Any]
AboutRow = list[Any]
Number = TypeVar("Number", bound=np.generic)


def dumps(value: Any) -> bytes:
    r"""Plain values as JSON in UTF-8; lone surrogates, which strict UTF-8 refuses, survive.

    Example:
        >>> dumps(["mọ́", 1])
        b'["m\xe1\xbb\x8d\xcc\x81",1]'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def loads(data: bytes) -> Any:
    """What :func:`dumps` wrote."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def about_row(sentence: Sentence) -> AboutRow:
    """What a sentence is beyond its words and spans: id, language, text and offsets."""
    return [sentence.id, sentence.lang, sentence.text, sentence.offsets]


def whole_sentence(tokens: Sequence[str], about: AboutRow, spans: Iterable[Span] = ()) -> Sentence:
    """A sentence from its words and what else is known.

    Example:
        >>> sentence = Sentence(("Accra",), (), "s1", "sw", "Accra", ((0, 5),))
        >>> whole_sentence(["Accra"], loads(dumps(about_row(sentence)))) == sentence
        True
    """
    identifier, lang, text, offsets = about
    places = None if offsets is None else tuple((start, end) for start, end in offsets)
    return Sentence(tuple(tokens), tuple(spans), identifier, lang, text, places)


def span_rows(spans: Iterable[Span]) -> list[SpanRow]:
    """Spans as plain values."""
    return [[span.start, span.end, span.label, span.score] for span in spans]


def spans_of(rows: Iterable[SpanRow]) -> tuple[Span, ...]:
    """What :func:`span_rows` wrote.

    Example:
        >>> spans_of(span_rows([Span(0, 1, "LOC", 0.5)]))
        (Span(start=0, end=1, label='LOC', score=0.5),)
    """
    return tuple([Span(start, end, label, score) for start, end, label, score in rows])


def dump_labels(spans: Iterable[Sequence[Span]], faults: Faults) -> bytes:
    """The spans of the sentences of a shard, and what is wrong with some."""
    rows = [span_rows(one) for one in spans]
    return dumps({"spans": rows, "faults": {str(index): fault for index, fault in sorted(faults.items())}})


def load_labels(data: bytes) -> tuple[list[tuple[Span, ...]], Faults]:
    """What :func:`dump_labels` wrote."""
    found = loads(data)
    return [spans_of(rows) for rows in found["spans"]], load_faults(found["faults"])


def load_faults(rows: dict[str, list[Any]]) -> Faults:
    """Faults by the number of their sentence."""
    return {int(index): (where, message, hint) for index, (where, message, hint) in rows.items()}


def reason_of(fault: Fault) -> str:
    """What is wrong and what can be done, as lists of rejected sentences say it.

    Example:
        >>> reason_of((None, "the sentence is empty", "Put it in."))
        'the sentence is empty. Put it in.'
    """
    return f"{fault[1]}. {fault[2]}" if fault[2] else fault[1]


def dump_projections(projections: Iterable[Projection]) -> bytes:
    """Projections without their words.

    Example:
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection = Projection(Sentence(("Accra",), (link.target,)), (link,))
        >>> load_projections(dump_projections([projection]), [["Accra"]]) == [projection]
        True
    """
    return dumps([_projection_row(projection) for projection in projections])


def _projection_row(projection: Projection) -> list[Any]:
    links = [[*span_rows((link.source, link.target)), link.confidence] for link in projection.links]
    dropped = [[*span_rows((drop.source,)), drop.reason] for drop in projection.dropped]
    return [span_rows(projection.sentence.spans), links, dropped, projection.error]


def load_projections(data: bytes, tokens: Sequence[Sequence[str]]) -> list[Projection]:
    """What :func:`dump_projections` wrote, with the words of the target sentences."""
    found = []
    for words, (spans, links, dropped, error) in zip(tokens, loads(data), strict=True):
        found.append(
            Projection(
                Sentence(tuple(words), spans_of(spans)),
                tuple([ProjectedSpan(Span(*source), Span(*target), sure) for source, target, sure in links]),
                tuple([DroppedSpan(Span(*source), reason) for source, reason in dropped]),
                error,
            )
        )
    return found


def dump_links(alignments: Sequence[Alignment | None]) -> bytes:
    """Links of a shard as flat arrays; probabilities keep every bit.

    Example:
        >>> links = [Alignment.from_pharaoh("0-0 1-2:0.3"), None]
        >>> load_links(dump_links(links)) == links
        True
    """
    given = [links for links in alignments if links is not None]
    counts = np.array([-1 if links is None else len(links) for links in alignments], "<i8")
    columns = [
        np.concatenate([np.empty(0, "<i4"), *(links.source for links in given)]),
        np.concatenate([np.empty(0, "<i4"), *(links.target for links in given)]),
        np.concatenate([np.empty(0, "<f4"), *(links.prob for links in given)]),
    ]
    return _HEADER.pack(len(counts), len(columns[0])) + b"".join(column.tobytes() for column in (counts, *columns))


def load_links(data: bytes) -> list[Alignment | None]:
    """What :func:`dump_links` wrote."""
    raw = bytearray(data)  # compiled code is compiled for arrays that may be written to
    n_sentences, n_links = _HEADER.unpack_from(raw)
    at = _HEADER.size
    counts: npt.NDArray[np.int64] = np.frombuffer(raw, np.int64, n_sentences, at)
    at += counts.nbytes
    source = np.frombuffer(raw, np.int32, n_links, at)
    target = np.frombuffer(raw, np.int32, n_links, at + source.nbytes)
    prob = np.frombuffer(raw, np.float32, n_links, at + 2 * source.nbytes)
    ends = np.cumsum(np.maximum(counts, 0))
    begins = ends - np.maximum(counts, 0)
    return [
        None if count < 0 else Alignment(source[begin:end], target[begin:end], prob[begin:end])
        for count, begin, end in zip(counts.tolist(), begins.tolist(), ends.tolist(), strict=True)
    ]
