"""Words of any script in Latin letters: in lower case, for comparing spellings, or as text, for an encoder to read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import regex

from crosspan.core.logs import logger_of
from crosspan.core.shown import shown

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
_FOREIGN = regex.compile(r"[[^\p{Latin}\p{Common}\p{Inherited}][\p{Nd}--[0-9]]]", flags=regex.V1)
_SPACES = regex.compile(r"(\s+)")

_memo: dict[tuple[str, str | None], str] = {}
_text_memo: dict[str, str] = {}
_failed: set[str] = set()
_MEMO_LIMIT = 2_000_000

_LOG = logger_of(__name__)


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

    A word that uroman fails on is romanised in parts; the first of a process is told in the log.

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


def _by_uroman(word: str, lang: str | None = None) -> str:
    """What uroman makes of a word.

    It raises for some (a Thai ``อ`` between a consonant and a digit), and no word may stop a corpus. Such a word is
    romanised in halves, and these in halves again; a character that it cannot take alone stays.
    """
    parts, waiting = [], [word]
    while waiting:
        part = waiting.pop()
        try:
            parts.append(str(_uroman().romanize_string(part, lcode=lang)))
        except MemoryError:
            raise
        except Exception as error:  # whatever its rules run into
            if part == word:
                _tell_failure(word, error)
            if len(part) == 1:
                parts.append(part)
                continue
            half = len(part) // 2
            waiting += [part[half:], part[:half]]
    return "".join(parts)


def _tell_failure(word: str, error: Exception) -> None:
    """Log the first word that uroman fails on; of the others only that they did."""
    first = not _failed
    if len(_failed) < _MEMO_LIMIT:
        _failed.add(word)
    what = f"uroman cannot romanise {shown(word)} ({type(error).__name__}); it is romanised in parts"
    if first:
        _LOG.warning("%s, as any other word that it fails on", what)
    else:
        _LOG.debug("%s; that makes %d words", what, len(_failed))


def _romanize(word: str, lang: str | None) -> str:
    key = (word, lang)
    known = _memo.get(key)
    if known is not None:
        return known
    latin = strip_diacritics(word)
    if not latin.isascii() and _NOT_LATIN.search(latin):
        romanized = _by_uroman(word, lang)
        latin = romanized.lower() if romanized.isascii() else strip_diacritics(romanized)
    if len(_memo) >= _MEMO_LIMIT:
        _memo.clear()
    _memo[key] = latin
    return latin


def romanize_words(words: Sequence[str]) -> list[str]:
    """Write the words of a text in Latin letters, as an encoder is to read them: one word for each, case kept.

    A word in Latin letters stays as it is, diacritics and all, so text of a Latin script is not changed. All others go
    through the ``uroman`` package, each on its own and with the rules of no language in particular: a word is written
    alike wherever it stands. Where uroman leaves nothing of a word (a soft sign alone, say), it stays as it is; where
    uroman makes two of it, they are written as one.

    Args:
        words: The words; running text is fine, results are remembered.

    Returns:
        One word for each, in the same order; none is empty unless it was, and none has a space unless it had.

    Example:
        >>> romanize_words(["Zoë", "в", "Москве", "МГУ", "ь", "።"])
        ['Zoë', 'v', 'Moskve', 'MGU', 'ь', '.']
    """
    return [word if word.isascii() else _as_text(word) for word in words]


def romanize_line(line: str) -> str:
    """Write a line of text in Latin letters; see :func:`romanize_words`. What stands between words stays.

    Example:
        >>> romanize_line("Я живу  в Москве.")
        'Ya zhivu  v Moskve.'
    """
    if line.isascii():
        return line
    return "".join(part if part.isspace() else part and _as_text(part) for part in _SPACES.split(line))


def _as_text(word: str) -> str:
    if not _FOREIGN.search(word):
        return word
    known = _text_memo.get(word)
    if known is None:
        plain = unicodedata.normalize("NFC", word)
        known = "".join(_by_uroman(plain).split()) or word
        if len(_text_memo) >= _MEMO_LIMIT:
            _text_memo.clear()
        _text_memo[word] = known
    return known


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
