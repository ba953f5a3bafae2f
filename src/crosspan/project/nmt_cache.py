"""Log probabilities of translations, kept in memory and, if wanted, in a file that later runs read."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from crosspan.core.errors import FormatError, OutputError

MOST = 2_000_000
"""Scores kept in memory; it forgets all of them beyond, so that it stays bounded."""

Texts = tuple[str, str]

_TABLE = """CREATE TABLE IF NOT EXISTS score (model TEXT, source_lang TEXT, target_lang TEXT, source TEXT, target TEXT,
log_prob REAL NOT NULL, PRIMARY KEY (model, source_lang, target_lang, source, target)) WITHOUT ROWID"""
_GET = (
    "SELECT log_prob FROM score WHERE model = ? AND source_lang = ? AND target_lang = ? AND source = ? AND target = ?"
)
_PUT = "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?)"


class ScoreCache:
    """Scores of pairs of texts, by direction. Several processes may share its file.

    Args:
        path: An SQLite file; it is made where it is not there. Without one, scores are kept in memory only.
        model: What made the scores: those of another model are not read.

    Example:
        >>> cache = ScoreCache()
        >>> cache.put(("en", "de"), {("sea", "Meer"): -0.5})
        >>> cache.get(("en", "de"), [("sea", "Meer"), ("sea", "See")])
        {('sea', 'Meer'): -0.5}
    """

    def __init__(self, path: str | os.PathLike[str] = "", model: str = "") -> None:
        self.path = Path(path) if os.fspath(path) else None
        self.model = model
        self._scores: dict[Texts, dict[Texts, float]] = {}

    def get(self, languages: Texts, texts: Sequence[Texts]) -> dict[Texts, float]:
        """The scores that are known.

        Raises:
            FormatError: The file is something else, or damaged.
        """
        known = self._scores.get(languages, {})
        found = {pair: known[pair] for pair in texts if pair in known}
        if self.path is not None and len(found) < len(texts) and self.path.exists():
            there = self._read(languages, [pair for pair in texts if pair not in found])
            self._keep(languages, there)
            found.update(there)
        return found

    def put(self, languages: Texts, scores: Mapping[Texts, float]) -> None:
        """Keep scores.

        Raises:
            FormatError: The file is something else, or damaged.
            OutputError: The file cannot be written.
        """
        self._keep(languages, scores)
        if self.path is None or not scores:
            return
        rows = [(self.model, *languages, *texts, score) for texts, score in scores.items()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=60.0)) as file, file:
                file.execute(_TABLE)
                file.executemany(_PUT, rows)
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _keep(self, languages: Texts, scores: Mapping[Texts, float]) -> None:
        if sum(map(len, self._scores.values())) > MOST:
            self._scores.clear()
        self._scores.setdefault(languages, {}).update(scores)

    def _read(self, languages: Texts, texts: Iterable[Texts]) -> dict[Texts, float]:
        found: dict[Texts, float] = {}
        try:
            with closing(sqlite3.connect(self.path or "", timeout=60.0)) as file:
                if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'score'").fetchone():
                    return found
                for pair in texts:
                    row = file.execute(_GET, (self.model, *languages, *pair)).fetchone()
                    if row is not None:
                        found[pair] = row[0]
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        return found

    def _damaged(self, error: Exception) -> FormatError:
        return FormatError(
            f"the file of scores cannot be read ({error})", where=str(self.path), hint="Delete it, or name another."
        )

    def _unwritable(self, error: Exception) -> OutputError:
        return OutputError(
            f"scores cannot be written ({error})", where=str(self.path), hint="Name a file in a folder of yours."
        )


def model_digest(name: str) -> str:
    """What a model is, for a cache: its name, or where it is a folder or a file, what is in it.

    Example:
        >>> model_digest("facebook/nllb-200-distilled-600M")
        'facebook/nllb-200-distilled-600M'
    """
    path = Path(name)
    if not name or not path.exists():
        return name
    whole = hashlib.sha256()
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file():
            with one.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{one.relative_to(path).as_posix()}\0{digest}\n".encode())
    return whole.hexdigest()
