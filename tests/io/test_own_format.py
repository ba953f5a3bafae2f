"""A format of another package works wherever a file of sentences is read or written."""

from __future__ import annotations

import json
import logging

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.plugins import installed
from crosspan.core.types import Sentence, Span
from crosspan.io import FORMATS, format_by_name, read, write, write_projections
from crosspan.io.pairs import SentenceFile

LINES = "Ada/B-PER Obi/I-PER lives/O in/O Accra/B-LOC\nyes/O\n"
CORPUS = [Sentence(("Ada", "Obi", "lives", "in", "Accra"), (Span(0, 2, "PER"), Span(4, 5, "LOC"))), Sentence(("yes",))]

pytestmark = pytest.mark.usefixtures("plugins")


def test_python(tmp_path):
    assert "slashed" in FORMATS.names()
    assert format_by_name("a.slashed.gz") == "slashed"
    assert write(tmp_path / "a.slashed", CORPUS) == 2
    assert (tmp_path / "a.slashed").read_text("utf-8") == LINES
    assert read(tmp_path / "a.slashed") == CORPUS
    (tmp_path / "a.slashed").rename(tmp_path / "a.txt")
    assert read(tmp_path / "a.txt", format="slashed", lang="en")[0].lang == "en"
    assert [one.sentence for one in SentenceFile(tmp_path / "a.txt", "slashed").located()] == CORPUS


def test_command_line(tmp_path, capsys):
    path = tmp_path / "a.slashed"
    path.write_text(LINES, encoding="utf-8")
    assert main(["convert", str(path), "-", "--to", "conll", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("Ada\tB-PER\nObi\tI-PER\n")
    assert main(["convert", str(path), str(tmp_path / "a.jsonl"), "--quiet"]) == 0
    assert main(["convert", str(tmp_path / "a.jsonl"), "-", "--to", "slashed", "--quiet"]) == 0
    assert capsys.readouterr().out == LINES
    assert main(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["labels"] == {"LOC": 1, "PER": 1}
    assert main(["check", str(path), "--from", "slashed"]) == 0


def test_projections(tmp_path):
    from crosspan.core.types import Projection

    assert write_projections(tmp_path / "a.slashed", map(Projection, CORPUS)) == 2
    assert (tmp_path / "a.slashed").read_text("utf-8") == LINES


def test_a_broken_package_is_passed_over_until_it_is_asked_for(tmp_path, monkeypatch, caplog):
    about = tmp_path / "site" / "broken-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: broken\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[crosspan.formats]\nbad = nowhere_at_all:Bad\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(about.parent))
    installed.cache_clear()
    (tmp_path / "a.txt").write_text("in Accra\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING, "crosspan"):
        assert read(tmp_path / "a.txt")[0].tokens == ("in", "Accra")
    assert "bad is passed over" in caplog.text
    with pytest.raises(ModelError, match="broken"):
        read(tmp_path / "a.txt", format="bad")


def test_names_of_crosspan_stay_its_own():
    with pytest.raises(OptionError, match="itself"):
        FORMATS.register("conll", object)
