"""What a tagger learns from: labelled sentences of which some words may be unknown and some labels unsure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosspan.core.checks import check_each
from crosspan.core.types import Sentence


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence to learn from.

    Args:
        sentence: The sentence with its spans; the ``score`` of a span, where it has one, is the probability that it is
            right.
        weight: How much the sentence counts, above 0.
        unobserved: Indices of tokens, in ascending order, of which it is not known whether they belong to an entity.
            "Not labelled" is not "O" there.
        missing: Chance in [0, 1) that a word of an entity was left unlabelled; 0 where the labels are gold.
    """

    sentence: Sentence
    weight: float = 1.0
    unobserved: tuple[int, ...] = ()
    missing: float = 0.0


def as_examples(given: Iterable[Example | Sentence]) -> list[Example]:
    """Labelled sentences as examples of full weight; examples stay as they are.

    Raises:
        ArgumentError: Something is neither.

    Example:
        >>> as_examples([Sentence(("Accra",))])[0].weight
        1.0
    """
    items = given if isinstance(given, str | Sentence) or not isinstance(given, Iterable) else list(given)
    if isinstance(items, list):
        items = [Example(item) if isinstance(item, Sentence) else item for item in items]
    return list(check_each("examples", items, Example))  # type: ignore[arg-type]  # that is what is checked
