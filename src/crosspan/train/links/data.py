"""Batches for tuning an aligner: pairs of sentences as pieces, masked, joined, and put beside wrong ones.

What is drawn at random depends on the seed and the number of the batch alone, so that a training that was interrupted
goes on exactly where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.core.types import Alignment
from crosspan.models.pieces import Marks, Pieces, pieces_of
from crosspan.train.pretrain.corruption import hidden

Int64Array = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Frame(NamedTuple):
    """The special pieces of an encoder.

    Args:
        before: Before a sentence.
        after: Behind it.
        pad: What fills a row.
        mask: What hides a piece.
        size: How many pieces there are.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    pad: int
    mask: int
    size: int


def frame_of(tokenizer: Any, name: str) -> Frame:
    """The special pieces of a tokenizer.

    Raises:
        ModelError: It has none that hides others, or puts none around a sentence.
    """
    if tokenizer.mask_token_id is None:
        raise ModelError(
            "the tokenizer has no piece that hides others",
            where=name,
            hint="Choose a model that was trained to guess hidden words, such as mBERT or XLM-R.",
        )
    inside = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a", add_special_tokens=True)["input_ids"]
    at = next((k for k in range(len(whole)) if whole[k : k + len(inside)] == inside), None)
    if at is None:
        raise ModelError("the tokenizer puts no special pieces around a sentence", where=name, hint="Choose another.")
    return Frame(
        tuple(whole[:at]),
        tuple(whole[at + len(inside) :]),
        int(tokenizer.pad_token_id or 0),
        int(tokenizer.mask_token_id),
        len(tokenizer),
    )


@dataclass(frozen=True, slots=True, eq=False)
class PairPieces:
    """A pair of sentences to learn from.

    Args:
        source: Pieces of the one.
        target: Pieces of the other.
        links: Word links to learn; ``None`` where the model's own are taken.
    """

    source: Pieces
    target: Pieces
    links: Alignment | None = None


class Rows(NamedTuple):
    """Sequences as a model reads them, all ``[rows, longest]``.

    Args:
        ids: Numbers of the pieces.
        there: What is a piece and no padding.
        side: 0 for special pieces and padding, 1 for the first sentence's pieces, 2 for the second's.
        told: What is a piece that tells something of its word.
    """

    ids: Int64Array
    there: Bools
    side: npt.NDArray[np.int8]
    told: Bools

    def at(self, rows: Int64Array) -> Rows:
        """Some of the sequences, as long as they were."""
        return Rows(self.ids[rows], self.there[rows], self.side[rows], self.told[rows])


def examples_of(
    tokenizer: Any,
    pairs: Iterable[tuple[Sequence[str], Sequence[str]]],
    links: Iterable[Alignment] | None,
    longest: int,
    marks: Marks = "skip",
) -> tuple[list[PairPieces], int]:
    """Pairs as pieces, without those that have an empty side or more pieces than a model reads at once.

    Args:
        tokenizer: Of the model.
        pairs: Words of both sides.
        links: Links of each pair, if they are given.
        longest: Most pieces of both sides together, special ones left out.
        marks: What becomes of pieces that only say that a word begins.

    Returns:
        The examples, and how many pairs were left out.
    """
    both = [(tuple(source), tuple(target)) for source, target in pairs]
    given = [None] * len(both) if links is None else list(links)
    sources = pieces_of(tokenizer, [source for source, _ in both], marks)
    targets = pieces_of(tokenizer, [target for _, target in both], marks)
    found = [
        PairPieces(source, target, known)
        for source, target, known in zip(sources, targets, given, strict=True)
        if len(source) and len(target) and len(source) + len(target) <= longest
    ]
    return found, len(both) - len(found)


def order_of(n_examples: int, seed: int, epoch: int) -> Int64Array:
    """In what order an epoch goes through the examples.

    Example:
        >>> sorted(order_of(4, 0, 1).tolist())
        [0, 1, 2, 3]
    """
    return np.random.default_rng([seed, 1, epoch]).permutation(n_examples)


def rows_of(frame: Frame, sentences: Sequence[Sequence[Pieces]]) -> Rows:
    """One or two sentences a row, each with special pieces around it.

    Example:
        >>> frame = Frame((1,), (2,), 0, 3, 9)
        >>> one, two, three = (
        ...     Pieces(np.array(ids, np.int32), np.zeros(len(ids), np.int32)) for ids in ([7, 8], [5], [6])
        ... )
        >>> rows = rows_of(frame, [[one], [two, three]])
        >>> rows.ids.tolist()
        [[1, 7, 8, 2, 0, 0], [1, 5, 2, 1, 6, 2]]
        >>> rows.side.tolist()
        [[0, 1, 1, 0, 0, 0], [0, 1, 0, 0, 2, 0]]
    """
    special = len(frame.before) + len(frame.after)
    longest = max(sum(len(part) + special for part in parts) for parts in sentences)
    ids = np.full((len(sentences), longest), frame.pad, np.int64)
    there = np.zeros((len(sentences), longest), np.bool_)
    side = np.zeros((len(sentences), longest), np.int8)
    told = np.zeros((len(sentences), longest), np.bool_)
    for row, parts in enumerate(sentences):
        at = 0
        for number, part in enumerate(parts, 1):
            whole = [*frame.before, *part.ids.tolist(), *frame.after]
            ids[row, at : at + len(whole)] = whole
            inside = slice(at + len(frame.before), at + len(frame.before) + len(part))
            side[row, inside] = number
            told[row, inside] = True if part.mark is None else ~part.mark
            at += len(whole)
        there[row, :at] = True
    return Rows(ids, there, side, told)


def masked(
    rows: Rows, frame: Frame, may: Bools, share: float, rng: np.random.Generator
) -> tuple[Int64Array, Int64Array]:
    """Hide pieces for a model to guess; see :func:`crosspan.train.pretrain.corruption.hidden`.

    Args:
        rows: The sequences.
        frame: The special pieces.
        may: Which pieces may be chosen.
        share: How many of them are, about.
        rng: Where chance comes from.

    Returns:
        What the model reads, and the pieces to guess, :data:`~crosspan.train.pretrain.corruption.IGNORED` elsewhere.
    """
    return hidden(rows.ids, may, share, frame.mask, frame.size, rng)


def word_grid(links: Bools, source: Pieces, target: Pieces) -> Bools:
    """Links of pieces from those of their words: all pieces of one with all pieces of the other.

    Args:
        links: Links of words ``[n_words, n_words]``.
        source: Pieces of the one sentence.
        target: Pieces of the other.

    Returns:
        ``[n_pieces, n_pieces]``, of those that tell something of their words.
    """
    return links[source.told().word[:, None], target.told().word[None, :]]


def word_links(pieces: Bools, source: Pieces, target: Pieces) -> Bools:
    """Links of words from those of their pieces that tell something of them: any with any."""
    one, other = source.told().word, target.told().word
    found = np.zeros((int(one[-1]) + 1, int(other[-1]) + 1), np.bool_)
    i, j = np.nonzero(pieces)
    found[one[i], other[j]] = True
    return found


def given_links(links: Alignment, source: Pieces, target: Pieces) -> Bools:
    """Links as a table of words."""
    found = np.zeros((int(source.word[-1]) + 1, int(target.word[-1]) + 1), np.bool_)
    found[links.source, links.target] = True
    return found
