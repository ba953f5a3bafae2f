"""The server as a process: it ends cleanly, and killed at any moment it loses nothing that it said is saved."""

from __future__ import annotations

import itertools
import random
import subprocess
import threading
from http.client import HTTPException

import pytest
from tests.review.desk.corpora import write_corpus
from tests.review.desk.serving import MAIN, served

from crosspan.cli.main import main
from crosspan.review.decision_file import read_decisions

pytest.importorskip("uvicorn", reason="crosspan[review] is not installed")

KILLS = 4
"""How often the server is killed here; thirty times were tried by hand."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    write_corpus(folder)
    return folder


def test_interrupted_it_says_where_the_decisions_are_and_what_is_next(folder):
    words = ("projected.jsonl", "--source", "source.jsonl", "--links", "links.txt", "--decisions", "ada.jsonl")
    with served(folder, *words, "--who", "ada", "--order", "random") as server:
        assert server.address.startswith("http://127.0.0.1:")
        first = server.ask("step?at=0")
        assert first["sentence"]["a"]
        assert first["sentence"]["s"]["w"]
        server.decide(first["index"], [[0, 2, "PER"]])
        with subprocess.Popen([*MAIN, "review", "serve", *words], cwd=folder, stderr=subprocess.PIPE) as second:
            assert b"another process adds to this file" in second.communicate(timeout=30)[1]
        code, said = server.interrupt()
    assert code == 0
    assert "Open this address in a browser" in said
    assert "ada.jsonl: 1 sentence of 12 decided; 1 of them drawn by chance" in said
    assert "crosspan review apply projected.jsonl ada.jsonl --out" in said
    assert "Traceback" not in said
    with served(folder, *words, "--order", "random") as server:
        assert server.ask("step?at=0")["index"] != first["index"]
        assert "1 of them decided before" in server.interrupt()[1]


def test_killed_at_any_moment_it_loses_no_decision_that_it_acknowledged(folder):
    chance = random.Random(14)
    acknowledged = []
    for number in range(KILLS):
        who = f"person {number}"
        words = ("--decisions", "killed.jsonl", "--order", "uncertain", "--who", who)
        with served(folder, "projected.jsonl", *words) as server:
            timer = threading.Timer(chance.uniform(0.0, 0.05), server.process.kill)
            after = chance.randint(1, 8)
            for at in itertools.count():
                if at == after:
                    timer.start()
                try:
                    name = server.decide(at % 12, [[0, 2 + at % 2, "PER"]])
                except (OSError, HTTPException):
                    break
                acknowledged.append((name, who, 2 + at % 2))
            assert at >= after
            timer.join()
        with open(folder / "killed.jsonl", "ab") as stream:  # what a kill in the middle of a line leaves
            stream.write(b'{"id": "n0", "hash": "f')
        kept = [(one.id, one.who, one.after[0].end) for one in read_decisions(folder / "killed.jsonl").every]
        # those that were written and not acknowledged any more stand between them
        rest = iter(kept)
        assert all(one in rest for one in acknowledged)
        assert len(kept) <= len(acknowledged) + number + 1


def test_what_is_told_at_the_beginning(folder):
    (folder / "torn.jsonl").write_bytes(b'{"id": "n0", "ha')
    with served(folder, "projected.jsonl", "--decisions", "torn.jsonl", "--host", "0.0.0.0") as server:
        port = server.address.split(":")[2].split("/")[0]
        server.address = server.address.replace(server.address.split("/")[2], f"127.0.0.1:{port}")
        server.decide(0)
        _, said = server.interrupt()
    assert "line 1 of torn.jsonl was not written to its end" in said
    assert "other machines can reach 0.0.0.0" in said
    assert list(read_decisions(folder / "torn.jsonl").last) == ["names"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-", "--decisions", "d.jsonl"], 2, "Name a file"),
        (["missing.jsonl", "--decisions", "d.jsonl"], 1, "no such file"),
        (["projected.jsonl"], 2, "--decisions"),
        (["projected.jsonl", "--decisions", "projected.jsonl"], 2, "would be overwritten"),
        (["projected.jsonl", "--decisions", "d.jsonl", "--host", "no host"], 2, "there is no host 'no host' here"),
        (["projected.jsonl", "--decisions", "d.jsonl", "--one-based"], 2, "--links"),
        (["projected.jsonl", "--decisions", "links.txt"], 1, "links.txt:1: not valid JSON"),
    ],
)
def test_wrong_use_is_told_in_one_paragraph(folder, monkeypatch, capsys, words, code, message):
    monkeypatch.chdir(folder)
    assert main(["review", "serve", *words]) == code
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_a_port_that_is_taken(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    with served(folder, "projected.jsonl", "--decisions", "one.jsonl") as server:
        port = server.address.split(":")[2].split("/")[0]
        assert main(["review", "serve", "projected.jsonl", "--decisions", "two.jsonl", "--port", port]) == 1
    assert f"127.0.0.1:{port}: the server cannot listen there (address already in use)" in capsys.readouterr().err
