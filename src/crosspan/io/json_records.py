"""Objects of JSON in a file: one a line, in an array, or one after the other however they are laid out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from crosspan.core.errors import EncodingError, FormatError
from crosspan.core.json_text import parse_json

_CONTAINERS = ("data", "annotations", "sentences", "documents", "examples", "records", "rows")
_LINE_HINT = "Write one JSON object a line."

Record = dict[str, Any]


def iter_records(lines: Iterable[str], name: str) -> Iterator[tuple[int, Record]]:
    """Yield the objects of a file with the numbers of their lines, from 1; the first fault raises.

    Args:
        lines: The lines, without their ends.
        name: The file, for messages.

    Raises:
        FormatError: A line is not a JSON object.
        EncodingError: A string holds half of a surrogate pair.

    Example:
        >>> list(iter_records(['{"text": "Accra"}'], "x.jsonl"))
        [(1, {'text': 'Accra'})]
    """
    for number, record in records_or_faults(lines, name):
        if isinstance(record, FormatError):
            raise record
        yield number, record


def records_or_faults(lines: Iterable[str], name: str) -> Iterator[tuple[int, Record | FormatError]]:
    r"""Yield the objects of a file, or what is wrong in their place. Blank lines are passed over.

    Args:
        lines: The lines, without their ends.
        name: The file, for messages.

    Example:
        >>> list(records_or_faults(['[{"text": "a"},', ' {"text": "b"}]'], "x.json"))
        [(1, {'text': 'a'}), (2, {'text': 'b'})]
    """
    lines = iter(lines)
    before = _to_content(lines)
    start = before[-1].strip() if before else ""
    if start.startswith("[") or (start.startswith("{") and not _is_whole(start)):
        every = [*before, *lines]
        found = _of_text("\n".join(every), name)
        first = next(found, None)
        if first is not None:
            yield from chain([first], found)
            return
        before, lines = every, iter(())
    elif _is_whole(start) and _is_container(parse_json(start)):
        more = _to_content(lines)
        before += more
        if not more or not more[-1].strip():
            yield from ((index, one) for index, one in enumerate(_inside(parse_json(start)), 1))
            return
    for number, line in enumerate(chain(before, lines), 1):
        if line.strip():
            yield number, _record_of(line, f"{name}:{number}")


def _to_content(lines: Iterator[str]) -> list[str]:
    """The next lines up to one that is not blank, with it."""
    found: list[str] = []
    for line in lines:
        found.append(line)
        if line.strip():
            break
    return found


def _is_whole(line: str) -> bool:
    try:
        parse_json(line)
    except ValueError:
        return False
    return True


def _record_of(text: str, where: str, hint: str = _LINE_HINT) -> Record | FormatError:
    try:
        value = parse_json(text)
    except ValueError as error:
        return FormatError(f"not valid JSON ({error})", where=where, hint=hint)
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        value = {"text": value[0], **value[1]}  # as spaCy wrote training data
    if not isinstance(value, dict):
        return FormatError("not a JSON object", where=where, hint=hint)
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            return EncodingError("half of a surrogate pair is no character", where=where, hint="Mend the \\u escape.")
    return value


def _of_text(text: str, name: str) -> Iterator[tuple[int, Record | FormatError]]:
    """The objects of a text, or nothing where it does not begin as JSON of several lines does."""
    decoder = json.JSONDecoder()
    at, line, seen = 0, 1, 0
    inside = text.lstrip()[:1] == "["
    if inside:
        inside = not _is_pair(text, decoder)
        at = text.index("[") + 1 if inside else 0
    count = 0
    while True:
        while at < len(text) and (text[at].isspace() or (inside and text[at] in ",")):
            at += 1
        if at >= len(text) or (inside and text[at] == "]"):
            if inside and at >= len(text) and count:
                yield line, FormatError("the array does not end", where=f"{name}:{line}", hint="Get the file again.")
            return
        line, seen = line + text.count("\n", seen, at), at
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if count:
                where = f"{name}:{line}"
                yield line, FormatError(f"not valid JSON ({error})", where=where, hint="Mend it, or get it again.")
            return
        piece = text[at:end]
        found = _record_of(piece, f"{name}:{line}", "Write one JSON object a line, or an array of objects.")
        if not inside and count == 0 and isinstance(found, dict) and _is_container(found) and not text[end:].strip():
            yield from ((index, one) for index, one in enumerate(_inside(found), 1))
            return
        yield line, found
        count += 1
        at = end


def _is_pair(text: str, decoder: json.JSONDecoder) -> bool:
    """Whether the first array of a text is a sentence with its annotations, not a list of them."""
    try:
        value, _ = decoder.raw_decode(text, text.index("["))
    except (ValueError, RecursionError):
        return False
    return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)


def _is_container(value: Any) -> bool:
    """Whether an object is no sentence, but holds a list of them."""
    if not isinstance(value, Mapping) or value.keys() & {"text", "tokens", "words"}:
        return False
    return not isinstance(value.get("data"), Mapping) and bool(_inside(value))  # that would be a task of Label Studio


def _inside(value: Mapping[str, Any]) -> list[Record]:
    for key in _CONTAINERS:
        found = value.get(key)
        if isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
            return found
    return []
