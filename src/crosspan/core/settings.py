"""Settings from names and values, as a command line or a recipe gives them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from crosspan.core.errors import OptionError

T = TypeVar("T")

_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def with_settings(options: T, settings: Mapping[str, Any]) -> T:
    """Change named fields of a frozen dataclass of options.

    Args:
        options: The options to start from. A field that holds another dataclass is reached by a dot.
        settings: New values by name; strings are read as the type that the field has.

    Returns:
        A new object; its own checks have run.

    Raises:
        OptionError: There is no such setting (the error names the nearest), or the value cannot be read.

    Example:
        >>> from crosspan.align.statistical import StatisticalOptions
        >>> found = with_settings(StatisticalOptions(), {"hmm_iterations": "5", "smoothing.word": 10})
        >>> found.hmm_iterations, found.smoothing.word
        (5, 10.0)
    """
    changes: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    known = {field.name: getattr(options, field.name) for field in fields(options)}  # type: ignore[arg-type]
    for name, value in settings.items():
        outer, dot, rest = name.partition(".")
        if outer not in known or bool(dot) > is_dataclass(known[outer]):
            raise OptionError(f"there is no setting {name!r}", hint=_hint(name, setting_names(options)))
        if dot:
            inner.setdefault(outer, {})[rest] = value
        else:
            changes[name] = as_type(name, value, known[name])
    for outer, nested in inner.items():
        changes[outer] = with_settings(changes.get(outer, known[outer]), nested)
    return replace(options, **changes)  # type: ignore[type-var]


def setting_names(options: object) -> list[str]:
    """Names of all settings, nested ones with a dot.

    Example:
        >>> from crosspan.align.statistical import StatisticalOptions
        >>> setting_names(StatisticalOptions())[-1]
        'smoothing.spelling_threshold'
    """
    names: list[str] = []
    for field in fields(options):  # type: ignore[arg-type]
        value = getattr(options, field.name)
        names += [f"{field.name}.{name}" for name in setting_names(value)] if is_dataclass(value) else [field.name]
    return names


def _hint(name: str, names: list[str]) -> str:
    last = {known.rpartition(".")[2]: known for known in names}
    near = difflib.get_close_matches(name.rpartition(".")[2], [*last], n=1)
    return f"Did you mean {last[near[0]]}?" if near else f"Choose from {', '.join(names)}."


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
        raise OptionError(
            f"{name} is a group of settings, not one", hint=f"Choose from {', '.join(setting_names(example))}."
        )
    if isinstance(example, bool):
        found = value if isinstance(value, bool) else _SWITCH.get(str(value).lower())
        if found is None:
            raise OptionError(f"{name} is {value!r}", hint="Write true or false.")
        return found
    if isinstance(example, str):
        return str(value)
    if isinstance(example, tuple):
        return tuple(value.split(",")) if isinstance(value, str) else tuple(value)
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
        raise OptionError(f"{name} is {value!r}, which is not {what}", hint=f"Write {what}, such as {example}.")
    return number
