"""The cache in a bucket or any other place that ``fsspec`` knows: S3, Google Cloud Storage, Azure, HDFS.

A result is one object, named by its key, and holds its :mod:`record <crosspan.pipeline.record>`. It is put all or
nothing, and only where there is none yet (on S3 ``If-None-Match: *``): whoever comes second takes what is there. So a
job that is done twice has one result, and nobody needs to hold a lock, which no bucket has.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from crosspan.core.digests import user_cache
from crosspan.core.errors import CrosspanError, MissingDependencyError, OutputError
from crosspan.core.failures import in_words
from crosspan.core.files import PathLike, make_folder
from crosspan.core.folders import make_work_folder, remove_work_folder
from crosspan.core.locks import only_one
from crosspan.core.urls import is_url
from crosspan.pipeline.codec import decode
from crosspan.pipeline.folder_store import KEY, FolderStore
from crosspan.pipeline.record import Head, head_in, record_of
from crosspan.pipeline.store import Entry, SpoolStore, changed_in_use

_AT_ONCE = 1000
"""Results that are looked for at a time."""

_BEGINNING = 16 << 10
"""Bytes that hold the head of most results."""

_WHOLE = 1 << 20
"""Bytes that hold all of most results."""


class BucketStore:
    """Results as objects in a bucket.

    Args:
        url: Where they are, such as ``s3://bucket/run``. Who may write there, and with which server, is found where
            the client of that kind of place looks for it: for S3 in ``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` and so on.
        write: Whether to write at all. A store that does not write tells what the entries would be.
        aside: Where such a store puts what it was given, so that its parts can be read all the same.

    Raises:
        MissingDependencyError: The package for that kind of place is not installed.

    Example:
        >>> from crosspan.pipeline.parts import Facts
        >>> store = BucketStore("memory://run")
        >>> entry = store.put("ab12", {"scores": Facts([0.5])}, {"sentences": 1})
        >>> store.find("ab12") == entry, store.part(entry, "scores")
        (True, Facts(values=[0.5]))
        >>> store.put("ab12", {"scores": Facts([0.7])}, {"sentences": 1}) == entry
        True
    """

    keyed = True
    holds = False

    def __init__(self, url: str, *, write: bool = True, aside: SpoolStore | None = None) -> None:
        self.url = url.rstrip("/")
        self.write = write
        self.aside = aside
        self._connect()

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url, "write": self.write}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, aside=None)
        self._connect()

    def _connect(self) -> None:
        self._seen: tuple[str, bytes] = ("", b"")
        """The beginning of the result that was read last: its parts are mostly read one after the other."""
        with self._reached():
            import fsspec

            self._fs, self._root = fsspec.url_to_fs(self.url)

    def __str__(self) -> str:
        return self.url

    def try_writing(self) -> None:
        """Raise unless something can be written: a small object is, and is removed.

        Raises:
            OutputError: It cannot.
        """
        path = f"{self._root}/.trial-{secrets.token_hex(8)}"
        with self._reached():
            self._fs.pipe_file(path, b"crosspan")
            self._fs.rm_file(path)

    def make_ready(self) -> None:
        """Nothing is to be made before results are put."""

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
        entry, chunks = record_of(key, parts, facts)
        if not self.write:
            if self.aside is not None:
                self.aside.put(key, parts, facts)
            return entry
        data = b"".join(chunks)
        with self._reached():
            if not replace:
                try:
                    self._fs.pipe_file(self._path(key), data, mode="create")
                except FileExistsError:
                    known = self.find(key)
                    if known is not None:
                        return known
                else:
                    return entry
            self._fs.pipe_file(self._path(key), data)
        return entry

    def find(self, key: str) -> Entry | None:
        """The result of a key; ``None`` where there is none, where it is damaged, or where it is unsure."""
        return self.find_all([key])[0]

    def find_all(self, keys: Sequence[str]) -> list[Entry | None]:
        """The results of many keys, which are asked for side by side.

        The head of each is checked, and the parts when they are read.

        Raises:
            OutputError: The place does not answer.
        """
        found: list[Entry | None] = []
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            with self._reached():
                paths, ends = [self._path(key) for key in some], [_BEGINNING] * len(some)
                got = self._fs.cat_ranges(paths, [0] * len(some), ends, on_error="return")
                for key, data in zip(some, got, strict=True):
                    head = None if isinstance(data, FileNotFoundError) else self._head(key, data)
                    found.append(None if head is None or head.entry.unsure else head.entry)
        return found

    def part(self, entry: Entry, name: str) -> Any:
        """One part of a result.

        Raises:
            OutputError: It was removed or damaged since it was found, or the place does not answer.
        """
        if self.aside is not None and entry.key in self.aside:
            return self.aside.part(entry, name)
        path = self._path(entry.key)
        with self._reached():
            try:
                begun = self._begun(entry.key)
                head = self._head(entry.key, begun)
                if head is None or head.entry.parts[name] != entry.parts[name]:
                    begun = self._begun(entry.key, anew=True)
                    head = self._head(entry.key, begun)
                if head is not None and head.entry.parts[name] == entry.parts[name]:
                    place = head.places[name]
                    end = place.begin + place.stored
                    there = begun[place.begin : end]
                    if len(there) < place.stored:
                        there = self._fs.cat_file(path, start=place.begin, end=end)
                    data = place.unpacked(there)
                    if data is not None:
                        return decode(data)
                    self._fs.rm_file(path)  # so that the next run does not find it again
            except (FileNotFoundError, KeyError):
                pass
        raise changed_in_use(f"{self.url}/{entry.key[:2]}/{entry.key[2:]}")

    def claim(self, key: str, *, wait: bool = False) -> AbstractContextManager[bool]:
        """Nobody can hold anything there: of what two runs do at the same time, the result of the first counts."""
        return nullcontext(True)

    @contextmanager
    def unfinished(self, key: str) -> Iterator[Path | None]:
        """A folder of this machine in which the work on a result keeps what it has so far; it survives a kill.

        It is removed at the end if the result is there. On another machine the work begins anew.

        Yields:
            The folder; ``None`` where the store does not write, or another process is at the same work.

        Raises:
            OutputError: It cannot be made.
        """
        place = user_cache() / "unfinished" / hashlib.sha256(self.url.encode()).hexdigest()[:16]
        if not self.write:
            yield None
            return
        make_folder(place)
        with only_one(place / f"{key}.lock") as mine:
            if not mine:
                yield None
                return
            make_work_folder(place / key)
            yield place / key
            if self.find(key) is not None:
                remove_work_folder(place / key)

    def remove_all_but(self, keep: Collection[str]) -> int:
        """Remove the results of other keys; return how many."""
        with self._reached():
            self._fs.invalidate_cache()
            found = {"".join(path.split("/")[-2:]): path for path in self._fs.find(self._root)}
            gone = [path for key, path in found.items() if KEY.fullmatch(key) and key not in keep]
            for path in gone:
                with suppress(FileNotFoundError):
                    self._fs.rm_file(path)
        return len(gone)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key[2:]}"

    def _begun(self, key: str, *, anew: bool = False) -> bytes:
        if self._seen[0] != key or anew:
            self._seen = key, self._fs.cat_file(self._path(key), start=0, end=_WHOLE)
        return self._seen[1]

    def _head(self, key: str, data: bytes | Exception) -> Head | None:
        """The head of a result, by its first bytes or more of them."""
        if isinstance(data, Exception):
            raise data
        begun, size = data, len(data)
        while begun.count(b"\n", 0, size) < 2 and len(begun) >= size:
            size *= 8
            begun = self._fs.cat_file(self._path(key), start=0, end=size)
        return head_in(io.BytesIO(begun), key)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn what the client of a bucket raises into one clear error."""
        try:
            yield
        except CrosspanError:
            raise
        except ImportError as error:
            extra = "'crosspan[s3]'" if re.match("s3a?:", self.url) else error.name or "fsspec and what it names"
            raise MissingDependencyError(
                f"a package for such a cache is not installed ({in_words(error)})",
                where=self.url,
                hint=f"Install it with: pip install {extra}.",
            ) from error
        except Exception as error:  # whatever a client raises: no sentence is at fault
            raise OutputError(
                f"the cache cannot be used ({in_words(error)})",
                where=self.url,
                hint="Check its name, your access to it and the network. What is finished is kept.",
            ) from error


def store_at(place: PathLike, *, write: bool = True, aside: SpoolStore | None = None) -> FolderStore | BucketStore:
    """The store in a folder, or at a URL.

    Args:
        place: A folder, or a URL such as ``s3://bucket/run``; ``file:`` URLs are folders.
        write: Whether to write at all.
        aside: Where a store that does not write puts what it was given.

    Raises:
        MissingDependencyError: The package for that kind of place is not installed.

    Example:
        >>> store_at("out/.cache").folder.name, str(store_at("memory://run"))
        ('.cache', 'memory://run')
    """
    text = os.fspath(place)
    if is_url(text) and not text.startswith("file:"):
        return BucketStore(text, write=write, aside=aside)
    return FolderStore(Path(text.removeprefix("file://")), write=write, aside=aside)
