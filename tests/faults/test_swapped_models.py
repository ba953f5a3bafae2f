"""A model that was swapped is noticed, however little shows of it: results of one are never taken for those of another.

Each model has a twin that finds the same entities under another label, in files of the same sizes and times.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from crosspan.core import digests
from crosspan.core.digests import file_digest
from crosspan.core.errors import FormatError
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.pipeline import load_recipe, run_recipe
from crosspan.pipeline.corpus import Files
from crosspan.pipeline.use import Use
from crosspan.tag.chain import allowed_transitions
from crosspan.tag.crf import CrfModel, FeatureOptions
from crosspan.tag.model_file import save_model

SENTENCES = 6
RECIPE = """
shard = 3
[source]
path = "en.txt"
[target]
path = "sw.txt"
[tag]
use = "{use}"
model = "{model}"
[align]
use = "links"
path = "links.txt"
[project]
use = "heuristic"
"""


def crf(path: Path, label: str) -> None:
    """A tagger that takes every word for an entity, in a file of a size that does not depend on the label."""
    transition = allowed_transitions(1)
    transition[:, 1] = 9.0
    save_model(
        CrfModel((label,), FeatureOptions(lexicon=False), np.zeros(0, np.uint32), np.zeros((0, 3)), transition), path
    )


def ruler(path: Path, label: str) -> None:
    """A pipeline of spaCy that knows some places."""
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    names = sorted({one.tokens[span.start] for one in load_corpus("en")[:SENTENCES] for span in one.spans})
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": name} for name in names])
    pipeline.to_disk(path)


MODELS = {"crf": ("m.crf", crf), "spacy": ("m", ruler)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Each model and its twin, which differs in nothing but its content."""
    folder = tmp_path_factory.mktemp("models")
    for use, (_, make) in MODELS.items():
        for label in ("NAM", "NAN"):
            try:
                make(folder / f"{use}-{label}", label)
            except pytest.skip.Exception:
                continue
    for path in folder.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return folder


class Place:
    """A folder with a corpus and a model, and runs in it."""

    def __init__(self, folder: Path, made: Path, use: str) -> None:
        if not (made / f"{use}-NAM").exists():
            pytest.skip("spaCy is not installed")
        self.folder, self.use = folder, use
        self.model, self.twin = folder / MODELS[use][0], folder / "twin"
        for label, path in (("NAM", self.model), ("NAN", self.twin)):
            copy(made / f"{use}-{label}", path)
        source, target = load_corpus("en")[:SENTENCES], load_corpus("sw")[:SENTENCES]
        write(folder / "en.txt", source, format="plain")
        write(folder / "sw.txt", target, format="plain")
        links = (" ".join(f"{k}-{k}" for k in range(min(len(a), len(b)))) for a, b in zip(source, target, strict=True))
        (folder / "links.txt").write_text("".join(f"{line}\n" for line in links))
        (folder / "recipe.toml").write_text(RECIPE.format(use=use, model=self.model.name))

    def run(self) -> tuple[bool, set[str]]:
        """Whether anything was tagged, and the labels that came out."""
        report = run_recipe(load_recipe(self.folder / "recipe.toml"), threads=1)
        lines = (self.folder / "out" / "labelled.jsonl").read_text().splitlines()
        labels = {span["label"] for line in lines for span in json.loads(line)["spans"]}
        return any(stage.computed for stage in report.stages if stage.name == "tag"), labels & {"NAM", "NAN"}


def copy(one: Path, other: Path) -> None:
    """Copy a file or folder over another, times and all."""
    if one.is_dir():
        shutil.copytree(one, other, dirs_exist_ok=True)
    else:
        shutil.copy2(one, other)


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    """A memory of digests of this test alone, in which files count as settled although they have just come."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(digests, "_SETTLED", -1.0)


@pytest.fixture(params=MODELS)
def place(tmp_path, made, request):
    folder = tmp_path / "work"
    folder.mkdir()
    return Place(folder, made, request.param)


def in_place(model: Path, twin: Path) -> None:
    """Write into the files and set their times back."""
    for path in files_of(model):
        about = path.stat()
        with open(path, "r+b") as stream:
            stream.write((twin / path.relative_to(model) if model.is_dir() else twin).read_bytes())
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def copied(model: Path, twin: Path) -> None:
    """Copy others over them, which keeps the times of those."""
    copy(twin, model)


def renamed(model: Path, twin: Path) -> None:
    """Rename others into their place."""
    for path in files_of(model):
        os.replace(twin / path.relative_to(model) if model.is_dir() else twin, path)


def moved(model: Path, twin: Path) -> None:
    """Rename the whole into its place."""
    model.rename(model.with_name("old"))
    twin.rename(model)


def linked(model: Path, twin: Path) -> None:
    """Let a link in its place lead to the other."""
    model.rename(model.with_name("old"))
    model.symlink_to(twin)


def files_of(model: Path) -> list[Path]:
    return sorted(path for path in model.rglob("*") if path.is_file()) if model.is_dir() else [model]


def looks(model: Path) -> list[tuple[str, int, int]]:
    """All that a listing shows: names, sizes and times."""
    return [(str(path.relative_to(model)), path.stat().st_size, path.stat().st_mtime_ns) for path in files_of(model)]


@pytest.mark.parametrize("swap", [in_place, copied, renamed, moved, linked])
def test_a_swapped_model_is_noticed(place, swap):
    before = looks(place.model)
    assert place.run() == (True, {"NAM"})
    assert place.run() == (False, {"NAM"})
    swap(place.model, place.twin)
    assert looks(place.model) == before, "the swap should not show"
    assert place.run() == (True, {"NAN"})
    assert place.run() == (False, {"NAN"})


def test_a_model_that_is_swapped_during_a_run_stops_it(place, monkeypatch):
    make = Use.make

    def swapped_before(self, *arguments, **options):
        copied(place.model, place.twin)
        return make(self, *arguments, **options)

    kept = place.folder / "kept"
    copy(place.model, kept)
    with monkeypatch.context() as patch:
        patch.setattr(Use, "make", swapped_before)
        with pytest.raises(FormatError, match="changed while it was in use"):
            place.run()
    copy(kept, place.model)
    assert place.run() == (True, {"NAM"}), "nothing of the other model may be kept under its name"


def test_a_corpus_that_changes_while_it_is_read_is_read_again(place, monkeypatch):
    located, text = Files.located, (place.folder / "en.txt").read_text()

    def changed(self):
        (place.folder / "en.txt").write_text(text.swapcase())
        return located(self)

    with monkeypatch.context() as patch:
        patch.setattr(Files, "located", changed)
        with pytest.raises(FormatError, match="changed while it was read"):
            place.run()
    (place.folder / "en.txt").write_text(text)
    place.run()
    first = json.loads((place.folder / "out" / "labelled.jsonl").read_text().splitlines()[0])
    assert place.run()[0] is False
    shutil.rmtree(place.folder / "out")
    place.run()
    assert json.loads((place.folder / "out" / "labelled.jsonl").read_text().splitlines()[0]) == first


def test_links_that_are_swapped_are_noticed(place):
    place.run()
    path = place.folder / "links.txt"
    about, lines = path.stat(), path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in lines[::-1]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    report = run_recipe(load_recipe(place.folder / "recipe.toml"), threads=1)
    assert {stage.name for stage in report.stages if stage.computed} >= {"align", "project"}


@pytest.mark.parametrize("settled", [2.0, 1e9])
def test_what_has_just_changed_is_hashed_each_time(tmp_path, monkeypatch, settled):
    monkeypatch.setattr(digests, "_SETTLED", settled)
    path = tmp_path / "weights"
    found = set()
    for value in range(5):
        np.array([value]).tofile(path)
        os.utime(path, ns=(10**18, 10**18))
        found.add(file_digest(path))
    assert len(found) == 5
