"""Links from similarities: how SimAlign (Jalili Sabet et al. 2020) and AWESOME (Dou & Neubig 2021) choose them.

All work on the similarity matrix of one sentence pair, ``[source units, target units]``, where a unit is a word or a
piece of one, and are compiled: the matrices are small, and what costs is everything around them.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.types import Alignment

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]
Int32Array = npt.NDArray[np.int32]

Method = Literal["argmax", "itermax", "match", "forward", "backward"]
METHODS: tuple[Method, ...] = get_args(Method)


def cosine_similarity(source: Floats, target: Floats) -> npt.NDArray[np.float32]:
    """Cosine of unit vectors, brought from [-1, 1] to [0, 1].

    Args:
        source: Unit vectors ``[m, width]``; see :func:`unit_vectors`.
        target: Unit vectors ``[n, width]``.

    Returns:
        ``[m, n]``, in [0, 1].

    Example:
        >>> axes = np.eye(2, dtype=np.float32)
        >>> cosine_similarity(axes, -axes).tolist()
        [[0.0, 0.5], [0.5, 0.0]]
    """
    found = np.asarray(source @ target.T, np.float32)
    found += 1.0
    found *= 0.5
    return np.clip(found, 0.0, 1.0, out=found)


def unit_vectors(vectors: Floats) -> Floats:
    """Vectors of length 1 ``[n, width]``; one without length stays as it is.

    Example:
        >>> unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    length[length == 0.0] = 1.0
    return np.asarray(vectors / length)


def distorted(similarity: Floats, ratio: float) -> Floats:
    """Similarities that fall with the square of the distance from the diagonal.

    Args:
        similarity: ``[m, n]``.
        ratio: How much is lost in the far corners; with 0, nothing.

    Example:
        >>> distorted(np.ones((2, 3)), 0.5).tolist()
        [[1.0, 0.875, 0.5], [0.5, 0.875, 1.0]]
    """
    m, n = similarity.shape
    if min(m, n) < 2 or ratio == 0.0:
        return similarity
    away = np.arange(m)[:, None] / (m - 1) - np.arange(n) / (n - 1)
    return np.asarray(similarity * (1.0 - ratio * away**2), similarity.dtype)


def certain(similarity: Floats, share: float) -> Bools:
    """Which links may stand: those whose words are not similar to everything alike (the paper's null extension).

    A link's entropy is the lower one of its row and its column, each normalised by the logarithm of its length. What
    lies above a quantile of the entropies of the pair may be no link. Up to two units on a side, all may.

    Args:
        similarity: ``[m, n]``.
        share: The quantile, such as the paper's 0.95; 1 lets all stand.

    Example:
        >>> flat = np.array([[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.5, 0.5, 0.5]])
        >>> certain(flat, 0.7).any(axis=1).tolist()
        [True, True, False]
    """
    m, n = similarity.shape
    if share >= 1.0 or min(m, n) <= 2:
        return np.ones((m, n), np.bool_)
    sure = similarity.astype(np.float64)
    entropies = np.minimum(_entropies(sure)[:, None], _entropies(sure.T)[None, :])
    return np.asarray(entropies <= np.quantile(entropies, share))


def _entropies(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = rows.sum(axis=1, keepdims=True)
    shares = rows / np.where(total > 0.0, total, 1.0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0.0)
    return np.asarray(-(shares * logs).sum(axis=1) / np.log(rows.shape[1]))


@njit()
def _best(similarity):  # type: ignore[no-untyped-def]
    """The best column of each row, and the best row of each column; the first of equals."""
    m, n = similarity.shape
    columns = np.zeros(m, np.int32)
    rows = np.zeros(n, np.int32)
    for i in range(m):
        for j in range(n):
            if similarity[i, j] > similarity[i, columns[i]]:
                columns[i] = j
            if similarity[i, j] > similarity[rows[j], j]:
                rows[j] = i
    return columns, rows


@njit()
def _mutual(similarity, iterations, factor):  # type: ignore[no-untyped-def]
    """Mutually best links, then those that are once words with a link count less."""
    m, n = similarity.shape
    links = np.zeros((m, n), np.bool_)
    columns, rows = _best(similarity)
    for i in range(m):
        if rows[columns[i]] == i:
            links[i, columns[i]] = True
    if min(m, n) <= 2:
        return links
    row_used = np.zeros(m, np.bool_)
    column_used = np.zeros(n, np.bool_)
    weighted = np.empty_like(similarity)
    both = min(2 * factor, 1.0)
    one = min(factor, 1.0)
    for _ in range(1, iterations):
        for i in range(m):
            for j in range(n):
                if links[i, j]:
                    row_used[i] = True
                    column_used[j] = True
        if row_used.all() or column_used.all():
            break
        for i in range(m):
            for j in range(n):
                if row_used[i] and column_used[j]:
                    weighted[i, j] = 0.0
                elif row_used[i] or column_used[j]:
                    weighted[i, j] = one * similarity[i, j]
                else:
                    weighted[i, j] = both * similarity[i, j]
        columns, rows = _best(weighted)
        grown = False
        for i in range(m):
            j = columns[i]
            if rows[j] == i and not (row_used[i] and column_used[j]):
                links[i, j] = True
                grown = True
        if not grown:
            break
    return links


def argmax_links(similarity: Floats) -> Bools:
    """Links of units that are each other's most similar: the first of equals.

    Example:
        >>> argmax_links(np.array([[0.9, 0.2], [0.8, 0.1]])).tolist()
        [[True, False], [False, False]]
    """
    return np.asarray(_mutual(similarity, 1, 1.0))


def itermax_links(similarity: Floats, *, iterations: int = 2, factor: float = 0.9) -> Bools:
    """Argmax again and again: what has a link already counts less, and nothing between two that both have one.

    Args:
        similarity: ``[m, n]``; with at most two units on a side, one round is all.
        iterations: Rounds; the first is :func:`argmax_links`.
        factor: What the similarity to a unit with a link is multiplied by.

    Example:
        >>> similarity = np.array([[0.9, 0.2, 0.1], [0.8, 0.1, 0.3], [0.1, 0.7, 0.2]])
        >>> np.argwhere(itermax_links(similarity)).tolist()
        [[0, 0], [1, 0], [2, 1]]
    """
    return np.asarray(_mutual(similarity, iterations, factor))


def match_links(similarity: Floats) -> Bools:
    """The one-to-one links whose similarities add up to the most, as many as possible; none of similarity 0.

    Example:
        >>> match_links(np.array([[0.9, 0.8], [0.8, 0.1]])).tolist()
        [[False, True], [True, False]]
    """
    from scipy.optimize import linear_sum_assignment

    weights = similarity.astype(np.float64)
    if not (weights > 0.0).all():  # one more link is worth more than any similarities
        weights = np.where(weights > 0.0, weights + min(weights.shape) + 1.0, 0.0)
    rows, columns = linear_sum_assignment(weights, maximize=True)
    links = np.zeros(similarity.shape, np.bool_)
    links[rows, columns] = similarity[rows, columns] > 0.0
    return links


def one_way_links(similarity: Floats, *, forward: bool) -> Bools:
    """The most similar target unit of each source unit, or the other way round.

    Example:
        >>> one_way_links(np.array([[0.9, 0.2], [0.8, 0.1]]), forward=True).tolist()
        [[True, False], [True, False]]
    """
    links = np.zeros(similarity.shape, np.bool_)
    columns, rows = _best(similarity)
    if forward:
        links[np.arange(len(columns)), columns] = True
    else:
        links[rows, np.arange(len(rows))] = True
    return links


@njit()
def _softmax(scores):  # type: ignore[no-untyped-def]
    """Softmax of each row."""
    m, n = scores.shape
    found = np.empty((m, n), np.float32)
    for i in range(m):
        top = scores[i, 0]
        for j in range(1, n):
            top = max(top, scores[i, j])
        total = 0.0
        for j in range(n):
            found[i, j] = np.exp(scores[i, j] - top)
            total += found[i, j]
        for j in range(n):
            found[i, j] /= total
    return found


def softmax_rows(scores: Floats) -> npt.NDArray[np.float32]:
    """Softmax of each row ``[m, n]``.

    Example:
        >>> softmax_rows(np.zeros((1, 4))).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    return np.asarray(_softmax(scores))


@njit()
def _to_words(links, prob, source_word, target_word, n_source, n_target):  # type: ignore[no-untyped-def]
    """Links of words from those of their pieces, each as probable as its best; sorted."""
    best = np.full((n_source, n_target), -1.0, np.float32)
    count = 0
    for i in range(links.shape[0]):
        for j in range(links.shape[1]):
            if links[i, j]:
                a, b = source_word[i], target_word[j]
                count += best[a, b] < 0.0
                best[a, b] = max(best[a, b], prob[i, j])
    source = np.empty(count, np.int32)
    target = np.empty(count, np.int32)
    found = np.empty(count, np.float32)
    at = 0
    for a in range(n_source):
        for b in range(n_target):
            if best[a, b] >= 0.0:
                source[at] = a
                target[at] = b
                found[at] = best[a, b]
                at += 1
    return source, target, found


def word_alignment(
    links: Bools, prob: Floats, source_word: Int32Array, target_word: Int32Array, *, least: float = 0.0
) -> Alignment:
    """Two words are linked if two of their pieces are, with the probability of the best such link.

    Args:
        links: Links of pieces ``[m, n]``.
        prob: Their probabilities or similarities in [0, 1], ``[m, n]``.
        source_word: Word of each source piece, ascending, ``[m]``.
        target_word: Word of each target piece, ascending, ``[n]``.
        least: Links of words with less are left out.

    Example:
        >>> words = np.array([0, 0, 1], np.int32)
        >>> word_alignment(np.eye(3, dtype=np.bool_), np.eye(3) / 2, words, words).to_pharaoh()
        '0-0:0.5 1-1:0.5'
    """
    n_source = int(source_word[-1]) + 1 if len(source_word) else 0
    n_target = int(target_word[-1]) + 1 if len(target_word) else 0
    source, target, found = _to_words(links, prob, source_word, target_word, n_source, n_target)
    found = np.clip(found, 0.0, 1.0)
    if least > 0.0:
        keep = found >= least
        source, target, found = source[keep], target[keep], found[keep]
    return Alignment(source, target, found)
