"""Answers of models that take long or cost money, kept under keys, in memory or in one file for many processes.

What is kept is only ever an answer: whoever got an error has nothing to put, and the next run asks again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from crosspan.core.errors import OutputError

MOST = 2_000_000
"""Answers kept in memory where there is no file; all of them are forgotten beyond, so that it stays bounded."""

_TABLE = "CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID"
_PUT = "INSERT OR REPLACE INTO answer VALUES (?, ?)"
_MANY = 500
_PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""


class Answers:
    """Answers by their keys, such as those of :func:`crosspan.core.digests.digest_of`.

    Threads and processes may use the same file at the same time, and a process may be forked while it is open.

    Args:
        path: An SQLite file; it is made where it is not there. Without one, answers are kept in memory.

    Raises:
        OutputError: The file cannot be made, or is something else.

    Example:
        >>> answers = Answers()
        >>> answers.put({"a": "yes"})
        >>> answers.get(["a", "b"])
        {'a': 'yes'}
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self._kept: dict[str, str] = {}
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        if self.path is not None:
            with self._file():
                pass

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The answers that are there.

        Raises:
            OutputError: The file cannot be read.
        """
        wanted = list(keys)
        if self.path is None:
            return {key: self._kept[key] for key in wanted if key in self._kept}
        found: dict[str, str] = {}
        with self._file() as file:
            for begin in range(0, len(wanted), _MANY):
                some = wanted[begin : begin + _MANY]
                marks = ",".join("?" * len(some))
                found.update(file.execute(f"SELECT key, text FROM answer WHERE key IN ({marks})", some).fetchall())
        return found

    def put(self, answers: Mapping[str, str]) -> None:
        """Keep answers, all of them or none; those in a file are on disk when this returns.

        A text that is no Unicode (a lone surrogate) cannot be kept and is passed over.

        Raises:
            OutputError: They cannot be written.
            TypeError: One is no text.
        """
        rows = {key: text for key, text in answers.items() if _is_unicode(text)}
        if self.path is None:
            if len(self._kept) + len(rows) > MOST:
                self._kept.clear()
            self._kept.update(rows)
        elif rows:
            with self._file() as file, file:
                file.executemany(_PUT, rows.items())

    def close(self) -> None:
        """Close the file; it is opened again where it is used."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def __reduce__(self) -> tuple[type[Answers], tuple[Path | None]]:
        """Another process gets the file, not the connection."""
        return Answers, (self.path,)

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        """The open file, for one thread at a time."""
        try:
            with self._lock:
                yield self._opened()
        except (sqlite3.Error, OSError) as error:
            raise OutputError(
                f"the cache of answers cannot be used: {str(error).rstrip('.').lower()}",
                where=str(self.path),
                hint="Free space, remove a damaged file, or name another with the option cache.",
            ) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None or self._process != os.getpid():  # a connection must not cross a fork
            assert self.path is not None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=_PATIENCE, check_same_thread=False)
            self._process = os.getpid()
            with self._connection:
                self._connection.execute(_TABLE)
        return self._connection


def remove_answers(path: Path) -> None:
    """Remove a file of answers, sound or damaged; nothing where there is none."""
    for ending in ("", "-journal"):
        with suppress(OSError):
            os.unlink(f"{path}{ending}")


def _is_unicode(text: str) -> bool:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no answer")
    with suppress(UnicodeEncodeError):
        text.encode("utf-8")
        return True
    return False
