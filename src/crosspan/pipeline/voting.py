"""What was projected onto a sentence and what a tagger predicts, averaged word by word (Ebing and Glavaš 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.checks import check_projections
from crosspan.core.errors import OptionError, PairError
from crosspan.core.types import Alignment, Projection, Sentence, Span
from crosspan.tag import Tagger

Float32Array = npt.NDArray[np.float32]

MAPPED = 0.1
"""A word with less link probability than this in all has nothing on the other side."""

OUTSIDE = 0.7
"""Chance that a word onto which nothing was projected is no part of an entity; taggers and projections miss some.

Chosen, with :data:`WEIGHT`, on the development sets of Luganda and Twi (MasakhaNER 2 with MAFAND).
"""

WEIGHT = 0.4
"""Share of the projections in the average of :func:`vote`; the tagger has the rest."""


def vote(
    tagger: Tagger,
    projections: Sequence[Projection],
    *,
    links: Sequence[Alignment] | None = None,
    weight: float = WEIGHT,
) -> list[Sentence]:
    """Label sentences by what was projected onto them and what a tagger predicts, averaged word by word.

    Args:
        tagger: A tagger of the target language.
        projections: One a sentence, as :func:`crosspan.translate_test` returns them. Where one has an error, the
            tagger decides.
        links: The word links they were made with. Words without a link are left to the tagger; without ``links`` those
            are the words of dropped spans only, and every unlabelled word counts as ``O``.
        weight: Of the projections, in [0, 1]; the tagger has the rest.

    Returns:
        The sentences with labels; the score of a span is the lowest probability among its words.

    Raises:
        PairError: There are not as many links as projections.
        OptionError: ``weight`` is outside [0, 1].
    """
    if not 0.0 <= weight <= 1.0:
        raise OptionError(f"weight is {weight}", hint="Choose a value from 0 to 1.")
    if links is not None and len(links) != len(projections):
        raise PairError(f"{len(links)} alignments for {len(projections)} projections")
    projections = check_projections("projections", projections)
    predicted = tagger.probabilities([projection.sentence for projection in projections])
    linked = [None] * len(projections) if links is None else links
    return [
        averaged(projection, model, tagger.tags, links=own, weight=weight)
        for projection, model, own in zip(projections, predicted, linked, strict=True)
    ]


def averaged(
    projection: Projection,
    model: Float32Array,
    tags: Sequence[str],
    *,
    links: Alignment | None = None,
    weight: float = WEIGHT,
) -> Sentence:
    """One sentence of :func:`vote`.

    Args:
        projection: What was projected onto it.
        model: What the tagger says of its words, ``[n_tokens, n_tags]``.
        tags: What the columns are.
        links: Its word links, if there are any.
        weight: Of the projection.
    """
    votes, mapped = projected_probabilities(projection, tags, links)
    _leave_open(votes, model)
    share = np.where(mapped, weight, 0.0)[:, None]
    return decoded(projection.sentence, share * votes + (1 - share) * model, tags)


def _leave_open(votes: Float32Array, model: Float32Array) -> None:
    """Of words onto which nothing was projected say ``O`` with a chance of ``OUTSIDE``, the rest as the tagger."""
    silent = votes[:, 0] == 1.0
    inside = model[silent, 1:]
    votes[silent, 1:] = (1.0 - OUTSIDE) * inside / np.maximum(inside.sum(axis=1, keepdims=True), 1e-9)
    votes[silent, 0] = 1.0 - votes[silent, 1:].sum(axis=1)


def projected_probabilities(
    projection: Projection, tags: Sequence[str], links: Alignment | None = None
) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """What a projection says of each word.

    Returns:
        A ``[n_tokens, n_tags]`` array, and whether anything is said of the word at all, ``[n_tokens]``. A span of
        confidence ``c`` gives its tags ``c`` and leaves the rest to ``O``.

    Example:
        >>> found = Projection(Sentence(("Accra", "leo"), (Span(0, 1, "LOC", 0.75),)))
        >>> votes, mapped = projected_probabilities(found, ("O", "B-LOC", "I-LOC"))
        >>> votes.tolist(), mapped.tolist()
        ([[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]], [True, True])
    """
    n = len(projection.sentence)
    votes = np.zeros((n, len(tags)), np.float32)
    votes[:, 0] = 1.0
    mapped = np.full(n, projection.error is None)
    if links is not None and projection.error is None:
        mapped = np.bincount(links.target, links.prob, minlength=n)[:n] >= MAPPED
    column = {tag: place for place, tag in enumerate(tags)}
    for span in projection.sentence.spans:
        sure = 1.0 if span.score is None else span.score
        for token in range(span.start, span.end):
            place = column.get(("B-" if token == span.start else "I-") + span.label)
            if place is not None:
                votes[token] = 0.0
                votes[token, place] = sure
                votes[token, 0] = 1.0 - sure
                mapped[token] = True
    return votes, mapped


def decoded(sentence: Sentence, probabilities: npt.NDArray[Any], tags: Sequence[str]) -> Sentence:
    """The sentence with the valid tags that are most probable together, word by word."""
    from crosspan.core.arithmetic import logs
    from crosspan.tag import chain
    from crosspan.tag.crf import relabel, spans_of

    best = np.zeros(len(sentence), np.int64)
    if len(sentence):
        emission = logs(np.maximum(probabilities.astype(np.float64), 1e-9))
        allowed = chain.allowed_transitions((len(tags) - 1) // 2)
        chain.best_tags(chain.flat_offsets([len(sentence)]), emission, allowed, best)
    spans = []
    for begin, end, label in spans_of(best):
        lowest = float(min(probabilities[token, best[token]] for token in range(begin, end)))
        spans.append(Span(begin, end, tags[2 * label + 1][2:], round(lowest, 4)))
    return relabel(sentence, spans)
