"""How alike two words are spelled, for many pairs of words at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit

MAX_CHARS = 24
"""Characters of a word that are compared."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """Romanised words as arrays.

    Args:
        chars: Code points, uint16, shape (words, MAX_CHARS).
        length: Characters used, int32, shape (words,).
        bag: Which characters occur, as bits of an int64, shape (words,).
    """

    chars: npt.NDArray[np.uint16]
    length: npt.NDArray[np.int32]
    bag: npt.NDArray[np.int64]

    @property
    def arrays(self) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """What compiled code needs: characters, lengths, bags."""
        return self.chars, self.length, self.bag

    @classmethod
    def of(cls, words: Sequence[str]) -> Spellings:
        """Encode words that are romanised already (:func:`crosspan.text.romanize_types`)."""
        length = np.fromiter((min(len(word), MAX_CHARS) for word in words), np.int32, len(words))
        padded = "".join(word[:MAX_CHARS].ljust(MAX_CHARS, "\0") for word in words)
        points = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), np.uint32).reshape(len(words), MAX_CHARS)
        chars = (points & 0xFFFF).astype(np.uint16)
        return cls(chars, length, _bags(chars, length))


@njit()
def _bags(chars, length):  # type: ignore[no-untyped-def]
    bag = np.zeros(len(length), np.int64)
    for w in range(len(length)):
        for k in range(length[w]):
            bag[w] |= np.int64(1) << np.int64(chars[w, k] % 61)
    return bag


@njit(inline="always")
def _bits(x):  # type: ignore[no-untyped-def]
    count = 0
    while x:
        x &= x - 1
        count += 1
    return count


@njit()
def common_subsequence(a, n_a, b, n_b, row):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence of two code-point arrays; ``row`` is scratch."""
    for j in range(n_b + 1):
        row[j] = 0
    for i in range(n_a):
        diagonal = 0
        for j in range(n_b):
            above = row[j + 1]
            if a[i] == b[j]:
                row[j + 1] = diagonal + 1
            elif row[j] > above:
                row[j + 1] = row[j]
            diagonal = above
    return row[n_b]


@njit()
def _similarities(first, second, c1, l1, b1, c2, l2, b2, threshold):  # type: ignore[no-untyped-def]
    out = np.zeros(len(first), np.float32)
    row = np.zeros(MAX_CHARS + 1, np.int32)
    for k in range(len(first)):
        e = first[k]
        f = second[k]
        n_e = l1[e]
        n_f = l2[f]
        if n_e == 0 or n_f == 0:
            continue
        shorter = min(n_e, n_f)
        if 2.0 * shorter < threshold * (n_e + n_f):
            continue
        # letters in common bound the subsequence from above (but for letters that stand twice: hence the slack)
        if 2.0 * _bits(b1[e] & b2[f]) < (threshold - 0.15) * (_bits(b1[e]) + _bits(b2[f])):
            continue
        similarity = 2.0 * common_subsequence(c1[e], n_e, c2[f], n_f, row) / (n_e + n_f)
        if shorter < 3 and similarity < 1.0:
            continue
        if similarity >= threshold:
            out[k] = similarity
    return out


def similarities(
    first: npt.NDArray[Any], second: npt.NDArray[Any], a: Spellings, b: Spellings, *, threshold: float
) -> npt.NDArray[np.float32]:
    """Longest-common-subsequence ratio ``2·lcs/(m+n)`` of word pairs.

    Args:
        first: Rows of ``a``.
        second: Rows of ``b``, same length.
        a: Spellings of the one language.
        b: Spellings of the other.
        threshold: Ratios below this become 0 (and most are never computed). Words of one or two characters count
            only when equal.

    Returns:
        Ratios in [0, 1], float32, one per pair.

    Example:
        >>> words = Spellings.of(["london", "londres", "of"])
        >>> (100 * similarities(np.array([0, 0]), np.array([1, 2]), words, words, threshold=0.5)).round().tolist()
        [62.0, 0.0]
    """
    out: npt.NDArray[np.float32] = _similarities(
        first, second, a.chars, a.length, a.bag, b.chars, b.length, b.bag, threshold
    )
    return out
