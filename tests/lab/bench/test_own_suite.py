"""A suite of another package, in a format of that package, is found, read and run as any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import OptionError
from crosspan.core.types import Span
from crosspan.suites import SUITES, make_suite
from crosspan.suites.folder import Folder
from crosspan.suites.suite import MissingData, Need

NEEDS: frozenset[Need] = frozenset({"source"})

pytestmark = pytest.mark.usefixtures("plugin_package")


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    folder = tmp_path / "minutes"
    folder.mkdir()
    (folder / "en.minutes.brackets").write_text("[PER Ada Obi] lives in [LOC Accra]\nyes\n", encoding="utf-8")
    (folder / "sw.minutes.brackets").write_text("[PER Ada Obi] anaishi [LOC Accra]\nndiyo\n", encoding="utf-8")
    return folder


def test_it_is_found_and_read(minutes: Path) -> None:
    assert SUITES.names()[-1] == "town-hall"
    suite = make_suite("town-hall")
    material = suite.read(suite.find(Folder(minutes), "sw", NEEDS, None), "sw", NEEDS)
    assert material.gold[0].spans == (Span(0, 2, "PER"), Span(3, 4, "LOC"))
    assert (material.source[0].tokens[2], material.source[0].lang) == ("lives", "en")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"no sw\.minutes\.brackets") as caught:
        make_suite("town-hall").find(Folder(tmp_path), "sw", NEEDS, None)
    assert caught.value.hint == "https://example.org/town-hall"
    with pytest.raises(OptionError, match="town-hall"):
        make_suite("townhall")


def test_it_runs_in_bench(minutes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--no-cache", "--format", "json", "--bootstrap", "0")
    assert main(["bench", "town-hall", "--data", str(minutes), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["suite"], [one["status"] for one in found["languages"]]) == ("town-hall", ["done"])
