"""What users gave is shown, and does nothing to a terminal: escape sequences, forged lines, marks of direction."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from crosspan.cli import messages, tables
from crosspan.cli.main import main
from crosspan.core.shown import printable, shown
from crosspan.core.tables import Table

ODD = "P\x1b[31mE\nR\u202e\x9b2J"
"""A label that recolours a terminal, forges a line, turns a line round, and clears the screen."""

WRITTEN = r"P\x1b[31mE\nR\u202e\x9b2J"
ACTS = {chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F))} - {"\n"}


@pytest.fixture
def files(tmp_path):
    spans = [{"start": 0, "end": 1, "label": ODD}]
    whole = {"tokens": ["Ada", "left"], "spans": spans}
    (tmp_path / "gold.jsonl").write_text(json.dumps(whole) + "\n")
    (tmp_path / "pred.jsonl").write_text(json.dumps({**whole, "spans": []}) + "\n")
    (tmp_path / "wrong.jsonl").write_text(json.dumps({**whole, "spans": [*spans, {**spans[0], "end": 9}]}) + "\n")
    (tmp_path / "tag.conll").write_text("Ada B\x1b[31m\nleft O\n\nAda B-PER\n")
    return tmp_path


COMMANDS = {
    "a table": ["evaluate", "gold.jsonl", "pred.jsonl"],
    "a table with errors": ["evaluate", "gold.jsonl", "pred.jsonl", "--labels", "NONE"],
    "a summary": ["check", "gold.jsonl"],
    "findings": ["check", "wrong.jsonl", "tag.conll"],
    "values": ["check", "gold.jsonl", "wrong.jsonl", "--json"],
    "an error": ["convert", "wrong.jsonl", "out.conll"],
    "a sentence left out": ["convert", "wrong.jsonl", "out.jsonl", "--on-error", "skip"],
    "an error of use": ["convert", "gold.jsonl", f"out.{ODD}"],
    "an unknown option": ["evaluate", f"--{ODD}", "gold.jsonl"],
    "no such file": ["check", f"none-{ODD}.conll"],
    "a scheme": ["convert", "gold.jsonl", "out.jsonl", "--scheme", ODD],
}


@pytest.mark.parametrize("what", COMMANDS)
def test_nothing_acts_on_a_terminal(files, monkeypatch, capsys, what):
    monkeypatch.chdir(files)
    main(COMMANDS[what])
    out = "".join(capsys.readouterr())
    assert out
    assert not ACTS & {*out}
    assert "E\nR" not in out, "a line is forged"


def test_the_label_can_be_read(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    main(["check", "gold.jsonl"])
    assert f"({WRITTEN} 1)" in capsys.readouterr().out
    main(["check", "gold.jsonl", "--json"])
    assert json.loads(capsys.readouterr().out)["files"][0]["labels"] == {ODD: 1}


def test_a_table_in_colour(capsys):
    tables.show([Table(["label", "n"], [[ODD, "1"]], ODD, [ODD])], colour=True)
    assert capsys.readouterr().out.count(WRITTEN) == 3


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_table_keeps_its_rows(form):
    plain = getattr(Table(["label", "n"], [["PER", "1"]]), form)()
    odd = getattr(Table(["label", "n"], [["PER\n", "1"]]), form)()
    assert odd.count("\n") == plain.count("\n")


@pytest.mark.parametrize(
    "text", ["mọ́ 東京 नमस्ते שלום", "می\u200cرود", "a\u00a0b\u3000c", "👩\u200d👧", "\ufffd", "e\u0301"]
)
def test_text_of_any_language_stays(text):
    assert printable(text) == text
    assert printable(f"{text}\n{text}", lines=True) == f"{text}\n{text}"


def test_values_of_any_kind_are_shown_in_short():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    itself = {}
    itself["me"] = itself

    class Bad:
        def __repr__(self):
            raise ValueError

    for value in (deep, itself, 10**9999, "x" * 10**6, ["y"] * 10**6, Bad(), float("nan"), b"\xff" * 1000):
        assert len(shown(value)) <= 61
    assert shown(("a",)) == "('a',)"
    assert shown({"a": [1, None]}) == "{'a': [1, None]}"


def test_there_is_one_way_out():
    for path in Path(messages.__file__).parent.glob("*.py"):
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr in ("echo", "secho")
        ]
        assert not calls or path.name == "messages.py", path.name
