"""What projection knows of the words of a batch: their spelling, case, frequency, and whether they are punctuation."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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


class WordCounts:
    """How often words were seen in a corpus, and how often in small letters; it grows shard by shard.

    Example:
        >>> counts = WordCounts()
        >>> counts.add(["the", "accra"], np.array([4, 1]), np.array([3, 0]))
        >>> seen, small = counts.of(["the", "lagos"])
        >>> seen.tolist(), small.tolist(), counts.total
        ([4, 0], [3, 0], 5)
    """

    def __init__(self) -> None:
        self.total = 0
        self._number = _Numbering()
        self._counts = np.zeros((0, 2), np.int64)

    def add(self, words: Sequence[str], seen: npt.NDArray[Any], small: npt.NDArray[Any]) -> None:
        """Count words of another shard; each stands once."""
        rows = np.fromiter(map(self._number.__getitem__, words), np.int64, len(words))
        missing = len(self._number) - len(self._counts)
        if missing > 0:
            room = max(missing, len(self._counts))  # doubling: a stream adds words forever, but ever fewer
            self._counts = np.concatenate([self._counts, np.zeros((room, 2), np.int64)])
        self._counts[rows, 0] += seen.astype(np.int64)
        self._counts[rows, 1] += small.astype(np.int64)
        self.total += int(seen.sum())

    def of(self, words: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """How often each was seen, and how often in small letters; 0 for unknown ones."""
        rows = np.fromiter((self._number.get(word, -1) for word in words), np.int64, len(words))
        counts = np.where(rows[:, None] >= 0, self._counts[rows], 0) if len(self._counts) else np.zeros((len(rows), 2))
        return counts[:, 0].astype(np.int64), counts[:, 1].astype(np.int64)


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
    def of(cls, sentences: Iterable[Sentence], counts: WordCounts | None = None, *, learn: bool = False) -> Words:
        """Look at the words of sentences.

        Args:
            sentences: The sentences of a batch.
            counts: Counts of the corpus that the batch is part of; by default the batch counts its own words.
            learn: Add the batch to those counts first.

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
        words = list(of_word)
        seen = np.bincount(types, minlength=len(words))
        in_small = np.bincount(types, lower, minlength=len(words)).astype(np.int64)
        total = len(rows)
        if counts is not None:
            if learn:
                counts.add(words, seen, in_small)
            seen, in_small = counts.of(words)
            total = counts.total
        per_thousand = np.log(np.maximum(seen * (1000.0 / max(total, 1)), 1.0)).astype(np.float32)
        function = (in_small > 0.5 * seen) & (seen >= 3) & (per_thousand >= FREQUENT)
        return cls(
            np.array(ends, np.int64),
            types,
            _hashes(words)[types],
            lower,
            function[types],
            plain[rows],
            per_thousand[types],
            Spellings.of(romanize_types(words)),
        )


def _hashes(words: list[str]) -> npt.NDArray[np.uint64]:
    """64-bit hashes of words: of their CRC and length, which do not change from run to run as ``hash`` does."""
    crc = np.fromiter((zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    adler = np.fromiter((zlib.adler32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    return (crc << np.uint64(32)) | adler
