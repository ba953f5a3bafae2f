from __future__ import annotations

import io
import json
import sys

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import read, write
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.training_files import train_files
from crosspan.tag import load_tagger

FAST = {"iterations": 8, "features.lexicon": "no"}
TEXT = "Baba yangu alizaliwa Nairobi.  Ng'ombe 😀 wa Kampala wako hapa!\n\nAliondoka Dar es Salaam\r\n"
LINES = ["Baba yangu alizaliwa Nairobi.  Ng'ombe 😀 wa Kampala wako hapa!", "", "Aliondoka Dar es Salaam"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tag")
    write(folder / "sw.conll", load_corpus("sw"))
    write(folder / "sw.txt", load_corpus("sw"), format="plain")
    (folder / "text.txt").write_bytes(TEXT.encode())
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
    code, _, err = run("bad.jsonl", "--out", "lines.jsonl", "--to", "entities", "--tagger", "sw.crf")
    assert code == 3
    assert "bad.jsonl:2: without labels: span [0, 2) X ends after the last of 1 tokens" in err
    assert "without labels: 1 sentences that could not be worked on; an 'error' stands in place of their" in err
    lines = [json.loads(line) for line in (folder / "lines.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["text"], [*one][1]) for one in lines] == [("Ada", "entities"), ("Ada", "error")]
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


def test_labelled_data_are_tagged_anew_in_any_format(folder, run):
    """``predict`` is another name, and reads a labelled file as what it is."""
    found = []
    for verb, option in (("tag", "--tagger"), ("predict", "--model")):
        for name in ("again.conll", "again.jsonl"):
            out = folder / f"{verb}.{name}"
            words = [str(folder / "sw.conll"), "--out", str(out), option, str(folder / "sw.crf"), "--replace"]
            assert main([verb, *words, "--quiet"]) == 0
            found.append([one.tags() for one in read(out)])
    tagged = load_tagger(folder / "sw.crf").tag(read(folder / "sw.conll"))
    assert found == [[one.tags() for one in tagged]] * 4


def test_a_translation_adapts_the_tagger(folder, run):
    write(folder / "en.txt", load_corpus("en")[:40], format="plain")
    write(folder / "en.sw.txt", load_corpus("sw")[:40], format="plain")
    tags = {}
    for name, more in (
        ("plain", []),
        ("adapted", ["--translation", "en.sw.txt"]),
        ("told", ["--translation", "en.sw.txt", "--no-adapt"]),
        ("alone", ["--translation", "en.sw.txt", "--no-adapt", "--no-copy-bias"]),
    ):
        code, _, err = run("en.txt", "--out", f"{name}.jsonl", *more, "--threads", "1")
        assert code == 0
        assert (", tagger adapted, " in err) == (name == "adapted")
        tags[name] = (folder / f"{name}.jsonl").read_bytes()
    assert tags["plain"] == tags["alone"]
    assert len({*tags.values()}) == 3
    (folder / "few.txt").write_text("Habari.\n", encoding="utf-8")
    code, _, err = run("en.txt", "--out", "c.jsonl", "--translation", "few.txt")
    assert (code, "but few.txt has 1 sentence; this one is the first without a counterpart" in err) == (1, True)
    assert not (folder / "c.jsonl").exists()


# Running text ------------------------------------------------------------


def records(text):
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_a_line_in_a_line_out(folder, run):
    code, out, err = run("text.txt", "--out", "out.jsonl", "--to", "entities", "--tagger", "sw.crf")
    assert (code, out) == (0, "")
    assert err.startswith("out.jsonl: 3 sentences, ")
    found = records((folder / "out.jsonl").read_text(encoding="utf-8"))
    assert [record["text"] for record in found] == LINES
    entities = [(record, entity) for record in found for entity in record["entities"]]
    assert entities
    for record, entity in entities:
        assert record["text"][entity["start"] : entity["end"]] == entity["text"]
        assert 0 <= entity["score"] <= 1
        assert entity["label"] in ("LOC", "ORG", "PER")


def test_paragraphs_from_standard_input(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    code, out, err = run("-", "--out", "-", "--to", "entities", "--paragraphs", "--tagger", "sw.crf", "--json")
    assert code == 0
    assert [record["text"] for record in records(out)] == LINES
    summary = json.loads(err)
    assert (summary["tagger"], summary["sentences"]) == ("sw.crf", 4)


def test_offsets_in_bytes(run):
    words = ("--to", "entities", "--offsets", "bytes", "--tagger", "sw.crf", "--quiet")
    code, out, _ = run("text.txt", "--out", "-", *words)
    assert code == 0
    for record in records(out):
        assert record["unit"] == "bytes"
        raw = record["text"].encode()
        for entity in record["entities"]:
            assert raw[entity["start"] : entity["end"]].decode() == entity["text"]


def test_labels_that_are_not_wanted_are_left_out(run):
    code, out, err = run("text.txt", "--out", "-", "--to", "entities", "--tagger", "sw.crf", "--labels", "PER")
    assert code == 0
    assert {entity["label"] for record in records(out) for entity in record["entities"]} <= {"PER"}
    assert "left out as not asked for: " in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.txt", "--out", "c.jsonl"], 1, "no such file"),
        (["text.txt", "--out", "text.txt"], 2, "is read and would be overwritten"),
        (["text.txt", "--out", "c.jsonl", "--offsets", "words"], 2, "Invalid value for '--offsets'"),
        (["text.txt", "--out", "none/c.jsonl"], 1, "the folder does not exist"),
        (["text.txt", "--out", "c.jsonl", "--labels", "X"], 2, "knows no 'X'"),
        (["sw.conll", "--out", "c.jsonl", "--paragraphs", "--replace"], 2, "is of sentences, not of paragraphs"),
    ],
)
def test_bad_use_of_running_text(folder, run, words, code, message):
    found, _, err = run(*words, "--to", "entities", "--tagger", "sw.crf")
    assert found == code
    assert message in err
    assert not (folder / "c.jsonl").exists()


def test_text_that_is_not_utf8(folder, run):
    (folder / "latin.txt").write_bytes(b"ok\nZ\xfcrich\n")
    code, _, err = run("latin.txt", "--out", "c.jsonl", "--tagger", "sw.crf")
    assert code == 1
    assert "latin.txt:2: byte 2 of the line (0xfc) is not valid UTF-8" in err
    assert not (folder / "c.jsonl").exists()


def test_an_english_tagger_on_other_text_is_warned_of(run):
    code, _, err = run("sw.txt", "--out", "warned.conll", "--quiet")
    assert code == 0
    assert "sw.txt: this is plainly not English" in err
