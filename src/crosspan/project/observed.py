"""What projection learns from a corpus before it projects any of it."""

from __future__ import annotations

from collections.abc import Sequence

from crosspan.core.types import Pair
from crosspan.project.memory import EntityMemory
from crosspan.project.words import WordCounts


class Observed:
    """What is known of a corpus: how its entities were rendered, and how often its words stand there."""

    def __init__(self) -> None:
        self.memory = EntityMemory()
        self.source = WordCounts()
        self.target = WordCounts()
        self.counted = False
        self.pairs: set[int] = set()

    def add_words(self, pairs: Sequence[Pair]) -> None:
        """Count the words of both sides."""
        self.source.add(pair.source for pair in pairs)
        self.target.add(pair.target for pair in pairs)


def fingerprint(pair: Pair) -> int:
    """A number that tells pairs apart by their words."""
    return hash((pair.source.tokens, pair.target.tokens))
