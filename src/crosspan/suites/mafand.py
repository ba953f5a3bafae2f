"""MAFAND: news translated into African languages by hand, and which of its sentences have gold labels.

MasakhaNER 2 labelled sentences of MAFAND without keeping their numbers, so they are found again by their text: white
space and punctuation do not count, as the labelled sentences are cut into tokens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import regex

from crosspan.core.errors import FormatError
from crosspan.core.lines import read_lines
from crosspan.core.types import Sentence
from crosspan.suites.folder import Folder
from crosspan.suites.reading import json_rows

DOWNLOAD = "https://github.com/masakhane-io/lafand-mt"
FRENCH = frozenset({"bam", "bbj", "ewe", "fon", "mos", "wol"})
"""Languages that MAFAND has with French; the others are with English."""

_HINT = r"mafand|lafand"
_NO_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_SPLITS = ("train", "dev", "test")


def source_lang(lang: str) -> str:
    """The language that MAFAND translates from.

    Example:
        >>> source_lang("wol"), source_lang("lug")
        ('fr', 'en')
    """
    return "fr" if lang in FRENCH else "en"


def find_mafand(folder: Folder, lang: str) -> tuple[Path, ...]:
    """The files of a language, all of one layout: JSON lines, TSV, or two text files for each part."""
    pair = rf"(^|/){source_lang(lang)}[-_]{lang}"
    for pattern in (
        rf"{pair}(_news)?/({'|'.join(_SPLITS)})[.]jsonl?$",
        rf"{pair}[.]tsv$",
        rf"{pair}/({'|'.join(_SPLITS)})[.]tsv$",
        rf"{pair}/[^/]+[.]({source_lang(lang)}|{lang})$",
    ):
        found = folder.search(pattern, hint=_HINT)
        if found:
            return tuple(path for path in found if path.parent == found[0].parent)
    return ()


def read_mafand(paths: Sequence[Path], lang: str) -> list[tuple[str, str]]:
    """Source and target text of each sentence pair.

    Raises:
        FormatError: A file does not have two sides.
    """
    rows: list[tuple[str, str]] = []
    sides = {path.suffix: path for path in paths if path.suffix in (f".{source_lang(lang)}", f".{lang}")}
    if sides:
        for path in paths:
            if path.suffix == f".{source_lang(lang)}" and path.with_suffix(f".{lang}") in paths:
                rows += zip(read_lines(path), read_lines(path.with_suffix(f".{lang}")), strict=False)
        return rows
    for path in paths:
        rows += _tsv(path) if path.suffix == ".tsv" else _json(path, lang)
    return rows


def _json(path: Path, lang: str) -> Iterator[tuple[str, str]]:
    source = source_lang(lang)
    for number, row in enumerate(json_rows(path), 1):
        sides = row.get("translation", row)
        others = [key for key in sides if key != source] if isinstance(sides, dict) else []
        if not isinstance(sides, dict) or source not in sides or not others:
            raise FormatError(
                f"row {number} has no translation of {source!r}", where=str(path), hint=f"Get it anew from {DOWNLOAD}."
            )
        yield str(sides[source]), str(sides[lang if lang in sides else others[0]])


def _tsv(path: Path) -> Iterator[tuple[str, str]]:
    """Rows of source and target; a first column that names the part, and a line of names above, are passed over."""
    for number, line in enumerate(read_lines(path), 1):
        cells = line.split("\t")
        if len(cells) > 2 and cells[0] in _SPLITS:
            cells = cells[1:]
        if len(cells) < 2:
            raise FormatError("the line has one side only", where=f"{path}:{number}", hint=f"See {DOWNLOAD}.")
        if number > 1 or max(map(len, cells)) > 3:  # the first line may name the languages
            yield cells[0], cells[1]


def match(gold: Iterable[Sentence], rows: Iterable[tuple[str, str]]) -> list[str | None]:
    """The translation of each gold sentence, found by its text; ``None`` where there is none.

    Args:
        gold: Labelled sentences.
        rows: Source and target texts. Where a target is there twice, its first source counts.

    Example:
        >>> match([Sentence(("Allied", "yasobola", "."))], [("Allied gained access.", "Allied yasobola.")])
        ['Allied gained access.']
    """
    known: dict[str, str] = {}
    for source, target in rows:
        if source.strip():
            known.setdefault(letters_of(target), source)
    known.pop("", None)
    return [known.get(letters_of("".join(one.tokens))) for one in gold]


def letters_of(text: str) -> str:
    """What is left of a text without white space, punctuation and case, to find a sentence again that was cut anew.

    Example:
        >>> letters_of("Allied yasobola.") == letters_of("allied yasobola .")
        True
    """
    # composed last: a mark may stand after a blank that goes
    return unicodedata.normalize("NFC", _NO_LETTERS.sub("", text).casefold())
