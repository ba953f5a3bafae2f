"""What an encoder says of every cell of sentence pairs: how probable a link is, and of what kind the cell.

The similarity of two pieces is the cosine of their vectors, each less the mean of its language: what all words of a
language have in common says nothing of any two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.align.embedding import VectorReader
from crosspan.align.extraction import softmax_rows, unit_vectors
from crosspan.align.pretrained import TokenPair, in_shards
from crosspan.core.compiled import njit
from crosspan.core.threads import torch_threads

if TYPE_CHECKING:
    from crosspan.models.encoder import Encoder
    from crosspan.models.pieces import Pieces

Float32Array = npt.NDArray[np.float32]
Means = tuple[Float32Array, Float32Array]

UNKNOWN = np.float32(-1.0)
"""What stands in the cells of a word that the encoder has no pieces for."""

KINDS = ("alike", "whole", "in pieces")
"""Kinds of cells: of two words written alike; of two words that the encoder cuts into few pieces, as it does those that
it knows; and of others. The encoder can know much of one kind and nothing of another."""

ALIKE, WHOLE, IN_PIECES = range(len(KINDS))

_SHARPNESS = np.float32(20.0)
"""What cosines are multiplied by before they become probabilities."""

_LETTERS = 2.5
"""A word of more than one piece is in pieces where these have fewer letters than this on average."""

_BLANK = "▁"
"""The piece that says nothing but that a word begins."""


class SoftCells(NamedTuple):
    """The cells of a sentence pair.

    Args:
        prob: Probability of each link, or :data:`UNKNOWN`; ``[source words, target words]``.
        kind: Which of :data:`KINDS` each cell is, int8, of the same shape.
    """

    prob: Float32Array
    kind: npt.NDArray[np.int8]


class SpeakingUnits(NamedTuple):
    """The pieces of a sentence that say something.

    Args:
        vectors: ``[n_units, width]``.
        word: Word of each, ascending ``[n_units]``; a word may have none.
        pieces: How many pieces each word of the sentence has, silent ones left out ``[n_words]``.
    """

    vectors: Float32Array
    word: npt.NDArray[np.int32]
    pieces: npt.NDArray[np.int64]


class SoftLinks(VectorReader):
    """Gives every cell the probability of a link, from the similarity of the best pair of pieces of two words.

    It is the product of the softmaxes of both directions over the similarities of pieces (Dou & Neubig 2021).

    Pieces that say nothing do not count: unknown ones, and lone blanks, which many tokenizers cut off the beginnings
    of words. A word of which nothing is left is unknown.
    """

    FAILED: ClassVar[str] = "are left to the statistics"

    means: Means | None = None
    """Mean vectors of the pieces of each language; without them, nothing is taken off the vectors."""

    def of(self, pairs: Sequence[TokenPair]) -> list[SoftCells]:
        """The cells of each pair; all are unknown where the model gives no numbers, or memory is too small."""

        def link(source: Any, target: Any) -> tuple[Any, ...]:
            return self.probabilities(source, target), (source.pieces, target.pieces)

        found = in_shards(pairs, lambda shard, tell: self._linked(shard, tell, link, ()))
        return [
            SoftCells(one[0], kinds(pair, one[1])) if one else _nothing(*pair)
            for one, pair in zip(found, pairs, strict=True)
        ]

    def layers_of(self, pairs: Sequence[TokenPair], layers: Sequence[int]) -> list[list[tuple[SpeakingUnits, ...]]]:
        """For each layer, both sides of each pair, which must have words: for those who look for the best layer."""
        encoder = self.encoder
        sides = []
        with torch_threads(self.threads):
            for side in (0, 1):
                pieces = encoder.pieces([pair[side] for pair in pairs], self.options.marks)
                if list(layers) == [encoder.layer]:
                    found = [encoder.vectors(pieces)]
                else:
                    found = encoder.vectors_of_layers(pieces, layers)
                sides.append([[self._telling(*one) for one in zip(rows, pieces, strict=True)] for rows in found])
        return [list(zip(*both, strict=True)) for both in zip(*sides, strict=True)]

    def probabilities(self, source: SpeakingUnits, target: SpeakingUnits) -> Float32Array:
        """The probability of each link between the words of two sentences, or :data:`UNKNOWN`."""
        cells = np.full((len(source.pieces), len(target.pieces)), UNKNOWN, np.float32)
        if len(source.word) and len(target.word):
            one, other = source.vectors, target.vectors
            if self.means is not None:
                one, other = one - self.means[0], other - self.means[1]
            one, other = unit_vectors(one), unit_vectors(other)
            scores = np.asarray(one @ other.T * _SHARPNESS, np.float32)
            forward, backward = softmax_rows(scores), softmax_rows(np.ascontiguousarray(scores.T))
            _best_of_words(forward, backward, source.word, target.word, cells)
        return cells

    def _adapted(self, encoder: Encoder) -> Encoder:
        tokenizer = encoder.tokenizer
        silent = {tokenizer.unk_token_id, tokenizer.get_vocab().get(_BLANK)} - {None}
        self._silent = np.array(sorted(silent), np.int32)
        return encoder

    def _units(self, vectors: Float32Array, pieces: Pieces) -> SpeakingUnits:  # type: ignore[override]
        speaks = ~np.isin(pieces.ids, self._silent)
        n_words = int(pieces.word[-1]) + 1 if len(pieces) else 0
        word = pieces.word[speaks]
        return SpeakingUnits(np.ascontiguousarray(vectors[speaks]), word, np.bincount(word, minlength=n_words))


def mean_vectors(pairs: Sequence[tuple[SpeakingUnits, ...]]) -> Means:
    """The mean vector of the pieces of each side.

    Example:
        >>> one = SpeakingUnits(np.array([[1.0], [3.0]], np.float32), np.array([0, 0], np.int32), np.array([2]))
        >>> [mean.tolist() for mean in mean_vectors([(one, one)])]
        [[2.0], [2.0]]
    """
    rows = [np.concatenate([pair[side].vectors for pair in pairs]) for side in (0, 1)]
    source, target = (one.sum(axis=0, dtype=np.float64) / max(len(one), 1) for one in rows)
    return source.astype(np.float32), target.astype(np.float32)


def kinds(pair: TokenPair, pieces: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> npt.NDArray[np.int8]:
    """Which of :data:`KINDS` each cell of a pair is.

    Args:
        pair: The words.
        pieces: How many pieces each has.

    Example:
        >>> kinds((["Accra", "xqzvk"], ["accra", "in"]), (np.array([1, 4]), np.array([1, 1]))).tolist()
        [[0, 1], [2, 2]]
    """
    cut = [_in_pieces(words, counts) for words, counts in zip(pair, pieces, strict=True)]
    found = np.where(cut[0][:, None] | cut[1][None, :], IN_PIECES, WHOLE).astype(np.int8)
    places: dict[str, list[int]] = {}
    for at, word in enumerate(pair[1]):
        places.setdefault(word.lower(), []).append(at)
    for at, word in enumerate(pair[0]):
        found[at, places.get(word.lower(), [])] = ALIKE
    return found


def _in_pieces(words: Sequence[str], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    letters = np.array([len(word) for word in words])
    return np.asarray((counts > 1) & (letters < _LETTERS * counts))


def _nothing(source: Sequence[str], target: Sequence[str]) -> SoftCells:
    shape = len(source), len(target)
    return SoftCells(np.full(shape, UNKNOWN, np.float32), np.full(shape, WHOLE, np.int8))


@njit()
def _best_of_words(forward, backward, source_word, target_word, cells):  # type: ignore[no-untyped-def]
    """The most probable link between pieces of each two words."""
    for i in range(forward.shape[0]):
        for j in range(forward.shape[1]):
            a, b = source_word[i], target_word[j]
            cells[a, b] = max(cells[a, b], forward[i, j] * backward[j, i])
