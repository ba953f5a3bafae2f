"""Examples as what an encoder learns from: windows of pieces, and the targets of the words in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.batching import padded
from crosspan.models.pieces import Pieces, Window, longest_input, pieces_of, special_pieces, windows_of
from crosspan.models.romanizing import as_read
from crosspan.train.evidence import evidence_of
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


class Cutting:
    """How sentences are cut into windows that a model reads at once.

    Args:
        tokenizer: Of the encoder.
        config: Its configuration.
        options: How long windows are, and how much of them overlaps.
    """

    def __init__(self, tokenizer: Any, config: Any, options: TokenClassifierOptions) -> None:
        self._before, self._after = special_pieces(tokenizer, options.encoder)
        self._longest = longest_input(tokenizer, config)
        if options.longest:
            room = options.longest - len(self._before) - len(self._after)
            self._longest = max(1, min(self._longest, room))
        self._overlap = None if options.overlap < 0 else options.overlap

    def windows(self, pieces: Pieces) -> Iterator[tuple[Window, npt.NDArray[np.int32], int]]:
        """Each window of a sentence, its pieces with the special ones, and how far its places are from those."""
        for window in windows_of(len(pieces), self._longest, overlap=self._overlap):
            inner = pieces.ids[window.begin : window.end]
            ids = np.concatenate([self._before, inner, self._after]).astype(np.int32)
            yield window, ids, len(self._before) - window.begin


def rows_of(
    tokenizer: Any,
    config: Any,
    examples: Sequence[Example],
    labels: Sequence[str],
    options: TokenClassifierOptions,
    distributions: Sequence[Float32Array] | None = None,
) -> list[Row]:
    """Cut examples into windows; windows in which nothing is known of any word are left out.

    Args:
        tokenizer: Of the encoder.
        config: Its configuration.
        examples: What is learned from.
        labels: The kinds of entity.
        options: How words learn, how long windows are, and whether words are romanised ("auto" is "no" here).
        distributions: What each word of each example is to learn, ``[n_words, n_tags]``; by default what
            :func:`targets_of` makes of its labels.
    """
    cut = Cutting(tokenizer, config, options)
    found = []
    words = as_read([example.sentence.tokens for example in examples], options.romanize == "yes")
    pieces = pieces_of(tokenizer, words, options.marks)
    for index, (one, example) in enumerate(zip(pieces, examples, strict=True)):
        if not len(one):
            continue
        if distributions is None:
            target, summed = targets_of(example, labels, options)
        else:
            target, summed = distributions[index], np.zeros(len(example.sentence), bool)
        known = np.ones(len(example.sentence), bool)
        known[list(example.unobserved)] = False
        learning = one.first() if options.words == "first" else one.telling()
        learning = learning[known[one.word[learning]]]
        share = 1.0 / np.bincount(one.word[learning], minlength=len(known)).clip(1)
        for window, ids, shift in cut.windows(one):
            at = learning[(learning >= window.keep_begin) & (learning < window.keep_end)]
            if not len(at):
                continue
            word = one.word[at]
            weight = (share[word] * example.weight).astype(np.float32)
            found.append(Row(ids, at + shift, target[word], summed[word], weight, float(share[word].sum())))
    return found


def targets_of(
    example: Example, labels: Sequence[str], options: TokenClassifierOptions
) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """What each word is to learn, and whether that is evidence in place of a distribution.

    Words that may have been left unlabelled (``example.missing``) have evidence in any case: how probable it is that
    they belong to an entity nobody knows, only how probable it is that they then have no label.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> example = Example(Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.75),)))
        >>> target, summed = targets_of(example, ["LOC"], TokenClassifierOptions())
        >>> target.tolist(), summed.tolist()
        ([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]], [False, False])
    """
    sure = options.confidence == "evidence"
    target = np.exp(evidence_of(example, labels, span_confidence=sure)).astype(np.float32)
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
    ids, mask = padded([row.ids for row in rows], pad, multiple)
    return Batch(
        ids,
        mask,
        np.repeat(np.arange(len(rows)), [len(row.at) for row in rows]),
        np.concatenate([row.at for row in rows]),
        np.concatenate([row.target for row in rows]),
        np.concatenate([row.summed for row in rows]),
        np.concatenate([row.weight for row in rows]),
    )
