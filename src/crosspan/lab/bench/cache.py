"""Results of languages, kept under a key of everything they depend on, so that a run that was ended goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.core.files import atomic_binary

_BLOCK = 1 << 20
_KEPT_SUFFIXES = (".py", ".json", ".npz", ".crf")


def default_folder() -> Path:
    """``crosspan-bench`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and os.path.isabs(home) else Path.home() / ".cache") / "crosspan-bench"


class ResultCache:
    """A folder of results, one file each.

    Args:
        folder: The folder; it is made when something is kept.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     kept = ResultCache(Path(name) / "cache")
        ...     kept.put("ab", {"n": 1})
        ...     kept.get("ab"), kept.get("cd")
        ({'n': 1}, None)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept under a key; ``None`` where nothing was, or it is damaged."""
        try:
            found = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        """Keep a result, all or nothing.

        Raises:
            OutputError: The folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the cache cannot be made here: {(error.strerror or str(error)).lower()}",
                where=str(self.folder),
                hint="Name another folder with --cache, or use --no-cache.",
            ) from error
        with atomic_binary(self.folder / f"{key}.json") as stream:
            stream.write(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def key_of(facts: Mapping[str, Any]) -> str:
    """A key of facts: the same for the same facts, whatever the order of their names.

    Example:
        >>> key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, of its files with their names.

    Raises:
        OSError: It cannot be read.
    """
    found = hashlib.sha256()
    for part in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if part.is_file():
            found.update(part.relative_to(path).as_posix().encode() if path.is_dir() else b"")
            with part.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    found.update(block)
    return found.hexdigest()


def digests(paths: Iterable[Path]) -> list[str]:
    """:func:`digest` of each path."""
    return [digest(path) for path in paths]


@cache
def code_digest() -> str:
    """A digest of the package itself, so that a result never outlives the code that made it."""
    root = Path(str(files("crosspan")))
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in _KEPT_SUFFIXES and path.is_file():
            found.update(path.relative_to(root).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()
