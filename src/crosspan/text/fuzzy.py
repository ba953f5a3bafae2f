"""How alike two short texts are, character by character."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

_SPACES = regex.compile(r"\s+")
_REORDERED = 0.95


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """A text without what should not tell two texts apart: case, composition of accents, width of blanks.

    Example:
        >>> folded(" The  RED Cross ")
        'the red cross'
    """
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text.strip()).casefold())


def common_characters(first: str, second: str) -> int:
    """Length of the longest common subsequence.

    Bit-parallel, after Hyyrö (2004): a column of the table is one integer.

    Example:
        >>> common_characters("londres", "london")
        4
    """
    places: dict[str, int] = {}
    for index, char in enumerate(first):
        places[char] = places.get(char, 0) | 1 << index
    full = (1 << len(first)) - 1
    column = full
    for char in second:
        hit = column & places.get(char, 0)
        column = ((column + hit) | (column - hit)) & full
    return len(first) - column.bit_count()


def similarity(first: str, second: str, *, least: float = 0.0) -> float:
    """``2·common / (characters of both)``, in [0, 1]; case and composition do not count.

    Words in another order count a little less than in the same: ``Parlamento europeo`` and ``europeo Parlamento``.

    Args:
        first: A text.
        second: Another.
        least: What could only be below this is 0, and is not computed.

    Returns:
        1 for texts that are the same; 0 where one of them is empty.

    Example:
        >>> round(similarity("Países Bajos", "los Países Bajos"), 2), similarity("Bajos Países", "Países Bajos")
        (0.86, 0.95)
    """
    first, second = folded(first), folded(second)
    total = len(first) + len(second)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    if 2.0 * min(len(first), len(second)) < least * total:
        return 0.0
    found = 2.0 * common_characters(first, second) / total
    if " " in first and " " in second:
        in_order = [" ".join(sorted(text.split(" "))) for text in (first, second)]
        found = max(found, _REORDERED * (2.0 * common_characters(*in_order) / total))
    return found if found >= least else 0.0
