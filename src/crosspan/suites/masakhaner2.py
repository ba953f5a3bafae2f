"""MasakhaNER 2: news in twenty African languages with gold entities (Adelani et al. 2022), and its translations.

The text is MAFAND's, which has human English or French for it. A user's own translations can take their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosspan.core.types import Pair, Sentence
from crosspan.suites import mafand
from crosspan.suites.folder import Folder
from crosspan.suites.reading import (
    Gold,
    find_translation,
    json_rows,
    read_gold,
    read_records,
    read_translation,
    with_tokens,
)
from crosspan.suites.suite import About, Found, Material, MissingData, Need, TokenPair
from crosspan.text import tokenize_sentence

_HINT = r"masakhaner[-_. ]?2"
_MATCHES = ("exact", "near")
"""Kinds of match in files that are joined already: those where both texts are the same sentence."""

ABOUT = About(
    name="masakhaner2",
    title="MasakhaNER 2: entities of twenty African languages",
    languages=(
        *("bam", "bbj", "ewe", "fon", "hau", "ibo", "kin", "lug", "luo", "mos", "nya", "pcm", "sna", "swa", "tsn"),
        *("twi", "wol", "xho", "yor", "zul"),
    ),
    pipelines=("translate-test", "tagger", "translate-train", "ensemble"),
    ignore=("DATE", "MISC"),
    download="https://github.com/masakhane-io/masakhane-ner",
    caveats=(
        "The published systems translate the whole test sets by machine. With MAFAND ours has human translations, and "
        "is scored on the sentences that have one.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """Labelled sentences with their translations."""

    gold: Sequence[Sentence]
    lenient: Sequence[Sentence]
    source: Sequence[Sentence]
    n_total: int


class Masakhaner2:
    """Reads ``LANG/test.txt`` with MAFAND or with a folder of translations, and files where both are joined."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the parts that are needed; see :class:`crosspan.suites.suite.Suite`."""
        found: dict[str, tuple[Path, ...]] = {}
        for split in ("test", "train") if "train" in needs else ("test",):
            wants_source = "source" in needs or split == "train"
            found |= self._find_part(folder, lang, split, wants_source, translations)
        if "bitext" in needs:
            found["bitext"] = mafand.find_mafand(folder, lang)
        return found

    def _find_part(
        self, folder: Folder, lang: str, split: str, wants_source: bool, translations: Folder | None
    ) -> dict[str, tuple[Path, ...]]:
        gold = folder.first(rf"(^|/){lang}/{split}[.]txt$", hint=_HINT)
        joined = folder.first(rf"(^|/)m2[.]{lang}-{mafand.source_lang(lang)}[.]{split}[.]jsonl([.]gz)?$")
        found: dict[str, tuple[Path, ...]] = {split: (gold,)} if gold is not None else {}
        if joined is not None and (translations is None if wants_source else gold is None):
            return {f"{split}-joined": (joined,), **(found if wants_source else {})}
        if gold is None:
            raise MissingData(f"no {lang}/{split}.txt", hint=ABOUT.download)
        if not wants_source:
            return found
        if translations is not None:
            return {**found, f"{split}-translated": (find_translation(translations, [lang], split),)}
        rows = mafand.find_mafand(folder, lang)
        if not rows:
            raise MissingData(
                f"no translations: neither MAFAND's {mafand.source_lang(lang)}-{lang} nor a folder of your own",
                hint=mafand.DOWNLOAD,
            )
        return {**found, f"{split}-mafand": rows}

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read and join what was found; see :class:`crosspan.suites.suite.Suite`."""
        translated = "test-translated" in found
        source_lang = "en" if translated else mafand.source_lang(lang)
        test = _read_part(found, lang, "test")
        notes = []
        if "source" in needs and len(test.gold) < test.n_total:
            notes.append(f"{len(test.gold):,} of {test.n_total:,} test sentences have a translation")
        if "test-joined" in found and "source" not in needs:
            notes.append("only the test sentences that are in MAFAND")
        train: list[Pair] = []
        if "train" in needs:
            part = _read_part(found, lang, "train")
            train = list(map(Pair, part.source, part.gold))
            notes.append(f"{len(train):,} translated sentences to train on")
        return Material(
            gold=test.gold,
            lenient=test.lenient,
            source=test.source,
            source_lang=source_lang,
            train=train,
            bitext=_bitext(found.get("bitext", ()), lang),
            n_total=test.n_total,
            notes=tuple(notes),
        )


def _read_part(found: Found, lang: str, split: str) -> _Part:
    if f"{split}-joined" in found:
        part = _joined(found[f"{split}-joined"][0], lang)
        return replace(part, n_total=len(read_gold(found[split][0], lang)[0])) if split in found else part
    path = found[split][0]
    gold, lenient = _unquoted(read_gold(path, lang))
    if f"{split}-translated" in found:
        source = read_translation(found[f"{split}-translated"][0], gold, path)
        return _Part(gold, lenient, source, len(gold))
    if f"{split}-mafand" not in found:
        return _Part(gold, lenient, (), len(gold))
    texts = mafand.match(gold, mafand.read_mafand(found[f"{split}-mafand"], lang))
    kept = [place for place, text in enumerate(texts) if text is not None]
    if not kept:
        raise MissingData(
            f"none of the {len(gold):,} sentences of {lang}/{split}.txt is in MAFAND; use translations of your own",
            hint=mafand.DOWNLOAD,
        )
    source = [_tokenized(texts[place] or "", lang) for place in kept]
    return _Part([gold[place] for place in kept], [lenient[place] for place in kept], source, len(gold))


def _joined(path: Path, lang: str) -> _Part:
    """Files of JSON lines that hold gold tokens, ``ner_tags`` and ``src_text`` together."""
    rows = list(json_rows(path))
    kept = [row for row in rows if row.get("match", "exact") in _MATCHES]
    if not kept:
        raise MissingData(f"no sentence of {path.name} has a translation", hint=mafand.DOWNLOAD)
    gold = _unquoted(read_records([_record(row) for row in kept], path, lang))
    return _Part(*gold, [_tokenized(str(row.get("src_text", "")), lang) for row in kept], len(rows))


def _record(row: Mapping[str, object]) -> dict[str, object]:
    return {"tokens": row.get("tokens"), "ner_tags": row.get("ner_tags"), "id": str(row.get("gold_index", ""))}


def _tokenized(text: str, lang: str) -> Sentence:
    return tokenize_sentence(text, lang=mafand.source_lang(lang))


def _unquoted(gold: Gold) -> Gold:
    """Both readings, with the quotes that the files write as four characters as one."""
    return with_tokens(gold, _one_quote)


def _one_quote(token: str) -> str:
    return '"' if token == '""""' else token


def _bitext(paths: Sequence[Path], lang: str) -> list[TokenPair]:
    rows = mafand.read_mafand(paths, lang) if paths else []
    pairs = (
        (tokenize_sentence(one, lang=mafand.source_lang(lang)).tokens, tokenize_sentence(other, lang=lang).tokens)
        for one, other in rows
    )
    return [(one, other) for one, other in pairs if one and other]


SUITE = Masakhaner2()
