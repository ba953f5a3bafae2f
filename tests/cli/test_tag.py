from __future__ import annotations

import io
import json
import sys

import pytest
from crosspan.pipeline.file_tagging import train_files

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import read, write
from crosspan.io.pairs import SentenceFile
from crosspan.tag import load_tagger

FAST = {"iterations": 8, "features.lexicon": "no"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tag")
    write(folder / "sw.conll", load_corpus("sw"))
    write(folder / "sw.txt", load_corpus("sw"), format="plain")
    train_files([SentenceFile(folder / "sw.conll")], folder / "sw.crf", settings=FAST)
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def run_it(*words):
        monkeypatch.chdir(folder)
        code = main(["tag", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def test_plain_text(folder, run):
    code, out, err = run("sw.txt", "--out", "out.jsonl", "--tagger", "sw.crf", "--lang", "sw")
    assert (code, out) == (0, "")
    assert err.startswith("out.jsonl: 240 sentences, ")
    assert "mean score 0." in err
    found = read(folder / "out.jsonl")
    assert [one.text for one in found] == (folder / "sw.txt").read_text(encoding="utf-8").splitlines()
    tagged = load_tagger(folder / "sw.crf").tag(read(folder / "sw.txt", lang="sw"))
    assert found == tagged
    assert [[span.score for span in one.spans] for one in found] == [[s.score for s in one.spans] for one in tagged]
    assert all(0 <= span.score <= 1 for one in found for span in one.spans)


def test_labels_are_not_replaced_unasked(folder, run):
    code, _, err = run("sw.conll", "--out", "again.conll", "--tagger", "sw.crf")
    assert code == 1
    assert ": the sentence has labels already. Ask for them to be replaced (--replace)" in err
    assert not (folder / "again.conll").exists()
    assert run("sw.conll", "--out", "again.conll", "--tagger", "sw.crf", "--replace", "--quiet") == (0, "", "")
    assert len(read(folder / "again.conll")) == 240


def test_json_and_choices(run):
    words = ("sw.txt", "--out", "few.parquet", "--tagger", "sw.crf", "--labels", "PER,LOC", "--min-confidence", "0.9")
    code, out, err = run(*words, "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert (summary["tagger"], summary["sentences"], set(summary["labels"])) == ("sw.crf", 240, {"LOC", "PER"})
    assert summary["unsure"] > 0
    assert summary["left_out"]["ORG"] > 0
    assert summary["mean_score"] >= 0.9
    code, _, err = run(*words)
    assert "left out as less sure than asked: " in err
    assert "left out as not asked for: " in err


def test_standard_input_and_output(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Ada anaishi Accra.\n")))
    code, out, _ = run("-", "--out", "-", "--to", "conll", "--tagger", "sw.crf", "--quiet")
    assert code == 0
    assert out.startswith("# text = Ada anaishi Accra.\nAda\t")


def test_bad_sentences(folder, run):
    records = [{"tokens": ["Ada"]}, {"tokens": ["Ada"], "spans": [[0, 2, "X"]]}]
    (folder / "bad.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    code, _, err = run("bad.jsonl", "--out", "good.jsonl", "--tagger", "sw.crf")
    assert code == 3
    assert "bad.jsonl:2: left out: span [0, 2) X ends after the last of 1 tokens" in err
    assert "they are unlabelled, not free of entities" in err
    assert len(read(folder / "good.jsonl")) == 1
    assert run("bad.jsonl", "--out", "good.jsonl", "--tagger", "sw.crf", "--replace", "--quiet")[0] == 0
    assert len(read(folder / "good.jsonl")) == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["sw.txt", "--out", "c.jsonl", "--tagger", "xx"], 2, "no tagger 'xx'"),
        (["sw.txt", "--out", "c.jsonl", "--tagger", "none.crf"], 1, "none.crf"),
        (["sw.txt", "--out", "c.jsonl", "--tagger", "sw.txt"], 1, "sw.txt"),
        (["sw.txt", "--out", "c.txt", "--tagger", "sw.crf"], 2, "does not tell a format"),
        (["sw.txt", "--out", "c.jsonl", "--tagger", "sw.crf", "--labels", "NAME"], 2, "knows no 'NAME'"),
        (["none.txt", "--out", "c.jsonl", "--tagger", "sw.crf"], 1, "no such file"),
        (["sw.txt", "--tagger", "sw.crf"], 2, "Missing option '--out'"),
    ],
)
def test_bad_use(folder, run, words, code, message):
    found, _, err = run(*words)
    assert found == code
    assert message in err
    assert not (folder / "c.jsonl").exists()


def test_a_spacy_pipeline(folder, run):
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("xx")
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Accra"}])
    pipeline.to_disk(folder / "ruled")
    (folder / "one.txt").write_text("Ada anaishi Accra.\n", encoding="utf-8")
    assert run("one.txt", "--out", "one.spacy", "--tagger", "spacy:ruled", "--quiet") == (0, "", "")
    assert read(folder / "one.spacy")[0].tags() == ["O", "O", "B-LOC", "O"]
    code, _, err = run("one.txt", "--out", "one.spacy", "--tagger", "spacy:ruled", "--min-confidence", "0.5")
    assert code == 2
    assert "does not say how sure" in err
