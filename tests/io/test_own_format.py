"""A format of another package works wherever a file of sentences is read or written."""

from __future__ import annotations

import json
import logging

import pytest

from crosspan.cli.main import main
from crosspan.core import components
from crosspan.core.errors import ModelError, OptionError, SpanError
from crosspan.core.types import Sentence, Span
from crosspan.io import FORMATS, format_by_name, read, write, write_projections
from crosspan.io.pairs import SentenceFile

LINES = "[PER Ada Obi] lives in [LOC Accra]\nyes\n"
CORPUS = [Sentence(("Ada", "Obi", "lives", "in", "Accra"), (Span(0, 2, "PER"), Span(4, 5, "LOC"))), Sentence(("yes",))]

pytestmark = pytest.mark.usefixtures("plugin_package")


def test_python(tmp_path):
    assert "brackets" in FORMATS.names()
    assert format_by_name("a.brackets.gz") == "brackets"
    assert write(tmp_path / "a.brackets", CORPUS) == 2
    assert (tmp_path / "a.brackets").read_text("utf-8") == LINES
    assert read(tmp_path / "a.brackets") == CORPUS
    (tmp_path / "a.brackets").rename(tmp_path / "a.txt")
    assert read(tmp_path / "a.txt", format="brackets", lang="en")[0].lang == "en"
    assert [one.sentence for one in SentenceFile(tmp_path / "a.txt", "brackets").located()] == CORPUS


def test_faults_are_those_of_any_format(tmp_path):
    (tmp_path / "a.brackets").write_text("in [LOC Accra\nyes\n", encoding="utf-8")
    with pytest.raises(SpanError, match=r"a\.brackets:1"):
        read(tmp_path / "a.brackets")
    rejects = []
    assert [one.spans for one in read(tmp_path / "a.brackets", rejects=rejects)] == [(), ()]
    assert len(rejects) == 1


def test_command_line(tmp_path, capsys):
    path = tmp_path / "a.brackets"
    path.write_text(LINES, encoding="utf-8")
    assert main(["convert", str(path), "-", "--to", "conll", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("Ada\tB-PER\nObi\tI-PER\n")
    assert main(["convert", str(path), str(tmp_path / "a.jsonl"), "--quiet"]) == 0
    assert main(["convert", str(tmp_path / "a.jsonl"), "-", "--to", "brackets", "--quiet"]) == 0
    assert capsys.readouterr().out == LINES
    assert main(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["labels"] == {"LOC": 1, "PER": 1}
    assert main(["check", str(path), "--from", "brackets"]) == 0


def test_projections(tmp_path):
    from crosspan.core.types import Projection

    assert write_projections(tmp_path / "a.brackets", map(Projection, CORPUS)) == 2
    assert (tmp_path / "a.brackets").read_text("utf-8") == LINES


def test_a_broken_package_is_passed_over_until_it_is_asked_for(tmp_path, plugin_package, caplog, monkeypatch):
    about = next((tmp_path / "site").glob("*.dist-info"))
    (about / "entry_points.txt").write_text("[crosspan.formats]\nbad = crosspan_plugin.nowhere:Bad\n")
    components._installed.cache_clear()
    (tmp_path / "a.txt").write_text("in Accra\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING, "crosspan"):
        assert read(tmp_path / "a.txt")[0].tokens == ("in", "Accra")
    assert "bad is passed over" in caplog.text
    with pytest.raises(ModelError, match="crosspan-plugin"):
        read(tmp_path / "a.txt", format="bad")


def test_names_of_crosspan_stay_its_own():
    with pytest.raises(OptionError, match="itself"):
        FORMATS.register("conll", object)
