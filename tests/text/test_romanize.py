from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.text import romanize
from crosspan.text.romanize import romanize_types


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Accra", "accra"),
        ("Straße", "strasse"),
        ("Ọlọ́run", "olorun"),
        ("Đặng", "dang"),
        ("Łódź", "lodz"),
        ("İstanbul", "istanbul"),
        ("Ŋɔ́n", "ngon"),
        ("ng’ombe", "ng’ombe"),
        ("1,000", "1,000"),
        ("…", "..."),
        ("", ""),
    ],
)
def test_latin_words_do_not_need_uroman(word, expected, monkeypatch):
    monkeypatch.setattr(romanize, "_uroman", lambda: pytest.fail("uroman was called"))
    romanize._memo.clear()
    assert romanize_types([word]) == [expected]


def test_other_scripts():
    assert romanize_types(["Москва", "Ελλάδα", "東京", "서울", "Paris"]) == [
        "moskva",
        "ellada",
        "dongjing",
        "seoul",
        "paris",
    ]


def test_results_are_remembered(monkeypatch):
    first = romanize_types(["Аккра"], lang="rus")
    monkeypatch.setattr(romanize, "_uroman", lambda: pytest.fail("uroman was called"))
    assert romanize_types(["Аккра"], lang="rus") == first == ["akkra"]


@given(st.text(alphabet="aéọ́ŋßñüĐɛ'’-", max_size=12))
def test_normal_forms_romanize_alike(word):
    forms = [unicodedata.normalize(form, word) for form in ("NFC", "NFD")]
    assert len(set(romanize_types(forms))) == 1


def test_uroman_is_imported_late():
    import subprocess

    code = "import sys, crosspan.text; crosspan.text.romanize_types(['é']); sys.exit('uroman' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- as text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Москва", "Moskva"),
        ("МГУ", "MGU"),
        ("Αθήνα", "Athena"),
        ("አዲስ", "adise"),
        ("።", "."),
        ("١٢", "12"),
        ("Санкт-Петербург", "Sankt-Peterburg"),
        ("Ọlọ́run", "Ọlọ́run"),
        ("Straße", "Straße"),
        ("«", "«"),
        ("ь", "ь"),
        ("ـ", "ـ"),
        ("😀", "😀"),
        ("", ""),
    ],
)
def test_words_as_text(word, expected):
    assert romanize.romanize_words([word]) == [expected]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=8)))
def test_every_word_stays_one_word(words):
    found = romanize.romanize_words(words)
    assert len(found) == len(words)
    for before, after in zip(words, found, strict=True):
        assert bool(after) == bool(before)
        assert len(after.split()) <= max(1, len(before.split()))


@given(st.text(alphabet=st.characters(whitelist_categories=["L"], max_codepoint=0x24F), max_size=10))
def test_latin_text_is_not_touched(text):
    if all(ord(letter) < 128 or "LATIN" in unicodedata.name(letter, "LATIN") for letter in text):
        assert romanize.romanize_words([text]) == [text]
        assert romanize.romanize_line(text) == text


def test_a_line_is_its_words_with_what_stands_between():
    line = "  Я живу\tв  Москве.\u00a0Да! "
    assert romanize.romanize_line(line) == "  Ya zhivu\tv  Moskve.\u00a0Da! "
    assert romanize.romanize_line(line).split() == romanize.romanize_words(line.split())


def test_normal_forms_are_written_alike():
    forms = [unicodedata.normalize(form, "Ёлка й Ά한국") for form in ("NFC", "NFD")]
    assert len({romanize.romanize_line(form) for form in forms}) == 1
