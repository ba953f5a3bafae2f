"""The order in which sentences come up: the least sure first, by chance, or both in turns; all of them in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.core.shown import shown
from crosspan.report.sample import draw
from crosspan.review.decisions import Drawn
from crosspan.review.tasks import Task

Order = Literal["uncertain", "random", "mixed"]
"""``uncertain``: the least sure first. ``random``: by chance. ``mixed``: one by chance and one unsure, in turns."""
ORDERS: tuple[Order, ...] = get_args(Order)

_OF_DROPPED = 0.5
"""How sure a sentence is at most that an entity of its source is missing in: it may be there or not."""


def certainty(task: Task) -> float | None:
    """How sure the labels of a sentence are: as sure as its least sure span.

    A source span that has no counterpart counts as one half.

    Args:
        task: The sentence.

    Returns:
        A number from 0 to 1; ``None`` where nothing is known, as no span has a confidence.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> certainty(Task(index=0, id="a", sentence=Sentence(("Ada",), (Span(0, 1, "PER", 0.8),))))
        0.8
    """
    known = task.confidence
    if task.projection is None or not task.projection.dropped:
        return known
    return _OF_DROPPED if known is None else min(known, _OF_DROPPED)


@dataclass(frozen=True, slots=True)
class Queue:
    """All sentences in the order in which they come up.

    Args:
        indices: The sentences, by place in the queue.
        drawn: Why each comes up there, by place.
        places: The place of each sentence, by the sentence.
    """

    indices: tuple[int, ...]
    drawn: tuple[Drawn, ...]
    places: dict[int, int]


def by_chance(indices: Sequence[int], seed: int) -> list[int]:
    """Sentences in an order that depends on the seed alone, as if by chance.

    Example:
        >>> sorted(by_chance([0, 1, 2], 7)) == [0, 1, 2]
        True
    """
    return sorted(indices, key=lambda index: draw(seed, index))


def queue_of(order: Order, certainties: dict[int, float | None], seed: int) -> Queue:
    """Put sentences into a queue.

    In a mixed queue the sentences by chance are those that a queue by chance begins with, whatever their confidence,
    but for those that came up already.

    Args:
        order: Which queue.
        certainties: How sure each sentence is, see :func:`certainty`; those of which nothing is known come last.
        seed: Another seed is another chance.

    Example:
        >>> queue_of("uncertain", {0: 0.9, 1: 0.2, 2: None}, 0).indices
        (1, 0, 2)
        >>> queue_of("mixed", {0: 0.9, 1: 0.2, 2: 0.4}, 0).drawn
        ('random', 'uncertain', 'random')
    """
    chance = by_chance(list(certainties), seed)
    known = [index for index in chance if certainties[index] is not None]
    unsure = sorted(known, key=lambda index: certainties[index] or 0.0)
    unsure += [index for index in chance if certainties[index] is None]
    ways: list[tuple[Drawn, list[int]]] = {
        "uncertain": [("uncertain", unsure)],
        "random": [("random", chance)],
        "mixed": [("random", chance), ("uncertain", unsure)],
    }[order]  # type: ignore[assignment]  # the literals are what they look like
    rows = list(_in_turns(ways))
    indices = tuple(index for index, _ in rows)
    return Queue(indices, tuple(why for _, why in rows), {index: place for place, index in enumerate(indices)})


def _in_turns(ways: Sequence[tuple[Drawn, list[int]]]) -> Iterator[tuple[int, Drawn]]:
    """One of each way after the other, each sentence once."""
    seen: set[int] = set()
    left = [(why, iter(found)) for why, found in ways]
    while left:
        for one in list(left):
            why, found = one
            index = next((index for index in found if index not in seen), None)
            if index is None:
                left.remove(one)
                continue
            seen.add(index)
            yield index, why


def order_of(name: str) -> Order:
    """The order of a name.

    Args:
        name: The name.

    Raises:
        OptionError: There is none.
    """
    if name not in ORDERS:
        raise OptionError(f"there is no order {shown(name)}", hint=f"Choose from {', '.join(ORDERS)}.")
    return name
