from __future__ import annotations

import json
import re

import pytest

from crosspan.cli.main import main

CONLL = "Ada B-PER\nObi I-PER\nanaishi O\nAccra B-LOC\n\nMvua O\n"
PROJECTED = {
    "tokens": ["Ada", "anaimba"],
    "spans": [{"start": 0, "end": 1, "label": "PER", "score": 0.5, "source": {"start": 2, "end": 3}}],
    "dropped": [{"start": 0, "end": 1, "label": "ORG", "score": None, "reason": "no candidate"}],
    "id": "s1",
    "lang": "sw",
    "text": "Ada anaimba",
}


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.conll").write_text(CONLL, encoding="utf-8")
    (tmp_path / "p.jsonl").write_text(json.dumps(PROJECTED) + "\n", encoding="utf-8")

    def run(*words):
        code = main(["export-dataset", *words])
        return code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Load a folder as its user does, offline."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    return lambda folder: datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def test_the_library_loads_it(desk, load, tmp_path):
    code, _, err = desk("p.jsonl", "--validation", "a.conll", "--out", "names", "--license", "cc-by-4.0")
    assert code == 0, err
    found = load(tmp_path / "names")
    assert {name: len(split) for name, split in found.items()} == {"train": 1, "validation": 2}
    tags = found["train"].features["ner_tags"].feature
    assert tags.names == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert found["validation"].features == found["train"].features
    assert [tags.names[tag] for tag in found["validation"][0]["ner_tags"]] == ["B-PER", "I-PER", "O", "B-LOC"]
    row = found["train"][0]
    assert (row["id"], row["lang"], row["text"]) == ("s1", "sw", "Ada anaimba")
    assert row["spans"][0]["score"] == 0.5
    assert row["spans"][0]["source"]["start"] == 2
    assert row["dropped"][0]["reason"] == "no candidate"


def test_crosspan_reads_it_as_it_was(desk, tmp_path, capsys):
    assert desk("a.conll", "--out", "names")[0] == 0
    assert main(["convert", "names/data/train-00000-of-00001.parquet", "b.conll"]) == 0
    assert (tmp_path / "b.conll").read_text() == CONLL.replace(" ", "\t") + "\n"


def test_the_card(desk, tmp_path):
    quality = {
        "sentences": 120,
        "confidence": 0.95,
        "total": {"precision": 0.9, "recall": 0.8, "f1": 0.847, "intervals": {"f1": [0.8, 0.89]}},
        "notes": ["It is rough."],
    }
    (tmp_path / "quality.json").write_text(json.dumps(quality))
    assert (
        desk("p.jsonl", "--test", "a.conll", "--out", "names", "--quality", "quality.json", "--title", 'My "set"')[0]
        == 0
    )
    text = (tmp_path / "names" / "README.md").read_text(encoding="utf-8")
    yaml = pytest.importorskip("yaml")
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["pretty_name"] == 'My "set"'
    assert head["license"] == "unknown"
    assert head["language"] == ["sw"]
    assert head["size_categories"] == ["n<1K"]
    assert "annotation-projection" in head["tags"]
    assert head["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-*.parquet"},
        {"split": "test", "path": "data/test-*.parquet"},
    ]
    assert "Not stated." in text
    assert "| train | 1 | 1 | 0 | 1 |" in text
    assert "| f1 | 0.847 | 0.800 to 0.890 |" in text
    assert "It is rough." in text


def test_a_run(desk, tmp_path, load, capsys):
    (tmp_path / "en.conll").write_text("Ada B-PER\nsings O\n")
    (tmp_path / "sw.txt").write_text("Ada anaimba\n")
    (tmp_path / "r.toml").write_text('[source]\npath = "en.conll"\n[target]\npath = "sw.txt"\nlang = "sw"\n')
    assert main(["run", "r.toml", "--out", "out", "--quiet"]) == 0
    code, out, err = desk("out", "--out", "names", "--json")
    assert code == 0, err
    assert json.loads(out)["splits"]["train"] == {"sentences": 1, "spans": {"PER": 1}, "projected": 1}
    text = (tmp_path / "names" / "README.md").read_text(encoding="utf-8")
    assert 'path = "sw.txt"' in text
    assert str(tmp_path) not in text
    assert re.search(r"Versions: crosspan .*, numpy ", text)
    assert load(tmp_path / "names")["train"][0]["tokens"] == ["Ada", "anaimba"]


def test_sentences_that_cannot_be_read_are_left_out_and_named(desk, tmp_path, load):
    (tmp_path / "b.conll").write_text(CONLL + "\nLagos B-LOC\nx Q-LOC\n")
    code, _, err = desk("b.conll", "--out", "names")
    assert code == 3
    assert "b.conll:9" in err
    assert len(load(tmp_path / "names")["train"]) == 2


def test_what_is_there_is_not_taken(desk, tmp_path):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "thesis.txt").write_text("mine")
    code, _, err = desk("a.conll", "--out", "names")
    assert code == 1
    assert "holds something else" in err
    assert (tmp_path / "names" / "thesis.txt").read_text() == "mine"
    assert desk("a.conll", "--out", "other")[0] == 0
    assert desk("p.jsonl", "--out", "other")[0] == 0  # in place of what crosspan wrote
    assert json.loads((tmp_path / "p.jsonl").read_text()) == PROJECTED


@pytest.mark.parametrize(
    ("words", "message"),
    [(["none.conll"], "no such file"), (["a.conll", "--quality", "a.conll"], "a.conll"), (["empty"], "empty")],
)
def test_faults(desk, tmp_path, words, message):
    (tmp_path / "empty").write_text("")
    code, _, err = desk(*words, "--out", "names")
    assert code == 1
    assert message in err
    assert not (tmp_path / "names").exists()
