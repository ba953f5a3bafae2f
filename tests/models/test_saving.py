"""A model is whole or not there, whenever the work ends; what was left undone is finished by who comes next."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

import pytest

from crosspan.core.errors import OptionError, OutputError
from crosspan.core.folders import MARKER, atomic_folder, remove_folder
from crosspan.core.temporary import beside
from crosspan.models import saving
from crosspan.models.saving import PART, check_new, is_finished, only_training, write_finished

RECORD = "training.json"
FILES = {RECORD: "{}\n", "README.md": "a model"}


@pytest.fixture(autouse=True)
def _no_transformers(monkeypatch):
    def save_model(model, tokenizer, folder):
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            (folder / name).write_text(f"{model} {name}")

    monkeypatch.setattr(saving, "save_model", save_model)


class Model(str):
    def eval(self):
        return self


def checkpoint(folder):
    with atomic_folder(folder / "checkpoint-00000004") as place:
        (place / "weights").write_text("x")


def write(folder, text="new"):
    write_finished(Model(text), None, folder, RECORD, FILES)


def test_a_finished_model(tmp_path):
    folder = tmp_path / "model"
    check_new(folder, RECORD)
    assert not folder.exists()
    checkpoint(folder)
    beside(folder / "checkpoint-00000008").mkdir()  # killed while it was written
    check_new(folder, RECORD)
    assert not is_finished(folder, RECORD)
    write(folder)
    assert is_finished(folder, RECORD)
    assert not (folder / PART).exists()
    assert (folder / "checkpoint-00000004").is_dir()  # for who made them to remove
    check_new(folder, RECORD)  # who was killed before that goes on from there, and makes the same again
    remove_folder(folder / "checkpoint-00000004")
    with pytest.raises(OutputError, match="a trained model already"):
        check_new(folder, RECORD)


def test_a_damaged_model_is_made_anew(tmp_path):
    folder = tmp_path / "model"
    write(folder, "old")
    (folder / "model.safetensors").write_bytes(b"")  # a power cut on a disk that does not keep its word
    assert not is_finished(folder, RECORD)
    check_new(folder, RECORD)
    write(folder)
    assert is_finished(folder, RECORD)


def test_folders_of_others(tmp_path):
    (tmp_path / "notes").write_text("x")
    with pytest.raises(OutputError, match="holds something else"):
        check_new(tmp_path, RECORD)
    check_new(tmp_path, RECORD, ("notes",))
    with pytest.raises(OutputError, match="this is a file"):
        check_new(tmp_path / "notes", RECORD)
    older = tmp_path / "older"
    older.mkdir()
    (older / RECORD).write_text("{}")
    with pytest.raises(OutputError, match="a trained model already"):
        check_new(older, RECORD)
    assert not is_finished(older, RECORD)


def test_checkpoints_of_other_programs(tmp_path):
    """Others call theirs so, too: such a folder is none to train into, as checkpoints go at the end."""
    (tmp_path / "checkpoint-500").mkdir()
    (tmp_path / "checkpoint-500" / "model.safetensors").write_text("x")
    with pytest.raises(OutputError, match=r"something else \('model.safetensors'\)"):
        check_new(tmp_path, RECORD)


def test_a_model_that_is_read_is_not_lost(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    write(folder)
    (folder / RECORD).unlink()
    for out in (folder, tmp_path / "new" / ".." / "model", folder / "inside", tmp_path):
        with pytest.raises(OptionError, match="read"):
            check_new(out, RECORD, reads=[folder])
    check_new(tmp_path / "new", RECORD, reads=[folder, "a name on the hub", tmp_path / "not there"])
    monkeypatch.chdir(tmp_path)
    check_new(tmp_path / "xlm-r", RECORD, reads=["xlm-r"])  # the hub's


def test_where_nothing_can_be_written_it_is_said_before_the_work(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in ("file/model", "file/deep/model", "/proc/model"):
        if os.path.exists(place.rpartition("/")[0]) or "file" in place:
            with pytest.raises(OutputError, match="cannot be written"):
                check_new(tmp_path / place, RECORD)
    assert os.listdir(tmp_path) == ["file"]


def test_one_training_in_a_folder(tmp_path):
    """A second one is refused, and what a killed one left half-written is gone when the next begins."""
    half = beside(tmp_path / "model" / "checkpoint-00000004")
    half.mkdir(parents=True)
    with only_training(tmp_path / "model"):
        assert not half.exists()
        with pytest.raises(OutputError, match="another run trains into this folder"), only_training(tmp_path / "model"):
            raise AssertionError
    assert os.listdir(tmp_path / "model") == []
    with only_training(tmp_path / "model"):
        pass


def killed_at(number, work):
    """Run work in a process that is killed before the change of that number on the disk; tell whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = [number]

    def counted(real):
        def call(*args, **named):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
            return real(*args, **named)

        return call

    for name in ("rename", "replace", "mkdir", "rmdir", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    try:
        work()
    finally:
        os._exit(0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("before", ["nothing", "checkpoint", "damaged"])
def test_killed_at_any_step(tmp_path, before):
    for step in range(100):
        folder = tmp_path / str(step)
        if before == "checkpoint":
            checkpoint(folder)
        if before == "damaged":
            write(folder, "old")
            (folder / "config.json").unlink()
        killed = killed_at(step, lambda folder=folder: write(folder))
        whole = is_finished(folder, RECORD)
        if whole:
            assert (folder / "config.json").read_text() == "new config.json"
            assert not (folder / PART).exists()
        else:
            check_new(folder, RECORD)
            write(folder)
            assert is_finished(folder, RECORD)
        passing = (".finished", ".crosspan-", "checkpoint-")
        left = {name for name in os.listdir(folder) if not name.startswith(passing)}
        assert left == {"model.safetensors", "config.json", "tokenizer.json", RECORD, "README.md", MARKER}
        if not killed:
            break
    assert whole
    assert step > 8


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_two_runs_in_one_folder(tmp_path, monkeypatch):
    """Another run writes its model at each step of this one: what is there is of one of them, and whole."""
    real, children = os.replace, []
    for step in range(7):
        folder, calls = tmp_path / str(step), []

        def replace(old, new, folder=folder, calls=calls, step=step):
            calls.append(old)
            if len(calls) == step + 1:
                children.append(os.fork())
                if not children[-1]:
                    with suppress(BaseException):
                        monkeypatch.setattr(os, "replace", real)
                        write(folder, "other")
                        os._exit(0)
                    os._exit(1)
                time.sleep(0.02)
            real(old, new)

        monkeypatch.setattr(os, "replace", replace)
        write(folder, "new")
        monkeypatch.setattr(os, "replace", real)
        assert os.waitpid(children[-1], 0)[1] == 0
        assert is_finished(folder, RECORD)
        texts = {(folder / name).read_text().split()[0] for name in ("model.safetensors", "config.json")}
        assert len(texts) == 1
    assert len(children) == 7
