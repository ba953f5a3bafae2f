"""A result that cannot be written is named before the work begins; what else is full is told by its own name."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest
from tests.faults.commands import CALLS, OLDER, Call, words_of
from tests.faults.places import snapshot, watched

from crosspan.cli.main import main
from crosspan.core.compiled import njit
from crosspan.core.errors import OutputError
from crosspan.core.files import open_output
from crosspan.core.folders import atomic_folder
from crosspan.core.temporary import is_temporary

DECLARED = ("recipe.toml", "encoder.toml", "tiny.toml", "recipe.resolved.toml")
"""What says what is to be done, and where results go."""


def elsewhere(call: Call, place: str) -> list[str]:
    """The words of a call whose results go to another place."""
    results = {*call.files, *call.folders}
    words = [f"{place}/{word}" if word in results else word for word in words_of(call)]
    return [*words, "--out", f"{place}/out"] if call.verb == "run" else words


def small_disk(place: Path, *how: str) -> Iterator[Path]:
    """A disk in memory, mounted; a test is skipped where that may not be done."""
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", *how, "none", str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def fill(place: Path) -> None:
    """Leave no room on a disk."""
    with open(place / "filler", "wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            pass


@pytest.fixture
def full(tmp_path):
    """A disk on which there is room for names, and for no content."""
    yield from small_disk(tmp_path / "full", "-o", "size=128k")


@pytest.fixture
def read_only(tmp_path):
    """A disk that may only be read."""
    yield from small_disk(tmp_path / "locked", "-o", "size=128k,ro")


def refused_at_once(folder: Path, call: Call, place: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A call says at once that its result has no place, before it reads anything but what says what to do."""
    before = snapshot(folder)
    with watched(folder) as opened:
        code = main(elsewhere(call, place))
    err = capfd.readouterr().err
    assert code == 1, err
    assert place in err
    assert "should not happen" not in err
    names = {os.path.basename(path) for path in opened}
    assert {name for name in names if not is_temporary(name)} <= {*DECLARED}
    assert snapshot(folder) == before


@pytest.mark.parametrize("name", CALLS)
def test_a_result_that_has_no_place_is_refused_at_once(name, world, capfd):
    folder, call = world(name), CALLS[name]
    for place in ("en.conll", "/proc/crosspan"):
        refused_at_once(folder, call, place, capfd)


@pytest.mark.parametrize("name", CALLS)
def test_a_disk_that_may_only_be_read(name, world, read_only, capfd):
    refused_at_once(world(name), CALLS[name], str(read_only), capfd)


@pytest.mark.parametrize("name", CALLS)
def test_a_disk_that_is_full(name, world, full, capfd):
    """The older result stays, nothing is left half-written, and the message names the place."""
    folder, call = world(name), CALLS[name]
    for file in call.files:
        (full / file).write_bytes(OLDER)
    fill(full)
    code = main(elsewhere(call, str(full)))
    err = capfd.readouterr().err
    assert code == 1, err
    assert str(full) in err
    assert "no space left on device" in err.lower()
    left = {name: found for name, found in snapshot(full).items() if found not in ("folder", b"")}
    assert left == {"filler": (full / "filler").read_bytes(), **dict.fromkeys(call.files, OLDER)}
    assert folder.is_dir()


def test_a_full_folder_for_temporary_files_is_named(world, full, monkeypatch, capfd):
    folder = world("project")
    fill(full)
    monkeypatch.setattr(tempfile, "tempdir", str(full))
    assert main(words_of(CALLS["project"])) == 1
    err = capfd.readouterr().err
    assert str(full) in err
    assert "TMPDIR" in err
    assert "out.jsonl" not in err
    assert (folder / "out.jsonl").read_bytes() == OLDER


def test_a_full_cache_of_the_user_costs_no_result(world, full, monkeypatch, capfd):
    folder = world("run")
    fill(full)
    monkeypatch.setenv("XDG_CACHE_HOME", str(full))
    assert main(words_of(CALLS["run"])) == 0, capfd.readouterr().err
    assert (folder / "out" / "run.json").is_file()


def added(a, b):
    return a + b


def test_a_full_place_for_compiled_code_is_no_fault_of_the_result(tmp_path, full, monkeypatch, caplog):
    """Code that is compiled while a result is written cannot be kept; that is logged, and the result is there."""
    fill(full)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(full))
    with open_output(tmp_path / "result") as stream:
        stream.write(str(njit()(added)(2, 3)))
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "a").write_text(str(njit()(added)(2.0, 3.0)))
    assert (tmp_path / "result").read_text() == "5"
    assert (tmp_path / "model" / "a").read_text() == "5.0"
    assert "cannot be kept" in caplog.text
    assert str(full) in caplog.text


@pytest.mark.parametrize("name", ["result.txt", "result.txt.gz"])
def test_what_is_wrong_elsewhere_is_not_said_of_the_result(tmp_path, name):
    """What the system says of another file while a result is written stays what it is."""
    with pytest.raises(FileNotFoundError), open_output(tmp_path / name):
        (tmp_path / "input").read_text()
    with pytest.raises(OSError, match="No space left") as caught, open_output(tmp_path / name):
        raise OSError(28, "No space left on device", "/somewhere/else")
    assert not isinstance(caught.value, OutputError)
    assert os.listdir(tmp_path) == []
