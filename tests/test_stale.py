"""No result outlives the code that made it: a changed module works out anew what it is part of, and nothing else.

The package is copied, a recipe runs there, a module of the copy is changed without effect, and the recipe runs again.
What is behind a step that was worked out anew may be worked out too, or be taken from the cache where that step's
result is the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crosspan
from crosspan.demo import load_corpus

PACKAGE = Path(crosspan.__file__).parent
RECIPE = """
task = "translate-train"
[source]
path = "en.txt"
[target]
path = "sw.txt"
[tag]
adaptation.iterations = 1
[align]
diagonal_iterations = 1
hmm_iterations = 1
[train]
iterations = 2
rounds = 0
[evaluate]
path = "gold.jsonl"
"""
PROJECTING = {"count", "observe", "project"}
EVERYTHING = {"pairs", "adapt", "tag", "learn", "align", *PROJECTING, "train", "unlabelled", "predict", "evaluate"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the package with the machine code that Numba keeps beside it, and a folder where the recipe ran."""
    folder = tmp_path_factory.mktemp("stale")
    shutil.copytree(PACKAGE, folder / "src" / "crosspan")
    (folder / "run").mkdir()
    source, target = load_corpus("en")[:12], load_corpus("sw")[:12]
    for name, side in (("en", source), ("sw", target)):
        lines = "".join(f"{one.text}\n" for one in side)
        (folder / "run" / f"{name}.txt").write_text(lines, encoding="utf-8")
    crosspan.write(folder / "run" / "gold.jsonl", target)
    (folder / "run" / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    assert set(run(folder / "run", folder / "src")[0]) == EVERYTHING
    return folder


def run(folder: Path, source: Path) -> tuple[set[str], set[str]]:
    """Run the recipe with a copy of the package; the steps that did some work, and those that did none."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "crosspan.cli.main", "run", "recipe.toml", "--threads", "1", "--json", "--quiet"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stages = json.loads(done.stdout)["stages"]
    worked = {stage["name"] for stage in stages if stage["computed"]}
    return worked, {stage["name"] for stage in stages} - worked


def test_without_a_change_nothing_is_worked_out(place):
    worked, cached = run(place / "run", place / "src")
    assert not worked
    assert cached == EVERYTHING


@pytest.mark.parametrize(
    ("changed", "anew", "kept"),
    [
        pytest.param("align/hmm.py", {"learn", "align"}, {"pairs", "adapt", "tag", "unlabelled"}),
        pytest.param(
            "tag/features.py",
            {"adapt", "tag", "train", "predict"},
            {"pairs", "learn", "align", "unlabelled"},
        ),
        pytest.param(
            "project/features.py",
            PROJECTING,
            {"pairs", "adapt", "tag", "learn", "align", "unlabelled"},
        ),
        pytest.param(
            "project/learned_weights.json",
            PROJECTING,
            {"pairs", "adapt", "tag", "learn", "align", "unlabelled"},
        ),
        pytest.param("evaluate/counts.py", {"evaluate"}, EVERYTHING - {"evaluate"}),
        pytest.param("cli/report.py", set(), EVERYTHING),
    ],
)
def test_a_changed_module(place, tmp_path, changed, anew, kept):
    source, folder = tmp_path / "src", tmp_path / "run"
    shutil.copytree(place / "src", source)
    shutil.copytree(place / "run", folder)
    with open(source / "crosspan" / changed, "a", encoding="utf-8") as stream:
        stream.write("\n" if changed.endswith(".json") else "\n_CHANGED = True\n")
    worked, cached = run(folder, source)
    assert anew <= worked
    assert kept <= cached
