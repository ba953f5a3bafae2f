"""The one reader of TOML files that users write: their tables become checked dataclasses, errors get a line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from crosspan.core.errors import CrosspanError, FormatError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.lines import read_lines
from crosspan.core.nearest import did_you_mean
from crosspan.core.values import as_field

T = TypeVar("T")

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")


def read_toml(path: PathLike) -> tuple[dict[str, Any], str]:
    """The values of a file that a user writes, and its text, to find the line of a key in.

    Raises:
        FormatError: The file cannot be read, or is not TOML.
    """
    text = "\n".join(read_lines(path))
    try:
        return tomllib.loads(text), text
    except RecursionError as error:
        raise FormatError("values are nested too deeply", where=os.fspath(path), hint="Mend the file.") from error
    except ValueError as error:  # also numbers with too many digits, which are none of its own
        raise FormatError(f"this is not TOML: {error}", where=os.fspath(path), hint="Mend that line.") from error


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings come from.

    Args:
        table: The table; empty for what stands before the first one.
        given: Its settings, by name.
        row: Which one, from 0, where there are several of that name.
        inside: What the settings stand in below the table, such as ``"options"``.
    """

    table: str
    given: Mapping[str, Any]
    row: int = 0
    inside: str = ""

    def key(self, name: str) -> str:
        """The name of a setting below the table."""
        return f"{self.inside}.{name}" if self.inside and name else self.inside or name


class TomlReader:
    r"""Turns the tables of a document into frozen dataclasses; errors get the line that they come from.

    Args:
        shown: The file, for messages; empty where the values come from a call.
        text: Its text.

    Example:
        >>> from crosspan.align.statistical import StatisticalOptions
        >>> text = "[align]\np_null = 2"
        >>> TomlReader("a.toml", text).table(Place("align", {"p_null": 2}), StatisticalOptions)
        Traceback (most recent call last):
        crosspan.core.errors.OptionError: a.toml:2: p_null is 2.0. Choose a number above 0 and below 1.
    """

    def __init__(self, shown: str, text: str = "") -> None:
        self.shown = shown
        self.lines = text.split("\n")

    def table(self, place: Place, kind: type[T]) -> T:
        """A table as a dataclass.

        Args:
            place: The table with its values, as TOML has them or as the fields of the class are.
            kind: The dataclass.

        Raises:
            OptionError: A key is unknown, or a value is not possible.
        """
        defaults = _defaults(kind)
        self.check_keys(place, list(defaults))
        read = {name: self._value(place, kind, name, value, defaults[name]) for name, value in place.given.items()}
        return self.guarded(lambda: kind(**read), place)

    def _value(self, place: Place, kind: type[Any], name: str, value: Any, example: Any) -> Any:
        table = isinstance(value, Mapping)
        if isinstance(example, str | tuple) and table:
            raise self.error(place, name, OptionError(f"{name} is one value, no table"))
        if isinstance(example, Mapping) and not table:
            raise self.error(place, name, _no_table(f"{place.table}.{name}" if place.table else name))
        return self.guarded(lambda: as_field(kind, name, value, example), Place(place.table, {name: value}, place.row))

    def check_keys(
        self,
        place: Place,
        known: Sequence[str],
        *,
        takes: Callable[[str], bool] = lambda name: False,
        of: str = "",
    ) -> None:
        """Raise at a key that is unknown.

        Args:
            place: The table with its values.
            known: The keys there are.
            takes: Tells whether another one is possible.
            of: What the table is called where the values come from a call.

        Raises:
            OptionError: A key is unknown; the error names the nearest.
        """
        for name in place.given:
            if name in known or takes(name):
                continue
            what = f"there is no key {name!r}"
            if place.table:
                has = f"[{place.table}] has no key" if self.shown else f"{of or place.table} has no setting"
                what = f"{has} {name!r}"
            raise self.error(place, name, OptionError(what, hint=did_you_mean(name, known)))

    def inside(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The values of a table; none where it is not there.

        Raises:
            OptionError: It is no table.
        """
        found = data.get(name, {})
        if not isinstance(found, Mapping):
            raise self.error(Place("", {}), name, _no_table(name))
        return dict(found)

    def rows(self, data: Mapping[str, Any], name: str) -> list[Place]:
        """The tables of a list of tables; none where it is not there.

        Raises:
            OptionError: It is no list of tables.
        """
        found = data.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise self.error(
                Place("", {}), name, OptionError(f"{name} is no list of tables", hint=f"Write [[{name}]] on a line.")
            )
        return [Place(name, dict(one), row) for row, one in enumerate(found)]

    def guarded(self, make: Callable[[], T], *places: Place) -> T:
        """Call ``make``; an error gets the line of the key that it speaks of.

        Args:
            make: What to call.
            places: Where its settings come from, those that count before the others first.
        """
        try:
            return make()
        except CrosspanError as error:
            for place in places:
                key = _spoken_of(place.given, error.message)
                if key:
                    raise self.error(place, key, error) from error
            raise self.error(places[0], "", error) from error

    def error(self, place: Place, key: str, error: CrosspanError) -> OptionError:
        """The error with the line of a key, or of its table where the key is empty, or not found."""
        line = line_of(self.lines, place.table, place.key(key), place.row)
        where = f"{self.shown}:{line}" if line else self.shown or None
        return OptionError(error.message, where=where, hint=error.hint)


def line_of(lines: Sequence[str], table: str, key: str, row: int = 0) -> int:
    """The line of a key, from 1; that of what it stands in where the key is not found, 0 for neither.

    Args:
        lines: The document.
        table: The table; empty for what stands before the first one.
        key: The key, with dots where it stands in tables below; empty for the table itself.
        row: Which table, from 0, where there are several of that name.

    Example:
        >>> lines = ["limit = 3", "[align]", 'use = "x"', "[[test]]", "[[test]]", "limit = 4"]
        >>> line_of(lines, "align", "use"), line_of(lines, "test", "limit", 1), line_of(lines, "test", "limit", 0)
        (3, 6, 4)
    """
    found: dict[str, int] = {}
    inside = ""
    passed = -1  # how many tables of that name came, as lists have them
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            full = inside = header[2].replace(" ", "").replace('"', "")
            passed += header[1] == "[[" and inside == table
        elif name := _KEY.match(line):
            spelled = name[1].replace('"', "").replace("'", "")
            full = f"{inside}.{spelled}" if inside else spelled
        else:
            continue
        if passed in (-1, row):
            found.setdefault(full, number)
    wanted = ".".join(part for part in (table, key) if part)
    while wanted and wanted not in found:
        wanted = wanted.rpartition(".")[0]
    return found.get(wanted, 0)


def _defaults(kind: type[Any]) -> dict[str, Any]:
    """The default of each field, made without the checks of the whole; ``None`` where it has none."""
    found = {}
    for field in fields(kind):
        made = field.default_factory() if field.default_factory is not MISSING else None
        found[field.name] = made if field.default is MISSING else field.default
    return found


def _no_table(name: str) -> OptionError:
    return OptionError(f"{name.rpartition('.')[2]} is a table", hint=f"Write [{name}] on a line.")


def _spoken_of(given: Mapping[str, Any], message: str) -> str:
    """The key that a message names, or whose value it names."""
    for name in given:
        if re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", message):
            return name
    for name, value in given.items():
        inside = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(one, str) and repr(one) in message for one in inside):
            return name
    return ""
