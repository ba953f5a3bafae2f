"""No result takes the place of what is read, by whatever name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.overwrites import check_outputs


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("x")
    (tmp_path / "model" / "sub").mkdir(parents=True)
    (tmp_path / "model" / "weights").write_text("x")
    (tmp_path / "there").symlink_to(tmp_path / "in.txt")
    (tmp_path / "also").symlink_to(tmp_path / "model")
    os.link(tmp_path / "in.txt", tmp_path / "hard")
    os.mkfifo("pipe")
    Path("to-pipe").symlink_to("pipe")
    Path("to-full").symlink_to("/dev/full")
    return tmp_path


@pytest.mark.parametrize(
    ("outputs", "inputs"),
    [
        (["in.txt"], ["in.txt"]),
        (["./model/../in.txt"], ["in.txt"]),
        (["there"], ["in.txt"]),
        (["in.txt"], ["there"]),
        (["hard"], ["in.txt"]),
        (["{}/in.txt"], ["in.txt"]),
        ([None, "out", "in.txt"], ["model", None, "in.txt"]),
        (["model"], ["model"]),
        (["also"], ["model/"]),
        (["model/weights"], ["model"]),
        (["model/new"], ["model"]),
        (["also/sub/new"], ["model"]),
        (["model"], ["model/weights"]),
        (["model"], ["also/weights"]),
        (["."], ["in.txt"]),
        (["new", "./new"], []),
        (["in.txt", "there"], []),
        (["pipe", "./pipe"], []),
        (["pipe", "to-pipe"], []),
        (["pipe"], ["to-pipe"]),
        (["/dev/full", "/dev/full"], []),
        (["/dev/full", "to-full"], []),
        (["-", "-"], []),
        (["-", "/dev/fd/1"], []),
    ],
)
def test_what_would_be_lost(place, outputs, inputs):
    with pytest.raises(OptionError, match=r"read|two results"):
        check_outputs([path and path.format(place) for path in outputs], inputs)


@pytest.mark.parametrize(
    ("outputs", "inputs"),
    [
        (["out.txt"], ["in.txt", "model"]),
        (["-"], ["-"]),
        ([None], [None]),
        ([""], [""]),
        (["/dev/null", "/dev/null"], ["/dev/null"]),
        (["-", "/dev/null"], ["-"]),
        (["pipe", "out"], ["in.txt"]),
        (["/dev/full"], ["/dev/full"]),
        (["model2"], ["model"]),
        (["out/model"], ["in.txt", "model"]),
        (["no/such/folder/out"], ["no/such/file"]),
        (["in.txt"], ["in.txt2"]),
    ],
)
def test_what_may_be(place, outputs, inputs):
    check_outputs(outputs, inputs)


def test_the_file_that_standard_output_goes_to(place):
    """It is the file of rejects as well: one would be written into the other."""
    (place / "en.txt").write_text("Ada\n")
    words = [sys.executable, "-m", "crosspan.cli.main", "translate", "en.txt", "--out", "-", "--rejects", "both"]
    words += ["--from", "en", "--to", "sw", "--use", "file", "--model", "in.txt"]
    with open("both", "wb") as stream:
        done = subprocess.run(words, stdout=stream, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "two results would be written to 'both'" in done.stderr


def test_case_where_the_disk_does_not_know_it(place):
    if not os.path.exists("IN.TXT"):
        pytest.skip("the disk knows case")
    with pytest.raises(OptionError, match="read"):
        check_outputs(["IN.TXT"], ["in.txt"])


def test_the_words(place):
    with pytest.raises(OptionError) as caught:
        check_outputs(["there"], ["in.txt"])
    assert str(caught.value) == "'there' is read (as 'in.txt') and would be overwritten. Name another."
    with pytest.raises(OptionError, match="'model/new' would be written into the folder 'model', which is read"):
        check_outputs(["model/new"], ["model"])
    with pytest.raises(OptionError, match=r"'in.txt' is read and would be lost with the folder '.'"):
        check_outputs(["."], ["in.txt"])


def test_the_file_that_standard_input_comes_from(place):
    (place / "a.conll").write_text("Ada B-PER\n")
    words = [sys.executable, "-m", "crosspan.cli.main", "convert", "-", "a.conll", "--from", "conll"]
    with open("a.conll", "rb") as stream:
        done = subprocess.run(words, stdin=stream, capture_output=True, text=True, check=False)
    assert (done.returncode, (place / "a.conll").read_text()) == (2, "Ada B-PER\n")
    assert "'a.conll' is read (as standard input) and would be overwritten" in done.stderr
