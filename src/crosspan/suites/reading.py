"""Reading the files of downloads: gold sentences strictly and leniently, and more translated text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crosspan import io
from crosspan.core.errors import FormatError, PairError
from crosspan.core.files import read_lines
from crosspan.core.tags import Repair
from crosspan.core.types import Pair, Sentence
from crosspan.io.jsonl import iter_jsonl
from crosspan.io.rejects import Located
from crosspan.suites.folder import Folder
from crosspan.suites.suite import Found, MissingData, Need, TokenPair

Gold = tuple[list[Sentence], list[Sentence]]
"""Sentences read strictly, and the same read as conlleval reads tags."""

_READINGS: tuple[Repair, Repair] = ("drop", "begin")

_NTREX = {
    "bg": "bul", "da": "dan", "de": "deu", "es": "spa", "et": "est", "fr": "fra", "hu": "hun", "it": "ita",
    "ja": "jpn", "nl": "nld", "pt": "por", "ro": "ron", "ru": "rus", "sl": "slv", "sv": "swe", "zh": "zho-CN",
}  # fmt: skip
"""How NTREX calls the languages of the suites that learn from it."""


def read_gold(path: Path, lang: str, **how: object) -> Gold:
    """Read labelled sentences strictly (ill-formed tags count as ``O``) and leniently (they begin a span).

    Args:
        path: The file.
        lang: The language of the sentences.
        how: More arguments of :func:`crosspan.io.iter_located`.

    Returns:
        Both readings; one list twice where no tag is ill-formed.

    Raises:
        CrosspanError: The file is malformed; a tag that is none at all is an error in both readings.
    """
    located = list(io.iter_located(path, lang=lang, **how))  # type: ignore[arg-type]
    if all(item.fault is None for item in located):
        sentences = [item.sentence for item in located]
        return sentences, sentences
    return io.read(path, lang=lang, repair="drop", **how), io.read(path, lang=lang, repair="begin", **how)  # type: ignore[arg-type]


def read_records(rows: Iterable[Mapping[str, object]], path: Path, lang: str) -> Gold:
    """Make labelled sentences of rows with ``tokens`` and ``ner_tags``; see :func:`read_gold`.

    Args:
        rows: The rows.
        path: Their file, for messages.
        lang: The language of the sentences.
    """
    lines = [json.dumps(row) for row in rows]
    readings = [
        [_settled(item) for item in iter_jsonl([lines], str(path), lang=lang, repair=repair)] for repair in _READINGS
    ]
    return readings[0], readings[0] if readings[0] == readings[1] else readings[1]


def json_rows(path: Path) -> Iterable[dict[str, object]]:
    """The objects of a file of JSON lines.

    Raises:
        FormatError: A line is not a JSON object.
    """
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise FormatError(f"not valid JSON ({error})", where=f"{path}:{number}") from error
        if not isinstance(row, dict):
            raise FormatError("not a JSON object", where=f"{path}:{number}")
        yield row


def _settled(item: Located) -> Sentence:
    if item.fault is not None:
        raise item.fault
    return item.sentence


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


def find_both_sides(file_of: Callable[[Folder, str], Path], folder: Folder, lang: str, needs: frozenset[Need]) -> Found:
    """Find the files of a suite that has one for each language, English among them, and learns from NTREX.

    Args:
        file_of: Finds the file of a language.
        folder: The user's folder.
        lang: The language.
        needs: What is wanted beside its file.

    Raises:
        MissingData: A file of the suite is not there.
    """
    found: dict[str, tuple[Path, ...]] = {"gold": (file_of(folder, lang),)}
    if "source" in needs:
        found["source"] = (file_of(folder, "en"),)
    if "bitext" in needs:
        found["bitext"] = find_ntrex(folder, lang)
    return found


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


def with_tokens(sentences: Iterable[Sentence], change: Callable[[str], str]) -> list[Sentence]:
    """The sentences with each token changed; text and offsets, which no longer fit, are left out."""
    return [
        replace(one, tokens=tuple(change(token) for token in one.tokens), text=None, offsets=None) for one in sentences
    ]
