"""A sample of a corpus that does not depend on the order of its sentences, nor on how it is read."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sampled(items: Iterable[T], most: int, words: Callable[[T], Sequence[str]]) -> list[T]:
    """At most so many of the items: those whose words have the least hashes.

    Which they are is the same in every process and for every order of the items, and hardly changes when some are
    added. No more than that are held in memory, so the items may be a stream of any length.

    Args:
        items: Sentences, say.
        most: How many to take; 0 takes all.
        words: The words of an item.

    Returns:
        The sample, in the order of the items.

    Example:
        >>> names = ["Accra", "Lagos", "Kano", "Gulu"]
        >>> sampled(names, 2, lambda name: [name])
        ['Lagos', 'Gulu']
        >>> sampled(reversed(names), 2, lambda name: [name])
        ['Gulu', 'Lagos']
    """
    if not most:
        return list(items)
    numbered = ((_hash(words(item)), number, item) for number, item in enumerate(items))
    chosen = heapq.nsmallest(most, numbered, key=lambda row: row[:2])
    return [item for _, _, item in sorted(chosen, key=lambda row: row[1])]


def _hash(words: Sequence[str]) -> bytes:
    return hashlib.blake2b("\x1f".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest()
