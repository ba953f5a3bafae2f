"""What is known of a word by itself: its form, shape and affixes as 64-bit hashes, made once for each word type."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import regex

from crosspan.core.compiled import njit
from crosspan.text.characters import composed

UInt64Array = npt.NDArray[np.uint64]

ATTRIBUTES = ("word", "lower", "shape", "short", "prefix", "suffix")
"""Single values of a word, in the order of the columns of :attr:`WordTypes.attributes`."""

LONGEST_AFFIX = 6

_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_REPEATED = regex.compile(r"(.)\1+")


class _Shapes(dict[int, str]):
    """Characters to their shape, found out when first met."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        if category in ("Lu", "Lt"):
            found = "X"
        elif category == "Ll":
            found = "x"
        elif category[0] == "L":
            found = "o"  # a script without case
        elif category[0] == "N":
            found = "0"
        elif category[0] == "M":
            found = ""
        else:
            found = chr(code)
        self[code] = found
        return found


class _Digits(dict[int, int]):
    def __missing__(self, code: int) -> int:
        self[code] = found = ord("0") if unicodedata.category(chr(code)) == "Nd" else code
        return found


_SHAPES = _Shapes()
_DIGITS = _Digits()


def shape_of(word: str) -> str:
    """A word with its letters as ``X`` and ``x`` (``o`` where the script has no case), digits as ``0``.

    Example:
        >>> shape_of("McDonald's"), shape_of("ዳዊት"), shape_of("2,5")
        ("XxXxxxxx'x", 'ooo', '0,0')
    """
    return word.translate(_SHAPES)


def short_shape_of(word: str) -> str:
    """The shape with runs cut to one.

    Example:
        >>> short_shape_of("McDonald's")
        "XxXx'x"
    """
    found: str = _REPEATED.sub(r"\1", shape_of(word))
    return found


class WordTypes:
    """Numbers word types and keeps what is known of each.

    What is known is that of the composed word (NFC): two spellings of the same letters are two types with equal values.

    Args:
        ngrams: Length of the pieces of words that are kept as well, 0 for none.
    """

    def __init__(self, *, ngrams: int = 0) -> None:
        self.ngrams = ngrams
        self.number: dict[str, int] = {}
        self.words: list[str] = []
        """The words of the types, composed."""
        self._attributes = np.zeros((0, len(ATTRIBUTES)), np.uint64)
        self._bag_first = np.zeros(1, np.int64)
        self._bag = np.zeros(0, np.uint64)

    def ids(self, tokens: Iterable[str]) -> npt.NDArray[np.int32]:
        """Number the types of tokens, new ones too, int32 ``[n]``."""
        number = self.number
        found = [number.setdefault(token, len(number)) for token in tokens]
        if len(number) > len(self.words):
            self.words.extend(composed(list(number)[len(self.words) :]))
        return np.array(found, np.int32)

    @property
    def attributes(self) -> UInt64Array:
        """One row a type: hashes of :data:`ATTRIBUTES`; 0 where there is none."""
        self._describe()
        return self._attributes

    @property
    def bag(self) -> tuple[npt.NDArray[np.int64], UInt64Array]:
        """Hashes of the affixes and pieces of each type: offsets ``[n + 1]`` and values."""
        self._describe()
        return self._bag_first, self._bag

    def _describe(self) -> None:
        done = len(self._attributes)
        new = self.words[done:]
        if not new:
            return
        plain = [word.translate(_DIGITS) for word in new]
        lower = [word.lower() for word in plain]
        columns = [plain, lower, [shape_of(word) for word in new], [short_shape_of(word) for word in new]]
        columns += [[word[:3] for word in lower], [word[-3:] for word in lower]]
        hashed = np.stack([hash_strings(column) for column in columns], axis=1)
        text, first = _code_points(lower)
        bag_first, bag = _bag_of(text, first, self.ngrams)
        self._attributes = np.concatenate([self._attributes, hashed])
        self._bag = np.concatenate([self._bag, bag])
        self._bag_first = np.concatenate([self._bag_first, self._bag_first[-1] + bag_first[1:]])


def hash_strings(strings: Sequence[str]) -> UInt64Array:
    """A 64-bit hash (FNV-1a over code points) of each string; 0 for an empty one. The same everywhere, always.

    Example:
        >>> hash_strings(["a", "", "a"]).tolist() == [hash_strings(["a"])[0], 0, hash_strings(["a"])[0]]
        True
    """
    text, first = _code_points(strings)
    hashed: UInt64Array = _hash_all(text, first)
    return hashed


def _code_points(strings: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    first = np.zeros(len(strings) + 1, np.int64)
    np.cumsum([len(string) for string in strings], out=first[1:])
    text = np.frombuffer("".join(strings).encode("utf-32-le", "surrogatepass"), np.uint32)
    return text, first


@njit()
def _hash_all(text, first):  # type: ignore[no-untyped-def]
    out = np.zeros(len(first) - 1, np.uint64)
    for i in range(len(first) - 1):
        h = _SEED
        for j in range(first[i], first[i + 1]):
            h = (h ^ np.uint64(text[j])) * _PRIME
        if first[i + 1] > first[i]:
            out[i] = h
    return out


@njit()
def _bag_of(text, first, ngrams):  # type: ignore[no-untyped-def]
    """Hashes of all prefixes and suffixes up to ``LONGEST_AFFIX``, and of all pieces of ``ngrams`` characters."""
    n = len(first) - 1
    bag_first = np.zeros(n + 1, np.int64)
    for i in range(n):
        length = first[i + 1] - first[i]
        pieces = max(0, length - ngrams + 1) if ngrams > 0 else 0
        bag_first[i + 1] = bag_first[i] + 2 * min(length, LONGEST_AFFIX) + pieces
    out = np.empty(bag_first[n], np.uint64)
    for i in range(n):
        begin, end = first[i], first[i + 1]
        at = bag_first[i]
        h = _SEED ^ np.uint64(1)
        for j in range(begin, min(end, begin + LONGEST_AFFIX)):
            h = (h ^ np.uint64(text[j])) * _PRIME
            out[at] = h
            at += 1
        h = _SEED ^ np.uint64(2)
        for j in range(end - 1, max(begin, end - LONGEST_AFFIX) - 1, -1):
            h = (h ^ np.uint64(text[j])) * _PRIME
            out[at] = h
            at += 1
        if ngrams > 0:
            for j in range(begin, end - ngrams + 1):
                h = _SEED ^ np.uint64(3)
                for c in range(j, j + ngrams):
                    h = (h ^ np.uint64(text[c])) * _PRIME
                out[at] = h
                at += 1
    return bag_first, out
