"""Words that stand unchanged in a sentence and in its translation: they are mostly names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import regex

from crosspan.text.characters import composed

SHORTEST = 3
"""Shorter words stand on both sides by chance."""

_JOINTS = regex.compile(r"['’ʼ\-–]")


def copied_words(tokens: Sequence[str], translation: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell which words of a sentence begin with a capital and stand unchanged in its translation.

    A word of the translation counts with the parts before and after an apostrophe or hyphen as well, because many
    languages write small words together with names (Luganda ``ne'Kampala``). How letters with marks are spelt does not
    count.

    Args:
        tokens: Words of the sentence.
        translation: Words of its translation.

    Returns:
        For each token whether it is copied, ``[n_tokens]``.

    Example:
        >>> copied_words("Moses Ali left Kampala .".split(), "Moses Ali yava e-Kampala .".split()).tolist()
        [True, True, False, True, False]
    """
    tokens, translation = composed(tokens), composed(translation)
    there = set(translation)
    for word in translation:
        if _JOINTS.search(word):
            there.update(_JOINTS.split(word))
    return np.array([len(word) >= SHORTEST and word[0].isupper() and word in there for word in tokens], np.bool_)
