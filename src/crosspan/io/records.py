"""A sentence as a record of plain values, as JSONL and Parquet keep it.

Read: ``tokens`` with ``spans`` (token indices) or ``ner_tags``, or a ``text`` with character spans, under the names
that common annotation tools use (:mod:`crosspan.io.record_shapes`). Written, by :meth:`crosspan.Sentence.to_dict`:
``id``, ``lang``, ``tokens``, ``spans``, and ``text`` with ``offsets`` where they are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from crosspan.core.errors import CrosspanError, FormatError, OffsetError, SpanError, TagError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import Respelt, Spelling, spelling_of
from crosspan.core.tags import Repair, Scheme, decode, detect_scheme
from crosspan.core.types import Sentence, Span
from crosspan.io.format import Unit
from crosspan.io.looks import inline_labels
from crosspan.io.places import (
    Offsets,
    check_own_texts,
    cuts_of_words,
    find_offsets,
    in_code_points,
    own_texts,
    own_texts_fit,
    place_spans,
)
from crosspan.io.record_shapes import (
    END_KEYS,
    SPAN_KEYS,
    START_KEYS,
    TAG_KEYS,
    TEXT_KEYS,
    TOKEN_KEYS,
    first,
    is_list,
    shaped,
    spans_key,
    tags_key,
    unused_labels,
)
from crosspan.io.record_spans import is_place, place_under, spans_under
from crosspan.text.tokenize import tokenize


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReading:
    """How records are read.

    Args:
        scheme: The scheme of their tags; ``None`` finds it from each sentence alone.
        spelling: How the tags are spelt; ``None`` finds it from each sentence alone.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language, where a record does not say.
        names: What tags and labels that are given as numbers stand for, where the user says so.
        classes: The same as a file says it of each key, as HuggingFace ``ClassLabel`` keeps it.
        tag_key: The key of the tags, where the user says so.
        unit: What character offsets count, where a record does not say.
        notice: Called with what is noticed: its code, a sentence, how often, and an example.
    """

    scheme: Scheme | None = None
    spelling: Spelling | None = None
    repair: Repair = "error"
    lang: str | None = None
    names: Mapping[int, str] | None = None
    classes: Mapping[str, Sequence[str]] | None = None
    tag_key: str | None = None
    unit: Unit = "codepoints"
    notice: Callable[[str, str, int, str], None] = lambda code, what, count, example: None

    def names_of(self, key: str) -> Mapping[int, str]:
        """What the numbers under a key stand for."""
        return self.names or dict(enumerate((self.classes or {}).get(key, ())))


def sentence_of(record: Mapping[str, Any], **options: Any) -> tuple[Sentence, CrosspanError | None]:
    """Read a sentence from a record.

    Args:
        record: The values by name.
        options: The fields of :class:`RecordReading`.

    Returns:
        The sentence, and what is wrong with its labels, if something is; then it has no spans.

    Raises:
        FormatError: The record has neither tokens nor text, or values of the wrong kind.

    Example:
        >>> sentence_of({"text": "Ada met Bob.", "entities": [[0, 3, "PER"], [8, 11, "PER"]]})[0].tags()
        ['B-PER', 'O', 'B-PER', 'O']
    """
    return read_record(record, RecordReading(**options))[:2]


class ReadRecord(NamedTuple):
    """What was read from a record.

    Args:
        sentence: The sentence; without spans where there is a fault.
        fault: What is wrong with its labels.
        tags: The tags that its spans are read from, in one spelling, also where a fault is in them.
    """

    sentence: Sentence
    fault: CrosspanError | None = None
    tags: Sequence[str] | None = None


def read_record(record: Mapping[str, Any], how: RecordReading) -> ReadRecord:
    """As :func:`sentence_of`.

    Args:
        record: The values by name.
        how: How it is read.
    """
    fault: CrosspanError | None = None
    try:
        record = shaped(record)
    except SpanError as error:
        fault = error
        if isinstance(record.get("data"), Mapping):
            record = record["data"]
    text = _text(record)
    tags = tags_key(record, how.tag_key, how.classes)
    tokens, offsets = _tokens(record, text, tags, how)
    by_characters = tokens is None or _of_mappings(record)
    if tokens is None:
        assert text is not None
        offsets = tuple(tokenize(text, lang=how.lang or _string(record, "lang")))
    spans: list[Span] = []
    given: Sequence[str] | None = None
    try:
        if fault is None:
            if by_characters:
                assert text is not None
                assert offsets is not None
                offsets, spans = _character_spans(record, text, offsets, tags, how)
                tokens = tuple([text[start:end] for start, end in offsets])
            elif tokens is not None:
                offsets, tokens, spans, given, fault = _of_tokens(record, tokens, offsets, tags, how)
            _check_error(record)
    except (SpanError, TagError) as error:
        fault = error
    if tokens is None:
        assert text is not None
        assert offsets is not None
        tokens = tuple([text[start:end] for start, end in offsets])
    if fault is not None and "" in tokens:
        tokens, offsets = tuple(filter(None, tokens)), None
    identifier, language = _identifier(record), how.lang or _string(record, "lang")
    try:
        sentence = Sentence(tokens, tuple(spans) if fault is None else (), identifier, language, text, offsets)
    except SpanError as error:
        fault = error
        sentence = Sentence(tokens, (), identifier, language, text, offsets)
    except OffsetError as error:
        raise FormatError(error.message, hint="Mend the offsets, or leave them out.") from error
    return ReadRecord(sentence, fault, given if fault is None or isinstance(fault, TagError) else None)


def _check_error(record: Mapping[str, Any]) -> None:
    if _string(record, "error") is not None and not any(key in record for key in (*SPAN_KEYS, *TAG_KEYS)):
        raise SpanError(f"no labels: {record['error']}", hint="Label the sentence anew, or leave it out.")


def _of_mappings(record: Mapping[str, Any]) -> bool:
    return isinstance((first(record, TOKEN_KEYS) or [None])[0], Mapping)


class _Placed(NamedTuple):
    """Spans and the tokens that they count, and the tags that they were read from with what is wrong with these."""

    offsets: Offsets | None
    tokens: tuple[str, ...]
    spans: list[Span]
    tags: Sequence[str] | None = None
    fault: TagError | None = None


def _of_tokens(
    record: Mapping[str, Any], tokens: tuple[str, ...], offsets: Offsets | None, tags: str | None, how: RecordReading
) -> _Placed:
    """The spans of a record whose tokens are told: by tags, in tokens, or in characters where that is what fits."""
    empty = [index for index, token in enumerate(tokens) if not token]
    if empty:
        raise SpanError(f"token {empty[0] + 1} is empty", hint="Put the word in, or take the token out with its tag.")
    key = spans_key(record, tags, how.tag_key)
    given = None if tags is None else _tags_in_one_spelling(record, tags, len(tokens), how)
    from_tags, fault = (None, None) if given is None else _spans_of_tags(given, how)
    if fault is not None and key is not None:
        raise fault
    _notice_unused(record, (tags, key), how, labelled=from_tags is not None or bool(key and record[key]))
    if key is None:
        return _Placed(offsets, tokens, from_tags or [], given, fault)
    spans = sorted(spans_under(record, key, how.names_of(key)))
    text = _text(record)
    if not _fit_tokens(record[key], tokens):
        placed = offsets or (None if text is None else find_offsets(tokens, text))
        if text is None or placed is None or from_tags is not None or not own_texts_fit(record[key], text):
            raise SpanError(
                "the text that stands in a span is not that of its tokens", hint="Mend the span, or its text."
            )
        placed, spans = place_spans(text, placed, spans)
        return _Placed(placed, tuple([text[start:end] for start, end in placed]), spans)
    if from_tags is not None and from_tags != spans:
        raise SpanError("spans and tags of the sentence contradict each other", hint="Mend or remove one of them.")
    return _Placed(offsets, tokens, spans)


def _fit_tokens(items: Any, tokens: Sequence[str]) -> bool:
    """Whether the texts that spans carry are those of their tokens."""
    for item, own in own_texts(items):
        start, end = first(item, START_KEYS), first(item, END_KEYS)
        if "".join(own.split()) != "".join("".join(tokens[start:end]).split()):
            return False
    return True


def _character_spans(
    record: Mapping[str, Any], text: str, offsets: Offsets, tags: str | None, how: RecordReading
) -> tuple[Offsets, list[Span]]:
    key = spans_key(record, tags, how.tag_key)
    _notice_unused(record, (key,), how, labelled=bool(key and record[key]))
    if key is None:
        if found := inline_labels([text]):
            what = "{count} texts without labels have what looks like a label in them{example}; it is read as text"
            how.notice("labels-within", what, 1, found[0])
        return offsets, []
    unit = record.get("unit") or how.unit
    spans = in_code_points(spans_under(record, key, how.names_of(key)), text, unit)
    check_own_texts(record[key], spans, text, str(unit))
    for cut in cuts_of_words(text, offsets, spans):
        how.notice(
            "cuts-word",
            "{count} entities begin or end inside of a word{example}; "
            "their places may count another unit (--from-offsets)",
            1,
            cut,
        )
    return place_spans(text, offsets, spans)


def _notice_unused(
    record: Mapping[str, Any], used: Sequence[str | None], how: RecordReading, *, labelled: bool
) -> None:
    """Name what looks like labels and is not used; where there are no others, that is a fault.

    Raises:
        SpanError: There are no others.
    """
    for key, count in unused_labels(record, used):
        if not labelled:
            raise SpanError(
                f"{key!r} looks like {count} labels, and is not understood",
                hint="Name the key of the tags with --tag-column, or write the labels under 'spans' or 'ner_tags'.",
            )
        if how.tag_key is not None or key in TOKEN_KEYS:  # somebody has chosen; tokens say the same as the spans
            continue
        how.notice(
            "labels-unused",
            f"{key!r} holds {{count}} more labels, which are not used (--tag-column chooses)",
            count,
            "",
        )


def _text(record: Mapping[str, Any]) -> str | None:
    text = first(record, TEXT_KEYS)
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


def _tokens(
    record: Mapping[str, Any], text: str | None, tags: str | None, how: RecordReading
) -> tuple[tuple[str, ...] | None, Offsets | None]:
    tokens = first(record, TOKEN_KEYS)
    if tokens is None:
        if text is None:
            raise FormatError("neither tokens nor text", hint="Give each record 'tokens' or 'text'.")
        words = list(re.finditer(r"\S+", text)) if tags is not None and is_list(record[tags]) else []
        if words and len(words) == len(record[tags or ""]):  # one tag a word between blanks
            return tuple([word[0] for word in words]), tuple([word.span() for word in words])
        return None, None
    if not is_list(tokens):
        raise FormatError("'tokens' is not a list", hint="Write a list of words.")
    if tokens and text is not None and all(isinstance(token, Mapping) for token in tokens):
        return _placed_tokens(record, tokens, text, how)
    if not all(isinstance(token, str) for token in tokens):
        raise FormatError("a token is not a string", hint="Write a list of words, none of them empty.")
    given = record.get("offsets")
    if given is None:
        return tuple(tokens), None
    if not is_list(given):
        raise FormatError("'offsets' is not a list", hint=_OFFSETS_HINT)
    return tuple(tokens), tuple([_pair(item) for item in given])


def _placed_tokens(
    record: Mapping[str, Any], tokens: Sequence[Mapping[str, Any]], text: str, how: RecordReading
) -> tuple[tuple[str, ...], Offsets]:
    places = [(place_under(token, START_KEYS), place_under(token, END_KEYS)) for token in tokens]
    unit = record.get("unit") or how.unit
    if unit != "codepoints":
        spans = in_code_points([Span(start, end, "token") for start, end in places if 0 <= start < end], text, unit)
        places = [(span.start, span.end) for span in spans] if len(spans) == len(places) else places
    for start, end in places:
        if not 0 <= start < end <= len(text):
            raise FormatError(
                f"the token [{start}, {end}) is not inside of a text of {len(text)} characters",
                hint="Mend the places of the tokens, or leave the tokens out.",
            )
    return tuple([text[start:end] for start, end in places]), tuple(places)


_OFFSETS_HINT = "Write offsets as [start, end], one a token, or leave them out."


def _pair(item: Any) -> tuple[int, int]:
    values = (item.get("start"), item.get("end")) if isinstance(item, Mapping) else item
    if not isinstance(values, Sequence) or len(values) != 2 or not all(map(is_place, values)):
        raise FormatError(f"{shown(item)} is no pair of offsets", hint=_OFFSETS_HINT)
    return values[0], values[1]


def _tags_in_one_spelling(record: Mapping[str, Any], key: str, n_tokens: int, how: RecordReading) -> list[str]:
    tags = tags_of(record, key, how)
    if len(tags) != n_tokens:
        raise TagError(f"{len(tags)} tags for {n_tokens} tokens", hint="Give one tag per token.")
    return Respelt(how.spelling or spelling_of([tags])).all(tags)


def _spans_of_tags(tags: Sequence[str], how: RecordReading) -> tuple[list[Span], TagError | None]:
    """The spans of tags, or what is wrong with them."""
    spans, fault = decode(tags, how.scheme or detect_scheme([tags]), how.repair)
    wrong = None if fault is None else TagError(f"token {fault.index + 1}: {fault.message}", hint=fault.hint)
    return spans, wrong


def tags_of(record: Mapping[str, Any], key: str, how: RecordReading) -> list[str]:
    """The tags of a record, as they are spelt.

    Args:
        record: In our shape.
        key: Where they stand.
        how: How records are read.

    Raises:
        TagError: They are none, or numbers whose names are not known.

    Example:
        >>> tags_of({"ner": [0, 1]}, "ner", RecordReading(names={1: "B-PER", 0: "O"}))
        ['O', 'B-PER']
    """
    tags = record[key]
    if not is_list(tags) or not all(isinstance(tag, str | int) for tag in tags):
        raise TagError("the tags are not a list of strings", hint="Write one tag per token, such as B-PER or O.")
    if all(isinstance(tag, str) for tag in tags):
        return list(tags)
    names = how.names_of(key)
    unknown = next((tag for tag in tags if tag not in names), None)
    if unknown is not None:
        raise TagError(
            f"the tag {shown(unknown)} has no name" if names else "the tags are numbers without names",
            hint="Write tags as strings, such as B-PER or O; or say what the numbers stand for: --tag-names O,B-PER,…",
        )
    return [names[tag] for tag in tags]
