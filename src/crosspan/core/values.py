"""Reads values that may be anything as what a field of a dataclass is: from TOML, from ``--set``, from keywords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from crosspan.core.errors import OptionError
from crosspan.core.shown import shown

_LARGEST = 1 << 62
_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def as_type(name: str, value: Any, example: Any) -> Any:
    """Read a value as the type that an example has.

    Args:
        name: Of the setting, for errors.
        value: The value; a string is read, for a tuple as words with commas between them.
        example: A value of the right type; where it is neither text, number, switch nor tuple, anything goes.

    Raises:
        OptionError: The value cannot be read.

    Example:
        >>> as_type("stop_words", "!,?", ())
        ('!', '?')
    """
    if is_dataclass(example):
        if isinstance(value, type(example)):
            return value
        names = ", ".join(one.name for one in fields(example))
        raise OptionError(f"{name} is a group of settings, not one", hint=f"Choose from {names}.")
    if isinstance(example, bool):
        found = value if isinstance(value, bool) else _SWITCH.get(str(value).lower())
        if found is None:
            raise OptionError(f"{name} is {value!r}", hint="Write true or false.")
        return found
    if isinstance(example, Mapping) and not isinstance(value, Mapping):
        raise OptionError(f"{name} is {shown(value)}, and it is a table", hint="Write names with a value each.")
    if isinstance(example, str):
        if isinstance(value, list | tuple | Mapping):
            raise OptionError(f"{name} is {shown(value)}, not a text", hint="Write one value.")
        if "\0" in str(value):
            raise OptionError(f"{name} is {shown(value)}", hint="Remove the character NUL, which no name can have.")
        return str(value)
    if isinstance(example, tuple):
        if isinstance(value, str):
            return tuple(value.split(","))
        if not isinstance(value, list | tuple):
            raise OptionError(
                f"{name} is {shown(value)}, not a list", hint="Write a list, or words with commas between."
            )
        return tuple(value)
    if not isinstance(example, int | float):
        return value
    kind = type(example)
    try:
        number = kind(value)
        exact = number == number and (isinstance(value, str) or number == value)  # not NaN, and no fraction cut off
    except (TypeError, ValueError, OverflowError):
        exact = False
    if not exact or isinstance(value, bool):
        what = "a whole number" if kind is int else "a number"
        raise OptionError(f"{name} is {shown(value)}, which is not {what}", hint=f"Write {what}, such as {example}.")
    if kind is int and not -_LARGEST < number < _LARGEST:
        raise OptionError(f"{name} is {shown(value)}", hint="Choose a smaller number.")
    return number


def as_field(kind: type[Any], name: str, value: Any, default: Any) -> Any:
    """Read a value as a field of a dataclass wants it, the items of a list included.

    Args:
        kind: The class.
        name: The field.
        value: The value.
        default: Of the field.

    Raises:
        OptionError: The value cannot be read.

    Example:
        >>> from crosspan.tag.gliner import GlinerOptions
        >>> as_field(GlinerOptions, "labels", "a=PER,b=LOC", ())
        ('a=PER', 'b=LOC')
    """
    found = as_type(name, value, default)
    item, rest = (*get_args(_hints(kind).get(name)), None, None)[:2]  # type: ignore[arg-type]  # a class has a hash
    if not isinstance(found, tuple) or rest is not Ellipsis or item not in (str, int, float):
        return found
    for one in found:
        if item is str and not isinstance(one, str):
            raise OptionError(f"{name} holds {shown(one)}, which is no text", hint="Write it in quotation marks.")
    return tuple([as_type(name, one, item()) for one in found])


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)
