"""A sentence as a record of plain values, as JSONL and Parquet keep it.

Read: ``tokens`` with ``spans`` (token indices) or ``ner_tags``, or a ``text`` with character spans, under the names
that common annotation tools use (:mod:`crosspan.io.record_shapes`). Written, by :meth:`crosspan.Sentence.to_dict`:
``id``, ``lang``, ``tokens``, ``spans``, and ``text`` with ``offsets`` where they are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from crosspan.core.errors import CrosspanError, FormatError, OffsetError, SpanError, TagError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import Respelt, spelling_of
from crosspan.core.tags import decode, detect_scheme
from crosspan.core.types import Sentence, Span
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
from crosspan.io.record_reading import RecordReading
from crosspan.io.record_shapes import (
    END_KEYS,
    SPAN_KEYS,
    START_KEYS,
    TAG_KEYS,
    TOKEN_KEYS,
    first,
    is_list,
    shaped,
    spans_key,
    tags_key,
)
from crosspan.io.record_spans import spans_under
from crosspan.io.record_words import identifier_of, string_under, text_of, words_of
from crosspan.io.span_units import CountingEvidence, evidence_of
from crosspan.io.unused_labels import unused_labels
from crosspan.text.tokenize import tokenize


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
        labelled: Whether it says anything of labels, if only that there are none.
    """

    sentence: Sentence
    fault: CrosspanError | None = None
    tags: Sequence[str] | None = None
    labelled: bool = True


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
    text = text_of(record)
    tags = tags_key(record, how.tag_key, how.classes)
    tokens, offsets = words_of(record, text, tags, how)
    by_characters = tokens is None or _of_mappings(record)
    if tokens is None:
        assert text is not None
        offsets = tuple(tokenize(text, lang=how.lang or string_under(record, "lang")))
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
    identifier, language = identifier_of(record), how.lang or string_under(record, "lang")
    try:
        sentence = Sentence(tokens, tuple(spans) if fault is None else (), identifier, language, text, offsets)
    except SpanError as error:
        fault = error
        sentence = Sentence(tokens, (), identifier, language, text, offsets)
    except OffsetError as error:
        raise FormatError(error.message, hint="Mend the offsets, or leave them out.") from error
    labelled = tags is not None or any(record.get(key) is not None for key in SPAN_KEYS)
    tags_kept = given if fault is None or isinstance(fault, TagError) else None
    return ReadRecord(sentence, fault, tags_kept, labelled or bool(spans))


def _check_error(record: Mapping[str, Any]) -> None:
    if string_under(record, "error") is not None and not any(key in record for key in (*SPAN_KEYS, *TAG_KEYS)):
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
    text = text_of(record)
    placed = None
    if not _fit_tokens(record[key], tokens):
        placed = offsets or (None if text is None else find_offsets(tokens, text))
        if text is None or placed is None or from_tags is not None or not own_texts_fit(record[key], text):
            raise SpanError(
                "the text that stands in a span is not that of its tokens", hint="Mend the span, or its text."
            )
    elif text is not None and spans and (how.counting or "tokens") == "characters":
        placed = offsets or find_offsets(tokens, text)
    elif how.counting is None or how.counting == "either":
        evidence = None if text is None else _evidence(record, key, tokens, offsets, spans, how)
        counting = "tokens" if evidence is None else evidence.counting
        if counting == "either":
            raise SpanError(f"the spans under {key!r} may count tokens or characters", hint=_COUNTING_HINT)
        if counting == "characters" and text is not None:
            placed = offsets or find_offsets(tokens, text)
    if placed is not None and text is not None:
        spans = in_code_points(spans, text, record.get("unit") or how.unit)
        placed, spans = place_spans(text, placed, spans)
        offsets, tokens = placed, tuple([text[start:end] for start, end in placed])
    if from_tags is not None and from_tags != spans:
        raise SpanError("spans and tags of the sentence contradict each other", hint="Mend or remove one of them.")
    return _Placed(offsets, tokens, spans)


_COUNTING_HINT = "Leave 'tokens' out if they count characters; write them under 'spans' if they count tokens."


def _evidence(
    record: Mapping[str, Any],
    key: str,
    tokens: tuple[str, ...],
    offsets: Offsets | None,
    spans: Sequence[Span],
    how: RecordReading,
) -> CountingEvidence | None:
    """What the spans of a record say of what they count; ``None`` where something else says it."""
    text = text_of(record)
    if text is None or not spans or (key == "spans" and offsets is not None) or next(own_texts(record[key]), None):
        return None
    placed = offsets or find_offsets(tokens, text)
    if placed is None:
        return None
    found = evidence_of(spans, text, placed, record.get("unit") or how.unit)
    return CountingEvidence() if key == "spans" and found.counting == "either" else found


def counting_in(record: Mapping[str, Any], how: RecordReading) -> CountingEvidence | None:
    """What the spans of a record say of whether they count its tokens or its characters.

    Args:
        record: In our shape.
        how: How it is read.

    Returns:
        What they say; ``None`` where the record has not both, or says it otherwise.

    Raises:
        CrosspanError: The record cannot be read.

    Example:
        >>> record = {"tokens": ["Ada", "left"], "text": "Ada left", "entities": [[0, 3, "PER"]]}
        >>> counting_in(record, RecordReading()).counting
        'characters'
    """
    text = text_of(record)
    if text is None or not is_list(first(record, TOKEN_KEYS)) or _of_mappings(record):
        return None
    tags = tags_key(record, how.tag_key, how.classes)
    key = spans_key(record, tags, how.tag_key)
    if key is None or not record[key] or (key == "spans" and record.get("offsets") is not None):
        return None
    tokens, offsets = words_of(record, text, tags, how)
    if tokens is None or "" in tokens:
        return None
    return _evidence(record, key, tokens, offsets, spans_under(record, key, how.names_of(key)), how)


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
                hint="Write spans under 'spans' or one tag a token under 'ner_tags', or name the key of the tags with "
                "--tag-column; if these are no labels of entities, take them out.",
            )
        if how.tag_key is not None or key in TOKEN_KEYS:  # somebody has chosen; tokens say the same as the spans
            continue
        how.notice(
            "labels-unused",
            f"{key!r} holds {{count}} more labels, which are not used (--tag-column chooses)",
            count,
            "",
        )


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
