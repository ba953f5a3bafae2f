"""Reading the files of downloads: gold sentences strictly and leniently, and more translated text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosspan import io
from crosspan.core.errors import PairError
from crosspan.core.lines import read_lines
from crosspan.core.types import Pair, Sentence
from crosspan.io.format import Reading
from crosspan.io.json_records import iter_records
from crosspan.io.jsonl import sentences_of
from crosspan.io.readings import Readings
from crosspan.suites.folder import Folder
from crosspan.suites.suite import MissingData, Need, TokenPair

Gold = tuple[list[Sentence], list[Sentence]]
"""Sentences read strictly, and the same read as conlleval reads tags."""

_NTREX = {
    "bg": "bul", "da": "dan", "de": "deu", "es": "spa", "et": "est", "fr": "fra", "hu": "hun", "it": "ita",
    "ja": "jpn", "nl": "nld", "pt": "por", "ro": "ron", "ru": "rus", "sl": "slv", "sv": "swe", "zh": "zho-CN",
}  # fmt: skip
"""How NTREX calls the languages of the suites that learn from it."""


def read_gold(path: Path, lang: str, *, format: str = "auto", columns: str | None = None) -> Gold:  # noqa: A002
    """Read labelled sentences strictly (ill-formed tags count as ``O``) and leniently (they begin a span).

    Args:
        path: The file.
        lang: The language of the sentences.
        format: Its format; see :func:`crosspan.io.read`.
        columns: What the columns hold, where that is not to be found out.

    Returns:
        Both readings; one list twice where no tag is ill-formed.

    Raises:
        CrosspanError: The file is malformed; a tag that is none at all is an error in both readings.
    """
    file = io.SentenceFile(path, format, columns=columns, lang=lang)
    return Readings.of(file.located(), str(path)).both()


def read_records(rows: Sequence[Mapping[str, object]], path: Path, lang: str) -> Gold:
    """Make labelled sentences of rows with ``tokens`` and ``ner_tags``; see :func:`read_gold`.

    Args:
        rows: The rows.
        path: Their file, for messages.
        lang: The language of the sentences.
    """
    located = sentences_of(enumerate(rows, 1), str(path), Reading(lang=lang))
    return Readings.of(located, str(path)).both()


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines.

    Raises:
        FormatError: A line is not a JSON object.
    """
    return (row for _, row in iter_records(read_lines(path), str(path)))


def changed(gold: Gold, change: Callable[[Sentence], Sentence]) -> Gold:
    """Both readings with each sentence changed; one list twice stays one list twice."""
    strict, lenient = gold
    found = [change(one) for one in strict]
    return found, found if strict is lenient else [change(one) for one in lenient]


def with_tokens(gold: Gold, change: Callable[[str], str]) -> Gold:
    """Both readings with each token changed; text and offsets, which no longer fit, are left out."""
    return changed(gold, lambda one: replace(one, tokens=tuple(map(change, one.tokens)), text=None, offsets=None))


def check_counts(source: Sequence[Sentence], target: Sequence[Sentence], source_path: Path, target_path: Path) -> None:
    """Raise unless two files have as many sentences.

    Raises:
        PairError: They have not.
    """
    if len(source) != len(target):
        raise PairError(
            f"{len(target)} sentences, but {source_path.name} has {len(source)}",
            where=str(target_path),
            hint="Both must hold the same sentences in the same order: download them again.",
        )


def no_translations(needs: frozenset[Need]) -> None:
    """Raise where a run wants translations of a suite that has none.

    Raises:
        MissingData: It wants some.
    """
    if needs:
        raise MissingData("no translations: the suite has none, so only sentences of its own can be tagged")


def read_plain(path: Path, lang: str) -> list[Sentence]:
    """Read text, one sentence a line, and find its tokens."""
    return io.read(path, format="plain", lang=lang)


def find_ntrex(folder: Folder, lang: str) -> tuple[Path, ...]:
    """The English and the other side of NTREX; nothing where either is not there."""
    code = _NTREX.get(lang)
    english = folder.first(r"newstest2019-src[.]eng[.]txt$")
    other = folder.first(rf"newstest2019-ref[.]{code}[.]txt$") if code else None
    return (english, other) if english and other else ()


def find_translation(translations: Folder, codes: Sequence[str], split: str) -> Path:
    """The English of one part of a language, in a folder of the user's own.

    Args:
        translations: The folder.
        codes: The language, and what else it is called.
        split: ``"test"`` or ``"train"``; the former may go without saying.

    Raises:
        MissingData: It is not there.
    """
    code = f"({'|'.join(codes)})"
    path = translations.first(rf"(^|/){code}([.]|/){split}[.]txt$")
    if path is None and split == "test":
        path = translations.first(rf"(^|/){code}[.]txt$")
    if path is None:
        name = ".txt" if split == "test" else f"/{split}.txt"
        raise MissingData(f"no {codes[0]}{name} among the translations in {translations.path}")
    return path


def read_translation(path: Path, gold: Sequence[Sentence], gold_path: Path) -> list[Sentence]:
    """The English of each sentence, a line each; without words where there is none.

    Raises:
        PairError: There are more or fewer lines than sentences.
    """
    sources = read_plain(path, "en")
    if len(sources) != len(gold):
        raise PairError(
            f"{len(sources)} lines, but {gold_path.name} has {len(gold)} sentences",
            where=str(path),
            hint="Write one translation a line; an empty line for none.",
        )
    return sources


def read_ntrex(paths: Sequence[Path], lang: str) -> list[TokenPair]:
    """English and other sentences of NTREX as tokens.

    Raises:
        PairError: The two differ in length.
    """
    if not paths:
        return []
    english, other = read_plain(paths[0], "en"), read_plain(paths[1], lang)
    check_counts(english, other, paths[0], paths[1])
    return token_pairs(map(Pair, english, other))


def token_pairs(pairs: Iterable[Pair]) -> list[TokenPair]:
    """The tokens of pairs that have some on both sides."""
    return [(pair.source.tokens, pair.target.tokens) for pair in pairs if pair.source.tokens and pair.target.tokens]
