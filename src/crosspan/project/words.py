"""What projection knows of the words of a batch: their spelling, case, frequency, and whether they are punctuation."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosspan.align.spelling import Spellings
from crosspan.core.arithmetic import logs
from crosspan.core.locks import Lock
from crosspan.core.types import Sentence
from crosspan.project.batch import punctuation_mask
from crosspan.text.romanize import romanize_types

FREQUENT = 1.1
"""Log of the count in a thousand words from which a word is frequent."""


class _Numbering(dict[str, int]):
    """Numbers strings in order of first meeting; asking for a known one never leaves compiled code."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


class WordCounts:
    """How often words were seen in a corpus, and how often in small letters; it grows shard by shard, in any thread.

    Example:
        >>> counts = WordCounts()
        >>> counts.add([Sentence(("The", "sea", "and", "the", "land"))])
        >>> seen, small = counts.of(["the", "lagos"])
        >>> seen.tolist(), small.tolist(), counts.total
        ([2, 0], [1, 0], 5)
    """

    def __init__(self) -> None:
        self.total = 0
        self._number = _Numbering()
        self._counts = np.zeros((0, 2), np.int64)
        self._lock = Lock()

    def add(self, sentences: Iterable[Sentence]) -> None:
        """Count the words of another shard."""
        tokens = _Tokens.of(sentences)
        self._append(tokens.words, np.stack(tokens.counts(), axis=1), len(tokens.form))

    def merge(self, other: WordCounts) -> None:
        """Count what another has counted.

        Example:
            >>> counts, other = WordCounts(), WordCounts()
            >>> counts.add([Sentence(("the", "sea"))])
            >>> other.add([Sentence(("the", "land"))])
            >>> counts.merge(other)
            >>> counts.of(["the"])[0].tolist(), counts.total
            ([2], 4)
        """
        self._append(*other.rows(), other.total)

    def _append(self, words: Sequence[str], counts: npt.NDArray[np.int64], total: int) -> None:
        """Count distinct words, each so often, and so often in small letters."""
        with self._lock:
            rows = np.fromiter(map(self._number.__getitem__, words), np.int64, len(words))
            missing = len(self._number) - len(self._counts)
            if missing > 0:
                room = max(missing, len(self._counts))  # doubling: a stream adds words forever, but ever fewer
                self._counts = np.concatenate([self._counts, np.zeros((room, 2), np.int64)])
            self._counts[rows] += counts
            self.total += total

    def of(self, words: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """How often each was seen, and how often in small letters; 0 for unknown ones."""
        with self._lock:
            rows = np.fromiter((self._number.get(word, -1) for word in words), np.int64, len(words))
            known = self._counts[rows] if len(self._counts) else np.zeros((len(rows), 2), np.int64)
        counts = np.where(rows[:, None] >= 0, known, 0)
        return counts[:, 0].astype(np.int64), counts[:, 1].astype(np.int64)

    def rows(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """The words in order, and how often each was seen, and seen in small letters: int64, shape (words, 2)."""
        with self._lock:
            return list(self._number), self._counts[: len(self._number)].copy()

    @classmethod
    def of_rows(cls, words: Sequence[str], rows: npt.NDArray[np.int64], total: int) -> WordCounts:
        """Counts from what :meth:`rows` gave."""
        found = cls()
        found.total = total
        found._number.update({word: number for number, word in enumerate(words)})
        found._counts = rows.astype(np.int64).reshape(-1, 2)
        return found


def is_abbreviation(word: str) -> bool:
    """Whether a word is nothing but two to six capital letters, with or without dots.

    Example:
        >>> [is_abbreviation(word) for word in ("U.N.", "EU", "A", "Ada", "東京")]
        [True, True, False, False, False]
    """
    letters = word.replace(".", "")
    return 2 <= len(letters) <= 6 and letters.isalpha() and letters.isupper()


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
        abbreviation: Whether it is nothing but two to six capital letters, with or without dots; bool, shape (tokens,).
        punctuation: Whether it has neither letter nor digit, bool, shape (tokens,).
        log_frequency: Log of how often the word stands in a thousand words here, at least 0; float32, shape (tokens,).
        spellings: Romanised spelling of each word, one row a type.
    """

    ptr: npt.NDArray[np.int64]
    type: npt.NDArray[np.int32]
    word_hash: npt.NDArray[np.uint64]
    lower: npt.NDArray[np.bool_]
    function: npt.NDArray[np.bool_]
    abbreviation: npt.NDArray[np.bool_]
    punctuation: npt.NDArray[np.bool_]
    log_frequency: npt.NDArray[np.float32]
    spellings: Spellings

    @classmethod
    def of(cls, sentences: Iterable[Sentence], counts: WordCounts | None = None) -> Words:
        """Look at the words of sentences.

        Args:
            sentences: The sentences of a batch.
            counts: Counts of the corpus that the batch is part of; by default the batch counts its own words.

        Example:
            >>> words = Words.of([Sentence(("Accra", "is", "big", "."))])
            >>> words.lower.tolist(), words.punctuation.tolist()
            ([False, True, True, False], [False, False, False, True])
        """
        tokens = _Tokens.of(sentences)
        if counts is None:
            seen, in_small, total = *tokens.counts(), len(tokens.form)
        else:
            seen, in_small, total = *counts.of(tokens.words), counts.total
        per_thousand = logs(np.maximum(seen * (1000.0 / max(total, 1)), 1.0)).astype(np.float32)
        function = (in_small > 0.5 * seen) & (seen >= 3) & (per_thousand >= FREQUENT)
        return cls(
            tokens.ptr,
            tokens.type,
            _hashes(tokens.words)[tokens.type],
            tokens.small[tokens.form],
            function[tokens.type],
            np.fromiter(map(is_abbreviation, tokens.forms), np.bool_, len(tokens.forms))[tokens.form],
            punctuation_mask([Sentence(tuple(tokens.forms))])[tokens.form],
            per_thousand[tokens.type],
            Spellings.of(romanize_types(tokens.words)),
        )


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Tokens as numbers of their forms, and forms as numbers of their lower-cased words."""

    ptr: npt.NDArray[np.int64]
    form: npt.NDArray[np.int64]
    type: npt.NDArray[np.int32]
    forms: list[str]
    words: list[str]
    small: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> _Tokens:
        number = _Numbering()
        tokens: list[int] = []
        ends = [0]
        for sentence in sentences:
            tokens.extend(map(number.__getitem__, sentence.tokens))
            ends.append(len(tokens))
        forms = list(number)
        lowered = [form.lower() for form in forms]
        of_word = _Numbering()
        word_of_form = np.fromiter(map(of_word.__getitem__, lowered), np.int32, len(forms))
        both = zip(forms, lowered, strict=True)
        small = np.fromiter((form == low and form.upper() != form for form, low in both), np.bool_, len(forms))
        form = np.array(tokens, np.int64)
        return cls(np.array(ends, np.int64), form, word_of_form[form], forms, list(of_word), small)

    def counts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """How often each word stands here, and how often in small letters."""
        n = len(self.words)
        in_small = np.bincount(self.type, self.small[self.form], n).astype(np.int64)
        return np.bincount(self.type, minlength=n), in_small


def _hashes(words: list[str]) -> npt.NDArray[np.uint64]:
    """64-bit hashes of words: of two checksums, which do not change from run to run as ``hash`` does."""
    crc = np.fromiter((zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    adler = np.fromiter((zlib.adler32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    return (crc << np.uint64(32)) | adler
