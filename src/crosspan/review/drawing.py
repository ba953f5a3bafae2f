"""Which sentences are looked at, and in which order: drawn by chance, least sure first, or both.

What is drawn by chance speaks for the whole, and what is unsure is where corrections pay most. So each sentence keeps
the reason why it was drawn (:data:`crosspan.review.decisions.Drawn`), and quality is estimated from the former alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crosspan.core.errors import OptionError
from crosspan.review.decisions import Drawn
from crosspan.review.tasks import Task


@dataclass(frozen=True, slots=True)
class Shown:
    """A task that is shown to somebody.

    Args:
        task: The task.
        drawn: Why it is shown; ``None`` where all are, in their order.
    """

    task: Task
    drawn: Drawn | None = None


def draw(
    tasks: Iterable[Task], *, random: int | None = None, uncertain: int | None = None, seed: int = 0
) -> list[Shown]:
    """Choose tasks and put them in the order in which they are to be looked at.

    Those drawn by chance stand in the order of the draw, so that whoever stops early has looked at a random sample all
    the same. Those that are unsure are taken from the others, the sentence with the least sure span first. Where there
    are both, they alternate by their numbers.

    Args:
        tasks: All tasks; those with a fault and those without words are left out.
        random: How many to draw by chance, at most.
        uncertain: How many to take for being unsure, at most; sentences without any confidence are never among them.
        seed: Of the draw.

    Returns:
        What is shown. Without either number it is everything, in its order.

    Raises:
        OptionError: A number is negative.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> scores = [0.9, 0.2, 0.5]
        >>> tasks = [
        ...     Task(index=at, id=str(at), sentence=Sentence(("Bo",), (Span(0, 1, "LOC", score),)))
        ...     for at, score in enumerate(scores)
        ... ]
        >>> [one.task.id for one in draw(tasks, uncertain=2)]
        ['1', '2']
    """
    sound = [task for task in tasks if task.fault is None and task.sentence.tokens]
    if random is None and uncertain is None:
        return [Shown(task) for task in sound]
    if min(random or 0, uncertain or 0) < 0:
        raise OptionError("a number of sentences is negative", hint="Draw none or more.")
    order = np.random.default_rng(seed).permutation(len(sound))[: random or 0].tolist()
    chosen = set(order)
    unsure = sorted(
        (confidence, task.index, at)
        for at, task in enumerate(sound)
        if at not in chosen and (confidence := task.confidence) is not None
    )
    by_chance = [Shown(sound[at], "random") for at in order]
    least_sure = [Shown(sound[at], "uncertain") for _, _, at in unsure[: uncertain or 0]]
    places = [
        *((rank / len(by_chance), 0, one) for rank, one in enumerate(by_chance)),
        *((rank / len(least_sure), 1, one) for rank, one in enumerate(least_sure)),
    ]
    return [one for _, _, one in sorted(places, key=lambda place: place[:2])]
