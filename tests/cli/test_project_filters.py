from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.io import read

SOURCE = "Ada B-PER\nObi I-PER\nleft O\n\nKofi B-PER\nsaw O\nAccra B-LOC\n\n"
TARGET = "Ada aliondoka\nKofi aliona Accra\n"
LINKS = "0-0 2-1\n0-0 1-1 2-2\n"


@pytest.fixture
def words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("en.conll", SOURCE), ("sw.txt", TARGET), ("links.txt", LINKS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return ["project", "en.conll", "sw.txt", "--links", "links.txt", "--method", "heuristic", "--out", "out.jsonl"]


def test_filters_take_out_spans_and_sentences(words, capsys):
    assert main([*words, "--filter", "comp-src"]) == 0
    assert [sentence.tags() for sentence in read("out.jsonl")] == [["O", "O"], ["B-PER", "O", "B-LOC"]]
    assert "filtered:comp-src 1" in capsys.readouterr().err
    assert main([*words, "--filter", "comp-src", "--filter", "comp-ins", "--dropped", "dropped.jsonl"]) == 0
    assert [sentence.tags() for sentence in read("out.jsonl")] == [["B-PER", "O", "B-LOC"]]
    assert "left out by filters: 1 sentence" in capsys.readouterr().err
    with open("dropped.jsonl", encoding="utf-8") as stream:
        assert [json.loads(line)["reason"] for line in stream] == ["filtered:comp-ins", "filtered:comp-src"]


def test_the_summary_counts_them(words, capsys):
    assert main([*words, "--filter", "comp-src", "--filter", "comp-ins", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["sentences"], summary["filtered"], summary["rejected"]) == (1, 1, 0)


def test_an_unknown_filter(words, capsys):
    assert main([*words, "--filter", "comp-sorce"]) == 2
    assert "Did you mean comp-src?" in capsys.readouterr().err


def test_filters_that_leave_nothing(words, capsys, tmp_path):
    (tmp_path / "links.txt").write_text("0-0\n0-0\n", encoding="utf-8")
    assert main([*words, "--filter", "comp-src", "--filter", "comp-ins"]) == 1
    assert "the filters leave no sentence" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()
