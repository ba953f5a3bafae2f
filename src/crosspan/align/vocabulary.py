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

    Example:
        >>> vocabulary = Vocabulary()
        >>> ptr, ids = vocabulary.encode([["Europe", "and", "europe"]])
        >>> ids.tolist(), vocabulary.words
        ([0, 1, 0], ['europe', 'and'])
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._of_token: dict[str, int] = {}
        self._of_word: dict[str, int] = {}
        self._index: list[dict[str, int]] = [{} for _ in LEVELS[1:]]
        self._forms: list[list[int]] = [[] for _ in LEVELS[1:]]
        self._added_tokens: list[str] | None = None
        self._known = 0
        self._sizes: list[int] = []

    def __len__(self) -> int:
        return len(self.words)

    def size(self, level: int) -> int:
        """Number of distinct forms at a level."""
        return len(self.words) if level == 0 else len(self._index[level - 1])

    def forms(self, level: int) -> npt.NDArray[np.int32]:
        """Form number of every word at a level, int32, shape (words,)."""
        if level == 0:
            return np.arange(len(self.words), dtype=np.int32)
        return np.array(self._forms[level - 1], np.int32)

    def encode(self, sentences: Iterable[Sequence[str]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Number the tokens of sentences, adding new words.

        Returns:
            Offsets, int64, shape (sentences + 1,), and word numbers, int32, shape (tokens,).
        """
        known = self._of_token.get
        ids: list[int | None] = []
        ends = [0]
        for sentence in sentences:
            begin = len(ids)
            ids.extend(map(known, sentence))
            ends.append(len(ids))
            if None in ids[begin:]:
                ids[begin:] = [self._add(token) if known(token) is None else known(token) for token in sentence]
        return np.array(ends, np.int64), np.array(ids, np.int32)

    def _add(self, token: str) -> int:
        word = token.lower()
        number = self._of_word.get(word)
        if number is None:
            number = self._of_word[word] = len(self.words)
            self.words.append(word)
            plain = _without_marks(word)
            for index, forms, form in zip(self._index, self._forms, (plain[:5], plain[:3], plain[-3:]), strict=True):
                forms.append(index.setdefault(form, len(index)))
        self._of_token[token] = number
        if self._added_tokens is not None:
            self._added_tokens.append(token)
        return number

    def begin_visit(self) -> None:
        """From here on, words are added for a visit: :meth:`end_visit` forgets them."""
        self._added_tokens = []
        self._known = len(self.words)
        self._sizes = [len(index) for index in self._index]

    def end_visit(self) -> None:
        """Forget what was added since :meth:`begin_visit`, so that use does not make a model grow."""
        assert self._added_tokens is not None
        for token in self._added_tokens:
            del self._of_token[token]
        for word in self.words[self._known :]:
            del self._of_word[word]
        del self.words[self._known :]
        for index, forms, size in zip(self._index, self._forms, self._sizes, strict=True):
            del forms[self._known :]
            while len(index) > size:
                index.popitem()  # dictionaries keep insertion order: the last are the new ones
        self._added_tokens = None

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
