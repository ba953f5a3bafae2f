"""The same answer at every door: Python, the commands, ``crosspan run``, ``crosspan bench``, and a cell of a study.

Each door gets the same text with nothing set, so that defaults are held against each other too. What a door answers is
compared with what the Python functions answer, span by span and score by score; ``bench`` writes no labels, so its
counts of right, found and gold spans of each class are compared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

import crosspan
from crosspan.cli.main import main
from crosspan.core.types import Projection, Sentence
from crosspan.demo import load_corpus
from crosspan.tag import load_tagger

LEARN, TEST = slice(0, 60), slice(60, 100)
ROUNDED = 2e-4
"""Files keep four digits of a score; a confidence is the product of two."""
LEARNED = 5e-3
"""What a tagger says that was trained on such scores."""


def ran(*words: object) -> None:
    """Run a command that must succeed."""
    assert main([*map(str, words), "--threads", "1", "--quiet"]) == 0


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def record(source: Sentence, projection: Projection) -> dict:
    """What a file keeps of a projection, which has the name of its source."""
    return replace(projection, sentence=replace(projection.sentence, id=source.id)).to_dict()


def shown(sentences) -> list[list[tuple]]:
    """What is compared: the spans and their scores."""
    return [[(span.start, span.end, span.label, span.score) for span in one.spans] for one in sentences]


def same(found, wanted, tolerance: float) -> None:
    """Assert that labels are the same, and scores but for how they are rounded."""
    found, wanted = shown(found), shown(wanted)
    assert [[row[:3] for row in rows] for rows in found] == [[row[:3] for row in rows] for rows in wanted]
    scores = [[row[3] for rows in side for row in rows] for side in (found, wanted)]
    assert scores[0] == pytest.approx(scores[1], abs=tolerance)


def counts(report) -> dict[str, list[int]]:
    """Right, found and gold spans of each class, of a score as plain values."""
    return {label: [one["tp"], one["n_pred"], one["n_gold"]] for label, one in report["by_label"].items()}


@dataclass(frozen=True)
class Corpus:
    """English text and Swahili tokens, as files of every door, and what the Python functions make of them."""

    folder: Path

    def write(self) -> Corpus:
        english, swahili = load_corpus("en"), load_corpus("sw")
        suite = self.folder / "suite"
        suite.mkdir()
        for name, part in (("train", LEARN), ("test", TEST)):
            rows = []
            for at, (one, gold) in enumerate(zip(english[part], swahili[part], strict=True)):
                row = {"gold_index": at, "match": "exact", "src_text": one.text, "tokens": gold.tokens}
                rows.append(json.dumps({**row, "ner_tags": gold.tags()}) + "\n")
            (suite / f"m2.swa-en.{name}.jsonl").write_text("".join(rows), encoding="utf-8")
            (self.folder / f"{name}.en.txt").write_text("".join(f"{one.text}\n" for one in english[part]))
            crosspan.write(self.folder / f"{name}.sw.jsonl", [Sentence(one.tokens) for one in swahili[part]])
        return self

    def read(self, name: str) -> list[Sentence]:
        return crosspan.read(self.folder / name)

    @cached_property
    def gold(self) -> list[Sentence]:
        return load_corpus("sw")[TEST]

    @cached_property
    def projections(self):
        """What translate-test gives."""
        sides = self.read("test.sw.jsonl"), self.read("test.en.txt")
        return crosspan.translate_test(*sides, tagger=load_tagger("en", threads=1), threads=1)

    @cached_property
    def trained(self):
        """The tagger that translate-train gives."""
        sides = self.read("train.en.txt"), self.read("train.sw.jsonl")
        return crosspan.translate_train(*sides, tagger=load_tagger("en", threads=1), threads=1)

    def wanted(self, task: str) -> list[Sentence]:
        """The answer of the Python functions."""
        if task == "translate-test":
            return [one.sentence for one in self.projections]
        targets = self.read("test.sw.jsonl")
        if task == "translate-train":
            return self.trained.tag(targets)
        tokens = [(one.tokens, other.tokens) for one, other in zip(self.read("test.en.txt"), targets, strict=True)]
        links = crosspan.StatisticalAligner(threads=1).fit_tokens(tokens).align_tokens(tokens)
        return crosspan.ensemble(self.trained, self.projections, links=links)

    def carried(self, part: str) -> Path:
        """The first two of the single commands."""
        out = self.folder / f"commands.{part}.jsonl"
        if not out.exists():
            english, swahili = self.folder / f"{part}.en.txt", self.folder / f"{part}.sw.jsonl"
            tagged = self.folder / f"commands.{part}.en.jsonl"
            ran("tag", english, "--translation", swahili, "--out", tagged)
            ran("project", tagged, swahili, "--out", out)
        return out

    def by_commands(self, task: str) -> list[Sentence]:
        """The four single commands: tag, project, train, tag."""
        if task == "translate-test":
            return crosspan.read(self.carried("test"))
        model, out = self.folder / "commands.crf", self.folder / "commands.jsonl"
        ran("train", self.carried("train"), "--out", model)
        ran("tag", self.folder / "test.sw.jsonl", "--tagger", model, "--out", out)
        return crosspan.read(out)

    def by_recipe(self, task: str) -> list[Sentence]:
        """``crosspan run``."""
        part = "train" if task == "translate-train" else "test"
        text = f'task = "{task}"\nout = "{task}"\n[source]\npath = "{part}.en.txt"\nlang = "en"\n'
        text += f'[target]\npath = "{part}.sw.jsonl"\nlang = "swa"\n[tag]\n'
        if task == "translate-train":
            text += '[predict]\npath = "test.sw.jsonl"\n'
        if task == "ensemble":
            self.trained.save(self.folder / "python.crf")
            text += '[ensemble]\nmodel = "python.crf"\n'
        recipe = self.folder / f"{task}.toml"
        recipe.write_text(text, encoding="utf-8")
        ran("run", recipe, "--cache", self.folder / "cache")
        return self.read(f"{task}/{'predicted' if task == 'translate-train' else 'labelled'}.jsonl")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus")).write()


@pytest.mark.parametrize(
    ("task", "door", "tolerance"),
    [
        ("translate-test", "recipe", ROUNDED),
        ("translate-test", "commands", ROUNDED),
        ("translate-train", "recipe", ROUNDED),
        ("translate-train", "commands", LEARNED),
        ("ensemble", "recipe", ROUNDED),
    ],
)
def test_transfer(corpus, task, door, tolerance):
    found = corpus.by_recipe(task) if door == "recipe" else corpus.by_commands(task)
    wanted = corpus.wanted(task)
    assert sum(len(one.spans) for one in wanted) > 40
    same(found, wanted, tolerance)


@pytest.mark.parametrize("task", ["translate-test", "translate-train", "ensemble"])
def test_transfer_on_a_bench(corpus, task, tmp_path):
    found = benched("masakhaner2", corpus.folder / "suite", "swa", task, tmp_path / "table.json")
    assert found == scored(corpus.gold, corpus.wanted(task))


def benched(suite: str, data: Path, lang: str, pipeline: str, out: Path) -> dict[str, list[int]]:
    """The counts that ``crosspan bench`` shows."""
    how = ("--lang", lang, "--pipeline", pipeline, "--bootstrap", 0, "--no-cache", "--out", out)
    ran("bench", suite, "--data", data, *how)
    (found,) = json.loads(out.read_text(encoding="utf-8"))["languages"]
    return counts(found["scores"]["strict"])


def scored(gold, found) -> dict[str, list[int]]:
    return counts(crosspan.evaluate_ner(gold, found).strict.to_dict())


@pytest.mark.parametrize("method", ["candidates", "heuristic"])
@pytest.mark.parametrize("lang", ["es", "sw"])
def test_projection(tmp_path, lang, method):
    source, target = load_corpus("en"), [replace(one, spans=(), id=None) for one in load_corpus(lang)]
    crosspan.write(tmp_path / "en.jsonl", source)
    crosspan.write(tmp_path / "target.jsonl", target)
    projections = crosspan.project_labels(source, target, method=method, threads=1)
    wanted = [record(one, found) for one, found in zip(source, projections, strict=True)]
    # the command
    out, dropped = tmp_path / "verb.jsonl", tmp_path / "verb.dropped.jsonl"
    how = ("--method", method, "--dropped", dropped, "--out", out)
    ran("project", tmp_path / "en.jsonl", tmp_path / "target.jsonl", *how)
    assert records(out) == wanted
    reasons = Counter(one.reason for projection in projections for one in projection.dropped)
    assert Counter(one["reason"] for one in records(dropped)) == reasons
    assert method == "heuristic" or reasons
    # the recipe
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[source]\npath = "en.jsonl"\n[target]\npath = "target.jsonl"\n[project]\nuse = "{method}"\n',
        encoding="utf-8",
    )
    ran("run", recipe)
    assert (tmp_path / "out" / "labelled.jsonl").read_bytes() == out.read_bytes()
    assert (tmp_path / "out" / "dropped.jsonl").read_bytes() == dropped.read_bytes()


def test_projection_on_a_bench(tmp_path):
    source, gold = load_corpus("en"), load_corpus("es")
    for lang, sentences in (("en", source), ("es", gold)):
        rows = [
            "".join(f"{word}\t{tag}\n" for word, tag in zip(one.tokens, one.tags(), strict=True)) for one in sentences
        ]
        (tmp_path / f"{lang}-europarl.test.conll02").write_text("\n".join(rows) + "\n", encoding="utf-8")
    projections = crosspan.project_labels(source, gold, threads=1)
    found = benched("europarl-ner", tmp_path, "es", "projection", tmp_path / "table.json")
    assert found == scored(gold, [one.sentence for one in projections])


# What is at fault


@pytest.fixture
def faulty(tmp_path):
    """Pairs of which the sixth has no target, and in ``labels.jsonl`` the ninth a broken label as well."""
    source, target = load_corpus("en")[:40], load_corpus("sw")[:40]
    crosspan.write(tmp_path / "en.jsonl", source)
    rows = records(tmp_path / "en.jsonl")
    rows[8]["spans"] = [{"start": 2, "end": 999, "label": "PER"}]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    lines = ["" if at == 5 else one.text for at, one in enumerate(target)]
    (tmp_path / "sw.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return tmp_path


def both(folder: Path, source: str) -> tuple[list[dict], dict[int, str]]:
    """What the command and the recipe say alike: the labelled sentences, and by its index why one was left out."""
    out, dropped = folder / "verb.jsonl", folder / "verb.dropped.jsonl"
    words = ("project", folder / source, folder / "sw.txt", "--dropped", dropped, "--out", out)
    assert main([*map(str, words), "--threads", "1", "--quiet"]) == 3
    text = f'[source]\npath = "{source}"\n[target]\npath = "sw.txt"\n'
    (folder / "recipe.toml").write_text(text, encoding="utf-8")
    assert main(["run", str(folder / "recipe.toml"), "--threads", "1", "--quiet"]) == 3
    assert (folder / "out" / "labelled.jsonl").read_bytes() == out.read_bytes()
    by_command = {one["index"]: one["error"] for one in records(dropped) if "error" in one}
    by_recipe = {one["index"]: one["reason"] for one in records(folder / "out" / "rejected.jsonl")}
    assert {at: said(reason) for at, reason in by_command.items()} == {at: said(one) for at, one in by_recipe.items()}
    return records(out), by_recipe


def said(reason: str) -> str:
    """A reason without the names of files, which have their folder before them in some doors."""
    return " ".join(word.rsplit("/", 1)[-1] for word in reason.split())


def test_an_empty_side(faulty):
    labelled, reasons = both(faulty, "en.jsonl")
    assert [*reasons] == [5]
    assert "empty" in reasons[5]
    source, target = crosspan.read(faulty / "en.jsonl"), crosspan.read(faulty / "sw.txt")
    projections = crosspan.project_labels(source, target, threads=1)
    assert [at for at, one in enumerate(projections) if one.error is not None] == [5]
    kept = [record(one, found) for one, found in zip(source, projections, strict=True) if not found.error]
    assert kept == labelled


def test_the_reason_is_the_same_in_python(faulty):
    _, reasons = both(faulty, "en.jsonl")
    sides = crosspan.read(faulty / "en.jsonl"), crosspan.read(faulty / "sw.txt")
    error = crosspan.project_labels(*sides, threads=1)[5].error
    assert said(reasons[5]).startswith(str(error))


def test_a_broken_label(faulty):
    labelled, reasons = both(faulty, "labels.jsonl")
    assert [*reasons] == [5, 8]
    assert "999" in reasons[8]
    assert len(labelled) == 38


PLUGIN = """
import crosspan

class Gives:
    def count(self, pairs): pass
    def observe(self, pairs, alignments): pass
    def project(self, pairs, alignments):
        if any("CRASH" in pair.target.tokens for pair in pairs):
            raise ZeroDivisionError("CRASH")
        return [crosspan.Projection(pair.target) for pair in pairs]
"""
IN_PYTHON = """
import json, sys, crosspan
from crosspan_gives import Gives
source, target = map(crosspan.read, sys.argv[1:])
links = [crosspan.Alignment.from_links([(0, 0)])] * len(source)
found = crosspan.project_labels(source, target, method=Gives(), links=links)
print(json.dumps({at: one.error for at, one in enumerate(found) if one.error}))
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """An installed package with a projector that fails on one word; processes started by the test see it."""
    site = tmp_path / "site"
    about = site / "gives-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "crosspan_gives.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: gives\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[crosspan.projectors]\ngives = crosspan_gives:Gives\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(Path(crosspan.__file__).parents[1])]))


@pytest.mark.parametrize(
    "door",
    ["recipe", "command", "Python"],
)
def test_a_pair_that_a_backend_fails_on(faulty, plugin, door):
    lines = (faulty / "sw.txt").read_text(encoding="utf-8").splitlines()
    lines[5], lines[11] = "hapa", f"{lines[11]} CRASH"
    (faulty / "sw.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (faulty / "links.txt").write_text("0-0\n" * 40, encoding="utf-8")
    if door == "Python":
        done = process("-c", IN_PYTHON, "en.jsonl", "sw.txt", folder=faulty)
        reasons = {int(at): error for at, error in json.loads(done.stdout).items()}
    elif door == "command":
        how = ("--method", "gives", "--links", "links.txt", "--out", "verb.jsonl", "--dropped", "dropped.jsonl")
        done = process("-m", "crosspan.cli.main", "project", "en.jsonl", "sw.txt", *how, folder=faulty)
        reasons = {one["index"]: one["error"] for one in records(faulty / "dropped.jsonl") if "error" in one}
        assert len(records(faulty / "verb.jsonl")) == 39
    else:
        (faulty / "recipe.toml").write_text(
            '[source]\npath = "en.jsonl"\n[target]\npath = "sw.txt"\n[project]\nuse = "gives"\n'
            '[align]\nuse = "links"\npath = "links.txt"\n'
        )
        done = process("-m", "crosspan.cli.main", "run", "recipe.toml", folder=faulty)
        reasons = {one["index"]: one["reason"] for one in records(faulty / "out" / "rejected.jsonl")}
        assert len(records(faulty / "out" / "labelled.jsonl")) == 39
    assert done.returncode == (0 if door == "Python" else 3)
    assert reasons == {11: "projecting failed on the pair (ZeroDivisionError: CRASH)"}


def process(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)


# A cell of a study

STUDY = """
name = "one"
title = "One cell"
data = "."
seeds = [3]
samples = 20
[train]
path = "en.iob2"
dev = "dev.iob2"
[train.options]
{options}
[[encoder]]
name = "ready"
model = "xlmr"
family = "roberta"
[[test]]
suite = "uner"
languages = ["da"]
domain = "news"
"""
SETTINGS = {
    "epochs": 6,
    "batch_size": 4,
    "learning_rate": 0.01,
    "longest": 64,
    "confidence": "none",
}
GOLD_TO_LEARN = """
task = "translate-train"
seed = 3
[source]
path = "en.iob2"
columns = "id,token,tag"
lang = "en"
[target]
path = "en.iob2"
columns = "id,token,tag"
lang = "en"
[align]
use = "links"
path = "same.txt"
[project]
use = "heuristic"
[train]
use = "token-classifier"
encoder = "xlmr"
dev = "dev.iob2"
device = "cpu"
noise.missing = 0.0
noise.min_confidence = 0.0
{options}
[predict]
path = "da_ddt-ud-test.iob2"
columns = "id,token,tag"
"""
"""Links of words with themselves carry the right labels over as they are."""


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """A folder with a tiny encoder and labelled files, and what a study of one cell finds there."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("sentencepiece")
    from crosspan.testing import tiny_models

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("cell")
    tiny_models.save_xlmr(folder / "xlmr", layers=1, width=16)
    english, german = load_corpus("en"), load_corpus("de")
    for name, part in (("en", english[:40]), ("dev", english[40:50]), ("da_ddt-ud-test", german[:20])):
        rows = [
            "".join(
                f"{at}\t{word}\t{tag}\n" for at, (word, tag) in enumerate(zip(one.tokens, one.tags(), strict=True), 1)
            )
            for one in part
        ]
        (folder / f"{name}.iob2").write_text("\n".join(rows) + "\n", encoding="utf-8")
    links = [" ".join(f"{at}-{at}" for at in range(len(one))) for one in english[:40]]
    (folder / "same.txt").write_text("".join(f"{line}\n" for line in links))
    options = "\n".join(f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items())
    (folder / "study.toml").write_text(STUDY.format(options=options))
    (folder / "recipe.toml").write_text(GOLD_TO_LEARN.format(options=options))
    ran("study", folder / "study.toml", "--out", folder / "study", "--device", "cpu")
    from crosspan.lab.study.launch import open_study

    (state,) = open_study(folder / "study.toml", folder / "study").states().values()
    return folder, state.record["result"]["scores"]["uner/da-ddt"]


@pytest.mark.parametrize("door", ["commands", "recipe"])
def test_a_cell_of_a_study(cell, door):
    folder, wanted = cell
    if door == "recipe":
        ran("run", folder / "recipe.toml")
        found = crosspan.read(folder / "out" / "predicted.jsonl")
    else:
        how = [("--set", f"{name}={value}") for name, value in {**SETTINGS, "seed": 3, "device": "cpu"}.items()]
        files = folder / "en.iob2", "--dev", folder / "dev.iob2", "--encoder", folder / "xlmr"
        ran("train", *files, "--columns", "id,token,tag", *sum(how, ()), "--out", folder / "model")
        text = folder / "da_ddt-ud-test.iob2", "--columns", "id,token,tag", "--replace"
        options = ("--set", "device=cpu", "--set", "dtype=float32")
        ran("tag", *text, "--tagger", f"transformers:{folder / 'model'}", *options, "--out", folder / "tagged.jsonl")
        found = crosspan.read(folder / "tagged.jsonl")
    right = [{(span.start, span.end, span.label) for span in one.spans} for one in load_corpus("de")[:20]]
    marked = [{(span.start, span.end, span.label) for span in one.spans} for one in found]
    assert sum(map(len, marked)) > 0
    assert [len(one) for one in marked] == wanted["pred"]
    assert [len(one & other) for one, other in zip(marked, right, strict=True)] == wanted["tp"]
