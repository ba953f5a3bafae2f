"""A suite of another package is found, read and run as any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import OptionError
from crosspan.core.types import Span
from crosspan.suites import SUITES, make_suite
from crosspan.suites.folder import Folder
from crosspan.suites.suite import MissingData, Need

NONE: frozenset[Need] = frozenset()

pytestmark = pytest.mark.usefixtures("plugins")


@pytest.fixture
def greetings(tmp_path: Path) -> Path:
    folder = tmp_path / "greetings"
    folder.mkdir()
    (folder / "greetings.conll").write_text("Hello O\n, O\nAda B-PER\n\nGood O\nday O\n", encoding="utf-8")
    return folder


def test_it_is_found_and_read(greetings: Path) -> None:
    assert "greetings" in SUITES.names()
    suite = make_suite("greetings")
    material = suite.read(suite.find(Folder(greetings), "en", NONE, None), "en", NONE)
    assert (material.gold[0].spans, material.gold[0].lang) == ((Span(2, 3, "PER"),), "en")
    assert material.n_total == 2


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"no greetings\.conll"):
        make_suite("greetings").find(Folder(tmp_path), "en", NONE, None)
    with pytest.raises(OptionError, match="greetings"):
        make_suite("greeting")


def test_it_runs_in_bench(greetings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--no-cache", "--format", "json", "--bootstrap", "0")
    assert main(["bench", "greetings", "--data", str(greetings), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["suite"], [one["status"] for one in found["languages"]]) == ("greetings", ["done"])


def test_components_of_another_package_run_on_any_suite(
    tmp_path: Path, downloads: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    downloads.europarl(tmp_path, "en", "de")
    words = ("bench", "europarl-ner", "--data", str(tmp_path), "--lang", "de", "--no-cache", "--format", "json")
    chosen = ("--method", "same-place", "--aligner", "in-order", "--set", "align.shift=0", "--baseline", "heuristic")
    assert main([*words, *chosen, "--bootstrap", "0", "--samples", "20", "--threads", "1", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["system"]["method"], found["baseline"]["aligner"]) == ("same-place", "in-order")
    # "lives in" is one word there, so that every second entity is a word further on
    assert found["languages"][0]["scores"]["strict"]["micro"]["recall"] == pytest.approx(4 / 6)
