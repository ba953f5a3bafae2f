"""From characters to words: which words of a sentence a mention stands for.

Models that read text as it is written cut it in their own way, and say where a mention is in characters, or what it
says. A label belongs to whole words of ours. The rule is the same for all of them, and for every language in which
words hang together (``l'Europe``, ``dell'Unione``, Hebrew prefixes): **a mention takes every word that it touches.**
Nothing that was found is lost then, and what comes along is what is written with it as one word.
"""

from __future__ import annotations

import itertools
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, get_args

from crosspan.core.types import Sentence, Span
from crosspan.text.fuzzy import folded, similarity

Match = Literal["exact", "folded", "fuzzy"]
"""How like a mention the words must be that it stands for; each looks for a better match first."""

Offsets = tuple[tuple[int, int], ...]

_FOLDED = 0.95
"""How good a match is that is not words letter for letter; where they are merely alike, it is less by that."""


def text_of(sentence: Sentence) -> tuple[str, Offsets]:
    """The text of a sentence and the offsets of its tokens: as written where that is known, else with blanks.

    Example:
        >>> text_of(Sentence(("in", "Accra")))
        ('in Accra', ((0, 2), (3, 8)))
    """
    if sentence.text is not None and sentence.offsets is not None:
        return sentence.text, sentence.offsets
    ends = itertools.accumulate(len(token) + 1 for token in sentence.tokens)
    return " ".join(sentence.tokens), tuple(
        [(end - 1 - len(token), end - 1) for end, token in zip(ends, sentence.tokens, strict=True)]
    )


def words_touched(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """The words that a range of characters touches.

    Args:
        offsets: ``(start, end)`` of each word, in order.
        start: The first character of the range.
        end: One past its last.

    Returns:
        The first word, and one past the last; ``None`` where the range holds nothing of any word.

    Example:
        >>> words_touched(((0, 7), (8, 18)), 2, 18)  # "Union européenne" in "l'Union européenne"
        (0, 2)
        >>> words_touched(((0, 7), (8, 18)), 7, 8) is None
        True
    """
    first = bisect_right(offsets, start, key=lambda word: word[1])
    last = bisect_left(offsets, end, key=lambda word: word[0])
    return (first, last) if first < last and start < end else None


def apart(spans: Iterable[Span]) -> list[Span]:
    """Those of some spans that do not overlap: the surest first, then the first, then the longest.

    Args:
        spans: In any order.

    Returns:
        Those that stay, in the order of the sentence.

    Example:
        >>> apart([Span(0, 2, "ORG"), Span(1, 2, "LOC"), Span(3, 4, "LOC", 0.5), Span(3, 5, "PER", 0.9)])
        [Span(start=0, end=2, label='ORG', score=None), Span(start=3, end=5, label='PER', score=0.9)]
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-(span.score or 0.0), span.start, -span.end)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)


def find_mention(
    sentence: Sentence, mention: str, *, how: Match = "exact", least: float = 0.8
) -> list[tuple[int, int, float]]:
    """All places where a sentence says something.

    Args:
        sentence: The sentence; places are ranges of its tokens.
        mention: What to find. Punctuation at its ends does not count where it stands nowhere with it. Where it stands
            letter for letter, but for what is written with it as one word (``Union`` in ``l'Union``), that word counts.
        how: ``"exact"``: letter for letter; ``"folded"`` leaves case and composition of accents aside; ``"fuzzy"`` takes
            words that are alike. Each looks for a better match first.
        least: The least similarity for ``"fuzzy"``.

    Returns:
        First token, one past the last, and how good the match is: 1 where it is exact.

    Example:
        >>> find_mention(Sentence(("Acra", ",", "in", "ACRA")), "Acra."), find_mention(Sentence(("ACRA",)), "Acra")
        ([(0, 1, 1.0)], [])
        >>> find_mention(Sentence(("ACRA",)), "Acra", how="folded")
        [(0, 1, 0.95)]
        >>> find_mention(Sentence(("l'Union", "européenne")), "Union européenne"), find_mention(Sentence(("Canada",)), "Ada")
        ([(0, 2, 0.95)], [])
    """  # noqa: E501
    mentions = [mention]
    start, end = stripped(mention, 0, len(mention), is_edge)
    if start < end and (start, end) != (0, len(mention)):
        mentions.append(mention[start:end])
    for level in get_args(Match)[: get_args(Match).index(how) + 1]:
        for wanted in mentions:
            found = list(_places(sentence, wanted, level, least))
            if level == "exact" and not found:
                found = _within_words(sentence, wanted)
            if found:
                return found
    return []


def _places(sentence: Sentence, wanted: str, level: Match, least: float) -> Iterator[tuple[int, int, float]]:
    """Ranges of whole words that say it."""
    text, offsets = text_of(sentence)
    longest = len(wanted) if level == "exact" else len(wanted) * (2.0 / least - 1.0) + 4
    for first, (start, _) in enumerate(offsets):
        for last in range(first, len(offsets)):
            here = text[start : offsets[last][1]]
            if len(here) > longest:
                break
            if level == "exact":
                alike = float(here == wanted)
            elif level == "folded":
                alike = _FOLDED * (folded(here) == folded(wanted))
            else:
                alike = _FOLDED * similarity(here, wanted, least=least)
            if alike > 0.0:
                yield first, last + 1, alike


def _within_words(sentence: Sentence, wanted: str) -> list[tuple[int, int, float]]:
    """Words that say it, and more with an apostrophe, a hyphen or the like between; half a word says nothing."""
    text, offsets = text_of(sentence)
    found: dict[tuple[int, int], None] = {}
    at = text.find(wanted) if any(map(_is_letter, wanted)) else -1
    while at >= 0:
        end = at + len(wanted)
        whole = not any(_is_letter(text[edge - 1 : edge]) and _is_letter(text[edge : edge + 1]) for edge in (at, end))
        if whole and (words := words_touched(offsets, at, end)) is not None:
            found[words] = None
        at = text.find(wanted, at + 1)
    return [(*words, _FOLDED) for words in found]


def stripped(text: str, start: int, end: int, edge: Callable[[str], bool]) -> tuple[int, int]:
    """A stretch of a text without certain characters at its ends.

    Example:
        >>> stripped("in  Accra ", 2, 10, str.isspace)
        (4, 9)
    """
    while start < end and edge(text[start]):
        start += 1
    while start < end and edge(text[end - 1]):
        end -= 1
    return start, end


def is_edge(char: str) -> bool:
    """Whether a character at the end of a mention says nothing: white space and punctuation."""
    return char.isspace() or unicodedata.category(char)[0] == "P"


def _is_letter(char: str) -> bool:
    return bool(char) and unicodedata.category(char)[0] in "LMN"
