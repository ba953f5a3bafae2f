"""Finished translations of a file, kept until all are there, so that the same call goes on where it stopped."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crosspan.core.answers import Answers, remove_answers
from crosspan.core.digests import digest_of
from crosspan.core.errors import OutputError
from crosspan.core.files import PathLike
from crosspan.core.temporary import stem_of
from crosspan.translate import Translation


def kept_beside(out: PathLike) -> Path | None:
    """Where translations are kept that are not finished: hidden, beside what they become.

    Args:
        out: The file that is written.

    Returns:
        The place; ``None`` where there is none, as beside standard output, a pipe or a device.

    Example:
        >>> kept_beside("news.sw").name, kept_beside("-")
        ('.news.sw.cache', None)
    """
    if os.fspath(out) == "-" or (os.path.exists(out) and not os.path.isfile(out)):
        return None
    target = Path(os.path.realpath(out))
    return target.with_name(f".{stem_of(target.name)}.cache")


class KeptTranslations:
    """Translations by what was translated, how, and in which company: those of a batch are kept together.

    Neural translators may say something else of a text when others are beside it. So a batch is found again only as
    what it was, and what comes out is to the byte what would have come out had nothing failed.

    Args:
        path: The file; it is made when there is something to keep. Several runs may share it.
        depends: All that translations depend on, as plain values.
        check: Raises where some of that has changed meanwhile.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kept = KeptTranslations(Path(folder, "kept"), {"use": "upper"})
        ...     kept.put(["a"], [Translation("A")])
        ...     found = kept.get(["a"]), kept.get(["a", "b"])
        ...     kept.remove()
        >>> found
        ([Translation(text='A', score=None, problem=None, final=False)], None)
    """

    def __init__(self, path: Path, depends: Mapping[str, Any], check: Callable[[], None] | None = None) -> None:
        self.path = path
        self._base = digest_of(depends)
        self._check = check
        self._file: Answers | None = None

    def get(self, texts: Sequence[str]) -> list[Translation] | None:
        """The translations of a batch, if they are there.

        Raises:
            OutputError: The file cannot be read.
        """
        if not self.path.exists():
            return None
        key = self._key(texts)
        try:
            found = self._answers().get([key]).get(key)
        except OutputError as error:
            if type(error.__cause__) is not sqlite3.DatabaseError:  # others say that it is locked, or the disk full
                raise
            self.remove()  # damaged: it is begun anew
            return None
        return None if found is None else [Translation(*row) for row in json.loads(found)]

    def put(self, texts: Sequence[str], translations: Sequence[Translation]) -> None:
        """Keep the translations of a batch.

        Raises:
            FormatError: What they were made with is not what it was.
            OutputError: They cannot be written.
        """
        if self._check is not None:
            self._check()
        rows = [[one.text, one.score, one.problem] for one in translations]
        self._answers().put({self._key(texts): json.dumps(rows)})

    def remove(self) -> None:
        """Forget all of them."""
        if self._file is not None:
            self._file.close()
            self._file = None
        remove_answers(self.path)

    def _key(self, texts: Sequence[str]) -> str:
        return digest_of([self._base, list(texts)])

    def _answers(self) -> Answers:
        if self._file is None:
            self._file = Answers(self.path)
        return self._file
