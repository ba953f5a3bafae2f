"""What is no regular file is written through and stays what it is; a link stays a link.

Each verb is tried with some of these, so that each is tried with several verbs; ``CROSSPAN_FAULTS=all`` tries all.
"""

from __future__ import annotations

import os
import stat
import subprocess

import pytest
from tests.faults.commands import CALLS, Call, words_of

from crosspan.align import load_aligner
from crosspan.cli.main import main

FILES = [name for name, call in CALLS.items() if call.files]


def some(*thirds: int) -> list[str]:
    """Every third call from some on, or all."""
    every = os.environ.get("CROSSPAN_FAULTS") == "all"
    return [name for number, name in enumerate(FILES) if every or number % 3 in thirds]


def into(call: Call, kind: str) -> list[str]:
    """The words of a call whose files have names that begin otherwise."""
    return [f"{kind}-{word}" if word in call.files else word for word in words_of(call)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("name", some(0, 1))
def test_a_pipe_takes_what_a_file_would(name, world, capfd):
    folder, call = world(name), CALLS[name]
    assert main(words_of(call)) == 0, capfd.readouterr().err
    readers = []
    for file in call.files:
        os.mkfifo(folder / f"pipe-{file}")
        readers.append(subprocess.Popen(["cat", f"pipe-{file}"], cwd=folder, stdout=subprocess.PIPE))
    assert main(into(call, "pipe")) == 0, capfd.readouterr().err
    for file, reader in zip(call.files, readers, strict=True):
        found = reader.communicate(timeout=60)[0]
        if file == "links.npz":  # in an archive that is written through, sizes stand behind the content
            (folder / "read.npz").write_bytes(found)
            assert load_aligner(folder / "read.npz").options == load_aligner(folder / file).options
        else:  # a recipe says what its results are called after it
            assert found.replace(b"pipe-new", b"new") == (folder / file).read_bytes()
        assert stat.S_ISFIFO((folder / f"pipe-{file}").stat().st_mode)
    assert not list(folder.glob(".*.tmp"))


@pytest.mark.parametrize("name", some(0))
def test_a_device_stays_a_device(name, world, capfd):
    folder, call = world(name), CALLS[name]
    for file in call.files:
        try:
            os.mknod(folder / f"device-{file}", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except (OSError, AttributeError) as error:
            pytest.skip(f"a device that takes everything cannot be made here: {error}")
    assert main(into(call, "device")) == 0, capfd.readouterr().err
    for file in call.files:
        assert stat.S_ISCHR((folder / f"device-{file}").stat().st_mode)
    assert not list(folder.glob(".*.tmp"))


@pytest.mark.parametrize("name", some(2))
def test_a_link_stays_a_link(name, world, capfd):
    folder, call = world(name), CALLS[name]
    (folder / "real").mkdir()
    for file in call.files:
        (folder / f"link-{file}").symlink_to(f"real/{file}")
    for _ in range(2):  # to nothing yet, and to an older result
        assert main(into(call, "link")) == 0, capfd.readouterr().err
        for file in call.files:
            assert (folder / f"link-{file}").is_symlink()
            assert (folder / "real" / file).is_file()
    assert sorted(os.listdir(folder / "real")) == sorted(call.files)
