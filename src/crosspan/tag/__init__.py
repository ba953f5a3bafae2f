"""Taggers: sentences in, sentences with entity spans and their confidence out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from crosspan.types import Sentence

Float32Array = npt.NDArray[np.float32]


class Tagger(Protocol):
    """Finds entities. Every tagger of crosspan, embedded or heavy, has these methods."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, sorted, e.g. ``("LOC", "ORG", "PER")``."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The IOB2 tags that :meth:`probabilities` has columns for: ``"O"`` first, then ``B-`` and ``I-`` by label."""

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Label sentences.

        Args:
            sentences: What to label; labels they have are replaced.

        Returns:
            The same sentences in order, with spans; the ``score`` of a span is the probability that it is exactly
            right.
        """

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The probability of each tag at each token: a ``[n_tokens, n_tags]`` array a sentence, rows sum to one."""
