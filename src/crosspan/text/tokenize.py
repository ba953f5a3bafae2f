"""A tokeniser that keeps character offsets and never changes the text.

One rule set for all languages, so that both sides of a pair are cut alike; only where a language writes two words as
one with an apostrophe between them, they are two:

- A word keeps its combining marks, tone marks, inner apostrophes (``ng'ombe``, ``n'a``, ``l'Europe``), inner hyphens
  and zero-width joiners. Numbers keep their separators (``1,000.5``, ``10:30``); abbreviations with inner periods
  (``U.S.``), addresses of pages and mail, ``@names`` and ``#tags`` stay whole.
- In scripts written without spaces (Han, Hiragana, Thai, Lao, Khmer, Myanmar) each grapheme cluster is a token:
  entities begin and end anywhere, and a span over several tokens is always possible. Katakana runs stay whole, as
  they mostly are one transliterated word each.
- Every other visible character is a token of its own, except runs of periods or hyphens (``...``, ``--``).
- White space, zero-width space and direction marks separate tokens and belong to none.
- Where the text is known to be French, Italian, Catalan or Occitan, an elided word is a token of its own
  (``l'`` ``Union``, ``dell'`` ``Unione``, ``d'`` ``Àustria``), as in the corpora that taggers of these languages learn
  from; words that merely have an apostrophe inside stay whole (``aujourd'hui``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import regex

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence

Apostrophe = Literal["keep", "after", "before"]

_CLITICS: Mapping[str, str] = MappingProxyType(
    {
        "fr": "[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu",
        "ca": "[dlmnst]",
        "oc": "[cdjlmnst]|qu",
    }
)
"""What elides before a vowel, of languages in which other words have apostrophes as well."""

_ELIDING = MappingProxyType(
    {
        **dict.fromkeys(("fr", "fra", "fre", "french"), "fr"),
        **dict.fromkeys(("it", "ita", "italian"), "it"),
        **dict.fromkeys(("ca", "cat", "catalan", "valencian"), "ca"),
        **dict.fromkeys(("oc", "oci", "occitan"), "oc"),
    }
)
"""Languages in which words elide, by how they are named. In Italian whatever stands before an apostrophe has elided."""

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_KATAKANA = r"\p{Katakana}\u30FC\uFF70\uFF9E\uFF9F"
# Zero-width (non-)joiner, soft hyphen and word joiner are part of the spelling of a word; U+02B0-02FF hold modifier
# letters and tone marks, some of which Unicode counts as symbols.
_JOINERS = r"\u200C\u200D\u00AD\u2060"
_LETTER = rf"[[\p{{L}}\p{{M}}\u02B0-\u02FF{_JOINERS}]--[{_UNSPACED}{_KATAKANA}]]"
_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}_\u02B0-\u02FF{_JOINERS}]--[{_UNSPACED}{_KATAKANA}]]"
_SEPARATOR = r"\s\u200B\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069\uFEFF"

_URL = r"(?:https?://|www\.)[^\s<>\"“”«»]*[^\s<>\"“”«».,;:!?'’)\]}]"
_MAIL = r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"

# Marks that may stand between two letters of Hebrew or Catalan words: geresh, gershayim, middle dot, and the ASCII
# quote of Hebrew acronyms.
_INFIX = r"""(?<=\p{L}\p{M}*)[\u05F3\u05F4\u00B7](?=\p{L})|(?<=\p{Hebrew})"(?=\p{Hebrew})"""
_NUMBER_INFIX = r"(?<=\p{Nd})[.,:٫٬’'](?=\p{Nd})"
_HYPHEN = r"(?<=\p{N})[-\u2010\u2011](?=\p{L})|(?<=[\p{L}\p{M}])[-\u2010\u2011](?=[\p{L}\p{N}])"
_APOSTROPHE = rf"(?<={_WORD})['’](?={_LETTER})"


@lru_cache(maxsize=8)
def _unicode_pattern(apostrophe: Apostrophe, clitics: str) -> regex.Pattern[str]:
    infixes = [_NUMBER_INFIX, _HYPHEN, _INFIX]
    before = rf"(?i:{clitics})['’](?={_WORD})|" if clitics else ""
    after = ""
    if apostrophe == "keep":
        infixes.append(_APOSTROPHE)
    elif apostrophe == "after":
        after = rf"(?:['’](?={_LETTER}))?"
    else:
        before = rf"{_APOSTROPHE}{_WORD}++|"
    word = rf"{_WORD}++(?:(?:{'|'.join(infixes)}){_WORD}++)*+{after}"
    return regex.compile(
        rf"""{_URL}|{_MAIL}|[@\#](?=\p{{L}}){_WORD}++|(?:\p{{L}}\p{{M}}*+\.){{2,}}+(?!{_LETTER})|{before}{word}"""
        rf"""|[{_KATAKANA}]\p{{M}}*+(?:[{_KATAKANA}]\p{{M}}*+)*+|(?=[{_UNSPACED}])\X[\p{{M}}\u30FC]*+"""
        rf"""|\.{{2,}}+|-{{2,}}+|(?![{_SEPARATOR}])\X""",
        flags=regex.V1,
    )


@lru_cache(maxsize=8)
def _ascii_pattern(apostrophe: Apostrophe, clitics: str) -> re.Pattern[str]:
    """The same rules for ASCII text, for the standard engine, which is several times faster."""
    infixes = ["(?<=[0-9])[.,:'](?=[0-9])", "(?<=[0-9])-(?=[A-Za-z])|(?<=[A-Za-z])-(?=[A-Za-z0-9])"]
    before = rf"(?i:{clitics})'(?=\w)|" if clitics else ""
    after = ""
    if apostrophe == "keep":
        infixes.append("'(?=[A-Za-z])")
    elif apostrophe == "after":
        after = "(?:'(?=[A-Za-z]))?"
    else:
        before = r"(?<=\w)'(?=[A-Za-z])\w++|"
    word = rf"\w++(?:(?:{'|'.join(infixes)})\w++)*+{after}"
    ascii_url = r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?')\]}]"
    return re.compile(
        rf"{ascii_url}|{_MAIL}|[@#](?=[A-Za-z])\w++|(?:[A-Za-z]\.){{2,}}+(?![A-Za-z])|{before}{word}|\.{{2,}}+|-{{2,}}+|\S",
        flags=re.ASCII,
    )


def tokenize(text: str, *, lang: str | None = None, apostrophe: Apostrophe | None = None) -> list[tuple[int, int]]:
    """Find the tokens of a text.

    Args:
        text: Any text. It is not normalised.
        lang: Its language, where that is known: a code such as ``"fr"`` or ``"fra_Latn"``, or an English name.
        apostrophe: Whether a word with an inner apostrophe stays one token (``"keep"``), is cut after the apostrophe
            (``"after"``: ``l'`` ``Europe``), or before it, as suits English (``"before"``: ``John`` ``'s``). By default
            the language says: words are kept, and those that elide are cut off.

    Returns:
        ``(start, end)`` of each token in code points, in order, without overlap. No token is empty or holds white
        space, and every character that is no separator belongs to one.

    Raises:
        OptionError: ``apostrophe`` is none of the three.

    Example:
        >>> text = "Ọlọ́run n'a 1,000.5 in 東京タワー."
        >>> [text[start:end] for start, end in tokenize(text)]
        ['Ọlọ́run', "n'a", '1,000.5', 'in', '東', '京', 'タワー', '.']
        >>> text = "Aujourd'hui, l'Union européenne d’Ursula"
        >>> [text[start:end] for start, end in tokenize(text, lang="fr")]
        ["Aujourd'hui", ',', "l'", 'Union', 'européenne', 'd’', 'Ursula']
    """
    if apostrophe not in (None, "keep", "after", "before"):
        raise OptionError(f"unknown apostrophe rule {apostrophe!r}", hint="Choose keep, after or before.")
    eliding = _eliding(lang) if apostrophe is None else ""
    rule: Apostrophe = apostrophe or ("after" if eliding == "it" else "keep")
    pattern = _ascii_pattern if text.isascii() else _unicode_pattern
    return [match.span() for match in pattern(rule, _CLITICS.get(eliding, "")).finditer(text)]


@lru_cache(maxsize=256)
def _eliding(lang: str | None) -> str:
    """The code of a language in which words elide; empty for all others.

    Example:
        >>> _eliding("fr-CA"), _eliding("ita_Latn"), _eliding("Catalan"), _eliding("fry"), _eliding(None)
        ('fr', 'it', 'ca', '', '')
    """
    return _ELIDING.get(re.split("[-_ ]", lang.strip().lower())[0], "") if lang else ""


def tokenize_sentence(
    text: str,
    *,
    id: str | None = None,  # noqa: A002  # as the field it fills
    lang: str | None = None,
    apostrophe: Apostrophe | None = None,
) -> Sentence:
    """Tokenise a text into a sentence that keeps the text and the offsets of its tokens.

    Args:
        text: The sentence as written.
        id: Name of the sentence.
        lang: Its language, kept with the sentence; see :func:`tokenize`.
        apostrophe: See :func:`tokenize`.

    Returns:
        The sentence; without tokens where the text is empty or blank.

    Example:
        >>> sentence = tokenize_sentence("Habari, dunia!")
        >>> sentence.tokens, sentence.offsets
        (('Habari', ',', 'dunia', '!'), ((0, 6), (6, 7), (8, 13), (13, 14)))
    """
    offsets = tuple(tokenize(text, lang=lang, apostrophe=apostrophe))
    tokens = tuple([text[start:end] for start, end in offsets])
    return Sentence(tokens, id=id, lang=lang, text=text, offsets=offsets)
