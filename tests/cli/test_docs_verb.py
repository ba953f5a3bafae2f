from __future__ import annotations

import io
import sys
import webbrowser
from urllib.parse import urlparse

import click
import pytest

from crosspan.cli.main import main


def test_all_pages_are_listed_by_kind(capsys):
    assert main(["docs"]) == 0
    out = capsys.readouterr().out
    kinds = [line.partition(":")[0] for line in out.splitlines() if line and line[0].isupper()]
    assert kinds == ["Tutorial", "How-to", "Reference", "Explanation"]
    assert "  projection " in out


def test_a_page_is_written_as_markdown(capsys):
    assert main(["docs", "projection"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# Projection\n")
    assert "<!--" not in out


def test_a_part_of_a_page(capsys):
    assert main(["docs", "errors#outages"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("## Outages\n")
    assert out.count("\n## ") == 0


def test_a_terminal_gets_it_laid_out(capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["docs", "errors#exit-codes"]) == 0
    shown = terminal.getvalue()
    assert "Exit codes" in shown
    assert "## " not in shown
    assert max(map(len, click.unstyle(shown).splitlines())) <= 80


def test_an_unknown_page(capsys):
    assert main(["docs", "projektion"]) == 2
    assert "there is no page 'projektion'. Did you mean 'projection'?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["errors#outages"], []])
def test_a_page_is_opened_in_a_browser(capsys, monkeypatch, tmp_path, words):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["docs", *words, "--open"]) == 0
    address = urlparse(capsys.readouterr().out.strip())
    assert [urlparse(one) for one in opened] == [address]
    name, heading = ("errors", "outages") if words else ("index", "")
    assert (address.scheme, address.fragment) == ("file", heading)
    page = tmp_path / "crosspan" / "manual" / f"{name}.html"
    assert address.path == str(page)
    assert f'id="{heading}"' in page.read_text(encoding="utf-8") or not heading
