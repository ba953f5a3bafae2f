"""A model is whole or not there, whenever the work ends; what was left undone is finished by who comes next."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import pytest

from crosspan.core.errors import OutputError
from crosspan.core.folders import MARKER
from crosspan.models import saving
from crosspan.models.saving import PART, check_new, is_finished, write_finished

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


def write(folder, text="new"):
    write_finished(Model(text), None, folder, RECORD, FILES)


def test_a_finished_model(tmp_path):
    folder = tmp_path / "model"
    check_new(folder, RECORD)
    assert not folder.exists()
    (folder / "checkpoint-00000004").mkdir(parents=True)
    (folder / "checkpoint-00000004" / "weights").write_text("x")
    (folder / "checkpoint-00000008.part").mkdir()
    check_new(folder, RECORD)
    assert not is_finished(folder, RECORD)
    write(folder)
    assert is_finished(folder, RECORD)
    assert not (folder / PART).exists()
    assert (folder / "checkpoint-00000004").is_dir()  # for who made them to remove
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


def test_where_nothing_can_be_written_it_is_said_before_the_work(tmp_path, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: real(path, mode) and mode != os.W_OK)
    with pytest.raises(OutputError, match="cannot be written here"):
        check_new(tmp_path / "a" / "b", RECORD)


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
            (folder / "checkpoint-00000004").mkdir(parents=True)
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
        left = {name for name in os.listdir(folder) if not name.startswith((".finished", "checkpoint-"))}
        assert left == {"model.safetensors", "config.json", "tokenizer.json", RECORD, "README.md", MARKER}
        if not killed:
            break
    assert whole
    assert step > 8


def test_two_runs_in_one_folder(tmp_path, monkeypatch):
    """Another run ends at each step of this one: the model is of one of them, and whole."""
    real = os.replace
    for step in range(8):
        folder, calls = tmp_path / str(step), []

        def replace(old, new, folder=folder, calls=calls, step=step):
            calls.append(old)
            if len(calls) == step + 1:
                write(folder, "other")
            real(old, new)

        monkeypatch.setattr(os, "replace", replace)
        with suppress(OutputError):
            write(folder, "new")
        monkeypatch.setattr(os, "replace", real)
        assert is_finished(folder, RECORD)
        texts = {(folder / name).read_text().split()[0] for name in ("model.safetensors", "config.json")}
        assert len(texts) == 1
