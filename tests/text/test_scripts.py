from __future__ import annotations

import pytest

from crosspan.text.scripts import is_unspaced, script_of


@pytest.mark.parametrize(
    ("word", "script"),
    [
        ("Accra", "Latin"),
        ("mọ́", "Latin"),
        ("Москва", "Cyrillic"),
        ("القاهرة", "Arabic"),
        ("東京タワ", "Han"),
        ("タワー", "Katakana"),
        ("አበባ", "Ethiopic"),
        ("1990-е", "Cyrillic"),
        ("12.5%", "Common"),
        ("", "Common"),
        ("😀", "Common"),
    ],
)
def test_script_of(word, script):
    assert script_of(word) == script


def test_unspaced():
    assert is_unspaced("ひらがな")
    assert not is_unspaced("서울")
    assert not is_unspaced("123")
