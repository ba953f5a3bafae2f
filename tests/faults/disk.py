"""A layer that listens to what a program does to a disk, and says where a power cut would lose something.

A disk keeps for certain only what was brought to it by ``fsync``: the content of a file by that of the file, names in a
folder by that of the folder. So whoever replaces something must bring the new content to the disk before it gets its
name, and the name before what it replaces goes. That is looked at here, whoever writes the content: files and folders
are asked for their size and time of change when they are synced, and when they get a name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crosspan.core.temporary import is_temporary

_LOCK = ".lock"
"""Locks have no content, and are there for a while only."""

State = tuple[int, int]


class Recorder:
    """What was done, and what is wrong with its order.

    Args:
        root: The folder that is listened to, with all below it.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self.faults: list[str] = []
        self.moves: list[str] = []
        """Names that something got, in order."""
        self._synced: dict[tuple[int, int], State] = {}
        self._waiting: dict[str, str] = {}
        """Folders with a name that is not on the disk yet, and that name."""
        self._before = {_id(path): _state(path) for path in self._below(self.root)}

    def _below(self, folder: str) -> Iterator[str]:
        for inner, folders, files in os.walk(folder):
            yield inner
            for name in (*folders, *files):
                yield os.path.join(inner, name)

    def _here(self, path: str) -> bool:
        return path == self.root or path.startswith(self.root + os.sep)

    def _lasts(self, path: str) -> bool:
        """Whether a name is one that is to stay: it is here, and nothing of it is only for a while."""
        return self._here(path) and not any(is_temporary(part) for part in self._shown(path).split(os.sep))

    def synced(self, number: int) -> None:
        """Something was brought to the disk."""
        about = os.fstat(number)
        self._synced[about.st_dev, about.st_ino] = (about.st_size, about.st_mtime_ns)
        self._waiting.pop(os.path.realpath(f"/proc/self/fd/{number}"), None)

    def named(self, old: str, new: str) -> None:
        """Something is about to get a name; it must be on the disk, with all that is in it."""
        if not self._lasts(new):
            return
        for path in self._below(old) if os.path.isdir(old) and not os.path.islink(old) else [old]:
            if not self._is_on_disk(path):
                self.faults.append(f"{self._shown(path)} is not on the disk, and becomes {self._shown(new)}")
        self.moves.append(self._shown(new))

    def _is_on_disk(self, path: str) -> bool:
        """Whether a file or folder is as it was when it was synced, or as it was before all of this."""
        if os.path.islink(path):
            return True
        return _state(path) in (self._synced.get(_id(path)), self._before.get(_id(path)))

    def was_named(self, old: str, new: str) -> None:
        """Something has got a name, which the folder knows and the disk does not yet."""
        if self._lasts(new):
            self._waiting[os.path.dirname(new)] = self._shown(new)

    def goes(self, path: str) -> None:
        """Something is about to go; what it was replaced by must have its name on the disk."""
        if not self._here(path) or path.endswith(_LOCK) or _id(path) not in self._before:
            return
        for name in self._waiting.values():
            self.faults.append(f"{self._shown(path)} goes before the name of {name} is on the disk")

    def ended(self) -> list[str]:
        """What is wrong, now that all is done."""
        return [*self.faults, *(f"the name of {name} is not on the disk" for name in self._waiting.values())]

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, self.root)


def _id(path: str) -> tuple[int, int]:
    try:
        about = os.lstat(path)
    except OSError:
        return (0, 0)
    return about.st_dev, about.st_ino


def _state(path: str) -> State:
    about = os.lstat(path)
    return about.st_size, about.st_mtime_ns


def _place(path: Any, folder: int | None) -> str:
    """The path of an argument of a function of ``os``, of which the last part is not followed."""
    name = os.fsdecode(path)
    begin = os.path.realpath(f"/proc/self/fd/{folder}") if folder is not None else os.getcwd()
    parent, last = os.path.split(os.path.join(begin, name.rstrip(os.sep)))
    return os.path.join(os.path.realpath(parent), last)


@contextmanager
def recorded(root: Path) -> Iterator[Recorder]:
    """Listen while a block runs in this process; needs ``/proc``."""
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("needs /proc")
    found = Recorder(root)
    patch = pytest.MonkeyPatch()
    real: dict[str, Callable[..., Any]] = {
        name: getattr(os, name) for name in ("fsync", "replace", "rename", "unlink", "remove", "rmdir")
    }

    def fsync(number: Any) -> None:
        number = number if isinstance(number, int) else number.fileno()
        real["fsync"](number)
        found.synced(number)

    def move(name: str) -> Callable[..., None]:
        def call(old: Any, new: Any, **named: Any) -> None:
            paths = _place(old, named.get("src_dir_fd")), _place(new, named.get("dst_dir_fd"))
            found.named(*paths)
            real[name](old, new, **named)
            found.was_named(*paths)

        return call

    def removal(name: str) -> Callable[..., None]:
        def call(path: Any, **named: Any) -> None:
            found.goes(_place(path, named.get("dir_fd")))
            real[name](path, **named)

        return call

    with patch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        for name in ("replace", "rename"):
            patched.setattr(os, name, move(name))
        for name in ("unlink", "remove", "rmdir"):
            patched.setattr(os, name, removal(name))
        yield found
