"""Folders are written whole or not at all, whenever the run ends, and nothing of others is ever removed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time

import pytest

from crosspan.core import folders
from crosspan.core.errors import OutputError
from crosspan.core.files import make_folder
from crosspan.core.folders import (
    MARKER,
    WORK,
    atomic_folder,
    check_replaceable,
    is_complete,
    make_work_folder,
    remove_folder,
    remove_work_folder,
    settle_folder,
)
from crosspan.core.temporary import beside


def write(path, text):
    with atomic_folder(path) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "weights").write_text(text)
        (folder / "about").write_text("about")


def content(path):
    return (path / "sub" / "weights").read_text()


def test_a_folder_and_what_is_in_it(tmp_path):
    path = tmp_path / "deep" / "model"
    write(path, "one")
    assert sorted(os.listdir(path)) == [MARKER, "about", "sub"]
    assert content(path) == "one"
    assert is_complete(path)
    assert set(json.loads((path / MARKER).read_text())["files"]) == {"about", "sub/weights"}
    write(path, "two")
    assert content(path) == "two"
    assert os.listdir(tmp_path / "deep") == ["model"]


def test_what_is_not_whole(tmp_path):
    assert not is_complete(tmp_path / "no")
    path = tmp_path / "model"
    write(path, "one")
    (path / "sub" / "weights").write_text("eno")  # as long as before
    assert not is_complete(path)
    write(path, "one")
    (path / "about").write_text("")
    assert not is_complete(path)
    write(path, "one")
    (path / "about").unlink()
    assert not is_complete(path)
    write(path, "one")
    (path / "notes").write_text("of the user")
    assert is_complete(path)
    (path / MARKER).write_text("")
    assert not is_complete(path)


def test_what_others_made_stays(tmp_path):
    path = tmp_path / "mine"
    path.mkdir()
    write(path, "one")  # an empty one may be taken
    (path / "sub" / "notes").write_text("of the user")
    with pytest.raises(OutputError, match=r"something else \('sub/notes'\)"):
        write(path, "two")
    with pytest.raises(OutputError, match="something else"):
        remove_folder(path)
    assert content(path) == "one"
    assert os.listdir(tmp_path) == ["mine"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "training.json").write_text("{}")
    with pytest.raises(OutputError, match=r"something else \('training.json'\)"):
        write(other, "two")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="this is a file"):
        write(tmp_path / "file", "two")
    assert (tmp_path / "file").read_text() == "x"


def test_what_comes_into_it_meanwhile_stays(tmp_path):
    path = tmp_path / "model"
    write(path, "one")

    def note():
        with atomic_folder(path):
            (path / "notes").write_text("of the user")

    with pytest.raises(OutputError, match="something else"):
        note()
    assert (path / "notes").read_text() == "of the user"
    assert os.listdir(tmp_path) == ["model"]


def test_what_is_there_for_a_while_only(tmp_path):
    """A lock, and what a killed run left half-written, belong to nobody else."""
    path = tmp_path / "model"
    write(path, "one")
    (path / ".crosspan-training.lock").write_text("")
    half = beside(path / "checkpoint-1")
    half.mkdir()
    (half / "weights").write_text("x")
    write(path, "two")
    assert sorted(os.listdir(path)) == [MARKER, "about", "sub"]


def test_names_that_may_be_there(tmp_path):
    (tmp_path / "checkpoint-1").mkdir()
    (tmp_path / "checkpoint-1" / "weights").write_text("x")
    with pytest.raises(OutputError, match="something else"):
        check_replaceable(tmp_path)
    check_replaceable(tmp_path, ["checkpoint-*"])


def test_folders_for_work(tmp_path):
    """What work has so far is removed whole, a folder of the same name that somebody else made is not."""
    work, other = tmp_path / "work", tmp_path / "other"
    make_work_folder(work)
    for path in (work, other):
        (path / "a" / "b").mkdir(parents=True)
        (path / "a" / "b" / "c").write_text("x")
        (path / "d").write_text("x")
        (path / "e").symlink_to(tmp_path)
    make_work_folder(work)  # again, by a run that goes on
    remove_work_folder(work, ["a"])
    assert sorted(os.listdir(work)) == [WORK, "a"]
    for path in (work, other, tmp_path / "missing"):
        remove_work_folder(path)
    assert os.listdir(tmp_path) == ["other"]
    assert (other / "a" / "b" / "c").read_text() == "x"


def test_errors_that_are_of_other_files(tmp_path):
    """What the system says of a file elsewhere is not told as if the folder were at fault."""
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "model"):
        (tmp_path / "input").read_text()
    with pytest.raises(OutputError, match="the folder cannot be written"), atomic_folder(tmp_path / "model") as folder:
        (folder / "no" / "weights").write_text("x")
    assert os.listdir(tmp_path) == []


def test_removing(tmp_path):
    remove_folder(tmp_path / "no")
    write(tmp_path / "model", "one")
    remove_folder(tmp_path / "model")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OutputError])
def test_errors_leave_what_was_there(tmp_path, error):
    write(tmp_path / "model", "one")

    def stop():
        with atomic_folder(tmp_path / "model") as folder:
            (folder / "about").write_text("two")
            raise error("stop")

    with pytest.raises(error):
        stop()
    assert content(tmp_path / "model") == "one"
    assert os.listdir(tmp_path) == ["model"]


def test_no_room(tmp_path, monkeypatch):
    write(tmp_path / "model", "one")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"the folder cannot be written \(No space left on device\)"):
        write(tmp_path / "model", "two")
    assert content(tmp_path / "model") == "one"
    assert os.listdir(tmp_path) == ["model"]


def test_a_link_to_a_folder_and_long_names(tmp_path):
    real, name = tmp_path / "real", "ọ" * 85
    assert len(os.fsencode(name)) == 255
    write(real, "one")
    (tmp_path / name).symlink_to(real)
    (tmp_path / "to-nothing").symlink_to("later/real")
    check_replaceable(tmp_path / "to-nothing")
    make_folder(tmp_path / "to-nothing")
    assert (tmp_path / "later" / "real").is_dir()
    write(tmp_path / name, "two")
    assert (tmp_path / name).is_symlink()
    assert content(real) == "two"
    write(real / name, "three")
    assert content(real / name) == "three"
    write(real / name, "four")
    assert is_complete(real / name)


CALLS = ("rename", "replace", "mkdir", "rmdir", "unlink", "fsync")


def ended_at(number, work):
    """Run work in a process that is killed before the call of that number; tell whether it was."""
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

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    try:
        work()
    finally:
        os._exit(0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_killed_at_any_step(tmp_path):
    steps = 0
    while True:
        place = tmp_path / str(steps)
        write(place / "model", "old")
        if not ended_at(steps, lambda place=place: write(place / "model", "new")):
            break
        assert is_complete(place / "model"), steps
        assert content(place / "model") in ("old", "new")
        write(place / "model", "next")
        assert content(place / "model") == "next"
        for path in place.glob(".*"):
            os.utime(path, (1, 1))
            for inner in path.rglob("*"):
                os.utime(inner, (1, 1))
        write(place / "model", "last")
        assert os.listdir(place) == ["model"], steps
        steps += 1
    assert steps > 8
    assert content(place / "model") == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_killed_while_removing(tmp_path):
    for steps in range(100):
        write(tmp_path / "model", "old")
        killed = ended_at(steps, lambda: remove_folder(tmp_path / "model"))
        assert not (tmp_path / "model").exists() or is_complete(tmp_path / "model")
        settle_folder(tmp_path / "model")
        if not killed:
            break
    assert not (tmp_path / "model").exists()


def test_everything_is_on_disk_before_the_older_one_goes(tmp_path, monkeypatch):
    write(tmp_path / "model", "one")
    events = []
    real = {name: getattr(os, name) for name in ("fsync", "rename", "open")}
    names = {}

    def opened(path, *args, **named):
        number = real["open"](path, *args, **named)
        names[number] = os.fspath(path)
        return number

    def fsync(number):
        events.append(("sync", os.readlink(f"/proc/self/fd/{number}")))
        real["fsync"](number)

    def rename(old, new):
        events.append(("move", os.fspath(old), os.fspath(new)))
        real["rename"](old, new)

    if not os.path.exists("/proc/self/fd"):
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    write(tmp_path / "model", "two")
    moves = [at for at, event in enumerate(events) if event[0] == "move"]
    assert len(moves) == 3  # the older one aside, the new one to its place, the older one away
    before = [os.path.basename(event[1]) for event in events[: moves[0]]]
    assert {"about", "weights", "sub"} < set(before)
    assert max(before.index("about"), before.index("weights")) < len(before) - 2
    assert events[moves[1] + 1 : moves[2]] == [("sync", str(tmp_path))]


def test_two_runs_at_once(tmp_path, monkeypatch):
    """Another run settles or replaces the folder at each step of this one."""
    real = os.rename
    for which in range(3):
        for other in (lambda path: settle_folder(path), lambda path: write(path, "other")):
            path = tmp_path / f"model-{which}-{other.__code__.co_firstlineno}-{len(os.listdir(tmp_path))}"
            write(path, "old")
            calls = []

            def rename(old, new, path=path, which=which, other=other, calls=calls):
                calls.append(old)
                if len(calls) == which + 1:
                    other(path)
                real(old, new)

            monkeypatch.setattr(os, "rename", rename)
            write(path, "new")
            monkeypatch.setattr(os, "rename", real)
            assert is_complete(path)
            assert content(path) in ("new", "other")
            assert not list(tmp_path.glob(f".{path.name}*"))


def test_what_killed_runs_left_is_swept(tmp_path):
    write(tmp_path / "model", "one")
    old, new = tmp_path / ".model.0123456789ab.tmp", tmp_path / ".other.ba9876543210.tmp"
    for path in (old, new):
        write(path, "x")
    kept = tmp_path / ".notes.tmp"
    kept.mkdir()
    long_ago = time.time() - 2 * folders_age()
    for path in (old, *old.rglob("*"), kept):
        os.utime(path, (long_ago, long_ago))
    write(tmp_path / "model", "two")
    assert not old.exists()
    assert new.exists()
    assert kept.exists()
    shutil.rmtree(new)


def folders_age():
    from crosspan.core import temporary

    return temporary._ABANDONED_FOLDER


def test_one_that_was_faster_stays(tmp_path):
    with atomic_folder(tmp_path / "model", replace=False) as folder:
        (folder / "about").write_text("slow")
        write(tmp_path / "model", "fast")
    assert content(tmp_path / "model") == "fast"
    assert os.listdir(tmp_path) == ["model"]
    (tmp_path / "model" / "about").unlink()  # damaged
    with atomic_folder(tmp_path / "model", replace=False) as folder:
        (folder / "about").write_text("whole")
    assert (tmp_path / "model" / "about").read_text() == "whole"


def test_the_marker_can_have_another_name(tmp_path):
    with atomic_folder(tmp_path / "a", marker="whole.json") as folder:
        (folder / "x").write_text("x")
    assert is_complete(tmp_path / "a", marker="whole.json")
    assert not is_complete(tmp_path / "a")
    assert folders.MARKER not in os.listdir(tmp_path / "a")
