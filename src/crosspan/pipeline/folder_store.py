"""The cache: results of shards in files that carry their own checksum, each written all or nothing.

A file is named by the key of its result. It holds a line with a checksum of the line after it, that line (JSON: names,
checksums and sizes of the parts, and facts about them), and then the parts. A file that does not agree with its
checksums is no result: it is worked out again.

Many processes may use one folder: who works on a result holds a lock that ends with the process, and the others do
something else meanwhile. Work that takes long keeps what it has so far in a folder of its own, until its result is
there.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.core.files import atomic_binary, make_folder
from crosspan.core.folders import make_work_folder, remove_work_folder
from crosspan.core.locks import only_one
from crosspan.pipeline.codec import decode, encode
from crosspan.pipeline.store import Entry, SpoolStore

_MAGIC = b"crosspan result 2 "
_PACKED_UP_TO = 32 << 20
"""Larger parts are not compressed: they are models, which do not shrink much."""

_UNFINISHED = "unfinished"
_LOCK = ".lock"
_KEY = re.compile(r"[0-9a-f]{64}")
"""What has another name in the folder is not ours, and stays."""


class FolderStore:
    """A folder of results.

    Args:
        folder: Where they are; made when the first is written.
        write: Whether to write at all. A store that does not write tells what the entries would be.
        aside: Where a store that does not write keeps what it is given, so that its parts can be had.

    Example:
        >>> import tempfile
        >>> from crosspan.pipeline.parts import Facts
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = FolderStore(Path(folder))
        ...     entry = store.put("ab12", {"scores": Facts([0.5])}, {"sentences": 1})
        ...     store.find("ab12") == entry, store.part(entry, "scores")
        (True, Facts(values=[0.5]))
    """

    keyed = True

    def __init__(self, folder: Path, *, write: bool = True, aside: SpoolStore | None = None) -> None:
        self.folder = folder
        self.write = write
        self.aside = aside

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / key[:2] / key[2:]

    def put(self, key: str, parts: Mapping[str, Any], facts: Mapping[str, Any], *, replace: bool = False) -> Entry:
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
        data = {name: encode(part) for name, part in sorted(parts.items())}
        digests = {name: hashlib.sha256(one).hexdigest() for name, one in data.items()}
        entry = Entry(key, digests, json.loads(json.dumps(facts)))
        if not self.write:
            if self.aside is not None:
                self.aside.put(key, parts, facts)
            return entry
        stored = {name: zlib.compress(one, 1) if len(one) <= _PACKED_UP_TO else one for name, one in data.items()}
        header = {
            "key": key,
            "parts": {name: [digests[name], len(stored[name]), len(data[name])] for name in data},
            "facts": facts,
        }
        line = json.dumps(header, sort_keys=True).encode() + b"\n"
        path = self.path(key)
        make_folder(path.parent)
        with atomic_binary(path) as stream:
            stream.write(_MAGIC + hashlib.sha256(line).hexdigest().encode() + b"\n" + line)
            for one in stored.values():
                stream.write(one)
        return entry

    def find(self, key: str) -> Entry | None:
        """The result of a key; ``None`` where there is none, where its file is damaged, or where it is unsure."""
        read = self._read(key, None)
        return read[0] if read is not None and not read[0].unsure else None

    def part(self, entry: Entry, name: str) -> Any:
        """One part of a result.

        Raises:
            OutputError: The file was removed or damaged since it was found.
        """
        if self.aside is not None and entry.key in self.aside:
            return self.aside.part(entry, name)
        read = self._read(entry.key, name)
        if read is None or read[0].parts[name] != entry.parts[name]:
            raise OutputError(
                "a file of the cache was changed while it was in use",
                where=str(self.path(entry.key)),
                hint="Run again: what is missing is worked out anew.",
            )
        return decode(read[1])

    @contextmanager
    def claim(self, key: str, *, wait: bool = False) -> Iterator[bool]:
        """Hold the work on a result with a lock that ends with the process, however that ends.

        Args:
            key: Of the result, or of several that belong together.
            wait: Whether to wait while another process holds it.

        Yields:
            Whether it is held here; always so after waiting.

        Raises:
            OutputError: The lock cannot be made.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     store = FolderStore(Path(folder))
            ...     with store.claim("ab12") as mine, store.claim("ab12") as again:
            ...         mine, again
            (True, False)
        """
        if not self.write:
            yield True
            return
        make_folder(self.folder / _UNFINISHED)
        with only_one(self._lock(key), wait) as mine:
            yield mine

    @contextmanager
    def unfinished(self, key: str) -> Iterator[Path | None]:
        """The folder in which the work on a result keeps what it has so far; it survives a kill.

        To be used under a claim. It is removed at the end if the result is there.

        Yields:
            The folder; ``None`` where the store does not write.

        Raises:
            OutputError: It cannot be made.
        """
        if not self.write:
            yield None
            return
        folder = self.folder / _UNFINISHED / key
        make_work_folder(folder)
        yield folder
        if self.path(key).is_file():
            remove_work_folder(folder)

    def _lock(self, key: str) -> Path:
        return self.folder / _UNFINISHED / f"{key}{_LOCK}"

    def remove_all_but(self, keep: Collection[str]) -> int:
        """Remove the results of other keys, and what work on others left unfinished; return how many results."""
        for key in {path.name.removesuffix(_LOCK) for path in (self.folder / _UNFINISHED).glob("*")} - {*keep}:
            if _KEY.fullmatch(key):
                with only_one(self._lock(key)) as mine:
                    if mine:
                        remove_work_folder(self.folder / _UNFINISHED / key)
        found = {path.parent.name + path.name: path for path in self.folder.glob("??/*") if path.is_file()}
        gone = [path for key, path in found.items() if _KEY.fullmatch(key) and key not in keep]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

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
