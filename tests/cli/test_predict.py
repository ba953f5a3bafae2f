from __future__ import annotations

import io
import json
import sys

import pytest
from crosspan.pipeline.file_tagging import train_files

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.io.pairs import SentenceFile

FAST = {"iterations": 8, "features.lexicon": "no"}
TEXT = "Baba yangu alizaliwa Nairobi.  Ng'ombe 😀 wa Kampala wako hapa!\n\nAliondoka Dar es Salaam\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    write(folder / "sw.conll", load_corpus("sw"))
    train_files([SentenceFile(folder / "sw.conll")], folder / "sw.crf", settings=FAST)
    (folder / "text.txt").write_bytes(TEXT.encode())
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def run_it(*words):
        monkeypatch.chdir(folder)
        code = main(["predict", *words, "--model", "sw.crf"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def records(text):
    return [json.loads(line) for line in text.split("\n")[:-1]]


LINES = ["Baba yangu alizaliwa Nairobi.  Ng'ombe 😀 wa Kampala wako hapa!", "", "Aliondoka Dar es Salaam"]


def test_a_line_in_a_line_out(folder, run):
    code, out, err = run("text.txt", "--out", "out.jsonl")
    assert (code, out) == (0, "")
    assert err.startswith("out.jsonl: 3 lines, 3 sentences, ")
    found = records((folder / "out.jsonl").read_text(encoding="utf-8"))
    assert [record["text"] for record in found] == LINES
    entities = [(record, entity) for record in found for entity in record["entities"]]
    assert entities
    for record, entity in entities:
        assert record["text"][entity["start"] : entity["end"]] == entity["text"]
        assert 0 <= entity["score"] <= 1
        assert entity["label"] in ("LOC", "ORG", "PER")


def test_standard_input_and_output(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    code, out, err = run("-", "--paragraphs", "--json")
    assert code == 0
    assert [record["text"] for record in records(out)] == LINES
    summary = json.loads(err)
    assert (summary["model"], summary["lines"], summary["sentences"]) == ("sw.crf", 3, 3)


def test_offsets_in_bytes(run):
    code, out, _ = run("text.txt", "--offsets", "bytes", "--quiet")
    assert code == 0
    for record in records(out):
        assert record["unit"] == "bytes"
        raw = record["text"].encode()
        for entity in record["entities"]:
            assert raw[entity["start"] : entity["end"]].decode() == entity["text"]


def test_labels_that_are_not_wanted_are_left_out(run):
    code, out, err = run("text.txt", "--labels", "PER")
    assert code == 0
    assert {entity["label"] for record in records(out) for entity in record["entities"]} <= {"PER"}
    assert "left out as not asked for: " in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.txt", "--out", "c.jsonl"], 1, "no such file"),
        (["text.txt", "--out", "text.txt"], 2, "cannot be written as well"),
        (["text.txt", "--out", "c.jsonl", "--offsets", "words"], 2, "Invalid value for '--offsets'"),
        (["text.txt", "--out", "none/c.jsonl"], 1, "the folder does not exist"),
        (["text.txt", "--out", "c.jsonl", "--labels", "X"], 2, "knows no 'X'"),
    ],
)
def test_bad_use(folder, run, words, code, message):
    found, _, err = run(*words)
    assert found == code
    assert message in err
    assert not (folder / "c.jsonl").exists()


def test_text_that_is_not_utf8(folder, run):
    (folder / "latin.txt").write_bytes(b"ok\nZ\xfcrich\n")
    code, _, err = run("latin.txt", "--out", "c.jsonl")
    assert code == 1
    assert "latin.txt:2: byte 2 of the line (0xfc) is not valid UTF-8" in err
    assert not (folder / "c.jsonl").exists()
