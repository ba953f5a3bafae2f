from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.options import AtLeast, checked
from crosspan.core.toml_reader import Place, TomlReader, line_of

LINES = ["a = 1", "[x]", "a = 2", "y.b = 3", "[x.z]", "'c' = 4", "[[r]]", "a = 5", "[r.s]", "t = 6", "[[r]]", "a = 7"]


@pytest.mark.parametrize(
    ("table", "key", "row", "line"),
    [
        *(
            ("", "a", 0, 1),
            ("x", "a", 0, 3),
            ("x", "y.b", 0, 4),
            ("x", "z.c", 0, 6),
            ("x", "q", 0, 2),
            ("w", "a", 0, 0),
        ),
        *(("x", "z.q", 0, 5), ("r", "a", 0, 8), ("r", "s.t", 0, 10), ("r", "s.q", 0, 9), ("r", "", 1, 11)),
        *(("r", "a", 1, 12), ("r", "s.t", 1, 11)),
    ],
)
def test_lines_of_keys(table, key, row, line):
    assert line_of(LINES, table, key, row) == line


@dataclass(frozen=True, kw_only=True)
class Row:
    """A table with each kind of field; the count has no default that its checks would let pass."""

    count: Annotated[int, AtLeast(1)] = 0
    names: tuple[str, ...] = ()
    file: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked(self)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[r]]\ncount = 1\n[[r]]\ncont = 2", "t.toml:4: [r] has no key 'cont'. Did you mean 'count'?"),
        ("[[r]]\ncount = 1\n[[r]]\n", "t.toml:3: count is 0. Choose a whole number of at least 1."),
        ("[[r]]\ncount = 1\n[[r]]\ncount = 1.5", "t.toml:4: count is 1.5, which is not a whole number."),
        ("[[r]]\nnames = 3", "t.toml:2: names is 3, not a list."),
        ("[[r]]\n[r.names]\na = 3", "t.toml:2: names is one value, no table"),
        ("[[r]]\nfile = {a = 3}", "t.toml:2: file is one value, no table"),
        ('[[r]]\noptions = "a"', "t.toml:2: options is a table. Write [r.options] on a line."),
        ("[r]\ncount = 1", "t.toml:1: r is no list of tables. Write [[r]] on a line."),
    ],
)
def test_what_is_wrong_in_a_row_is_said_with_its_line(text, said):
    reader = TomlReader("t.toml", text)
    with pytest.raises(OptionError) as raised:
        _ = [reader.table(place, Row) for place in reader.rows(tomllib.loads(text), "r")]
    assert said in str(raised.value)


def test_an_error_is_looked_for_where_settings_count_first():
    text = "[train.options]\nepochs = 0\nrate = 1\n[[mode]]\nname = 'a'\n[[mode]]\nrate = 2"
    reader = TomlReader("t.toml", text)
    places = (Place("mode", {"rate": 2}, 1), Place("train", {"epochs": 0, "rate": 1}, inside="options"))

    def line(message):
        def fail():
            raise OptionError(message)

        with pytest.raises(OptionError) as raised:
            reader.guarded(fail, *places)
        return raised.value.where

    assert line("rate is 2") == "t.toml:7"
    assert line("epochs is 0") == "t.toml:2"
    assert line("something else") == "t.toml:6"
