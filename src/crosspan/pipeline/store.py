"""The cache: results of shards in files that carry their own checksum, each written all or nothing.

A file is named by the key of its result. It holds a line with a checksum of the line after it, that line (JSON: names,
checksums and sizes of the parts, and facts about them), and then the parts. A file that does not agree with its
checksums is no result: it is worked out again.

Work that takes long can keep what it has so far in a folder of its own, which is there until its result is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.core.files import atomic_binary, make_folder

_MAGIC = b"crosspan result 1 "
_PACKED_UP_TO = 32 << 20
"""Larger parts are not compressed: they are models, which do not shrink much."""

_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Entry:
    """A result as the cache knows it.

    Args:
        key: What it was made from and how, as a hash.
        parts: The SHA-256 of each of its parts.
        facts: Counts and the like.
    """

    key: str
    parts: Mapping[str, str]
    facts: Mapping[str, Any]


class Store:
    """A folder of results.

    Args:
        folder: Where they are; made when the first is written.
        write: Whether to write at all. A store that does not write tells what the entries would be.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder))
        ...     entry = store.put("ab12", {"text": b"Accra"}, {"sentences": 1})
        ...     store.find("ab12") == entry, store.part(entry, "text")
        (True, b'Accra')
    """

    def __init__(self, folder: Path, *, write: bool = True) -> None:
        self.folder = folder
        self.write = write

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / key[:2] / key[2:]

    def put(self, key: str, parts: Mapping[str, bytes], facts: Mapping[str, Any], *, replace: bool = False) -> Entry:
        """Keep a result, all or nothing.

        Args:
            key: Its key.
            parts: Its data.
            facts: Plain values about it.
            replace: Whether it takes the place of an intact one of that key; else that one stays.

        Raises:
            OutputError: It cannot be written.
        """
        known = None if replace else self.find(key)
        if known is not None:
            return known
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
        entry = Entry(key, digests, json.loads(json.dumps(facts)))
        if not self.write:
            return entry
        packed = {
            name: zlib.compress(data, 1) if len(data) <= _PACKED_UP_TO else data for name, data in sorted(parts.items())
        }
        header = {
            "key": key,
            "parts": {name: [digests[name], len(packed[name]), len(parts[name])] for name in parts},
            "facts": facts,
        }
        line = json.dumps(header, sort_keys=True).encode() + b"\n"
        path = self.path(key)
        make_folder(path.parent)
        with atomic_binary(path) as stream:
            stream.write(_MAGIC + hashlib.sha256(line).hexdigest().encode() + b"\n" + line)
            for data in packed.values():
                stream.write(data)
        return entry

    def find(self, key: str) -> Entry | None:
        """The result of a key; ``None`` where there is none, or where its file is damaged."""
        read = self._read(key, None)
        return read[0] if read is not None else None

    def part(self, entry: Entry, name: str) -> bytes:
        """One part of a result.

        Raises:
            OutputError: The file was removed or damaged since it was found.
        """
        read = self._read(entry.key, name)
        if read is None or read[0].parts[name] != entry.parts[name]:
            raise OutputError(
                "a file of the cache was changed while it was in use",
                where=str(self.path(entry.key)),
                hint="Run again: what is missing is worked out anew.",
            )
        return read[1]

    def _read(self, key: str, wanted: str | None) -> tuple[Entry, bytes] | None:
        """The entry of an intact file and one part of it; without ``wanted`` all parts are checked."""
        found = b""
        try:
            with open(self.path(key), "rb") as stream:
                magic = stream.readline()
                line = stream.readline()
                if magic != _MAGIC + hashlib.sha256(line).hexdigest().encode() + b"\n":
                    return None
                header = json.loads(line)
                if header["key"] != key:
                    return None
                for name, (digest, stored, size) in header["parts"].items():
                    if wanted is not None and name != wanted:
                        stream.seek(stored, 1)
                        continue
                    data = stream.read(stored)
                    found = zlib.decompress(data) if size <= _PACKED_UP_TO else data
                    if hashlib.sha256(found).hexdigest() != digest:
                        return None
        except (OSError, zlib.error, ValueError, KeyError, TypeError):
            return None
        parts = {name: digest for name, (digest, _, _) in header["parts"].items()}
        return Entry(key, parts, header["facts"]), found

    @contextmanager
    def unfinished(self, key: str) -> Iterator[Path | None]:
        """The folder in which the work on a result keeps what it has so far; it survives a kill.

        Yields:
            The folder, which nobody else works in meanwhile; ``None`` where another run is at the same work, and where
            the store does not write. It is removed at the end if the result is there.

        Raises:
            OutputError: It cannot be made.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     store = Store(Path(folder))
            ...     with store.unfinished("ab12") as place, store.unfinished("ab12") as other:
            ...         place.is_dir(), other
            (True, None)
        """
        if not self.write:
            yield None
            return
        folder = self.folder / _UNFINISHED / key
        make_folder(folder)
        with _only_one(folder.with_name(f"{key}.lock")) as mine:
            yield folder if mine else None
            if mine and self.path(key).is_file():
                shutil.rmtree(folder, ignore_errors=True)

    def remove_all_but(self, keep: Collection[str]) -> int:
        """Remove the results of other keys, and what work on others left unfinished; return how many results."""
        for path in (self.folder / _UNFINISHED).glob("*"):
            if path.is_dir() and path.name not in keep:
                with _only_one(path.with_name(f"{path.name}.lock")) as mine:
                    if mine:
                        shutil.rmtree(path, ignore_errors=True)
        kept = {self.path(key) for key in keep}
        gone = [path for path in self.folder.glob("??/*") if path.is_file() and path not in kept]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


@contextmanager
def _only_one(path: Path) -> Iterator[bool]:
    """Hold a lock that ends with the process, however that ends; tell whether nobody else holds it."""
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(
            f"the file cannot be made: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint="Make room for it, or mend the permissions of its folder.",
        ) from error
    try:
        mine = _locked(number) and _same(number, path)
        try:
            yield mine
        finally:
            if mine:
                with suppress(OSError):  # Windows does not remove a file that is open
                    path.unlink()
    finally:
        os.close(number)


def _locked(number: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _same(number: int, path: Path) -> bool:
    """Whether an open file is still there under its name, and not removed by who held the lock before."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except OSError:
        return False
