from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.tag.crf import CrfTagger

FAST = ["--set", "iterations=8", "--set", "features.lexicon=no"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    write(folder / "en.conll", load_corpus("en")[:60])
    write(folder / "sw.txt", load_corpus("sw")[:60], format="plain")
    write(folder / "sw.conll", load_corpus("sw")[:60])
    write(folder / "dev.jsonl", load_corpus("sw")[60:90])
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def run_it(*words):
        monkeypatch.chdir(folder)
        code = main(["train", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def test_project_then_train(folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    words = ["project", "en.conll", "sw.txt", "--out", "sw.jsonl", "--min-confidence", "0.9", "--quiet"]
    assert main(words) == 0
    code, out, err = run("sw.jsonl", "--out", "sw.crf", "--dev", "dev.jsonl", *FAST, "--set", "noise.names=yes")
    assert (code, out) == (0, "")
    assert err.startswith("sw.crf: learned from 60 sentences, ")
    assert "not known: whether" in err
    assert "on dev: F1 0." in err
    card = CrfTagger.load(folder / "sw.crf").card
    assert card["noise"]["names"] is True
    assert card["settings"]["noise.names"] == "yes"


def test_json(run):
    code, out, err = run("sw.conll", "dev.jsonl", "--out", "a.crf", *FAST, "--json", "--labels", "PER,LOC")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert (summary["model"], summary["sentences"], summary["dev"]) == ("a.crf", 90, None)
    assert set(summary["labels"]) == {"LOC", "PER"}


def test_bad_sentences(folder, run):
    lines = (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    bad = json.dumps({"tokens": ["a"], "spans": [[0, 2, "PER"]]})
    (folder / "bad.jsonl").write_text("\n".join([lines[0], bad, *lines[1:]]), encoding="utf-8")
    code, _, err = run("bad.jsonl", "--out", "b.crf", *FAST)
    assert code == 3
    assert "bad.jsonl:2: left out: span [0, 2) PER ends after the last of 1 tokens" in err
    assert "left out: 1 sentences whose labels cannot be read" in err
    assert (folder / "b.crf").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["sw.conll", "--out", "c.crf", "--set", "l3=1"], 2, "no setting 'l3'"),
        (["sw.conll", "--out", "c.crf", "--set", "noise.droped=keep"], 2, "Did you mean dropped?"),
        (["sw.conll", "--out", "none/c.crf"], 1, "the folder does not exist"),
        (["none.conll", "--out", "c.crf"], 1, "no such file"),
        (["sw.txt", "--out", "c.crf"], 1, "no labelled entity"),
        (["sw.conll", "--out", "sw.conll"], 2, "cannot be written as well"),
        (["--out", "c.crf"], 2, "Missing argument"),
    ],
)
def test_bad_use(folder, run, words, code, message):
    found, _, err = run(*words)
    assert found == code
    assert message in err
    assert not (folder / "c.crf").exists()
