"""Words back to running text, for models that read text as people write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from crosspan.core.types import Sentence
from crosspan.text.scripts import is_unspaced

_TO_THE_LEFT = frozenset(
    [*",.;:!?%)]}»”’…", "،", "؛", "؟", "۔", "।", "。", "、", "，", "！", "？", "：", "；", "）", "」", "』", "》"]
)
_TO_THE_RIGHT = frozenset([*"([{«“‘¿¡", "（", "「", "『", "《"])
_CLITIC = re.compile(r"(?:n't|'(?:s|m|d|re|ve|ll))\Z", re.IGNORECASE)


def written(sentence: Sentence) -> Sentence:
    """The sentence with text and offsets: its own where it has them, else text made of its words.

    Args:
        sentence: Any sentence.

    Returns:
        A sentence with the same tokens whose ``text`` and ``offsets`` are not ``None``.

    Example:
        >>> found = written(Sentence(("Ada", "(", "36", ")", "left", ",", "too", ".")))
        >>> found.text, found.offsets[1:3]
        ('Ada (36) left, too.', ((4, 5), (5, 7)))
    """
    if sentence.text is not None and sentence.offsets is not None:
        return sentence
    text, offsets = detokenize(sentence.tokens)
    return replace(sentence, text=text, offsets=offsets)


def detokenize(tokens: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Join words as they are written: no blank before a full stop, none between Chinese words.

    Args:
        tokens: The words; none is changed.

    Returns:
        The text, and where in it each word stands, in code points.

    Example:
        >>> detokenize(["She", "said", ":", '"', "Yes", '"', "."])[0]
        'She said: "Yes".'
        >>> detokenize(["東京", "に", "行", "く", "。"])[0]
        '東京に行く。'
    """
    parts: list[str] = []
    offsets: list[tuple[int, int]] = []
    at = 0
    open_quotes: set[str] = set()
    glue = True  # no blank before the first word
    for index, token in enumerate(tokens):
        closes = token in open_quotes
        if index and not glue and not _hangs_on(tokens[index - 1], token, closes):
            parts.append(" ")
            at += 1
        parts.append(token)
        offsets.append((at, at + len(token)))
        at += len(token)
        glue = token in _TO_THE_RIGHT
        if token in ('"', "'", "''", "``"):
            open_quotes.symmetric_difference_update((token,))
            glue = not closes
    return "".join(parts), tuple(offsets)


def _hangs_on(before: str, token: str, closes: bool) -> bool:
    """Whether a word follows the one before it without a blank."""
    if closes or token in _TO_THE_LEFT or _CLITIC.match(token):
        return True
    return is_unspaced(token[0]) and is_unspaced(before[-1])


def phrase(sentence: Sentence, start: int, end: int) -> str:
    """The text of a range of words, as it is written in the sentence.

    Example:
        >>> phrase(Sentence(("the", "U.S.", "(", "Washington", ")")), 1, 5)
        'U.S. (Washington)'
    """
    if sentence.text is not None and sentence.offsets is not None:
        return sentence.text[sentence.offsets[start][0] : sentence.offsets[end - 1][1]]
    return detokenize(sentence.tokens[start:end])[0]
