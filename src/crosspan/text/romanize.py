"""Words of any script in lower-case Latin letters, for comparing spellings across scripts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import regex

# Letters that a canonical decomposition does not take apart, by what they look or sound most like.
_SPECIAL = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "þ": "th", "đ": "d", "ł": "l", "ı": "i", "ĸ": "k",
        "ŋ": "ng", "ɲ": "ny", "ɛ": "e", "ɔ": "o", "ə": "e", "ǝ": "e", "ɩ": "i", "ɨ": "i", "ʊ": "u", "ʋ": "v",
        "ʉ": "u", "ɓ": "b", "ɗ": "d", "ɖ": "d", "ƒ": "f", "ɣ": "g", "ɠ": "g", "ǥ": "g", "ħ": "h", "ƙ": "k",
        "ƥ": "p", "ŧ": "t", "ƭ": "t", "ƴ": "y", "ʒ": "zh", "ʃ": "sh", "ƶ": "z", "ɑ": "a", "ɪ": "i", "ʌ": "u",
        "ſ": "s", "ŀ": "l", "ŉ": "n", "ĳ": "ij", "ƈ": "c", "ƨ": "s", "ɦ": "h", "ɾ": "r", "ʔ": "", "ꞌ": "",
        "ʼ": "", "ʻ": "", "ʾ": "", "ʿ": "", "ˈ": "", "ꞑ": "n", "ɱ": "m", "ɯ": "u", "ɤ": "o", "ŭ": "u",
    }
)  # fmt: skip
_MARKS = regex.compile(r"[\p{M}\u200C\u200D\u00AD\u2060]+")
_NOT_LATIN = regex.compile(r"[[\p{L}\p{N}]--[\p{Latin}\u02B0-\u02FF0-9]]", flags=regex.V1)

_memo: dict[tuple[str, str | None], str] = {}
_MEMO_LIMIT = 2_000_000


@cache
def _uroman() -> Any:
    import uroman  # takes two seconds and some memory; most language pairs never need it

    return uroman.Uroman()


def romanize_types(words: Sequence[str], lang: str | None = None) -> list[str]:
    """Romanise word types, each on its own.

    Latin words only lose their diacritics (``ọ́`` to ``o``, ``ŋ`` to ``ng``, ``ß`` to ``ss``), which is fast; words of
    other scripts go through the ``uroman`` package (Hermjakob et al. 2018), at some thousand words a second. Results
    are remembered, so pass types, not running text.

    Args:
        words: The words.
        lang: ISO 639-3 code, which lets uroman follow the spelling of that language. ``None`` is fine.

    Returns:
        One lower-case string per word, in the same order; punctuation and digits stay. A word of nothing but marks
        becomes ``""``.

    Example:
        >>> romanize_types(["Mọ́", "Straße", "Accra", "Ɔkwan"])
        ['mo', 'strasse', 'accra', 'okwan']
        >>> romanize_types(["Москва", "東京"])
        ['moskva', 'dongjing']
    """
    return [word.lower() if word.isascii() else _romanize(word, lang) for word in words]


def _romanize(word: str, lang: str | None) -> str:
    key = (word, lang)
    known = _memo.get(key)
    if known is not None:
        return known
    latin = strip_diacritics(word)
    if not latin.isascii() and _NOT_LATIN.search(latin):
        romanized = str(_uroman().romanize_string(word, lcode=lang))
        latin = romanized.lower() if romanized.isascii() else strip_diacritics(romanized)
    if len(_memo) >= _MEMO_LIMIT:
        _memo.clear()
    _memo[key] = latin
    return latin


def strip_diacritics(word: str) -> str:
    """Lower-case a word and reduce its Latin letters to the basic alphabet; other scripts lose combining marks only.

    Example:
        >>> strip_diacritics("Đặng"), strip_diacritics("Ŋɔ́n")
        ('dang', 'ngon')
    """
    plain = unicodedata.normalize("NFKD", word).casefold()
    if not plain.isascii():
        plain = _MARKS.sub("", plain).translate(_SPECIAL)
    return plain
