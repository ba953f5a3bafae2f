"""An image of a disk, mounted, of which copies are taken while work is under way: what a power cut would leave."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SIZE = 48 << 20
_LAZY = "loop,noauto_da_alloc,commit=300"
"""Nothing is written unless a program asks for it: neither after some seconds, nor because something was renamed."""


class Disk:
    """A mounted image.

    Args:
        file: The image.
        folder: Where it is mounted.
    """

    def __init__(self, file: Path, folder: Path) -> None:
        self.file = file
        self.folder = folder
        self._cuts = 0

    @contextmanager
    def cut(self) -> Iterator[Path]:
        """Copy the image as it is now, and mount the copy; who works on the disk must be stopped meanwhile."""
        self._cuts += 1
        copy, place = self.file.with_name(f"cut{self._cuts}.img"), self.folder.with_name(f"cut{self._cuts}")
        before, now = b"", self.file.read_bytes()
        while before != now:  # a write that is under way is waited for: half of it here and half there is no power cut
            before, now = now, self.file.read_bytes()
        copy.write_bytes(now)
        place.mkdir(exist_ok=True)
        with _mounted(copy, place):
            yield place
        copy.unlink()


@contextmanager
def disk_of(folder: Path) -> Iterator[Disk]:
    """Make an image with a file system and mount it; a test is skipped where that may not be done."""
    missing = [program for program in ("mkfs.ext4", "mount", "umount") if shutil.which(program) is None]
    if missing or not hasattr(os, "geteuid") or os.geteuid() != 0 or not os.path.exists("/dev/loop-control"):
        pytest.skip("needs the right to mount an image of a disk")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else folder) as memory:
        yield from _made(Path(memory) / "disk.img", folder / "disk")


def _made(file: Path, place: Path) -> Iterator[Disk]:
    with open(file, "wb") as stream:
        stream.truncate(_SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(file)], check=True, capture_output=True)
    place.mkdir()
    with _mounted(file, place):
        yield Disk(file, place)


@contextmanager
def _mounted(file: Path, place: Path) -> Iterator[None]:
    done = subprocess.run(["mount", "-o", _LAZY, str(file), str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"an image of a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
