"""Keeps test sentences out of the text that models learn from, labelled or not.

MasakhaNER labelled sentences of MAFAND, so that a model which reads MAFAND beforehand would know its test. A line is
left out if it has the letters and digits of a test sentence in the same order, whatever stands between them, or if it
shares eight words in a row with one: lines often hold more than one sentence, or are cut elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import regex

from crosspan.core.types import Sentence

RUN = 8
"""Words in a row that tell a sentence."""

_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+")


class Overlap(NamedTuple):
    """What was left out of a text.

    Args:
        lines: Lines of the text.
        same: Those that are a test sentence.
        shared: Others that share a run of words with one.
    """

    lines: int
    same: int
    shared: int


class TestText:
    """Test sentences, to be found again in other text.

    Args:
        sentences: The test sentences.

    Example:
        >>> held = TestText([Sentence(("Allied", "yasobola", "okuyingira", "."))])
        >>> held.without(["Allied yasobola okuyingira!", "Ekirala."])
        (['Ekirala.'], Overlap(lines=2, same=1, shared=0))
    """

    __test__ = False  # for pytest: this is no test

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self._same: set[str] = set()
        self._runs: set[int] = set()
        for one in sentences:
            words = _words(" ".join(one.tokens))
            self._same.add(_letters(words))
            self._runs.update(_runs(words))
        self._same.discard("")

    def without(self, lines: Iterable[str]) -> tuple[list[str], Overlap]:
        """The lines that are in no test sentence, and how many were."""
        kept: list[str] = []
        count = same = shared = 0
        for line in lines:
            count += 1
            words = _words(line)
            if _letters(words) in self._same:
                same += 1
            elif not self._runs.isdisjoint(_runs(words)):
                shared += 1
            else:
                kept.append(line)
        return kept, Overlap(count, same, shared)


def _words(text: str) -> list[str]:
    """What is left of a text without white space, punctuation and case."""
    found: list[str] = _WORDS.findall(text.casefold())
    return found


def _letters(words: list[str]) -> str:
    """All letters and digits in a row, composed last: a mark may stand after a blank that went."""
    return unicodedata.normalize("NFC", "".join(words))


def _runs(words: list[str]) -> Iterator[int]:
    """Fingerprints of all runs of words."""
    return map(hash, zip(*(words[at:] for at in range(RUN)), strict=False))
