"""Examples as what an encoder learns from: windows of pieces, and the targets of the words in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.pieces import longest_input, pieces_of, windows_of
from crosspan.tag.word_classifier import special_pieces
from crosspan.train.crf import CrfOptions, evidence_of
from crosspan.train.examples import Example
from crosspan.train.token_options import TokenClassifierOptions

Float32Array = npt.NDArray[np.float32]

_POOL = 50
"""Batches whose sentences are sorted by length together: little padding, and still a new mixture each epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A window of a sentence.

    Args:
        ids: Its pieces with the special ones.
        at: Places of the pieces that learn a tag.
        target: What each of them learns, ``[len(at), n_tags]``.
        summed: Whether that is evidence, not a distribution, ``[len(at)]``.
        weight: How much each counts.
        words: How many words learn something, each counted once.
    """

    ids: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    target: Float32Array
    summed: npt.NDArray[np.bool_]
    weight: Float32Array
    words: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows as arrays; see :class:`Row`."""

    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    target: Float32Array
    summed: npt.NDArray[np.bool_]
    weight: Float32Array


def rows_of(
    tokenizer: Any, config: Any, examples: Sequence[Example], labels: Sequence[str], options: TokenClassifierOptions
) -> list[Row]:
    """Cut examples into windows; windows in which nothing is known of any word are left out.

    Args:
        tokenizer: Of the encoder.
        config: Its configuration.
        examples: What is learned from.
        labels: The kinds of entity.
        options: How words learn, and how long windows are.
    """
    before, after = special_pieces(tokenizer, options.encoder)
    longest = longest_input(tokenizer, config)
    if options.longest:
        longest = max(1, min(longest, options.longest - len(before) - len(after)))
    overlap = None if options.overlap < 0 else options.overlap
    found = []
    pieces = pieces_of(tokenizer, [example.sentence.tokens for example in examples])
    for one, example in zip(pieces, examples, strict=True):
        if not len(one):
            continue
        target, summed = targets_of(example, labels, options)
        known = np.ones(len(example.sentence), bool)
        known[list(example.unobserved)] = False
        learning = one.first() if options.words == "first" else np.arange(len(one))
        learning = learning[known[one.word[learning]]]
        share = 1.0 / np.bincount(one.word[learning], minlength=len(known)).clip(1)
        for window in windows_of(len(one), longest, overlap=overlap):
            at = learning[(learning >= window.keep_begin) & (learning < window.keep_end)]
            if not len(at):
                continue
            word = one.word[at]
            ids = np.concatenate([before, one.ids[window.begin : window.end], after]).astype(np.int32)
            place = at - window.begin + len(before)
            weight = (share[word] * example.weight).astype(np.float32)
            found.append(Row(ids, place, target[word], summed[word], weight, float(share[word].sum())))
    return found


def targets_of(
    example: Example, labels: Sequence[str], options: TokenClassifierOptions
) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """What each word is to learn, and whether that is evidence in place of a distribution.

    Words that may have been left unlabelled (``example.missing``) have evidence in any case: how probable it is that
    they belong to an entity nobody knows, only how probable it is that they then have no label.

    Example:
        >>> from crosspan.types import Sentence, Span
        >>> example = Example(Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.75),)))
        >>> target, summed = targets_of(example, ["LOC"], TokenClassifierOptions())
        >>> target.tolist(), summed.tolist()
        ([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]], [False, False])
    """
    sure = CrfOptions(span_confidence=options.confidence == "evidence")
    target = np.exp(evidence_of(example, labels, sure)).astype(np.float32)
    summed = (target > 0).sum(axis=1) > 1
    if options.confidence == "soft":
        for span in example.sentence.spans:
            if span.label in labels and span.score is not None:
                target[span.start : span.end] *= np.float32(span.score)
                target[span.start : span.end, 0] = np.float32(1.0 - span.score)
    return target, summed


def batches_of_epoch(lengths: npt.NDArray[np.int64], size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """The batches of an epoch: rows of like length together, in random order.

    Example:
        >>> lengths = np.array([9, 1, 8, 2])
        >>> sorted(sorted(batch.tolist()) for batch in batches_of_epoch(lengths, 2, 0, 0))
        [[0, 2], [1, 3]]
    """
    chance = np.random.default_rng([seed, epoch])
    order = chance.permutation(len(lengths))
    batches: list[npt.NDArray[np.int64]] = []
    for begin in range(0, len(order), size * _POOL):
        pool = order[begin : begin + size * _POOL]
        pool = pool[np.argsort(-lengths[pool], kind="stable")]
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    return [batches[index] for index in chance.permutation(len(batches))]


def batch_of(rows: Sequence[Row], pad: int, multiple: int = 1) -> Batch:
    """Put rows together, padded to the longest of them, or to the next multiple of a number of pieces."""
    longest = -(-max(len(row.ids) for row in rows) // multiple) * multiple
    ids = np.full((len(rows), longest), pad, np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
        mask[index, : len(row.ids)] = 1
    return Batch(
        ids,
        mask,
        np.repeat(np.arange(len(rows)), [len(row.at) for row in rows]),
        np.concatenate([row.at for row in rows]),
        np.concatenate([row.target for row in rows]),
        np.concatenate([row.summed for row in rows]),
        np.concatenate([row.weight for row in rows]),
    )
