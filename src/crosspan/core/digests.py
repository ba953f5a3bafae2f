"""Hashes of the files of models, made once: reading gigabytes takes time.

They are remembered by a file's place, size and time of change, and made again where one of these differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

_VERSION = 1
_SETTLED = 2.0
"""A file that changed so few seconds ago is not remembered: it can change again at what counts as the same time."""


def user_cache() -> Path:
    """``crosspan`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and os.path.isabs(home) else Path.home() / ".cache") / "crosspan"


def file_digests(files: Sequence[Path], memory: Path | None = None) -> list[str]:
    """The SHA-256 of each file; those of one folder should stand together.

    Args:
        files: The files.
        memory: Folder where hashes are remembered; ``seen`` in :func:`user_cache` by default. Where it cannot be
            written, nothing is remembered.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a").write_text("Accra")
        ...     file_digests([Path(folder) / "a"], Path(folder) / "memory")[0][:8]
        '96609fd8'
    """
    memory = user_cache() / "seen" if memory is None else memory
    found: list[str] = []
    for folder, inside in groupby(files, key=lambda path: path.parent):
        found += _of_folder(folder, [path.name for path in inside], memory)
    return found


def _of_folder(folder: Path, names: Sequence[str], memory: Path) -> Iterator[str]:
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    remembered = memory / f"{place}.json"
    known = _known(remembered)
    fresh: dict[str, list[Any]] = {}
    for name in names:
        about = (folder / name).stat()
        stamp = [about.st_size, about.st_mtime_ns]
        row = known.get(name)
        if row is not None and row[:2] == stamp:
            yield row[2]
            continue
        with open(folder / name, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if time.time() - about.st_mtime > _SETTLED:
            fresh[name] = [*stamp, digest]
        yield digest
    if fresh:
        _remember(remembered, {**known, **fresh})


def _known(remembered: Path) -> dict[str, list[Any]]:
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        seen = json.loads(remembered.read_text(encoding="utf-8"))
        if seen["version"] == _VERSION:
            return {name: [int(size), int(when), str(digest)] for name, (size, when, digest) in seen["files"].items()}
    return {}


def _remember(remembered: Path, files: dict[str, list[Any]]) -> None:
    with suppress(OSError):  # only a matter of speed
        remembered.parent.mkdir(parents=True, exist_ok=True)
        temporary = remembered.with_suffix(f".{secrets.token_hex(4)}.tmp")
        temporary.write_text(json.dumps({"version": _VERSION, "files": files}), encoding="utf-8")
        temporary.replace(remembered)
