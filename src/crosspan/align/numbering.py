"""Words of sentence pairs as numbers, and the pairs of words, and of their forms, that meet in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.align.pair_table import number_cells, number_pairs
from crosspan.align.vocabulary import LEVELS, Vocabulary

TokenPair = tuple[Sequence[str], Sequence[str]]
Ints = npt.NDArray[np.int32]

WORD, PREFIX5, PREFIX3, SUFFIX3 = range(len(LEVELS))


@dataclass(frozen=True, slots=True)
class Numbered:
    """Sentence pairs as numbers, with the distinct word pairs that meet in them.

    Args:
        vocabularies: That of the source and that of the target, whose numbers these are.
        source_ptr: Offsets of the source sentences, int64, shape (pairs + 1,).
        target_ptr: Offsets of the target sentences.
        source: Source word numbers, int32.
        target: Target word numbers, int32.
        cell_ptr: Offsets of each pair's cells, int64.
        cell_pair: Word pair of each cell, int32.
        first: Source form of each form pair, one array a level.
        second: Target form of each form pair, one array a level.
        number: For each level above the words, the form pair of each word pair (``PREFIX3``: of each ``PREFIX5`` pair).
    """

    vocabularies: tuple[Vocabulary, Vocabulary]
    source_ptr: npt.NDArray[np.int64]
    target_ptr: npt.NDArray[np.int64]
    source: Ints
    target: Ints
    cell_ptr: npt.NDArray[np.int64]
    cell_pair: Ints
    first: list[Ints]
    second: list[Ints]
    number: list[Ints]

    @classmethod
    def of(cls, vocabularies: tuple[Vocabulary, Vocabulary], pairs: Sequence[TokenPair]) -> Numbered:
        """Number the words and word pairs of sentence pairs; words that are new are added to the vocabularies.

        Args:
            vocabularies: Of source and target.
            pairs: Token sequences of both sides.
        """
        (source_ptr, source), (target_ptr, target) = (
            vocabulary.encode([pair[side] for pair in pairs]) for side, vocabulary in enumerate(vocabularies)
        )
        cell_ptr = np.concatenate([[0], np.cumsum(np.diff(source_ptr) * np.diff(target_ptr))]).astype(np.int64)
        cell_pair = np.empty(cell_ptr[-1], np.int32)
        e, f = number_cells(source_ptr, target_ptr, source, target, cell_ptr, cell_pair)
        first, second, number = [e], [f], []
        for level, below in ((PREFIX5, WORD), (PREFIX3, PREFIX5), (SUFFIX3, WORD)):
            a, b = (_forms(vocabulary, level, below) for vocabulary in vocabularies)
            rows, one, other = number_pairs(a[first[below]], b[second[below]])
            number.append(rows)
            first.append(one)
            second.append(other)
        return cls(vocabularies, source_ptr, target_ptr, source, target, cell_ptr, cell_pair, first, second, number)

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """What an expectation step needs."""
        return self.source_ptr, self.target_ptr, self.source, self.target, self.cell_ptr


def _forms(vocabulary: Vocabulary, level: int, below: int) -> Ints:
    """The form at one level of each form at the level below."""
    if below == WORD:
        return vocabulary.forms(level)
    out = np.zeros(vocabulary.size(below), np.int32)
    out[vocabulary.forms(below)] = vocabulary.forms(level)
    return out
