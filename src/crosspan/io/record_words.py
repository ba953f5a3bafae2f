"""The words of a record with its text, name and language, from values that may be anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from crosspan.core.errors import FormatError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import is_tag
from crosspan.core.types import Span
from crosspan.io.places import Offsets, in_code_points
from crosspan.io.record_reading import RecordReading
from crosspan.io.record_shapes import END_KEYS, START_KEYS, TEXT_KEYS, TOKEN_KEYS, are_strings, first, is_list
from crosspan.io.record_spans import is_place, place_under


def text_of(record: Mapping[str, Any]) -> str | None:
    """The text of a record, if it has one.

    Args:
        record: In our shape.

    Raises:
        FormatError: What stands there is no string.

    Example:
        >>> text_of({"sentence": "Ada left"})
        'Ada left'
    """
    text = first(record, TEXT_KEYS)
    if text is not None and not isinstance(text, str):
        raise FormatError("the text is not a string", hint="Write one string under 'text'.")
    return text


def identifier_of(record: Mapping[str, Any]) -> str | None:
    """The name of a sentence, if it has one.

    Args:
        record: In our shape.

    Raises:
        FormatError: What stands there is no string or number.

    Example:
        >>> identifier_of({"id": 7})
        '7'
    """
    found = record.get("id", record.get("sent_id"))
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise FormatError(f"the id is {shown(found)}", hint="Write a string or a number under 'id', or leave it out.")
    return str(found)


def string_under(record: Mapping[str, Any], key: str) -> str | None:
    """The string under a key, if there is one.

    Args:
        record: In our shape.
        key: The key.

    Raises:
        FormatError: What stands there is no string.

    Example:
        >>> string_under({"lang": "sw"}, "lang")
        'sw'
    """
    found = record.get(key)
    if found is not None and not isinstance(found, str):
        raise FormatError(f"{key!r} is {shown(found)}, not a string", hint=f"Write a string under {key!r}.")
    return found


def words_of(
    record: Mapping[str, Any], text: str | None, tags: str | None, how: RecordReading
) -> tuple[tuple[str, ...] | None, Offsets | None]:
    """The words that a record tells, with their places where it tells them; ``None`` where it has text alone.

    Args:
        record: In our shape.
        text: Its text.
        tags: Under which name the tags stand.
        how: How it is read.

    Raises:
        FormatError: There are neither words nor text, or values of the wrong kind.

    Example:
        >>> words_of({"tokens": ["Ada"]}, None, None, RecordReading())
        (('Ada',), None)
    """
    tokens = first(record, TOKEN_KEYS)
    if tokens is None:
        if text is None:
            raise FormatError("neither tokens nor text", hint="Give each record 'tokens' or 'text'.")
        words = list(re.finditer(r"\S+", text)) if tags is not None and is_list(record[tags]) else []
        values = record[tags] if words and tags is not None else ()
        if words and len(words) == len(values) and _may_be_tags(values):  # one tag a word between blanks
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


def _may_be_tags(values: Sequence[Any]) -> bool:
    """Whether values may be tags of words, and are not topics of a text that happens to have as many words."""
    return not are_strings(values) or any(one == "O" or is_tag(one) for one in values)


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
