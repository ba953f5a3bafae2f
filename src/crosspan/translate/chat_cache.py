"""Answers of chat models on disk, in one file that several processes can use at the same time."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crosspan.core.digests import user_cache
from crosspan.core.errors import OutputError

_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID"
_MANY = 500
_PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""


def default_file() -> Path:
    """``crosspan/answers.sqlite`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    return user_cache() / "answers.sqlite"


def key_of(address: str, body: Mapping[str, Any]) -> str:
    """A hash of all that an answer depends on: the address, the model, the messages, and how it decodes.

    Example:
        >>> key_of("http://a/v1", {"model": "m", "seed": 0}) == key_of("http://a/v1", {"seed": 0, "model": "m"})
        True
    """
    facts = json.dumps([address, body], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(facts.encode("utf-8")).hexdigest()


class AnswerCache:
    """Answers by their keys.

    Args:
        path: The file; :func:`default_file` by default.

    Raises:
        OutputError: The file cannot be made, or is no cache.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cache = AnswerCache(Path(folder) / "answers.sqlite")
        ...     cache.put("a", "yes")
        ...     cache.get(["a", "b"])
        ...     cache.close()
        {'a': 'yes'}
    """

    def __init__(self, path: str | os.PathLike[str] = "") -> None:
        self.path = Path(path) if os.fspath(path) else default_file()
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=_PATIENCE, check_same_thread=False)
            with self._connection:
                self._connection.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            raise self._error(error) from error

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The answers that are there."""
        wanted = list(keys)
        found: dict[str, str] = {}
        try:
            with self._lock:
                for begin in range(0, len(wanted), _MANY):
                    some = wanted[begin : begin + _MANY]
                    marks = ",".join("?" * len(some))
                    query = f"SELECT key, text FROM answers WHERE key IN ({marks})"
                    found.update(self._connection.execute(query, some).fetchall())
        except sqlite3.Error as error:
            raise self._error(error) from error
        return found

    def put(self, key: str, text: str) -> None:
        """Keep an answer; it is on disk when this returns.

        Raises:
            OutputError: It cannot be written.
        """
        try:
            with self._lock, self._connection:
                self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, text))
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _error(self, error: Exception) -> OutputError:
        return OutputError(
            f"the cache of answers cannot be used: {str(error).rstrip('.').lower()}",
            where=str(self.path),
            hint="Free space, remove a damaged file, or name another with the option cache (none keeps nothing).",
        )
