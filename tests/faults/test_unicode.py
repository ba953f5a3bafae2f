"""All of Unicode goes through whatever looks at words: no character, and no program that fails, stops a corpus.

Every code point is looked at at least once: those that are assigned in words with their neighbours, those of scripts
with fewer letters than Chinese also alone, next to each other and with marks.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import unicodedata
from importlib.util import find_spec

import pytest

import crosspan
from crosspan.align.statistical import StatisticalAligner, StatisticalOptions
from crosspan.core.types import Sentence, Span
from crosspan.io import read, write
from crosspan.io.choice import FORMATS, format_named
from crosspan.tag.crf import FeatureMaker, FeatureOptions
from crosspan.text import romanize
from crosspan.text.copies import copied_words
from crosspan.text.detokenize import written
from crosspan.text.romanize import romanize_line, romanize_types, romanize_words, strip_diacritics
from crosspan.text.scripts import script_of
from crosspan.text.sentences import split_sentences
from crosspan.text.tokenize import tokenize

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
CATEGORY = [unicodedata.category(one) for one in EVERY]
HALVES = [one for one, kind in zip(EVERY, CATEGORY, strict=True) if kind == "Cs"]
"""Halves of surrogate pairs, which strings in memory can hold and no file can."""

WHOLE = [one for one, kind in zip(EVERY, CATEGORY, strict=True) if kind != "Cs"]
ASSIGNED = [one for one, kind in zip(EVERY, CATEGORY, strict=True) if kind not in ("Cn", "Co", "Cs")]
MANY = (
    *((0x3400, 0xA000), (0xAC00, 0xD7B0), (0x12000, 0x14680)),
    *((0x16800, 0x16A40), (0x17000, 0x18D10), (0x20000, 0x40000)),
)
"""Chinese, Korean, and old scripts of thousands of signs."""

SMALL = [one for one in ASSIGNED if not any(low <= ord(one) < high for low, high in MANY)]
MARKS = ["\u0301", "\u0e31", "\u0e48", "\u093e", "\u094d", "\u064e", "\u200d", "\u200c", "\ufe0f", "\u20dd"]


def words_of(characters: list[str], size: int) -> list[str]:
    """The characters in words of some length, in their order."""
    return ["".join(characters[at : at + size]) for at in range(0, len(characters), size)]


def chosen(characters: list[str], count: int) -> list[str]:
    """Some of many, at even distances."""
    return characters[:: max(1, len(characters) // count)]


NEIGHBOURS = words_of(ASSIGNED, 12)
ALONE = chosen(SMALL, 4_000)
ODD = [*chosen(EVERY, 400), *chosen(HALVES, 20), "\ufdd0", "\uffff", "\U0010ffff", "\ue000"]


def pairs_of(script: str) -> list[str]:
    """Words of the letters, digits and marks of a script, three by three in another order."""
    letters = [one for one in SMALL if script_of(one) == script or unicodedata.name(one, "").startswith(script.upper())]
    chance = random.Random(script)
    return ["".join(chance.choice(letters) for _ in range(chance.randint(2, 5))) for _ in range(60)]


SCRIPTS = sorted({script_of(one) for one in chosen(SMALL, 3_000)} - {"Common"})
MIXED = [word for script in SCRIPTS for word in pairs_of(script)]
MARKED = [f"{base}{mark}{mark}{base}" for base in chosen(SMALL, 120) for mark in MARKS]
THAI = [f"{one}\u0e2d{other}" for one in map(chr, range(0xE01, 0xE2F)) for other in map(chr, range(0xE50, 0xE5A))]
"""Of these uroman fails: อ between a consonant and a digit."""

EVERYTHING = os.environ.get("CROSSPAN_FAULTS") == "all"
TRIED = NEIGHBOURS if EVERYTHING else [*words_of(SMALL, 12), *NEIGHBOURS[::12]]
"""Of scripts with thousands of signs that are alike, some are enough by default."""

WORDS = {"neighbours": TRIED, "alone": ALONE, "mixed": MIXED, "marked": MARKED, "thai": THAI, "odd": ODD}


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    for name in ("_memo", "_text_memo"):
        monkeypatch.setattr(romanize, name, {})
    monkeypatch.setattr(romanize, "_failed", set())


def test_every_code_point_is_among_the_words():
    assert {*"".join(NEIGHBOURS)} == {*ASSIGNED}
    assert len(EVERY) == 0x110000
    assert len(SCRIPTS) > 40
    assert all(map(unicodedata.name, ALONE[40:]))


@pytest.mark.parametrize("kind", WORDS)
def test_romanised_words(kind):
    words = WORDS[kind]
    found = romanize_types(words)
    assert len(found) == len(words)
    assert all(isinstance(one, str) and one == one.lower() for one in found)


@pytest.mark.parametrize("kind", ["alone", "mixed", "marked", "thai", "odd"])
def test_romanised_text(kind):
    words = WORDS[kind]
    found = romanize_words(words)
    for word, one in zip(words, found, strict=True):
        assert one
        assert any(map(str.isspace, word)) or not any(map(str.isspace, one))
    line = " ".join(words)
    assert romanize_line(line).count(" ") >= line.count(" ")


def test_words_that_uroman_fails_on_are_romanised_in_parts(caplog):
    with caplog.at_level(logging.DEBUG, "crosspan.text.romanize"):
        found = romanize_types(THAI)
    assert all(one[-1].isdecimal() for one in found)
    assert romanize_types(["\u0e01\u0e2d\u0e51"]) == ["k1"]
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) <= 1, "it is told once"
    if told:  # a later version of uroman may fail on none
        assert "in parts" in told[0].getMessage()
        assert len(romanize._failed) == len(caplog.records)


class Failing:
    """A program that takes no Thai."""

    def romanize_string(self, text, lcode=None):
        if any("\u0e00" <= one <= "\u0e7f" for one in text):
            raise TypeError("a bytes-like object is required")
        return text.upper()


def test_what_cannot_be_romanised_stays(monkeypatch, caplog):
    monkeypatch.setattr(romanize, "_uroman", Failing)
    assert romanize_words(["ДОМก", "กข", "дом"]) == ["ДОМก", "กข", "ДОМ"]
    assert romanize_types(["กขдом"]) == ["กขдом"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "TypeError" in caplog.text


def test_a_lack_of_memory_is_no_fault_of_a_word(monkeypatch):
    class Full:
        def romanize_string(self, text, lcode=None):
            raise MemoryError

    monkeypatch.setattr(romanize, "_uroman", Full)
    with pytest.raises(MemoryError):
        romanize_types(["дом"])


def test_every_code_point_in_text():
    lines = words_of(EVERY, 4096)
    for line in lines:
        places = tokenize(line)
        ends = zip([(0, 0), *places], [*places, (len(line), 0)], strict=True)
        gaps = [line[end:start] for (_, end), (start, _) in ends]
        assert all(start < end for start, end in places)
        assert all(CATEGORY[ord(one)][0] in "ZC" for one in "".join(gaps)), "what can be seen belongs to a token"
        assert [end for _, end in split_sentences(line)][-1:] <= [len(line)]
        strip_diacritics(line)
    for one in chosen(EVERY, 40_000):
        assert script_of(one)


def test_sentences_of_any_characters_are_put_together():
    for words in words_of_words(WORDS["odd"], 20):
        sentence = Sentence(tuple(words))
        whole = written(sentence)
        assert [whole.text[start:end] for start, end in whole.offsets] == list(words)
        assert len(copied_words(words, words)) == len(words)


def words_of_words(words: list[str], size: int) -> list[list[str]]:
    return [words[at : at + size] for at in range(0, len(words), size)]


SOME = [*chosen(NEIGHBOURS, 150), *chosen(ALONE, 150), *chosen(MIXED, 150)]
SOME += [*chosen(MARKED, 50), *chosen(THAI, 50), *ODD[::20]]


def test_the_tagger_of_crosspan():
    found = crosspan.load_tagger("en", threads=1).tag([Sentence((word, "met", "Ada", word)) for word in SOME])
    assert len(found) == len(SOME)


def test_features_of_words():
    batch = FeatureMaker(FeatureOptions(ngrams=3, wide=True)).batch([WORDS["odd"], NEIGHBOURS[::10]])
    assert len(batch.first) == 3


def test_aligning_and_projecting():
    words = [word for word in SOME if word.strip()]
    sources = [Sentence((word, "met", "Ada"), (Span(0, 1, "PER"),)) for word in words]
    targets = [Sentence(("Ada", "alikutana", word)) for word in words]
    aligner = StatisticalAligner(StatisticalOptions(diagonal_iterations=1, hmm_iterations=1), threads=1)
    aligner.fit_tokens([(one.tokens, other.tokens) for one, other in zip(sources, targets, strict=True)])
    found = crosspan.project_labels(sources, targets, aligner=aligner, threads=1)
    assert [one.error for one in found] == [None] * len(words)
    assert sum(len(one.links) for one in found) > len(words) / 2


@pytest.mark.parametrize("name", [name for name in FORMATS.builtin if format_named(name).labels and name != "arrow"])
def test_files_keep_every_character(tmp_path, name):
    if any(find_spec(package) is None for package in FORMATS.component(name).packages):
        pytest.skip("the package is not installed")
    kept = [one for one in WHOLE if one not in "\t\n\r" and (name != "entities" or not one.isspace())]
    if name in ("docbin", "entities") and not EVERYTHING:  # which look at each word for long
        kept = chosen(kept, 20_000)
    sentences = [Sentence((word, "x"), (Span(0, 1, "PER"),)) for word in words_of(kept, 512)]
    path = tmp_path / f"a{format_named(name).endings[0] if format_named(name).endings else '.jsonl'}"
    write(path, sentences, format=name)
    found = read(path, format=name)
    if name == "entities":  # running text, whose words are found anew
        assert [one.text for one in found] == [" ".join(one.tokens) for one in sentences]
    else:
        assert [one.tokens for one in found] == [one.tokens for one in sentences]


@pytest.mark.parametrize("save", ["save_xlmr", "save_mbert"])
def test_tokenizers_cut_any_word(tmp_path, save):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from crosspan.models.loading import load_tokenizer
    from crosspan.models.pieces import pieces_of
    from crosspan.testing import tiny_models

    tokenizer = load_tokenizer(getattr(tiny_models, save)(tmp_path / "model"))
    words = [*HALVES[::64], *WORDS["odd"], *NEIGHBOURS[::40], *MARKED[::10]]
    (pieces,) = pieces_of(tokenizer, [words])
    assert len(pieces.first()) == len(words), "every word has a piece"
