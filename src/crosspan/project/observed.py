"""What projection learns from a corpus before it projects any of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from crosspan.core.types import Pair
from crosspan.project.memory import EntityMemory
from crosspan.project.words import WordCounts
from crosspan.text.name_forms import NameForms


class Observed:
    """What is known of a corpus: how its entities were rendered, and how often its words stand there.

    Attributes:
        names: Which labels its names have in the target, where somebody looked.
    """

    def __init__(self) -> None:
        self.memory = EntityMemory()
        self.source = WordCounts()
        self.target = WordCounts()
        self.counted = False
        self.pairs: set[int] = set()
        self.names: NameForms | None = None

    def add_words(self, pairs: Sequence[Pair]) -> None:
        """Count the words of both sides."""
        self.source.add(pair.source for pair in pairs)
        self.target.add(pair.target for pair in pairs)

    def merge(self, other: Observed) -> None:
        """Know also what was observed of another part of the corpus: a shard, as it was observed by itself.

        Merged shard by shard, in order, it knows what it would know had it observed all of them.

        Args:
            other: What is known of that part; it is not changed.
        """
        self.memory.merge(other.memory)
        self.source.merge(other.source)
        self.target.merge(other.target)
        self.counted = self.counted or other.counted
        self.pairs |= other.pairs

    def beside(self) -> Observed:
        """Another one with the same counts of words, that has observed no pairs yet; it shares the counts."""
        other = Observed()
        other.source, other.target, other.counted = self.source, self.target, True
        return other

    def without_counts(self) -> Observed:
        """The same without counts of words."""
        other = Observed()
        other.memory, other.pairs = self.memory, self.pairs
        return other

    def save(self, path: str | Path) -> None:
        """Write it as one file, all or nothing; see :mod:`crosspan.project.memory_file`.

        Raises:
            OutputError: The file cannot be written.
        """
        from crosspan.project.memory_file import save

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Observed:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: The file is damaged, too new, or no such memory.
        """
        from crosspan.project.memory_file import load

        return load(Path(path))


def fingerprint(pair: Pair) -> int:
    """A number that tells pairs apart by their words, and is the same in every process.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> fingerprint(Pair(Sentence(("Accra",)), Sentence(("mji",)))) % 1000
        539
    """
    text = "\x1e".join(["\x1f".join(pair.source.tokens), "\x1f".join(pair.target.tokens)])
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
