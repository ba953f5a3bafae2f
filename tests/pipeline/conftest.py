from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from crosspan.core.plugins import installed
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.pipeline import load_recipe, run_recipe
from crosspan.pipeline.recipes.tables import General

PLUGIN = Path(__file__).with_name("gazetteer.py")
METADATA = "Metadata-Version: 2.1\nName: gazetteer-package\nVersion: 1.2\n"
ENTRY_POINTS = """\
[crosspan.taggers]
gazetteer = crosspan_gazetteer:make_tagger
[crosspan.trainers]
gazetteer = crosspan_gazetteer:train
[crosspan.aligners]
diagonal = crosspan_gazetteer:make_aligner
broken = crosspan_gazetteer_missing:make
wrong = crosspan_gazetteer:no_such_name
[crosspan.projectors]
same-place = crosspan_gazetteer:SamePlace
"""


def install(folder: Path) -> None:
    """Put the package of another author into a folder as an installer would."""
    shutil.copy(PLUGIN, folder / "crosspan_gazetteer.py")
    about = folder / "gazetteer_package-1.2.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(METADATA, encoding="utf-8")
    (about / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")


def corpus(folder: Path, n: int = 40) -> None:
    """A small corpus: labelled English, Swahili with and without labels, a gazetteer of the English names."""
    source, target = load_corpus("en")[:n], load_corpus("sw")[:n]
    write(folder / "en.jsonl", source)
    write(folder / "en.txt", source, format="plain")
    write(folder / "sw.txt", target, format="plain")
    write(folder / "gold.jsonl", target)
    names = {one.tokens[span.start]: span.label for one in source for span in one.spans}
    (folder / "names.json").write_text(json.dumps(names, sort_keys=True), encoding="utf-8")


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A package with entry points is installed while a test runs, also for processes that it starts."""
    folder = tmp_path / "site"
    folder.mkdir()
    install(folder)
    monkeypatch.syspath_prepend(str(folder))
    installed.cache_clear()
    yield folder
    sys.modules.pop("crosspan_gazetteer", None)
    installed.cache_clear()


TRAIN = """
task = "translate-train"
shard = 8
[source]
path = "en.txt"
[target]
path = "sw.txt"
lang = "sw"
[tag]
use = "gazetteer"
model = "names.json"
[align]
diagonal_iterations = 1
hmm_iterations = 1
[project]
min_confidence = 0.05
[train]
use = "gazetteer"
[evaluate]
path = "gold.jsonl"
"""

PROJECT = """
shard = 8
[source]
path = "en.jsonl"
[target]
path = "sw.txt"
[align]
diagonal_iterations = 1
hmm_iterations = 1
"""


class Place:
    """A folder with a small corpus, and runs in it."""

    TRAIN = TRAIN
    PROJECT = PROJECT

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def recipe(self, text: str) -> Path:
        """Write a recipe."""
        path = self.folder / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, path: Path, *settings: str, out: Path | None = None, limit: int | None = None, **options):
        """Run a recipe, in one thread unless told otherwise."""
        options = {"threads": 1, **options}
        return run_recipe(load_recipe(path, settings, out=out, limit=limit), **options)

    @staticmethod
    def shards(report) -> dict[str, tuple[int, int]]:
        """Results computed and taken from the cache, by stage."""
        return {stage.name: (stage.computed, stage.cached) for stage in report.stages}

    @staticmethod
    def results(out: Path) -> dict[str, bytes]:
        """The files that a run leaves behind, but for its record of times; the name of their folder is taken out."""
        files = [
            path for path in sorted(out.iterdir()) if path.is_file() and path.name[0] != "." and path.name != "run.json"
        ]
        return {path.name: path.read_bytes().replace(f'out = "{out.name}"'.encode(), b"") for path in files}

    @staticmethod
    def records(path: Path) -> list[dict]:
        """The lines of a file of JSON."""
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def shards_of(monkeypatch):
    """Makes shards smaller than they are by default, as many pairs as are said."""

    def set_size(n: int) -> None:
        monkeypatch.setitem(General.__init__.__kwdefaults__, "shard", n)

    return set_size


@pytest.fixture
def place(tmp_path):
    """A folder with a small corpus."""
    corpus(tmp_path)
    return Place(tmp_path)


@pytest.fixture
def log(tmp_path):
    """Where steps write down what they do; see :mod:`tests.pipeline.counting_steps`."""
    path = tmp_path / "log"
    path.touch()
    return path
