"""The data sets the benchmarks measure on, read from the data folder into crosspan's types.

The folder is named by the environment variable ``CROSSPAN_DATA``, or is ``../shared/data`` beside the checkout. Its
README and MANIFEST say what each file is and where it is from. Nothing is cached or changed on disk.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import regex

from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.evaluate import GoldLinks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Tokens = list[str]
Bitext = list[tuple[Tokens, Tokens]]

EUROPARL_LANGS = ("de", "es")
PUD_LANGS = ("de", "pt", "sv")
XSID_LANGS = ("de", "id", "da", "tr", "kk", "ja", "zh", "gsw", "de-muc")
XL_WA_LANGS = ("es", "it", "nl", "bg", "et")
MASAKHANER_PAIRS = {"lug": "en", "twi": "en", "yor": "en", "wol": "fr", "bam": "fr"}

_ISO3 = {
    "af": "afr", "am": "amh", "de": "deu", "ee": "ewe", "en": "eng", "es": "spa", "fr": "fra", "ha": "hau",
    "ig": "ibo", "it": "ita", "nl": "nld", "ny": "nya", "pt": "por", "ru": "rus", "rw": "kin", "sn": "sna-Latn",
    "sna": "sna-Latn", "so": "som", "sv": "swe", "sw": "swa", "tn": "tsn", "wo": "wol", "xh": "xho", "yo": "yor",
    "zh": "zho-CN", "zho": "zho-CN", "zu": "zul", "lg": "lug", "tw": "twi", "bm": "bam",
}  # fmt: skip

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’ʼ][\p{L}\p{M}\p{N}]+)*['’]?|[^\s]")
_CHARACTER = regex.compile(r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+|[^\s]")

_UNCANONICAL_VERSE = regex.compile(r"b\.(?:ROM\.12\.(?:2[2-9]|3\d)|EPH\.3\.22|REV\.12\.18|3JO\.1\.15)\Z")

_MOSES_ESCAPES = (
    ("&apos;", "'"),
    ("&quot;", '"'),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&#91;", "["),
    ("&#93;", "]"),
    ("&#124;", "|"),
    ("&amp;", "&"),
)


@dataclass(frozen=True, slots=True)
class BamNllb:
    """Bambara test set with machine-translated, tagged English, neural links and somebody's projection.

    ``given`` is read as conlleval reads tags; in ``given_strict`` an ``I-`` that continues nothing is no entity.
    """

    pairs: list[Pair]
    alignments: list[Alignment]
    gold: list[Sentence]
    given: list[Sentence]
    given_strict: list[Sentence]


def data_dir() -> Path:
    """Folder of the data sets.

    Raises:
        FileNotFoundError: There is none.
    """
    named = os.environ.get("CROSSPAN_DATA")
    path = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not path.is_dir():
        raise FileNotFoundError(f"no data folder at {path}: name one with the environment variable CROSSPAN_DATA")
    return path


def has_data() -> bool:
    named = os.environ.get("CROSSPAN_DATA")
    return (Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data").is_dir()


def tokenize(text: str, lang: str = "en") -> Tokens:
    """Words and punctuation marks; single characters for Chinese and Japanese.

    Deliberately not crosspan's own tokenizer: the baselines must not change when that one does.
    """
    words: Tokens = (_CHARACTER if lang[:2] in ("zh", "ja") else _WORD).findall(text)
    return words


def europarl(lang: str) -> list[Pair]:
    """Europarl-NER, English and ``lang`` (de, es): 799 pairs, labels PER LOC ORG MISC."""
    sides = []
    for side in ("en", lang):
        blocks = _blocks(_lines(f"parallel_gold/europarl_ner/{side}-europarl.test.conll02"))
        sides.append(
            [_sentence(rows, 0, 1, key=str(number), lang=side) for number, (_, rows) in enumerate(blocks)],
        )
    return _pair(*sides)


def pud(lang: str) -> list[Pair]:
    """UNER PUD, English and ``lang`` (de, pt, sv): 1,000 pairs, labels PER LOC ORG."""
    source, target = _pud_side("en"), _pud_side(lang)
    if source.keys() != target.keys():
        raise ValueError(f"en and {lang} have different sent_ids")
    return [Pair(source[key], target[key]) for key in source]


def xsid(lang: str, split: str = "test") -> list[Pair]:
    """XSID slots, English and ``lang``: 500 test or 300 valid pairs (Japanese has half of them)."""
    blocks = _blocks(_lines(f"parallel_gold/xsid/en.{split}.conll"))
    english = {
        str(number): (_comment(comments, "text"), _sentence(rows, 1, 3, key=str(number), lang="en"))
        for number, (comments, rows) in enumerate(blocks, 1)
    }
    pairs = []
    for comments, rows in _blocks(_lines(f"parallel_gold/xsid/{lang}.{split}.conll")):
        key = _comment(comments, "id")
        text, source = english[key]
        # a prefix, because one comment in de-muc.valid is cut short
        if not " ".join(text.split()).startswith(" ".join(_comment(comments, "text-en").split())):
            raise ValueError(f"xsid {lang}.{split} id {key}: English text is not that of en.{split}")
        pairs.append(Pair(source, _sentence(rows, 1, 3, key=key, lang=lang)))
    return pairs


def bam_nllb() -> BamNllb:
    """MasakhaNER 2 Bambara test: tagged NLLB English as source, links from a fine-tuned neural aligner.

    The links file is written Bambara-English; here it is turned round, English-Bambara, as ``pairs`` are. DATE spans
    are dropped everywhere.
    """
    folder = "parallel_gold/bam_nllb"
    english = _conll(f"{folder}/test-translate-bam-en-preds.txt", "en", drop=("DATE",))
    gold = _conll(f"{folder}/test-bam.txt", "bam", drop=("DATE",))
    given = _conll(f"{folder}/test-translate-bam-projected.txt", "bam", drop=("DATE",))
    given_strict = _conll(f"{folder}/test-translate-bam-projected.txt", "bam", drop=("DATE",), strict=True)
    alignments = []
    for number, line in enumerate(_lines(f"{folder}/bam-en-alignments.txt")):
        index, _, links = line.partition("\t")
        if int(index) != number:
            raise ValueError(f"bam-en-alignments.txt:{number + 1}: index {index}")
        reverse = Alignment.from_pharaoh(links)
        alignments.append(
            Alignment.from_links(zip(reverse.target.tolist(), reverse.source.tolist(), strict=True)),
        )
    pairs = _pair(english, gold)
    for pair, alignment, projected in zip(pairs, alignments, given, strict=True):
        alignment.check(len(pair.source), len(pair.target))
        if projected.tokens != pair.target.tokens:
            raise ValueError(f"bam_nllb sentence {pair.target.id}: projected file has other tokens")
    return BamNllb(pairs, alignments, gold, given, given_strict)


def masakhaner(lang: str, split: str = "test", *, matches: Sequence[str] = ("exact", "near")) -> list[Pair]:
    """MasakhaNER 2 gold targets, unlabelled human English or French sources; DATE dropped; yor has ``train`` alone."""
    source_lang = MASAKHANER_PAIRS[lang]
    folder = data_dir() / "parallel_gold" / "masakhaner_mafand"
    path = folder / f"m2.{lang}-{source_lang}.{split}.jsonl"
    packed = path.with_suffix(".jsonl.gz")
    text = gzip.decompress(packed.read_bytes()).decode("utf-8") if packed.exists() else path.read_text("utf-8")
    pairs = []
    for line in text.strip("\n").split("\n"):
        row = json.loads(line)
        if row["match"] in matches:
            key = str(row["gold_index"])
            target = Sentence(row["tokens"], _spans(row["ner_tags"], drop=("DATE",)), id=key, lang=lang)
            source = Sentence(tuple(tokenize(row["src_text"], source_lang)), id=key, lang=source_lang)
            pairs.append(Pair(source, target))
    return pairs


def xl_wa(lang: str, split: str = "test") -> tuple[list[Pair], list[GoldLinks]]:
    """XL-WA word links, English and ``lang`` (es, it, nl, bg, et): 245 test and 105 dev pairs; every link is sure."""
    pairs, gold = [], []
    for number, line in enumerate(_lines(f"alignment_gold/xl_wa/en-{lang}.{split}.tsv")):
        source, target, links = line.split("\t")
        pairs.append(_plain_pair(source.split(), target.split(), "en", lang, str(number)))
        gold.append(_gold(links, first=0))
        _check_gold(pairs[-1], gold[-1])
    return pairs, gold


def hansards() -> tuple[list[Pair], list[GoldLinks]]:
    """Hansards English-French, 447 pairs with sure and possible links."""
    return _awesome("enfr", "en", "fr")


def zhen() -> tuple[list[Pair], list[GoldLinks]]:
    """Chinese-English, 450 pairs (Chinese is the source)."""
    return _awesome("zhen", "zh", "en")


def awesome_output(name: str) -> list[Alignment]:
    """The links that AWESOME's authors publish for ``enfr`` or ``zhen``."""
    return [
        Alignment.from_pharaoh(line) for line in _lines(f"alignment_gold/awesome_examples/{name}.awesome-align.out")
    ]


def has_ntrex(lang: str) -> bool:
    return (data_dir() / _ntrex_path(lang)).exists()


def ntrex(lang: str) -> Bitext:
    """NTREX news, English and ``lang`` (two or three letters): 1,997 pairs, tokenised."""
    english = _lines("parallel_text/ntrex/newstest2019-src.eng.txt")
    return _tokenized(zip(english, _lines(_ntrex_path(lang)), strict=True), "en", lang)


def mafand(lang: str, splits: Sequence[str] = ("train", "dev", "test")) -> Bitext:
    """MAFAND news, English (French for wol and bam) and ``lang``, tokenised."""
    code = _ISO3.get(lang, lang).partition("-")[0]
    source_lang = "fr" if code in ("wol", "bam") else "en"
    rows = (line.split("\t") for line in _lines(f"parallel_text/mafand/{source_lang}-{code}.tsv"))
    return _tokenized(((row[1], row[2]) for row in rows if row[0] in splits), source_lang, lang)


def bible(lang: str) -> Bitext:
    """New Testament, English and ``lang`` (ewe, swa, wol, zul), tokenised; verses that either side lacks are left out.

    The English file has one verse a line, without names, in the canonical 7,957; the Zulu file has all of those and a
    few more, and so names them.
    """
    names = [name for name in _verses("zul") if not _UNCANONICAL_VERSE.match(name)]
    english = zip(names, _lines("parallel_text/bible_nt/eng_nt_BSB.vline.txt"), strict=True)
    verses = _verses(_ISO3.get(lang, lang))
    return _tokenized(((text, verses[name]) for name, text in english if name in verses), "en", lang)


def opennmt(split: str = "train") -> Bitext:
    """WMT English-German as shipped with OpenNMT (``train`` or ``val``), already tokenised; Moses escapes undone."""
    sides = (
        [_unescape(line).split() for line in _lines(f"parallel_text/opennmt_en-de/{side}-{split}.txt")]
        for side in ("src", "tgt")
    )
    return [(source, target) for source, target in zip(*sides, strict=True) if source and target]


def uner_file(path: str, lang: str = "en") -> list[Sentence]:
    """A UNER file (columns id, token, tag), all types but ``OTH`` and the stray ``O``."""
    return [
        _sentence(rows, 1, 2, key=str(number), lang=lang, drop=("OTH", "O"))
        for number, (_, rows) in enumerate(_blocks(_lines(path)))
    ]


def two_columns(path: str, lang: str = "en") -> list[Sentence]:
    """A file of tokens and tags; sentences with an empty token are left out."""
    return [
        _sentence(rows, 0, 1, key=str(number), lang=lang)
        for number, (_, rows) in enumerate(_blocks(_lines(path)))
        if all(row[0] for row in rows)
    ]


def masakhaner2(lang: str, split: str = "test") -> list[Sentence]:
    """MasakhaNER 2 alone, without translations; DATE dropped."""
    return _conll(f"ner/masakhaner2/{lang}/{split}.txt", lang, drop=("DATE",))


def bitext_of(pairs: Iterable[Pair]) -> Bitext:
    """The tokens of both sides."""
    return [(list(pair.source.tokens), list(pair.target.tokens)) for pair in pairs]


def _verses(code: str) -> dict[str, str]:
    name = next((data_dir() / "parallel_text" / "bible_nt").glob(f"{code}.*.tsv")).name
    rows = (line.partition("\t") for line in _lines(f"parallel_text/bible_nt/{name}"))
    return {verse: text for verse, _, text in rows}


def _lines(path: str) -> list[str]:
    # split by newline alone: str.splitlines() also breaks at U+2028, U+0085 and the like, which stand inside sentences
    text = (data_dir() / path).read_text("utf-8")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _blocks(lines: Iterable[str]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Comments and rows of each sentence; any number of blank lines stands between two."""
    comments: list[str] = []
    rows: list[list[str]] = []
    for line in [*lines, ""]:
        if line.strip() == "":
            if rows:
                yield comments, rows
                comments, rows = [], []
        elif line.startswith("#") and not rows and "\t" not in line:
            comments.append(line)
        else:
            rows.append(line.split("\t") if "\t" in line else line.split(" "))


def _comment(comments: Iterable[str], key: str) -> str:
    for comment in comments:
        name, _, value = comment[1:].partition("=")
        if name.strip() == key:
            return value.strip()
    raise ValueError(f"no comment {key!r}")


def _spans(tags: Iterable[str], *, drop: Sequence[str] = (), strict: bool = False) -> tuple[Span, ...]:
    """Spans of IOB tags; an ``I-`` that continues nothing begins a span, unless ``strict``."""
    found: list[Span] = []
    start, label = -1, ""
    for index, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        if start >= 0 and (prefix != "I" or kind != label):
            if label not in drop:
                found.append(Span(start, index, label))
            start = -1
        if prefix != "O" and start < 0 and not (strict and prefix == "I"):
            start, label = index, kind
    return tuple(found)


def _sentence(
    rows: Sequence[Sequence[str]],
    word: int,
    tag: int,
    *,
    key: str,
    lang: str,
    drop: Sequence[str] = (),
    strict: bool = False,
) -> Sentence:
    spans = _spans((row[tag] for row in rows), drop=drop, strict=strict)
    return Sentence(tuple(row[word] for row in rows), spans, id=key, lang=lang)


def _conll(path: str, lang: str, drop: Sequence[str] = (), *, strict: bool = False) -> list[Sentence]:
    return [
        _sentence(rows, 0, 1, key=str(number), lang=lang, drop=drop, strict=strict)
        for number, (_, rows) in enumerate(_blocks(_lines(path)))
    ]


def _pud_side(lang: str) -> dict[str, Sentence]:
    blocks = _blocks(_lines(f"parallel_gold/uner_pud/{lang}_pud-ud-test.iob2"))
    keyed = ((_comment(comments, "sent_id"), rows) for comments, rows in blocks)
    return {key: _sentence(rows, 1, 2, key=key, lang=lang, drop=("OTH",)) for key, rows in keyed}


def _pair(source: Sequence[Sentence], target: Sequence[Sentence]) -> list[Pair]:
    return [Pair(left, right) for left, right in zip(source, target, strict=True)]


def _plain_pair(source: Tokens, target: Tokens, source_lang: str, target_lang: str, key: str) -> Pair:
    return Pair(
        Sentence(tuple(source), id=key, lang=source_lang),
        Sentence(tuple(target), id=key, lang=target_lang),
    )


def _gold(line: str, *, first: int) -> GoldLinks:
    """Links ``i-j`` (sure) and ``ipj`` (possible), counted from ``first``."""
    sure, possible = set(), set()
    for item in line.split():
        mark = "p" if "p" in item else "-"
        i, j = item.split(mark)
        link = (int(i) - first, int(j) - first)
        possible.add(link)
        if mark == "-":
            sure.add(link)
    return GoldLinks(frozenset(sure), frozenset(possible))


def _check_gold(pair: Pair, gold: GoldLinks) -> None:
    Alignment.from_links(gold.possible).check(len(pair.source), len(pair.target))


def _awesome(name: str, source_lang: str, target_lang: str) -> tuple[list[Pair], list[GoldLinks]]:
    folder = "alignment_gold/awesome_examples"
    pairs = []
    for number, line in enumerate(_lines(f"{folder}/{name}.src-tgt")):
        source, target = line.split(" ||| ")
        pairs.append(_plain_pair(source.split(), target.split(), source_lang, target_lang, str(number)))
    gold = [_gold(line, first=1) for line in _lines(f"{folder}/{name}.gold")]
    for pair, links in zip(pairs, gold, strict=True):
        _check_gold(pair, links)
    return pairs, gold


def _ntrex_path(lang: str) -> str:
    return f"parallel_text/ntrex/newstest2019-ref.{_ISO3.get(lang, lang)}.txt"


def _tokenized(rows: Iterable[tuple[str, str]], source_lang: str, target_lang: str) -> Bitext:
    bitext = ((tokenize(source, source_lang), tokenize(target, target_lang)) for source, target in rows)
    return [(source, target) for source, target in bitext if source and target]


def _unescape(text: str) -> str:
    for escape, character in _MOSES_ESCAPES:
        text = text.replace(escape, character)
    return text
