"""What looks like labels in a record and is not used: it is named, never passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosspan.core.tag_forms import is_tag
from crosspan.io.column_names import is_called
from crosspan.io.looks import are_believable
from crosspan.io.record_shapes import (
    END_KEYS,
    LABEL_KEYS,
    NO_LABELS,
    START_KEYS,
    TAG_KEYS,
    TEXT_KEYS,
    TOKEN_KEYS,
    are_numbers,
    are_strings,
    are_tags,
    first,
    holds_spans,
    is_list,
    n_tokens,
)


def unused_labels(record: Mapping[str, Any], used: Sequence[str | None]) -> Iterator[tuple[str, int]]:
    """Names under which something that looks like labels stands and is not used, and how many.

    Args:
        record: In our shape.
        used: The names that are used.

    Example:
        >>> list(unused_labels({"tokens": ["a"], "ner_tags": ["O"], "fine": ["B-X"]}, ["ner_tags"]))
        [('fine', 1)]
    """
    count_tokens, text = n_tokens(record), first(record, TEXT_KEYS)
    n_words = len(text.split()) if count_tokens is None and isinstance(text, str) else count_tokens
    for key, value in record.items():
        if key in TOKEN_KEYS and is_list(value):
            if count := _count_in_tokens(value):
                yield key, count
            continue
        if key in used or key in NO_LABELS or not value or not isinstance(value, Mapping | Sequence):
            continue
        count = _count_in_text(value) if isinstance(value, str) else 0
        if is_list(value):
            count = _count_in_list(key, value, n_words if are_numbers(value) else count_tokens)
        elif isinstance(value, Mapping):
            count = sum(len(one) for one in value.values() if is_list(one) and holds_spans(one))
        if not count and not isinstance(value, str | bytes):
            count = _count_of_labels(key, value, text)
        if count:
            yield key, count


def _count_in_text(value: str) -> int:
    """How many tags a string holds, where it is nothing but tags."""
    words = _BETWEEN_TAGS.split(value.strip())
    if len(words) < 2 or not all(map(is_tag, words)) or not are_believable({*words}):
        return 0
    return sum(word != "O" for word in words)


_BETWEEN_TAGS = re.compile(r"[\s,;|]+")


def _count_in_tokens(tokens: Sequence[Any]) -> int:
    """How many tokens that are objects have a label of entities among what is said of them."""
    if not all(isinstance(one, Mapping) for one in tokens):
        return 0
    values: dict[str, list[str]] = {}
    for token in tokens:
        for key, value in token.items():
            if isinstance(value, str) and key not in TEXT_KEYS:
                values.setdefault(str(key), []).append(value)
    counts = [
        sum(one not in ("O", "", "-", "_") for one in found)
        for key, found in values.items()
        if (is_called(key, "names") and not is_called(key, "words"))
        or (all(map(is_tag, found)) and are_believable({*found}))
    ]
    return max(counts, default=0)


def _count_in_list(key: str, value: Sequence[Any], length: int | None) -> int:
    """How many spans or tags a list holds; 0 where it does not look like any."""
    if holds_spans(value):
        return len(value)
    if any(is_list(one) and one and holds_spans(one) for one in value):
        return sum(len(one) for one in value if is_list(one))
    if are_tags(key, value, len(value) if length is None else length) or (key in TAG_KEYS and _are_some_tags(value)):
        return sum(one not in ("O", 0) for one in value)
    if any(isinstance(one, Mapping) and holds_spans(one.get("result") or ()) for one in value):
        return len(value)
    return 0


def _count_of_labels(key: str, value: Any, text: Any) -> int:
    """How many labels a value holds in a form that is not understood; 0 where it does not look like labels."""
    if key.isupper() and isinstance(text, str) and are_strings(value):  # {"PER": ["Ada"]}
        return len(value) if all(one in text for one in value) else 0
    if _GUESSES.fullmatch(key):
        return _count_spans(value)
    if not is_called(key, "places"):
        return 0
    return _count_places(value, named=is_called(key, "names"))


def _count_places(value: Any, depth: int = 0, *, named: bool) -> int:
    """How often something has a label and a place, or is a place, in lists and mappings.

    Args:
        value: Anything.
        depth: How deep it lies.
        named: Whether places alone count, as they are those of names, or stand under a label.
    """
    if depth > _DEEPEST:
        return 0
    if isinstance(value, Mapping):
        if all(any(is_called(str(key), kind) for key in value) for kind in ("label", "place")):
            return 1
        return sum(_count_places(one, depth + 1, named=True) for one in value.values())
    if not is_list(value):
        return 0
    if depth and len(value) in (2, 3) and type(value[0]) is int and type(value[1]) is int:
        return int(named)
    return sum(_count_places(one, depth + 1, named=named) for one in value)


_GUESSES = re.compile("predictions?|results?|response|output", re.IGNORECASE)
"""Keys under which there may be anything, and labels too."""


def _count_spans(value: Any, depth: int = 0) -> int:
    """How often something has a beginning, an end and the name of a label, in lists and mappings."""
    if depth > _DEEPEST:
        return 0
    if isinstance(value, Mapping):
        if type(first(value, START_KEYS)) is int and type(first(value, END_KEYS)) is int:
            return int(first(value, (*LABEL_KEYS, "name")) is not None)
        return sum(_count_spans(one, depth + 1) for one in value.values())
    if not is_list(value):
        return 0
    if len(value) in (3, 4) and [type(one) for one in value[:3]] in ([str, int, int], [int, int, str]):
        return 1
    return sum(_count_spans(one, depth + 1) for one in value)


_DEEPEST = 4


def _are_some_tags(value: Sequence[Any]) -> bool:
    return all(isinstance(one, str | int) for one in value) and any(one not in ("O", 0) for one in value)
