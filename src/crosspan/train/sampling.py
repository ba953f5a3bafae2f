"""A sample of a corpus that does not depend on the order of its sentences, nor on how it is read."""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sampled(items: Iterable[T], most: int, words: Callable[[T], Sequence[str]]) -> list[T]:
    """The items, or so many of them that stand for all: those whose words have the least hashes.

    Which they are is the same in every process and for every order of the items, and hardly changes when some are
    added. Of items with the same words only the first is taken into a sample, so that one that stands in a corpus again
    and again does not fill it. No more than the sample is held in memory: the items may be a stream of any length.

    Args:
        items: Sentences, say.
        most: How many to take at most; where there are no more, all of them are taken as they are. 0 takes all.
        words: The words of an item.

    Returns:
        What was taken, in the order of the items.

    Example:
        >>> names = ["Accra", "Lagos", "Kano", "Gulu"]
        >>> sampled(names, 2, lambda name: [name])
        ['Lagos', 'Gulu']
        >>> sampled(reversed(names), 2, lambda name: [name])
        ['Gulu', 'Lagos']
    """
    if not most:
        return list(items)
    stream = iter(items)
    first = list(itertools.islice(stream, most + 1))
    if len(first) <= most:
        return first
    chosen: dict[int, tuple[int, T]] = {}
    largest_first: list[int] = []  # hashes of what is chosen, negative, as a heap
    for number, item in enumerate(itertools.chain(first, stream)):
        found = _hash(words(item))
        if found in chosen or (len(chosen) == most and found > -largest_first[0]):
            continue
        chosen[found] = number, item
        heapq.heappush(largest_first, -found)
        if len(chosen) > most:
            del chosen[-heapq.heappop(largest_first)]
    return [item for _, item in sorted(chosen.values(), key=lambda row: row[0])]


def _hash(words: Sequence[str]) -> int:
    text = "\x1f".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
