"""Words of one language as numbers, with the shorter forms that rare words fall back to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

LEVELS = ("word", "prefix5", "prefix3", "suffix3")
"""Forms of a word: itself, lower-cased; its first five and three letters; its last three, without diacritics."""


def _without_marks(word: str) -> str:
    if word.isascii():
        return word
    plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return plain or word


class Vocabulary:
    """Numbers words, and their forms at each level, in order of first meeting.

    Args:
        base: A vocabulary to go on from: what it knows is known here, and what is added here is not added there. It
            must not change meanwhile.

    Example:
        >>> vocabulary = Vocabulary()
        >>> ptr, ids = vocabulary.encode([["Europe", "and", "europe"]])
        >>> ids.tolist(), vocabulary.words
        ([0, 1, 0], ['europe', 'and'])
        >>> Vocabulary(vocabulary).encode([["Europe", "or"]])[1].tolist(), vocabulary.words
        ([0, 2], ['europe', 'and'])
    """

    def __init__(self, base: Vocabulary | None = None) -> None:
        self._base = base
        self._known = 0 if base is None else len(base)
        self._words: list[str] = []
        self._of_token: dict[str, int] = {}
        self._of_word: dict[str, int] = {}
        self._index: list[dict[str, int]] = [{} for _ in LEVELS[1:]]
        self._forms: list[list[int]] = [[] for _ in LEVELS[1:]]
        self._arrays: dict[int, npt.NDArray[np.int32]] = {}

    def __len__(self) -> int:
        return self._known + len(self._words)

    @property
    def words(self) -> list[str]:
        """All words, by their numbers."""
        return self._words if self._base is None else [*self._base.words, *self._words]

    def names(self, numbers: Iterable[int]) -> list[str]:
        """The words of some numbers."""
        known, own = (() if self._base is None else self._base._words), self._words
        return [known[number] if number < self._known else own[number - self._known] for number in numbers]

    def size(self, level: int) -> int:
        """Number of distinct forms at a level."""
        if level == 0:
            return len(self)
        return len(self._index[level - 1]) + (0 if self._base is None else self._base.size(level))

    def forms(self, level: int) -> npt.NDArray[np.int32]:
        """Form number of every word at a level, int32, shape (words,). It must not be written to."""
        if level == 0:
            return np.arange(len(self), dtype=np.int32)
        found = self._arrays.get(level)
        if found is None or len(found) != len(self):
            found = np.array(self._forms[level - 1], np.int32)
            if self._base is not None:
                found = np.concatenate([self._base.forms(level), found])
            self._arrays[level] = found
        return found

    def encode(self, sentences: Iterable[Sequence[str]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Number the tokens of sentences, adding new words.

        Returns:
            Offsets, int64, shape (sentences + 1,), and word numbers, int32, shape (tokens,).
        """
        known = (self._base or self)._of_token.get
        ids: list[int | None] = []
        ends = [0]
        for sentence in sentences:
            begin = len(ids)
            ids.extend(map(known, sentence))
            ends.append(len(ids))
            if None in ids[begin:]:
                ids[begin:] = map(self._number, sentence)
        return np.array(ends, np.int64), np.array(ids, np.int32)

    def _number(self, token: str) -> int:
        number = None if self._base is None else self._base._of_token.get(token)
        if number is None:
            number = self._of_token.get(token)
        return self._add(token) if number is None else number

    def _add(self, token: str) -> int:
        word = token.lower()
        number = None if self._base is None else self._base._of_word.get(word)
        if number is None:
            number = self._of_word.get(word)
        if number is None:
            number = self._of_word[word] = len(self)
            self._words.append(word)
            plain = _without_marks(word)
            for level, form in enumerate((plain[:5], plain[:3], plain[-3:])):
                self._forms[level].append(self._form(level, form))
        self._of_token[token] = number
        return number

    def _form(self, level: int, form: str) -> int:
        known, own = (None if self._base is None else self._base._index[level]), self._index[level]
        if known is None:
            return own.setdefault(form, len(own))
        number = known.get(form)
        return own.setdefault(form, len(known) + len(own)) if number is None else number

    def adopt(self, other: Vocabulary) -> None:
        """Learn the words that were added to a vocabulary that goes on from this one; they keep their numbers.

        Example:
            >>> vocabulary = Vocabulary.from_words(["europe"])
            >>> other = Vocabulary(vocabulary)
            >>> other.encode([["Europe", "or"]])[1].tolist()
            [0, 1]
            >>> vocabulary.adopt(other)
            >>> vocabulary.encode([["or", "and"]])[1].tolist()
            [1, 2]
        """
        assert other._base is self
        assert other._known == len(self)
        self._words += other._words
        self._of_token |= other._of_token
        self._of_word |= other._of_word
        for mine, added in zip(self._index, other._index, strict=True):
            mine |= added
        for forms, more in zip(self._forms, other._forms, strict=True):
            forms += more

    def copied(self) -> Vocabulary:
        """Another one that knows the same, and learns for itself."""
        assert self._base is None
        other = Vocabulary()
        other._words, other._of_token, other._of_word = self._words.copy(), self._of_token.copy(), self._of_word.copy()
        other._index = [index.copy() for index in self._index]
        other._forms = [forms.copy() for forms in self._forms]
        return other

    @classmethod
    def from_words(cls, words: Sequence[str]) -> Vocabulary:
        """The vocabulary that met these lower-cased words in this order."""
        vocabulary = cls()
        for word in words:
            vocabulary._add(word)
        return vocabulary

    def grown(self, values: npt.NDArray[Any], level: int) -> npt.NDArray[Any]:
        """Pad an array of one number per form with zeros for the forms added since."""
        missing = self.size(level) - len(values)
        return np.concatenate([values, np.zeros(missing, values.dtype)]) if missing else values
