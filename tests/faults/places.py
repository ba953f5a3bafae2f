"""What is in a folder, to the byte, and what of it is opened: to see that nothing was touched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_watched: list[tuple[str, list[str]]] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _watched and isinstance(arguments[0], str | bytes | os.PathLike):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        for folder, opened in _watched:
            if path.startswith(folder):
                opened.append(path)


sys.addaudithook(_hear)  # it cannot be taken away, and hears nothing where nothing is watched


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Yield a list that fills with the paths below a folder that are opened, for reading or writing."""
    opened: list[str] = []
    _watched.append((f"{os.path.realpath(folder)}{os.sep}", opened))
    try:
        yield opened
    finally:
        _watched.pop()


def snapshot(folder: Path) -> dict[str, object]:
    """Names, kinds and content of all that is below a folder."""
    found: dict[str, object] = {}
    for inner, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(inner, name)
            shown = path.relative_to(folder).as_posix()
            if path.is_symlink():
                found[shown] = ("link", os.readlink(path))
            elif path.is_dir():
                found[shown] = "folder"
            else:
                found[shown] = path.read_bytes()
    return found
