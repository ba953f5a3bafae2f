"""Results may have any name that a disk takes: of 252 bytes and more, and with what would act on a terminal."""

from __future__ import annotations

import os

import pytest
from tests.faults.commands import CALLS, Call, words_of

from crosspan.cli.main import main

LONG = "ọ" * 80 + "n"
"""A name of 241 bytes; an ending makes it longer."""

STRANGE = "a\x1b[31m\nb "
"""A name that would colour a terminal, and end a line."""

NO_UTF8 = "\udcff"
"""A byte of a name that is no UTF-8."""


def renamed(call: Call, name: str, longest: int | None = None) -> tuple[list[str], list[str]]:
    """The words of a call whose results have other names, and those names."""
    names = {}
    for number, result in enumerate((*call.files, *call.folders)):
        stem, dot, ending = result.partition(".")
        new = f"{name}{number}{dot}{ending}"
        if longest is not None:
            new = f"{name}{'n' * (longest - len(os.fsencode(new)))}{number}{dot}{ending}"
            assert len(os.fsencode(new)) == longest, stem
        names[result] = new
    words = [names.get(word, word) for word in words_of(call)]
    more = ["--out", names[call.folders[0]]] if call.verb == "run" else []
    return [*words, *more], list(names.values())


@pytest.mark.parametrize("longest", [252, 255])
@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if name != "study"])
def test_long_names(name, longest, world, capfd):
    folder = world(name)
    words, results = renamed(CALLS[name], LONG, longest)
    for _ in range(1 if CALLS[name].needs else 2):  # the second time there is one to be replaced
        assert main(words) == 0, capfd.readouterr().err
    assert {*results} <= {*os.listdir(folder)}


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if not call.needs])
def test_strange_names(name, world, capfd):
    folder = world(name)
    in_toml = name in ("run", "new")  # which is UTF-8
    words, results = renamed(CALLS[name], STRANGE + ("" if in_toml else NO_UTF8))
    assert main([word for word in words if word != "--quiet"]) == 0, capfd.readouterr().err
    said = capfd.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\nb " not in said.out + said.err
    assert {*results} <= {*os.listdir(folder)}
    assert main([*words[:1], "no such\x1b[31m\nb", *words[2:]]) != 0
    assert "\x1b" not in capfd.readouterr().err
    if in_toml:
        assert main(renamed(CALLS[name], NO_UTF8)[0]) == 2
        assert "'\\udcff0" in (err := capfd.readouterr().err)
        assert "is not UTF-8, and a TOML file holds nothing else" in err
