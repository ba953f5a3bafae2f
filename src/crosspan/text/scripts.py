"""The writing system of a word."""

from __future__ import annotations

from functools import cache, lru_cache

import regex

UNSPACED = frozenset({"Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"})
"""Scripts that are written without spaces between words."""

_SCRIPTS = (  # the common ones of modern text; each costs time when a new character is met
    "Latin Cyrillic Greek Arabic Hebrew Han Hiragana Katakana Hangul Devanagari Bengali Gurmukhi Gujarati Oriya Tamil "
    "Telugu Kannada Malayalam Sinhala Thai Lao Khmer Myanmar Tibetan Ethiopic Armenian Georgian Mongolian Syriac "
    "Thaana Nko Tifinagh Cherokee Canadian_Aboriginal Vai Adlam Osmanya Bamum Bopomofo Yi Javanese Balinese Sundanese "
    "Coptic Gothic Runic Ol_Chiki Meetei_Mayek Mende_Kikakui Bassa_Vah Medefaidrin"
)


@cache
def _pattern() -> regex.Pattern[str]:
    return regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}})" for name in _SCRIPTS.split()), flags=regex.V1)


@lru_cache(maxsize=16384)
def _script_of_character(character: str) -> str:
    match = _pattern().match(character)
    return match.lastgroup or "Common" if match else "Common"


@lru_cache(maxsize=65536)
def script_of(word: str) -> str:
    """The script that most characters of a word belong to.

    Args:
        word: Any text; digits, punctuation and combining marks do not count.

    Returns:
        The Unicode name of the script, such as ``"Latin"``; ``"Common"`` where no character has one. On a tie, the
        script that comes first.

    Example:
        >>> script_of("Москва"), script_of("東京"), script_of("mọ́"), script_of("1,000")
        ('Cyrillic', 'Han', 'Latin', 'Common')
    """
    if word.isascii():
        return "Latin" if any(map(str.isalpha, word)) else "Common"
    counts: dict[str, int] = {}
    for character in word:
        script = _script_of_character(character)
        if script != "Common":
            counts[script] = counts.get(script, 0) + 1
    return max(counts, key=counts.__getitem__) if counts else "Common"


def is_unspaced(word: str) -> bool:
    """Whether a word is in a script written without spaces between words.

    Example:
        >>> is_unspaced("กรุงเทพ"), is_unspaced("서울")
        (True, False)
    """
    return script_of(word) in UNSPACED
