"""Translations that were made elsewhere, read from a file: one line for each text, in the same order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crosspan.core.errors import OptionError, PairError
from crosspan.core.files import name_of
from crosspan.core.lines import read_lines
from crosspan.core.options import with_settings
from crosspan.translate import Advance, Translation


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """Settings of :class:`FileTranslator`.

    Args:
        model: The file of translations, one a line.
        originals: The file of the texts that they translate, line by line; with it any part of a corpus can be asked
            for in any order.
    """

    model: str = ""
    originals: str = ""


class FileTranslator:
    r"""A :class:`~crosspan.translate.Translator` that looks translations up in a file.

    Without ``originals`` the whole corpus must be translated by one call, as there is nothing to tell the lines by;
    with them a text is found by what it says, in any order and in any shards. A text that occurs twice has its first
    translation.

    Args:
        model: The file of translations.
        threads: Not used.
        options: Settings; ``model`` above comes first where both name one.
        settings: Single settings by name, instead of ``options``.

    Attributes:
        as_given: Texts must reach it whole, and asking twice changes nothing.

    Raises:
        FormatError: A file cannot be read.
        PairError: The two files have different numbers of lines.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "sw.txt").write_text("Ada anaishi Accra.\n")
        ...     translator = FileTranslator(Path(folder, "sw.txt"))
        >>> translator.translate(["Ada lives in Accra."], source="en", target="sw")[0].text
        'Ada anaishi Accra.'
    """

    as_given = True

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: FileOptions | None = None,
        **settings: Any,
    ) -> None:
        self.options = with_settings(options or FileOptions(), settings)
        self.name = os.fspath(model) or self.options.model
        if not self.name:
            raise OptionError("no file of translations is named", hint="Give its path as the model.")
        self._lines = list(read_lines(self.name))
        self._table: dict[str, str] | None = None
        if self.options.originals:
            originals = list(read_lines(self.options.originals))
            self._check(len(originals), name_of(self.options.originals))
            self._table = dict(reversed(list(zip(originals, self._lines, strict=True))))

    def _check(self, count: int, what: str, kind: type[PairError] = PairError) -> None:
        if count != len(self._lines):
            raise kind(
                f"the file has {len(self._lines)} lines, and {what} {count}",
                where=name_of(self.name),
                hint="Give a line for each text; a missing translation is an empty line. To translate a corpus in "
                "shards or in parts, name the file of its texts as originals.",
            )

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Look texts up; see :class:`crosspan.translate.Translator`.

        Raises:
            PairError: There are no ``originals``, and the file has another number of lines than there are texts.
        """
        if self._table is None:
            self._check(len(texts), "the corpus", _WholeCorpusError)
            found = [Translation(line) for line in self._lines]
        else:
            table = self._table
            found = [Translation(table[text]) if text in table else _missing(text) for text in texts]
        if advance is not None and texts:
            advance(len(texts), len(texts))
        return found


class _WholeCorpusError(PairError):
    """The lines belong to a whole corpus: they are no translation of a part of it, even of one with as many texts."""

    of_input = False


def _missing(text: str) -> Translation:
    return Translation("", problem="the file has no translation of it" if text.strip() else None)
