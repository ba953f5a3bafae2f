"""Hashes: of files, of folders, and of plain values. What anything depends on is told by these, and no others.

Reading gigabytes takes time, so hashes of files are made once. They are remembered in the user's cache folder, by a
file's place, size, times of change of its content and of its entry in the file system, and number there, and made again
where one of these differs: another file under the same name is noticed, even of the same size and age.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import groupby
from pathlib import Path
from typing import Any

from crosspan.core.errors import CrosspanError, FormatError
from crosspan.core.files import PathLike, atomic_binary
from crosspan.core.json_text import parse_json

_VERSION = 2
_SETTLED = 2.0
"""A file that changed so few seconds ago is not remembered: it can change again at what counts as the same time."""

_NO_CONTENT = ("__pycache__",)


def user_cache() -> Path:
    """``crosspan`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and os.path.isabs(home) else Path.home() / ".cache") / "crosspan"


def digest_of(value: Any) -> str:
    """A hash of plain values: the SHA-256 of their canonical JSON.

    Raises:
        TypeError: There is something in it that JSON does not know.

    Example:
        >>> digest_of({"b": 1, "a": [2]}) == digest_of({"a": (2,), "b": 1})
        True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=_unknown)
    return hashlib.sha256(text.encode()).hexdigest()


def _unknown(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} cannot be part of a key")


def file_digest(path: PathLike, shown: str | None = None) -> str:
    """The SHA-256 of a file; of a folder, of the names of all files in it and of their content.

    In a folder, files and folders whose name begins with a dot do not count, such as those in which git and hubs of
    models keep their own; nor do empty folders. Links are followed.

    Args:
        path: The file or folder.
        shown: What to call it in messages.

    Raises:
        FormatError: It cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a").write_text("Accra")
        ...     file_digest(Path(folder) / "a")[:8], file_digest(folder)[:8]
        ('96609fd8', 'f5554673')
    """
    name = os.fspath(path) if shown is None else shown
    place = Path(path)
    with _readable(name):
        if not place.is_dir():
            found = file_digests([place])[0]
        else:
            names = files_of(place)
            inside = file_digests([place / one for one in names])
            rows = [f"{one}\0{digest}" for one, digest in zip(names, inside, strict=True)]
            found = hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()
    depends_on(place, name, found)
    return found


class Digested:
    """Files and folders by whose digests a result is known; made by :func:`digested`.

    A digest is made before the work begins, and the work reads the file later. So whoever keeps the result looks again
    before: else what one model made could be kept as that of another.
    """

    def __init__(self) -> None:
        self._found: dict[Path, tuple[str, str]] = {}

    def add(self, path: Path, shown: str, digest: str) -> None:
        """Take note of one."""
        self._found.setdefault(path, (shown, digest))

    def check(self) -> None:
        """Raise unless all of them are as they were.

        Raises:
            FormatError: One was changed, or is gone.
        """
        for path, (shown, digest) in self._found.items():
            if file_digest(path, shown) != digest:
                raise FormatError(
                    "it was changed while it was in use", where=shown, hint="Run again; what was finished is kept."
                )


_depending: ContextVar[Digested | None] = ContextVar("depending", default=None)


@contextmanager
def digested() -> Iterator[Digested]:
    """Note what is digested inside the block.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     place = Path(folder) / "a"
        ...     _ = place.write_text("Accra")
        ...     with digested() as seen:
        ...         _ = file_digest(place, "a")
        ...     seen.check()
        ...     _ = place.write_text("Lagos")
        ...     seen.check()
        Traceback (most recent call last):
        ...
        crosspan.core.errors.FormatError: a: it was changed while it was in use. Run again; what was finished is kept.
    """
    found = Digested()
    token = _depending.set(found)
    try:
        yield found
    finally:
        _depending.reset(token)


def depends_on(path: PathLike, shown: str, digest: str) -> None:
    """Note that what is worked out depends on a file whose digest was made earlier; see :func:`digested`."""
    seen = _depending.get()
    if seen is not None:
        seen.add(Path(path), shown, digest)


def files_of(folder: Path) -> list[str]:
    """Paths of the files that count in a folder, below it and in order.

    Args:
        folder: The folder.

    Raises:
        OSError: A folder cannot be read.
    """
    found: list[str] = []
    waiting: list[tuple[Path, str, tuple[str, ...]]] = [(folder, "", (os.path.realpath(folder),))]
    while waiting:
        inner, begin, above = waiting.pop()
        with os.scandir(inner) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _NO_CONTENT:
                    continue
                name = f"{begin}{entry.name}"
                if not entry.is_dir():
                    if entry.is_file():
                        found.append(name)
                elif (real := os.path.realpath(entry.path)) not in above:  # a link to a folder above has no end
                    waiting.append((inner / entry.name, f"{name}/", (*above, real)))
    return sorted(found)


def file_digests(files: Sequence[Path]) -> list[str]:
    """The SHA-256 of each file; those of one folder should stand together.

    Args:
        files: The files.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a").write_text("Accra")
        ...     file_digests([Path(folder) / "a"])[0][:8]
        '96609fd8'
    """
    found: list[str] = []
    for folder, inside in groupby(files, key=lambda path: path.parent):
        found += _of_folder(folder, [path.name for path in inside], user_cache() / "seen")
    return found


def _of_folder(folder: Path, names: Sequence[str], memory: Path) -> Iterator[str]:
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    remembered = memory / f"{place}.json"
    known = _known(remembered)
    fresh: dict[str, list[Any]] = {}
    for name in names:
        stamp = _stamp(os.stat(folder / name))
        row = known.get(name)
        if row is not None and row[:-1] == stamp:
            yield row[-1]
            continue
        with open(folder / name, "rb") as stream:
            before = os.fstat(stream.fileno())
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            after = os.fstat(stream.fileno())
        if _stamp(before) == _stamp(after) and time.time() - max(after.st_mtime, after.st_ctime) > _SETTLED:
            fresh[name] = [*_stamp(after), digest]
        yield digest
    if fresh:
        _remember(folder, remembered, {**known, **fresh})


def _stamp(about: os.stat_result) -> list[int]:
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev]


def _known(remembered: Path) -> dict[str, list[Any]]:
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        seen = parse_json(remembered.read_text(encoding="utf-8", errors="surrogateescape"))
        if seen["version"] == _VERSION:
            return {name: [*map(int, stamp), str(digest)] for name, (*stamp, digest) in seen["files"].items()}
    return {}


def _remember(folder: Path, remembered: Path, files: dict[str, list[Any]]) -> None:
    with suppress(OSError, CrosspanError):  # only a matter of speed
        there = set(os.listdir(folder))
        kept = {name: row for name, row in files.items() if name in there}
        remembered.parent.mkdir(parents=True, exist_ok=True)
        with atomic_binary(remembered) as stream:
            stream.write(json.dumps({"version": _VERSION, "files": kept}).encode("utf-8", "surrogateescape"))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the system says of a file into one clear error."""
    try:
        yield
    except FileNotFoundError as error:
        raise FormatError("no such file", where=name, hint="Check the path.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FormatError(f"the file cannot be read: {reason}", where=name, hint="Check the file.") from error
