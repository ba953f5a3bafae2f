"""Probabilities for taggers that give none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspan.core.errors import ModelError
from crosspan.core.types import Float32Array, Sentence

SMOOTHING = 0.05
"""Some taggers give no probabilities. The tag that was chosen then has ``1 - SMOOTHING``, or the score of its span, and
all other tags the rest in equal parts: a convention, not an estimate."""


def smoothed(sentence: Sentence, tags: Sequence[str], name: str) -> Float32Array:
    """The tags of a sentence as probabilities: ``[n_tokens, n_tags]``, rows sum to one; see :data:`SMOOTHING`.

    Args:
        sentence: The sentence with its spans.
        tags: The tags that the columns stand for, ``"O"`` first.
        name: Who tagged it, for the error.

    Raises:
        ModelError: A label of the sentence is not among the tags.

    Example:
        >>> smoothed(Sentence(("Accra",)), ("O", "B-LOC", "I-LOC"), "mine").round(3).tolist()
        [[0.949999988079071, 0.02500000037252903, 0.02500000037252903]]
    """
    column = {tag: index for index, tag in enumerate(tags)}
    others = max(len(column) - 1, 1)
    sure = np.full(len(sentence), 1.0 - SMOOTHING if len(column) > 1 else 1.0, np.float32)
    for span in sentence.spans:
        if span.score is not None:
            sure[span.start : span.end] = span.score
    rows = np.repeat((1.0 - sure)[:, None] / others, len(column), axis=1).astype(np.float32)
    for index, tag in enumerate(sentence.tags()):
        if tag not in column:
            raise ModelError(
                f"the tagger finds {tag[2:]!r}, which is not among its labels",
                where=name,
                hint="Name all its labels, or map them with labels=.",
            )
        rows[index, column[tag]] = sure[index]
    return rows
