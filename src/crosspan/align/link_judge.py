"""The probability of each link from what both witnesses say of it and of the cells around it.

The posterior of a hidden Markov model of small tables is too sure of itself, and two witnesses that saw the same words
are not independent. So what comes out is judged once more, by a logistic regression with few weights. They were fitted
to gold links of five European languages with English (the development part of XL-WA, 523 sentence pairs) as ``python
-m benchmarks.judge_links`` does it, and the constant was lowered by hand, for links that are surer; nothing in them
belongs to a language.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from crosspan.align.soft_links import ALIKE, IN_PIECES, SoftCells
from crosspan.align.trust import Trust
from crosspan.core.compiled import njit

Float32Array = npt.NDArray[np.float32]

FEATURES = (
    "posterior",  # log odds of the link in the model
    "encoder",  # log odds of the link by the encoder alone
    "source_rival",  # the posterior of the best other link of the source word
    "target_rival",  # the same of the target word
    "rival",  # the larger of both
    "diagonal",  # the better posterior of the links of both words before these, or both behind them
    "source_neighbour",  # the best posterior of the target word with a neighbour of the source word
    "target_neighbour",  # the same the other way round
    "alike",  # the words are written alike
    "in_pieces",  # the encoder cuts one of them into small pieces
    "one_mark",  # one is a punctuation mark, the other is none
    "two_marks",  # both are
    "shorter",  # logarithm of the letters of the shorter word
    "source_letters",  # the same of the source word
    "target_letters",  # the same of the target word
    "bias",
)

WEIGHTS = (0.277, 0.406, -2.692, -3.107, 2.362, 0.338, 1.629, 2.27, 2.171, 0.202, -2.205, 0.255, -0.24, 0.592, 0.087,
           -0.76)  # fmt: skip
"""One for each of :data:`FEATURES`."""

_LEAST = 1e-4


def is_mark(word: str) -> bool:
    """Whether a word has neither letters nor digits."""
    return not any(letter.isalnum() for letter in word)


def link_by_encoder(trust: Trust, cells: SoftCells) -> Float32Array:
    """The probability of each link by the encoder alone ``[source words, target words]``."""
    return np.asarray(1.0 / (1.0 + np.exp(-(trust.ratios(cells.prob, cells.kind) + trust.odds))), np.float32)


def describe(
    posterior: Float32Array,
    encoder: Float32Array,
    kind: npt.NDArray[np.int8],
    source: Sequence[str],
    target: Sequence[str],
) -> Float32Array:
    """The features of each cell of a sentence pair.

    Args:
        posterior: Probability of each link in the model of both ``[source words, target words]``.
        encoder: Probability of each link by the encoder alone, of the same shape.
        kind: Kinds of the cells.
        source: The source words.
        target: The target words.

    Returns:
        ``[source words, target words, features]``.
    """
    letters = [np.log(np.maximum([len(word) for word in words], 1)).astype(np.float32) for words in (source, target)]
    marks = [np.array([is_mark(word) for word in words], np.bool_) for words in (source, target)]
    found = np.empty((*posterior.shape, len(FEATURES)), np.float32)
    _describe(np.asarray(posterior, np.float32), np.asarray(encoder, np.float32), kind, *letters, *marks, found)
    return found


def judged(features: Float32Array, weights: Sequence[float] = WEIGHTS) -> Float32Array:
    """The probability of each link ``[source words, target words]`` from its features."""
    odds = features @ np.array(weights, np.float32)
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float32)


@njit()
def _odds(prob):  # type: ignore[no-untyped-def]
    prob = min(max(prob, _LEAST), 1.0 - _LEAST)
    return np.log(prob / (1.0 - prob))


@njit()
def _best_two(cells):  # type: ignore[no-untyped-def]
    """Of each row: where its best is, its best, and its second best."""
    where = np.zeros(cells.shape[0], np.int64)
    best = np.zeros(cells.shape[0], np.float32)
    second = np.zeros(cells.shape[0], np.float32)
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            if cells[i, j] > best[i]:
                second[i], best[i], where[i] = best[i], cells[i, j], j
            elif cells[i, j] > second[i]:
                second[i] = cells[i, j]
    return where, best, second


@njit()
def _describe(post, encoder, kind, letters_s, letters_t, marks_s, marks_t, out):  # type: ignore[no-untyped-def]
    n, m = post.shape
    row_where, row_best, row_second = _best_two(post)
    column_where, column_best, column_second = _best_two(post.T)
    for i in range(n):
        for j in range(m):
            row = row_second[i] if row_where[i] == j else row_best[i]
            column = column_second[j] if column_where[j] == i else column_best[j]
            diagonal = above = beside = np.float32(0.0)
            if i > 0:
                above = post[i - 1, j]
            if i + 1 < n:
                above = max(above, post[i + 1, j])
            if j > 0:
                beside = post[i, j - 1]
            if j + 1 < m:
                beside = max(beside, post[i, j + 1])
            if i > 0 and j > 0:
                diagonal = post[i - 1, j - 1]
            if i + 1 < n and j + 1 < m:
                diagonal = max(diagonal, post[i + 1, j + 1])
            cell = out[i, j]
            cell[0] = _odds(post[i, j])
            cell[1] = _odds(encoder[i, j])
            cell[2] = row
            cell[3] = column
            cell[4] = max(row, column)
            cell[5] = diagonal
            cell[6] = above
            cell[7] = beside
            cell[8] = kind[i, j] == ALIKE
            cell[9] = kind[i, j] == IN_PIECES
            cell[10] = marks_s[i] != marks_t[j]
            cell[11] = marks_s[i] and marks_t[j]
            cell[12] = min(letters_s[i], letters_t[j])
            cell[13] = letters_s[i]
            cell[14] = letters_t[j]
            cell[15] = 1.0
