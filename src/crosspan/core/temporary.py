"""Names of what is being written: hidden, beside its place, of nobody else, and swept where a run was killed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

_LONGEST_NAME = 255
"""Bytes of a file name on all usual disks."""

_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{12}\.(?:tmp|old)", re.DOTALL)
_ABANDONED = 3600.0
"""Temporary files that nobody wrote to for so many seconds were left by a run that was killed."""

_ABANDONED_FOLDER = 24 * 3600.0
"""The same for folders, in which much may be worked out before it is written."""


def beside(target: Path, ending: str = "tmp") -> Path:
    """A new name beside a file or folder, which nobody else uses: hidden, and short enough for any name.

    Args:
        target: The file or folder.
        ending: What the name ends in.

    Example:
        >>> beside(Path("place/model")).name.startswith(".model.")
        True
    """
    return target.with_name(f".{stem_of(target.name)}.{secrets.token_hex(6)}.{ending}")


def others_beside(target: Path, ending: str) -> list[Path]:
    """Names beside a file or folder that :func:`beside` gave, in this process or another, and that are there."""
    begin, end = f".{stem_of(target.name)}.", f".{ending}"
    try:
        names = os.listdir(target.parent)
    except OSError:
        return []
    found = [name for name in names if name.startswith(begin) and name.endswith(end)]
    return [target.with_name(name) for name in sorted(found) if len(name) == len(begin) + 12 + len(end)]


def is_temporary(name: str) -> bool:
    """Whether a name is one that :func:`beside` gives, and nobody else.

    Example:
        >>> is_temporary(beside(Path("model")).name), is_temporary("model.tmp")
        (True, False)
    """
    return _TEMPORARY.fullmatch(name) is not None


def stem_of(name: str) -> str:
    """A name, or where it is too long for more to be added, its beginning with a hash of it.

    Example:
        >>> stem_of("model"), len(stem_of("a" * 250))
        ('model', 177)
    """
    raw = os.fsencode(name)
    if len(raw) <= _LONGEST_NAME - 30:
        return name
    return raw[:160].decode("utf-8", "ignore") + "~" + hashlib.sha256(raw).hexdigest()[:16]


def sweep(folder: Path, pattern: str = ".*.tmp", *, alone: bool = False) -> None:
    """Remove temporary files and folders that a killed run left behind; those of runs that are under way stay.

    Args:
        folder: Where to look.
        pattern: Which names to look at; of these, only names that :func:`beside` gives are taken.
        alone: Whether it is known that no other run writes there, so that nothing is under way.
    """
    now = time.time()
    for path in folder.glob(pattern):
        with suppress(OSError):  # another run was faster
            if not is_temporary(path.name):
                continue
            if not path.is_dir():
                if alone or now - path.lstat().st_mtime > _ABANDONED:
                    path.unlink()
            elif alone or now - max(one.lstat().st_mtime for one in (path, *path.rglob("*"))) > _ABANDONED_FOLDER:
                shutil.rmtree(path, ignore_errors=True)


@cache
def sweep_once(folder: Path) -> None:
    """Sweep a folder the first time that this process writes there."""
    sweep(folder)
