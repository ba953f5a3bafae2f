from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
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
