from __future__ import annotations

import json

from click.testing import CliRunner

from crosspan.cli.check import command


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def put(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def test_good_file(tmp_path):
    result = run(put(tmp_path / "a.conll", "Ada B-PER\nwent O\n"))
    assert result.exit_code == 0
    assert "1 sentences, 2 tokens, 1 entities (PER 1), IOB2" in result.stdout
    assert "0 errors, 0 warnings, 0 notes" in result.stdout


def test_errors_have_place_and_exit_code(tmp_path):
    path = put(tmp_path / "a.conll", "Ada B-PER\nwent O\n\nx O\ny I-LOC\n")
    result = run(path)
    assert result.exit_code == 1
    assert f"{path}:5: error: orphan 'I-LOC' continues a span that did not begin [labels]" in result.stdout


def test_warnings_leave_the_exit_code(tmp_path):
    path = put(tmp_path / "a.txt", "a\n\n")
    assert run(path).exit_code == 0
    assert "warning: the sentence is empty" in run(path).stdout
    assert run(path, "--quiet").stdout == ""


def test_pair_and_json(tmp_path):
    source, target = put(tmp_path / "a.txt", "a\nb\n"), put(tmp_path / "b.txt", "a\n")
    result = run("--pair", source, target, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["errors"] == 1
    assert report["findings"][0]["code"] == "pair-count"
    assert [summary["sentences"] for summary in report["files"]] == [2, 1]


def test_limit_tells_what_is_hidden(tmp_path):
    assert "... and 4 more" in run(put(tmp_path / "a.txt", "\n" * 6), "--limit", "2").stdout


def test_usage(tmp_path):
    assert run().exit_code == 2
    assert run("-").exit_code == 2
