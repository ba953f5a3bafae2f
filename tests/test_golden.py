"""``crosspan project`` gives the spans and confidences that it gave; see :mod:`tests.golden`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests import golden

import crosspan
from crosspan.cli.main import main
from crosspan.demo import LANGUAGES, load_corpus


@pytest.mark.parametrize("method", ["candidates", "heuristic"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_projections_of_the_demo(tmp_path, lang, method):
    crosspan.write(tmp_path / "en.jsonl", load_corpus("en"))
    crosspan.write(tmp_path / "target.jsonl", [replace(one, spans=()) for one in load_corpus(lang)])
    files = [str(tmp_path / name) for name in ("en.jsonl", "target.jsonl", "out.jsonl")]
    assert main(["project", *files[:2], "--out", files[2], "--method", method, "--quiet"]) == 0
    golden.check("project", f"{lang}, {method}", golden.summary(tmp_path / "out.jsonl"))
