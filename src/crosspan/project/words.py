"""What projection knows of the words of a batch: their spelling, case, frequency, and whether they are punctuation."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosspan.align.spelling import Spellings
from crosspan.project.batch import punctuation_mask
from crosspan.text.romanize import romanize_types
from crosspan.types import Sentence

FREQUENT = 1.1
"""Log of the count in a thousand words from which a word is frequent."""


class _Numbering(dict[str, int]):
    """Numbers strings in order of first meeting; asking for a known one never leaves compiled code."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of one side of a batch, sentence after sentence.

    Args:
        ptr: Offsets of the sentences, int64, shape (sentences + 1,).
        type: Number of each token's lower-cased word, int32, shape (tokens,).
        word_hash: A hash of each token's lower-cased word that is the same in every batch, uint64, shape (tokens,).
        lower: Whether the token is written in small letters (false where a script has none), bool, shape (tokens,).
        function: Whether its word is frequent here and mostly written in small letters, as articles, prepositions and
            conjunctions are; bool, shape (tokens,).
        punctuation: Whether it has neither letter nor digit, bool, shape (tokens,).
        log_frequency: Log of how often the word stands in a thousand words here, at least 0; float32, shape (tokens,).
        spellings: Romanised spelling of each word, one row a type.
    """

    ptr: npt.NDArray[np.int64]
    type: npt.NDArray[np.int32]
    word_hash: npt.NDArray[np.uint64]
    lower: npt.NDArray[np.bool_]
    function: npt.NDArray[np.bool_]
    punctuation: npt.NDArray[np.bool_]
    log_frequency: npt.NDArray[np.float32]
    spellings: Spellings

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> Words:
        """Look at the words of sentences.

        Example:
            >>> words = Words.of([Sentence(("Accra", "is", "big", "."))])
            >>> words.lower.tolist(), words.punctuation.tolist()
            ([False, True, True, False], [False, False, False, True])
        """
        number = _Numbering()
        tokens: list[int] = []
        ends = [0]
        for sentence in sentences:
            tokens.extend(map(number.__getitem__, sentence.tokens))
            ends.append(len(tokens))
        forms = list(number)
        lowered = [form.lower() for form in forms]
        of_word: dict[str, int] = {}
        word_of_form = np.fromiter((of_word.setdefault(word, len(of_word)) for word in lowered), np.int32, len(forms))
        small = np.fromiter(
            (form == low and form.upper() != form for form, low in zip(forms, lowered, strict=True)),
            np.bool_,
            len(forms),
        )
        plain = punctuation_mask([Sentence(tuple(forms))])
        rows = np.array(tokens, np.int64)
        types = word_of_form[rows]
        lower = small[rows]
        seen = np.bincount(types, minlength=len(of_word))
        per_thousand = np.log(np.maximum(seen * (1000.0 / max(len(rows), 1)), 1.0)).astype(np.float32)
        mostly_small = np.bincount(types, lower, minlength=len(of_word)) > 0.5 * seen
        function = mostly_small & (seen >= 3) & (per_thousand >= FREQUENT)
        return cls(
            np.array(ends, np.int64),
            types,
            _hashes(list(of_word))[types],
            lower,
            function[types],
            plain[rows],
            per_thousand[types],
            Spellings.of(romanize_types(list(of_word))),
        )


def _hashes(words: list[str]) -> npt.NDArray[np.uint64]:
    """64-bit hashes of words: of their CRC and length, which do not change from run to run as ``hash`` does."""
    crc = np.fromiter((zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    adler = np.fromiter((zlib.adler32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    return (crc << np.uint64(32)) | adler
