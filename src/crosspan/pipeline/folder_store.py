"""The cache: results of shards in files that carry their own checksum, each written all or nothing.

A file is named by the key of its result, and holds its :mod:`record <crosspan.pipeline.record>`. One that does not
agree with its checksums is no result: it is worked out again.

Many processes may use one folder: who works on a result holds a lock that ends with the process, and the others do
something else meanwhile. Work that takes long keeps what it has so far in a folder of its own, until its result is
there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosspan.core.files import atomic_binary, make_folder
from crosspan.core.folders import make_work_folder, remove_work_folder
from crosspan.core.locks import only_one
from crosspan.core.overwrites import try_folder
from crosspan.core.temporary import sweep
from crosspan.pipeline.codec import decode
from crosspan.pipeline.record import head_in, record_of
from crosspan.pipeline.store import Entry, SpoolStore, changed_in_use

_UNFINISHED = "unfinished"
_LOCK = ".lock"
KEY = re.compile(r"[0-9a-f]{64}")
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
    holds = True

    def __init__(self, folder: Path, *, write: bool = True, aside: SpoolStore | None = None) -> None:
        self.folder = folder
        self.write = write
        self.aside = aside

    def __str__(self) -> str:
        return str(self.folder)

    def __getstate__(self) -> dict[str, Any]:
        """As another process knows it, which may have another working directory."""
        return {"folder": Path(os.path.abspath(self.folder)), "write": self.write, "aside": None}

    def try_writing(self) -> None:
        """Raise unless something can be written there; the folder need not be there.

        Raises:
            OutputError: It cannot.
        """
        try_folder(self.folder)

    def make_ready(self) -> None:
        """Make the folder, and remove what killed runs left in it.

        Raises:
            OutputError: It cannot be made.
        """
        make_folder(self.folder)
        sweep(self.folder, "*/.*.tmp")

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
        entry, chunks = record_of(key, parts, facts)
        if not self.write:
            if self.aside is not None:
                self.aside.put(key, parts, facts)
            return entry
        path = self.path(key)
        make_folder(path.parent)
        with atomic_binary(path) as stream:
            for one in chunks:
                stream.write(one)
        return entry

    def find(self, key: str) -> Entry | None:
        """The result of a key; ``None`` where there is none, where its file is damaged, or where it is unsure."""
        read = self._read(key, None)
        return read[0] if read is not None and not read[0].unsure else None

    def find_all(self, keys: Sequence[str]) -> list[Entry | None]:
        """The results of many keys."""
        return [self.find(key) for key in keys]

    def part(self, entry: Entry, name: str) -> Any:
        """One part of a result.

        Raises:
            OutputError: The file was removed or damaged since it was found.
        """
        if self.aside is not None and entry.key in self.aside:
            return self.aside.part(entry, name)
        read = self._read(entry.key, name)
        if read is None or read[0].parts[name] != entry.parts[name]:
            raise changed_in_use(str(self.path(entry.key)))
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
            if KEY.fullmatch(key):
                with only_one(self._lock(key)) as mine:
                    if mine:
                        remove_work_folder(self.folder / _UNFINISHED / key)
        found = {path.parent.name + path.name: path for path in self.folder.glob("??/*") if path.is_file()}
        gone = [path for key, path in found.items() if KEY.fullmatch(key) and key not in keep]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _read(self, key: str, wanted: str | None) -> tuple[Entry, bytes] | None:
        """The entry of an intact file and one part of it; without ``wanted`` all parts are checked."""
        found = b""
        try:
            with open(self.path(key), "rb") as stream:
                head = head_in(stream, key)
                if head is None:
                    return None
                for name, place in head.places.items():
                    if wanted is not None and name != wanted:
                        stream.seek(place.stored, os.SEEK_CUR)
                        continue
                    data = place.unpacked(stream.read(place.stored))
                    if data is None:
                        return None
                    found = data
        except (OSError, ValueError, TypeError):
            return None
        return head.entry, found
