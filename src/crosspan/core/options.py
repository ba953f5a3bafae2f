"""Options: frozen dataclasses whose fields declare what they can be, and the one reader of settings.

A class of options writes the limits of a field into its type, and checks them all with one call::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class RateOptions:
        rate: Annotated[float, Above(0)] = 0.1
        share: Annotated[float, Within(0, 1)] = 0.5
        rounds: Annotated[int, AtLeast(1)] = 3
        order: Literal["given", "random"] = "given"

        def __post_init__(self) -> None:
            checked(self)

Settings reach it by name (:func:`with_settings`), whether they come from TOML, from ``--set`` or as keywords.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.values import as_field, as_type

T = TypeVar("T")


class Limit(Protocol):
    """What a number must be; it is never NaN or infinite."""

    @property
    def words(self) -> str:
        """What stands after "a number" in the hint."""

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""


@dataclass(frozen=True, slots=True)
class Within:
    """A number from ``low`` to ``high``, both included."""

    low: float
    high: float

    @property
    def words(self) -> str:
        """For the hint."""
        return f"from {self.low} to {self.high}"

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number that is ``least`` or more."""

    least: float

    @property
    def words(self) -> str:
        """For the hint."""
        return f"of at least {self.least}"

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""
        return self.least <= value


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number that is ``most`` or less."""

    most: float

    @property
    def words(self) -> str:
        """For the hint."""
        return f"up to {self.most}"

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""
        return value <= self.most


@dataclass(frozen=True, slots=True)
class Above:
    """A number that is more than ``bound``."""

    bound: float

    @property
    def words(self) -> str:
        """For the hint."""
        return f"above {self.bound}"

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""
        return self.bound < value


@dataclass(frozen=True, slots=True)
class Below:
    """A number that is less than ``bound``."""

    bound: float

    @property
    def words(self) -> str:
        """For the hint."""
        return f"below {self.bound}"

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""
        return value < self.bound


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some names that are known when the program runs; where they stand in the code, write a ``Literal``."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field can be."""

    name: str
    whole: bool
    limits: tuple[Limit, ...]
    choices: tuple[Any, ...]


def checked(options: Any, prefix: str = "") -> None:
    """Check the fields of a dataclass of options against the limits and choices that their types declare.

    Call it from ``__post_init__``, before what only the class itself can check. Limits that fields of base classes
    declare count as well.

    Args:
        options: The options.
        prefix: What the group is called in messages, such as ``"smoothing."``.

    Raises:
        OptionError: A value is not what it can be.

    Example:
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     share: Annotated[float, Above(0), AtMost(1)] = 0.5
        ...     order: Literal["given", "random"] = "given"
        ...     def __post_init__(self) -> None:
        ...         checked(self)
        >>> Options(share=0.0)
        Traceback (most recent call last):
        crosspan.core.errors.OptionError: share is 0.0. Choose a number above 0 and up to 1.
    """
    kind: Any = type(options)
    for field in _fields_of(kind):
        value = getattr(options, field.name)
        if field.choices and value not in field.choices:
            hint = f"Choose one of {', '.join(map(str, field.choices))}."
            raise OptionError(f"{prefix}{field.name} is {value!r}", hint=hint)
        if field.limits and not _holds(value, field):
            kind = "a whole number" if field.whole else "a number"
            words = " and ".join(limit.words for limit in field.limits)
            raise OptionError(f"{prefix}{field.name} is {value!r}", hint=f"Choose {kind} {words}.")


def _holds(value: Any, field: _Field) -> bool:
    try:
        if field.whole:
            operator.index(value)
        return math.isfinite(value) and all(limit.holds(value) for limit in field.limits)
    except (TypeError, OverflowError):  # it is no number at all, or none that fits anywhere
        return False


@cache
def _fields_of(kind: Any) -> tuple[_Field, ...]:
    """The fields of a class that have limits or choices."""
    found = []
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        extras: list[Any] = []
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        for one in extras:
            choices = one.names if isinstance(one, OneOf) else choices
        limits = tuple([one for one in extras if not isinstance(one, OneOf)])
        if choices or limits:
            found.append(_Field(field.name, hint is int, limits, choices))
    return tuple(found)


def what_fits(kind: Any) -> dict[str, str]:
    """What each field of a class of options can be, in words.

    Args:
        kind: The class.

    Example:
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     share: Annotated[float, Above(0), AtMost(1)] = 0.5
        ...     order: Literal["given", "random"] = "given"
        ...     names: tuple[str, ...] = ()
        >>> what_fits(Options)
        {'share': 'a number above 0 and up to 1', 'order': 'given or random', 'names': 'a list'}
    """
    declared = {field.name: field for field in _fields_of(kind)}
    hints = get_type_hints(kind)
    found = {}
    for field in fields(kind):
        known = declared.get(field.name)
        if known is not None and known.choices:
            found[field.name] = _either([str(one) for one in known.choices])
        else:
            limits = "" if known is None else " and ".join(limit.words for limit in known.limits)
            found[field.name] = f"{_said_of(hints[field.name])} {limits}".rstrip()
    return found


def _said_of(hint: Any) -> str:
    """A type in words."""
    named: dict[Any, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        tuple: "a list",
    }
    if hint in named:
        return named[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _either([str(one) for one in arguments])
    if type(None) in arguments:
        return _either([*(_said_of(one) for one in arguments if one is not type(None)), "nothing"])
    return "a list" if origin is tuple else "names with a value each"


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def with_settings(options: T, settings: Mapping[str, Any]) -> T:
    """Change named fields of a frozen dataclass of options.

    Args:
        options: The options to start from. A field that holds another dataclass, or a mapping, is reached by a dot.
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
        if outer not in known or (dot and not _is_group(known[outer])):
            names = setting_names(options)
            hint = did_you_mean(name, names, quoted=False, otherwise=f"Choose from {', '.join(names)}.")
            raise OptionError(f"there is no setting {name!r}", hint=hint)
        if dot:
            inner.setdefault(outer, {})[rest] = value
        else:
            changes[name] = as_field(type(options), name, value, known[name])
    for outer, nested_values in inner.items():
        start = changes.get(outer, known[outer])
        if is_dataclass(start):
            changes[outer] = with_settings(start, nested_values)
        else:
            read = _reader_of(type(options), outer)
            changes[outer] = {**start, **{name: read(f"{outer}.{name}", it) for name, it in nested_values.items()}}
    return replace(options, **changes)  # type: ignore[type-var]


def _is_group(value: object) -> bool:
    return is_dataclass(value) or isinstance(value, Mapping)


def _reader_of(kind: type[Any], name: str) -> Callable[[str, Any], Any]:
    """What reads the values of a field that is a mapping."""
    arguments = get_args(get_type_hints(kind)[name])
    examples: dict[Any, Any] = {float: 1.0, int: 1, bool: True, str: ""}
    example = examples.get(arguments[1]) if len(arguments) == 2 else None
    return lambda shown, value: as_type(shown, value, example)


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


def is_open(options: object, name: str) -> bool:
    """Whether a dotted name belongs to a field that takes any names, such as the weights of candidates.

    Example:
        >>> from crosspan.project.candidate_options import CandidateOptions
        >>> is_open(CandidateOptions(), "weights.mass"), is_open(CandidateOptions(), "nmt.model")
        (True, False)
    """
    outer, dot, _ = name.partition(".")
    return bool(dot) and isinstance(getattr(options, outer, None), Mapping)


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted names.

    Example:
        >>> flat({"a": {"b": 1, "c": {"d": 2}}, "e": 3})
        {'a.b': 1, 'a.c.d': 2, 'e': 3}
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`flat` was made from.

    Example:
        >>> nested({"a.b": 1, "a.c.d": 2, "e": 3})
        {'a': {'b': 1, 'c': {'d': 2}}, 'e': 3}
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        *outer, last = name.split(".")
        inside = found
        for part in outer:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return found
