from __future__ import annotations

import io
import json
import shutil
import sys

import pytest

from crosspan.cli.main import main
from crosspan.translate import TRANSLATORS, Translation


class Upper:
    def __init__(self, model="", *, threads=None, mark=""):
        self.mark = mark

    def translate(self, texts, *, source, target, advance=None):
        if "stop" in texts:
            raise KeyboardInterrupt
        found = ["na " * 20 if text == "loop" else text.upper() + self.mark for text in texts]
        return [Translation(text) for text in found]


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    TRANSLATORS.register("upper", Upper)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("one\n\ntwo\n", encoding="utf-8")

    def run_it(*words):
        code = main(["translate", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


LANGUAGES = ("--from", "en", "--to", "es")


def test_a_file(run, tmp_path):
    code, out, err = run("in.txt", *LANGUAGES, "--use", "upper", "--set", "mark=!", "--out", "out.txt")
    assert (code, out) == (0, "")
    assert err.startswith("out.txt: 3 lines (1 empty), ")
    assert (tmp_path / "out.txt").read_text() == "ONE!\n!\nTWO!\n"
    assert run("in.txt", *LANGUAGES, "--use", "upper", "--out", "out.txt", "--quiet") == (0, "", "")


def test_standard_input_and_output(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("mọ́\n".encode())))
    code, out, err = run("-", *LANGUAGES, "--use", "upper", "--out", "-", "--json")
    assert (code, out) == (0, "mọ́\n".upper())
    assert json.loads(err)["lines"] == 1


def test_translations_that_are_not_to_be_trusted(run, tmp_path):
    (tmp_path / "in.txt").write_text("one\nloop\n")
    code, _, err = run("in.txt", *LANGUAGES, "--use", "upper", "--out", "out.txt")
    assert code == 3
    assert "in.txt:2: left empty: looping\n" in err
    assert "left empty: 1 lines (looping 1); their translations are not to be trusted" in err
    assert (tmp_path / "out.txt").read_text() == "ONE\n\n"
    code, out, err = run("in.txt", *LANGUAGES, "--use", "upper", "--out", "out.txt", "--rejects", "bad.jsonl", "--json")
    assert (code, err) == (3, "")
    assert json.loads(out)["problems"] == {"looping": 1}
    (rejected,) = (tmp_path / "bad.jsonl").read_text().splitlines()
    assert json.loads(rejected) == {"line": 2, "problem": "looping", "text": "loop", "translation": "na " * 20}


def test_texts_are_cut_as_asked(run, tmp_path):
    (tmp_path / "in.txt").write_text("One is here. Two is there.\n")
    words = ("in.txt", *LANGUAGES, "--use", "upper", "--set", "mark=!", "--out", "out.txt", "--quiet")
    assert run(*words, "--set", "guard.split=always")[0] == 0
    assert (tmp_path / "out.txt").read_text() == "ONE IS HERE.! TWO IS THERE.!\n"


def test_what_is_finished_is_kept(run, tmp_path, monkeypatch):
    from crosspan.translate import corpus

    monkeypatch.setattr(corpus, "SHARD", 1)
    (tmp_path / "in.txt").write_text("one\ntwo\nstop\n")
    code, _, err = run("in.txt", *LANGUAGES, "--use", "upper", "--out", "out.txt")
    assert code == 1
    assert "ended early; the first 2 lines are in out.txt.part, and the same command goes on behind them" in err
    assert (tmp_path / "out.txt.part").read_text() == "ONE\nTWO\n"
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--use", "uper"], 2, "there is no translator 'uper'. Did you mean 'upper'?"),
        (["--use", "upper", "--set", "marks=1"], 2, "does not take these options"),
        (["--use", "upper", "--set", "guard.splits=1"], 2, "Did you mean split?"),
        (["--use", "file"], 2, "no file of translations is named"),
        (["--use", "file", "--model", "in.txt", "--set", "original=x"], 2, "Did you mean originals?"),
        (["--use", "ctranslate2", "--model", "./none"], 1, "there is no such folder"),
        (["--use", "openai", "--model", "m", "--set", "url=nowhere"], 2, "url is no address of a server"),
        ([], 2, "Missing option '--use'"),
    ],
)
def test_bad_use(run, tmp_path, words, code, message):
    if "ctranslate2" in words:
        pytest.importorskip("ctranslate2")
    found, _, err = run("in.txt", *LANGUAGES, "--out", "out.txt", *words)
    assert found == code
    assert message in err
    assert not list(tmp_path.glob("out*"))


def test_by_apertium(run, tmp_path):
    if shutil.which("apertium") is None:
        pytest.skip("the program apertium is not installed (apt-get install apertium apertium-eng-spa)")
    (tmp_path / "in.txt").write_text("The president lives in Accra.\n\nHe said it.\n")
    code, out, _ = run("in.txt", *LANGUAGES, "--use", "apertium", "--out", "-", "--quiet")
    assert code == 0
    lines = out.split("\n")
    assert len(lines) == 4
    assert "presidente" in lines[0]
    assert lines[1:] == ["", "Lo dijo.", ""]


def test_by_a_model(run, tmp_path):
    pytest.importorskip("torch").set_num_threads(1)
    pytest.importorskip("ctranslate2")
    from crosspan.testing.tiny_models import save_marian

    save_marian(tmp_path / "opus-mt-en-es")
    words = ("in.txt", *LANGUAGES, "--use", "ctranslate2", "--model", "opus-mt-en-es", "--out", "out.txt")
    code, _, err = run(*words, "--set", "cache=cache", "--set", "beams=1", "--threads", "1")
    assert code in (0, 3)
    assert "out.txt: 3 lines (1 empty)" in err
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 3
    code, _, err = run("in.txt", "--from", "de", *words[3:], "--set", "cache=cache")
    assert code == 2
    assert "translates from English, not from German" in err
