r"""What users gave, as it stands in messages: values cut short, and characters that would act on a terminal escaped.

A label or a file name can hold anything: an escape sequence would recolour a terminal or move its cursor, a line feed
would forge a second message, a mark of direction would turn the rest of the line round.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_LONGEST = 60
_LONGEST_REASON = 200
_DEEPEST = 4
_MOST = 20
_MOST_BITS = 400

_ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]")
"""Controls, separators of lines, marks of direction that last, halves of surrogate pairs, annotations."""

_ACTS_IN_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""Escape the characters of a text that act on a terminal; all others stay, whatever their script.

    Args:
        text: The text.
        lines: Whether it has several lines; else a line feed is escaped as well.

    Example:
        >>> print(printable("PER\x1b[31m\n"), printable("mọ́ 東京"))
        PER\x1b[31m\n mọ́ 東京
    """
    return escaped(text, lambda one: one.encode("unicode_escape", "surrogatepass").decode("ascii"), lines=lines)


def escaped(text: str, how: Callable[[str], str], *, lines: bool = False) -> str:
    r"""A text with something else for each character that acts on a terminal.

    Args:
        text: The text.
        how: Gives what stands for a character.
        lines: Whether the text has several lines; else a line feed counts as well.

    Example:
        >>> escaped("a\x1bb", lambda one: "?")
        'a?b'
    """
    if text.isprintable():
        return text
    return (_ACTS_IN_LINES if lines else _ACTS).sub(lambda match: how(match[0]), text)


def in_short(error: object) -> str:
    r"""What a library says is wrong, as a part of a message of ours: one line, not long, without a stop at its end.

    Example:
        >>> in_short(ValueError("no\n such thing."))
        'no such thing'
    """
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return printable(text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON] + "…")


def shown(value: Any, longest: int = _LONGEST) -> str:
    """A value as Python writes it, cut off where it is long, deep, or cannot be written.

    Args:
        value: Any value, such as one that was found where another belongs.
        longest: Most characters.

    Example:
        >>> shown("Accra"), shown([[[[["deep"]]]]]), len(shown("long" * 100))
        ("'Accra'", '[[[[…]]]]', 61)
    """
    text = _written(value, _DEEPEST)
    return text if len(text) <= longest else text[:longest] + "…"


def _written(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return repr(value[: 4 * _LONGEST])
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a whole number of {value.bit_length()} bits"
    if type(value) not in (list, tuple, dict):
        try:
            return repr(value)
        except Exception:  # of a class of anybody's
            return f"a {type(value).__name__}"
    brackets: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}")}
    open_, close = brackets[type(value)]
    if depth == 0:
        return "…"
    some = list(value)[:_MOST]
    if isinstance(value, dict):
        parts = [f"{_written(key, depth - 1)}: {_written(value[key], depth - 1)}" for key in some]
    else:
        parts = [_written(one, depth - 1) for one in some]
    parts += ["…"] * (len(value) > _MOST)
    return f"{open_}{', '.join(parts)}{',' if len(value) == 1 and isinstance(value, tuple) else ''}{close}"
