from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crosspan.cli.convert import command
from crosspan.core.errors import EmptyInputError, OutputError, TagError
from crosspan.io import read


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("Ada B-PER\nL. I-PER\n\nn'a O\n\nAccra I-LOC\n", encoding="utf-8")
    return path


def run(*arguments, **options):
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **options)


@pytest.mark.parametrize("name", ["out.conll", "out.jsonl", "out.parquet", "out.conll.gz"])
def test_to_each_format(labelled, tmp_path, name):
    result = run(labelled, tmp_path / name, "--repair", "begin", "--lang", "en")
    assert result.exit_code == 0
    assert "3 sentences, 2 entities" in result.stderr
    assert [s.tags() for s in read(tmp_path / name)] == [["B-PER", "I-PER"], ["O"], ["B-LOC"]]
    assert {s.lang for s in read(tmp_path / name)} == {"en"}


def test_standard_streams_and_scheme():
    result = run("-", "-", "--from", "conll", "--scheme", "BILOU", "--quiet", input="Ada B-PER\nL. I-PER\n")
    assert result.stdout == "Ada\tB-PER\nL.\tL-PER\n\n"
    assert result.stderr == ""


def test_bad_tags_stop_or_are_left_out(labelled, tmp_path):
    out = tmp_path / "out.conll"
    result = run(labelled, out)
    assert isinstance(result.exception, TagError)
    assert result.exception.where == f"{labelled}:6"
    assert not out.exists()

    result = run(labelled, out, "--on-error", "skip", "--json")
    assert result.exit_code == 3
    summary = json.loads(result.stdout)
    assert (summary["sentences"], summary["spans"]) == (2, 1)
    assert summary["rejects"][0]["index"] == 2
    assert f"{labelled}:6" in result.stderr
    assert len(read(out)) == 2


def test_nothing_left_and_nowhere_to_write(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("a B-X\n\na X\n", encoding="utf-8")
    assert isinstance(run(path, tmp_path / "no" / "b.jsonl").exception, OutputError)
    path.write_text("a X\nb B-X\n", encoding="utf-8")
    result = run(path, tmp_path / "b.jsonl", "--on-error", "skip")
    assert isinstance(result.exception, EmptyInputError)
    assert not (tmp_path / "b.jsonl").exists()


def test_usage():
    assert run("a").exit_code == 2
    assert run("a", "b", "--to", "xml").exit_code == 2
    assert "Convert labelled data" in run("--help").stdout
