"""What can only be saved to a file and loaded from one, as bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def saved(save: Callable[[Path], object], name: str) -> bytes:
    """What is written into a file.

    Args:
        save: Writes the file.
        name: What the file is called, whose ending may tell how it is written.

    Example:
        >>> saved(lambda path: path.write_text("Ada"), "model.txt")
        b'Ada'
    """
    with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
        path = Path(folder, name)
        save(path)
        return path.read_bytes()


def loaded(data: bytes, name: str, load: Callable[[Path], T]) -> T:
    """What is read from a file of these bytes, which is gone afterwards.

    Args:
        data: What the file holds.
        name: What it is called.
        load: Reads it.

    Example:
        >>> loaded(b"Ada", "model.txt", Path.read_text)
        'Ada'
    """
    with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        return load(path)
