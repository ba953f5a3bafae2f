"""After a power cut the old result or the new one is there, whole; and what was reported as done is done.

What every verb does to the disk is listened to, and its order looked at (:mod:`tests.faults.disk`). Where a machine
can mount an image of a disk, the power is cut for real: the image is copied while work is under way, and the copy is
looked at.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.faults.commands import CALLS, results_of, words_of, writing_verbs
from tests.faults.disk import recorded
from tests.faults.images import Disk, disk_of

import crosspan
from crosspan.cli.main import main
from crosspan.core.answers import Answers
from crosspan.core.folders import atomic_folder, is_complete
from crosspan.pipeline.folder_store import FolderStore


def test_every_verb_that_writes_is_listened_to():
    assert {*writing_verbs()} - {"predict"} == {call.verb for call in CALLS.values()}, "predict is tag by another name"


@pytest.mark.parametrize("name", CALLS)
def test_a_verb_keeps_the_order(name, world, capfd):
    folder, call = world(name), CALLS[name]
    with recorded(folder) as heard:
        assert main(words_of(call)) == 0, capfd.readouterr().err
    assert heard.ended() == []
    for result in call.files:
        assert result in heard.moves
    for result in call.folders:
        assert any(one.startswith(f"{result}{os.sep}") or one == result for one in heard.moves)


@pytest.mark.parametrize(("name", "change"), [("run", "train.iterations=5"), ("run an encoder", "train.max_steps=1")])
def test_a_run_that_replaces_another_keeps_the_order(name, change, world, capfd):
    folder, words = world(name), words_of(CALLS[name])
    assert main(words) == 0, capfd.readouterr().err
    with recorded(folder) as heard:
        assert main([*words, "--set", change]) == 0, capfd.readouterr().err
    assert heard.ended() == []


# --- the layer that listens hears what is wrong


def _renamed(folder: Path) -> None:
    (folder / "new").write_text("x")
    os.replace(folder / "new", folder / "result")


def _synced_too_early(folder: Path) -> None:
    with open(folder / "new", "wb") as stream:
        stream.write(b"x")
        stream.flush()
        os.fsync(stream.fileno())
        stream.write(b"y")
    os.replace(folder / "new", folder / "result")
    _sync(folder)


def _name_is_missing(folder: Path) -> None:
    _written(folder / "new")
    os.replace(folder / "new", folder / "result")


def _old_one_goes_first(folder: Path) -> None:
    _written(folder / "new")
    os.rename(folder / "new", folder / "newer")
    (folder / "old").unlink()
    _sync(folder)


def _folder_with_a_file_that_is_not_there(folder: Path) -> None:
    (folder / "made").mkdir()
    _written(folder / "made" / "a")
    (folder / "made" / "b").write_text("x")
    _sync(folder / "made")
    os.rename(folder / "made", folder / "model")
    _sync(folder)


def _folder_whose_names_are_not_there(folder: Path) -> None:
    (folder / "made").mkdir()
    _written(folder / "made" / "a")
    os.rename(folder / "made", folder / "model")
    _sync(folder)


def _right(folder: Path) -> None:
    _written(folder / "new")
    os.replace(folder / "new", folder / "result")
    _sync(folder)
    (folder / "old").unlink()
    with atomic_folder(folder / "model") as made:
        (made / "a").write_text("x")


def _written(path: Path) -> None:
    with open(path, "wb") as stream:
        stream.write(b"x")
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    os.fsync(number)
    os.close(number)


@pytest.mark.parametrize(
    ("work", "wrong"),
    [
        (_renamed, ["new is not on the disk, and becomes result", "the name of result is not on the disk"]),
        (_synced_too_early, ["new is not on the disk, and becomes result"]),
        (_name_is_missing, ["the name of result is not on the disk"]),
        (_old_one_goes_first, ["old goes before the name of newer is on the disk"]),
        (_folder_with_a_file_that_is_not_there, ["made/b is not on the disk, and becomes model"]),
        (_folder_whose_names_are_not_there, ["made is not on the disk, and becomes model"]),
        (_right, []),
    ],
)
def test_what_is_wrong_is_heard(tmp_path, work, wrong):
    (tmp_path / "old").write_text("x")
    with recorded(tmp_path) as heard:
        work(tmp_path)
    assert heard.ended() == wrong


# --- images of a disk


@pytest.fixture
def images(tmp_path):
    """A disk of its own, of which nothing is written but what a program asks for."""
    with disk_of(tmp_path) as disk:
        yield disk


def started(script: str, folder: Path) -> subprocess.Popen[str]:
    """Python code that works in a folder, and prints a line when something is done."""
    source = Path(crosspan.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{os.getcwd()}", "XDG_CACHE_HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=folder, stdout=subprocess.PIPE, text=True, env=environment
    )


SAFE = """
import json, sys
from pathlib import Path
from crosspan.core.answers import Answers
from crosspan.core.files import atomic_binary, open_output
from crosspan.core.folders import atomic_folder
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.parts import Facts
answers, store = Answers("answers.db"), FolderStore(Path("cache"))
for n in range(1, 1000):
    with open_output("result.txt") as stream:
        stream.write(f"{n}\\n" * 20_000)
    with atomic_folder("model") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "weights").write_text(f"{n}\\n" * 20_000)
        (folder / "about").write_text(f"{n}")
    answers.put({str(n): "yes" * 1000})
    store.put(f"{n:064d}", {"facts": Facts([n])}, {})
    print(n, flush=True)
"""

CARELESS = """
import os
for n in range(1, 100_000):
    with open("new", "w") as stream:
        stream.write(f"{n}\\n" * 20_000)
    os.replace("new", "result.txt")
    print(n, flush=True)
"""


def _number(path: Path) -> int:
    """The number that a file is full of; 0 where it is damaged or not there."""
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return 0
    return int(lines[0]) if len(lines) == 20_000 and len({*lines}) == 1 else 0


def cuts(images: Disk, script: str, times: int) -> Iterator[tuple[int, Path]]:
    """Cut the power at some moments; yield the last that was reported as done by then, and what the disk has."""
    child = started(script, images.folder)
    assert child.stdout is not None
    draw = random.Random(3)
    try:
        for _ in range(times):
            done = int(child.stdout.readline())
            time.sleep(draw.uniform(0.0, 0.03))  # somewhere in the next
            child.send_signal(signal.SIGSTOP)
            os.set_blocking(child.stdout.fileno(), False)
            for line in child.stdout:
                done = int(line)
            os.set_blocking(child.stdout.fileno(), True)
            with images.cut() as found:
                yield done, found
            child.send_signal(signal.SIGCONT)
    finally:
        child.kill()
        child.wait()


def test_what_was_done_is_there_after_a_power_cut(images):
    for done, folder in cuts(images, SAFE, 6):
        assert _number(folder / "result.txt") >= done
        assert is_complete(folder / "model")
        assert _number(folder / "model" / "sub" / "weights") >= done
        with closing(Answers(folder / "answers.db")) as answers:
            assert answers.get([str(done)])
        store = FolderStore(folder / "cache")
        assert all(store.find(f"{n:064d}") is not None for n in range(1, done + 1))
        with atomic_folder(folder / "model") as again:  # and the next run finds nothing in its way
            (again / "about").write_text("next")


def test_without_care_it_is_lost(images):
    """The same with a writer that only renames: the test above would notice."""
    assert any(_number(folder / "result.txt") < done for done, folder in cuts(images, CARELESS, 3))


def test_a_run_goes_on_after_a_power_cut(images, world, monkeypatch, capfd):
    inputs = world("run")
    words = words_of(CALLS["run"])
    assert main(words) == 0
    wanted = results_of(inputs / "out")
    shutil.copytree(inputs, images.folder / "work", ignore=shutil.ignore_patterns("out", ".user"))
    os.sync()
    script = f"from crosspan.cli.main import main\nprint(0, flush=True)\nprint(main({words!r}))"
    child = started(f"import os\nos.chdir('work')\n{script}", images.folder)
    assert child.stdout is not None
    child.stdout.readline()
    tried = 0
    while child.poll() is None and tried < 3:
        time.sleep(0.4)
        child.send_signal(signal.SIGSTOP)
        with images.cut() as found:
            monkeypatch.chdir(found / "work")
            assert main(words) == 0, capfd.readouterr().err
            assert results_of(found / "work" / "out") == wanted
            monkeypatch.chdir(inputs)
        tried += 1
        child.send_signal(signal.SIGCONT)
    assert child.wait() == 0
    assert tried
    assert results_of(images.folder / "work" / "out") == wanted
