"""A sentence as a record of plain values, as JSONL and Parquet keep it.

Read: ``tokens`` with ``spans`` (token indices) or ``ner_tags``, or a ``text`` with character spans, under the names
that common annotation tools use. Written, by :meth:`crosspan.Sentence.to_dict`: ``id``, ``lang``, ``tokens``,
``spans``, and ``text`` with ``offsets`` where they are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosspan.core.errors import CrosspanError, FormatError, OffsetError, SpanError, TagError
from crosspan.core.shown import shown
from crosspan.core.spans import SCORE_HINT, is_score
from crosspan.core.tags import Repair, Scheme, decode, detect_scheme
from crosspan.core.types import Sentence, Span
from crosspan.text.tokenize import tokenize

_TOKEN_KEYS = ("tokens", "words")
_TAG_KEYS = ("ner_tags", "ner", "tags", "labels")
_SPAN_KEYS = ("spans", "entities", "label", "labels")
_TEXT_KEYS = ("text", "sentence", "data")
_START_KEYS = ("start", "start_offset", "begin")
_END_KEYS = ("end", "end_offset", "stop")
_LABEL_KEYS = ("label", "type", "tag", "entity_group")

KEYS = frozenset(
    (*_TOKEN_KEYS, *_TAG_KEYS, *_SPAN_KEYS, *_TEXT_KEYS, "id", "sent_id", "lang", "offsets", "unit", "error", "dropped")
)
"""All names under which something of a sentence is looked for."""

_LAST_PLACE = 2**31 - 1

Offsets = tuple[tuple[int, int], ...]


def _first(record: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((record[key] for key in keys if record.get(key) is not None), None)


def sentence_of(
    record: Mapping[str, Any],
    *,
    scheme: Scheme | None = None,
    repair: Repair = "error",
    lang: str | None = None,
    names: Sequence[str] | None = None,
) -> tuple[Sentence, CrosspanError | None]:
    """Read a sentence from a record.

    Args:
        record: The values by name.
        scheme: The scheme of its tags, if it has tags; ``None`` finds it from this sentence alone.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language, where the record does not say.
        names: Names of tags that are given as numbers, as HuggingFace ``ClassLabel`` keeps them.

    Returns:
        The sentence, and what is wrong with its labels, if something is; then it has no spans.

    Raises:
        FormatError: The record has neither tokens nor text, or values of the wrong kind.

    Example:
        >>> sentence_of({"text": "Ada met Bob.", "entities": [[0, 3, "PER"], [8, 11, "PER"]]})[0].tags()
        ['B-PER', 'O', 'B-PER', 'O']
    """
    text = _text(record)
    tokens, offsets = _tokens(record, text)
    by_characters = tokens is None or isinstance((_first(record, _TOKEN_KEYS) or [None])[0], Mapping)
    fault: CrosspanError | None = None
    spans: list[Span] = []
    if tokens is None:
        assert text is not None
        offsets = tuple(tokenize(text))
    try:
        if by_characters:
            assert text is not None
            assert offsets is not None
            offsets, spans = place_spans(text, offsets, in_code_points(_labelled(record), text, record.get("unit")))
            tokens = tuple([text[start:end] for start, end in offsets])
        elif tokens is not None:
            spans = _token_spans(record, len(tokens), scheme, repair, names)
        if _string(record, "error") is not None and not any(key in record for key in (*_SPAN_KEYS, *_TAG_KEYS)):
            raise SpanError(f"no labels: {record['error']}", hint="Label the sentence anew, or leave it out.")
    except (SpanError, TagError) as error:
        fault = error
    if tokens is None:
        assert text is not None
        assert offsets is not None
        tokens = tuple([text[start:end] for start, end in offsets])
    identifier, language = _identifier(record), lang or _string(record, "lang")
    try:
        sentence = Sentence(tokens, tuple(spans) if fault is None else (), identifier, language, text, offsets)
    except SpanError as error:
        fault = error
        sentence = Sentence(tokens, (), identifier, language, text, offsets)
    except OffsetError as error:
        raise FormatError(error.message, hint="Mend the offsets, or leave them out.") from error
    return sentence, fault


def _text(record: Mapping[str, Any]) -> str | None:
    text = _first(record, _TEXT_KEYS)
    if text is not None and not isinstance(text, str):
        raise FormatError("the text is not a string", hint="Write one string under 'text'.")
    return text


def _identifier(record: Mapping[str, Any]) -> str | None:
    found = record.get("id", record.get("sent_id"))
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise FormatError(f"the id is {shown(found)}", hint="Write a string or a number under 'id', or leave it out.")
    return str(found)


def _string(record: Mapping[str, Any], key: str) -> str | None:
    found = record.get(key)
    if found is not None and not isinstance(found, str):
        raise FormatError(f"{key!r} is {shown(found)}, not a string", hint=f"Write a string under {key!r}.")
    return found


def _tokens(record: Mapping[str, Any], text: str | None) -> tuple[tuple[str, ...] | None, Offsets | None]:
    tokens = _first(record, _TOKEN_KEYS)
    if tokens is None:
        if text is None:
            raise FormatError("neither tokens nor text", hint="Give each record 'tokens' or 'text'.")
        return None, None
    if not isinstance(tokens, Sequence) or isinstance(tokens, str):
        raise FormatError("'tokens' is not a list", hint="Write a list of words.")
    if tokens and text is not None and all(isinstance(token, Mapping) for token in tokens):
        offsets = tuple([(_index(token, _START_KEYS), _index(token, _END_KEYS)) for token in tokens])
        for start, end in offsets:
            if not 0 <= start < end <= len(text):
                raise FormatError(
                    f"the token [{start}, {end}) is not inside of a text of {len(text)} characters",
                    hint="Mend the places of the tokens, or leave the tokens out.",
                )
        return tuple([text[start:end] for start, end in offsets]), offsets
    if not all(isinstance(token, str) and token for token in tokens):
        raise FormatError("a token is empty or not a string", hint="Write a list of words, none of them empty.")
    given = record.get("offsets")
    if given is None:
        return tuple(tokens), None
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise FormatError("'offsets' is not a list", hint=_OFFSETS_HINT)
    return tuple(tokens), tuple([_pair(item) for item in given])


_OFFSETS_HINT = "Write offsets as [start, end], one a token, or leave them out."


def _pair(item: Any) -> tuple[int, int]:
    values = (item.get("start"), item.get("end")) if isinstance(item, Mapping) else item
    if not isinstance(values, Sequence) or len(values) != 2 or not all(map(_is_place, values)):
        raise FormatError(f"{shown(item)} is no pair of offsets", hint=_OFFSETS_HINT)
    return values[0], values[1]


def _is_place(value: Any) -> bool:
    """Whether it is a whole number that some text is long enough for."""
    return type(value) is int and -_LAST_PLACE <= value <= _LAST_PLACE


def _index(item: Mapping[str, Any], keys: Sequence[str]) -> int:
    value = _first(item, keys)
    if not _is_place(value):
        raise SpanError(f"{shown(dict(item))} has no whole number under {keys[0]!r}", hint=_SPAN_HINT)
    return int(value)


_SPAN_HINT = 'Write spans as [start, end, "LABEL"] or {"start": 0, "end": 2, "label": "LABEL"}.'


def _labelled(record: Mapping[str, Any]) -> list[Span]:
    """The spans of a record, in whatever unit they count."""
    items = _first(record, _SPAN_KEYS)
    if items is None or (isinstance(items, str) and _first(record, ("spans", "entities")) is None):
        return []  # a string under 'label' is a class of the whole text
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise SpanError("the spans are not a list", hint=_SPAN_HINT)
    return [_span(item) for item in items]


def in_code_points(spans: list[Span], text: str, unit: object) -> list[Span]:
    """Turn spans that count bytes or UTF-16 units into spans that count code points.

    Args:
        spans: The spans.
        text: What they count in.
        unit: What they count: ``"codepoints"``, ``"utf16"`` or ``"bytes"``; ``None`` is code points.

    Raises:
        SpanError: A span begins or ends inside of a character or beyond the last, or there is no such unit.

    Example:
        >>> in_code_points([Span(2, 7, "LOC")], "é Ho", "bytes")
        Traceback (most recent call last):
        ...
        crosspan.core.errors.SpanError: span [2, 7) LOC is none of whole characters of the text in bytes. Mend the span, or 'unit'.
    """  # noqa: E501
    if unit in (None, "codepoints") or not spans:
        return spans
    if unit not in ("bytes", "utf16"):
        raise SpanError(f"places cannot count {shown(unit)}", hint="Write codepoints, utf16 or bytes under 'unit'.")
    places = {0: 0}
    at = 0
    for index, character in enumerate(text, 1):
        at += len(character.encode("utf-8", "surrogatepass")) if unit == "bytes" else 1 + (ord(character) > 0xFFFF)
        places[at] = index
    for span in spans:
        if span.start not in places or span.end not in places:
            raise SpanError(
                f"span [{span.start}, {span.end}) {span.label} is none of whole characters of the text in {unit}",
                hint="Mend the span, or 'unit'.",
            )
    return [Span(places[span.start], places[span.end], span.label, span.score) for span in spans]


def _span(item: Any) -> Span:
    score = None
    if isinstance(item, Mapping):
        start, end = _index(item, _START_KEYS), _index(item, _END_KEYS)
        label, score = _first(item, _LABEL_KEYS), item.get("score")
    elif isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 3:
        start, end, label = item
    else:
        raise SpanError(f"{shown(item)} is not a span", hint=_SPAN_HINT)
    return span_of(item, start, end, label, score)


def span_of(item: Any, start: Any, end: Any, label: Any, score: Any = None) -> Span:
    """A span of values that may be anything.

    Args:
        item: What they were found in, for the error.
        start: Where it begins.
        end: Where it ends.
        label: Its label.
        score: Its score.

    Raises:
        SpanError: They make no span.

    Example:
        >>> span_of({"start": 0}, 0, 1, "PER", "high")
        Traceback (most recent call last):
        ...
        crosspan.core.errors.SpanError: {'start': 0} has the score 'high'. Write a number from 0 to 1, or leave it out.
    """
    if not _is_place(start) or not _is_place(end) or not isinstance(label, str):
        raise SpanError(f"{shown(item)} is not a span", hint=_SPAN_HINT)
    if score is not None and not is_score(score):
        raise SpanError(f"{shown(item)} has the score {shown(score)}", hint=SCORE_HINT)
    return Span(start, end, label, score)


def place_spans(text: str, offsets: Offsets, spans: Sequence[Span]) -> tuple[Offsets, list[Span]]:
    """Turn character spans into token spans; a token that a span cuts is split there, so that nothing is lost.

    Args:
        text: The sentence as written.
        offsets: ``(start, end)`` of each token in code points.
        spans: Spans in code points, half-open; white space at their ends does not count.

    Returns:
        The offsets after splitting, and the spans in tokens.

    Raises:
        SpanError: A span reaches past the end of the text or holds no token.

    Example:
        >>> place_spans("non-EU citizen", ((0, 6), (7, 14)), [Span(4, 6, "ORG")])[0]
        ((0, 4), (4, 6), (7, 14))
    """
    if not spans:
        return offsets, []
    trimmed: list[Span] = []
    for span in spans:
        inside = text[span.start : span.end]
        if span.end > len(text) or not inside.strip():
            what = "ends after the last character" if span.end > len(text) else "holds white space only"
            raise SpanError(f"span [{span.start}, {span.end}) {span.label} {what}", hint="Mend the span.")
        start = span.start + len(inside) - len(inside.lstrip())
        trimmed.append(Span(start, start + len(inside.strip()), span.label, span.score))
    cuts = sorted({edge for span in trimmed for edge in (span.start, span.end)})
    pieces: list[tuple[int, int]] = []
    for start, end in offsets:
        for cut in cuts:
            if start < cut < end:
                pieces.append((start, cut))
                start = cut
        pieces.append((start, end))
    placed: list[Span] = []
    for span in trimmed:
        inner = [index for index, (start, end) in enumerate(pieces) if span.start <= start and end <= span.end]
        if not inner:
            raise SpanError(f"span [{span.start}, {span.end}) {span.label} holds no token", hint="Mend the span.")
        placed.append(Span(inner[0], inner[-1] + 1, span.label, span.score))
    return tuple(pieces), placed


def _token_spans(
    record: Mapping[str, Any], n_tokens: int, scheme: Scheme | None, repair: Repair, names: Sequence[str] | None
) -> list[Span]:
    tags = _first(record, _TAG_KEYS)
    is_tags = (
        isinstance(tags, Sequence) and not isinstance(tags, str) and all(isinstance(tag, str | int) for tag in tags)
    )
    from_tags = _spans_of_tags(tags, n_tokens, scheme, repair, names) if is_tags else None
    if tags is not None and not is_tags and tags is not _first(record, _SPAN_KEYS):
        raise TagError("the tags are not a list of strings", hint="Write one tag per token, such as B-PER or O.")
    if from_tags is not None and _first(record, ("spans", "entities")) is None:
        return from_tags
    spans = sorted(_labelled(record))
    if from_tags is not None and from_tags != spans:
        raise SpanError("spans and tags of the sentence contradict each other", hint="Mend or remove one of them.")
    return spans


def _spans_of_tags(
    tags: Sequence[Any], n_tokens: int, scheme: Scheme | None, repair: Repair, names: Sequence[str] | None
) -> list[Span]:
    if len(tags) != n_tokens:
        raise TagError(f"{len(tags)} tags for {n_tokens} tokens", hint="Give one tag per token.")
    if not all(isinstance(tag, str) for tag in tags):
        if names is None or not all(isinstance(tag, int) and 0 <= tag < len(names) for tag in tags):
            raise TagError("the tags are numbers without names", hint="Write tags as strings, such as B-PER or O.")
        tags = [names[tag] for tag in tags]
    spans, fault = decode(tags, scheme or detect_scheme([tags]), repair)
    if fault is not None:
        raise TagError(f"token {fault.index + 1}: {fault.message}", hint=fault.hint)
    return spans
