"""JSON of others, read so that whatever is wrong with it is one kind of error with a reason in words.

Beyond what the standard library refuses, this refuses what JSON has no place for or what would lose something: ``NaN``
and infinite numbers, a key that stands twice in an object, and values nested so deeply that nothing after could walk
through them.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

DEEPEST = 100
"""Levels that values may be nested."""

_TRAVERSED = 2 * DEEPEST
"""Brackets that open, from which it is looked how deep they go; text with fewer cannot go much deeper."""


def parse_json(text: str | bytes) -> Any:
    """The value that a text of JSON stands for.

    Args:
        text: The text; bytes are UTF-8.

    Raises:
        ValueError: It is no such text; the error says why.

    Example:
        >>> parse_json('{"score": 0.5}')
        {'score': 0.5}
        >>> parse_json('{"score": NaN}')
        Traceback (most recent call last):
        ...
        ValueError: NaN is no number of JSON
    """
    plain = text.decode("utf-8") if isinstance(text, bytes) else text
    try:
        value = json.loads(plain, parse_constant=_refused, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("values are nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        if "digits" in str(error):  # Python's limit for whole numbers, of which its message says how to lift it
            raise ValueError("a whole number has too many digits") from None
        raise
    if plain.count("[") + plain.count("{") > _TRAVERSED and _depth(value) > DEEPEST:
        raise ValueError("values are nested too deeply")
    return value


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in an object")
    return found


def _depth(value: Any) -> int:
    """How many levels of lists and objects there are, found without a call for each."""
    levels, level = 0, [value]
    while level := [one for one in level if isinstance(one, list | dict)]:
        levels += 1
        level = [one for holder in level for one in (holder.values() if isinstance(holder, dict) else holder)]
    return levels
