"""Checks of what comes in at the doors: the right kind of value, or an error that names it.

What is inside trusts the types; a list of strings where sentences belong would fail there, far from its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from crosspan.core.errors import ArgumentError
from crosspan.core.shown import shown
from crosspan.core.types import Alignment, Pair, Projection, Sentence

T = TypeVar("T")

_HINTS: dict[type, str] = {
    Sentence: "Make sentences with crosspan.read, sentence_from_text, Sentence.from_tags or from_dataset.",
    Pair: "Write Pair(source, target), two sentences.",
    Alignment: "Make one with Alignment.from_links or Alignment.from_pharaoh.",
    Projection: "Give what crosspan.project_labels returns.",
}


def check_sentences(name: str, value: Iterable[Sentence]) -> Sequence[Sentence]:
    """Raise unless a value is a list of sentences; see :func:`check_each`.

    Example:
        >>> check_sentences("sources", ["Ada"])
        Traceback (most recent call last):
        ...
        crosspan.core.errors.ArgumentError: sources[0] is a str ('Ada'), not a Sentence. Make sentences with crosspan.read, sentence_from_text, Sentence.from_tags or from_dataset.
    """  # noqa: E501
    return check_each(name, value, Sentence)


def check_alignments(name: str, value: Iterable[Alignment]) -> Sequence[Alignment]:
    """Raise unless a value is a list of alignments; see :func:`check_each`."""
    return check_each(name, value, Alignment)


def check_projections(name: str, value: Iterable[Projection]) -> Sequence[Projection]:
    """Raise unless a value is a list of projections; see :func:`check_each`."""
    return check_each(name, value, Projection)


def check_each(name: str, value: Iterable[T], kind: type[T]) -> Sequence[T]:
    """Raise unless a value is a list whose items are of one kind.

    Args:
        name: The name of the argument, as its function calls it.
        value: What was given. A generator is read to its end.
        kind: The class of its items.

    Returns:
        The value itself where it is a sequence, else a list of its items.

    Raises:
        ArgumentError: It is no list, or an item is of another class; the error names the first.
    """
    if isinstance(value, str | bytes | kind) or not isinstance(value, Iterable):
        raise _wrong(name, value, f"a list of {kind.__name__} values", kind)
    items = value if isinstance(value, Sequence) else list(value)
    for index, item in enumerate(items):
        if not isinstance(item, kind):
            raise _wrong(f"{name}[{index}]", item, f"a {kind.__name__}", kind)
    return items


def each_checked(name: str, items: Iterable[T], kind: type[T]) -> Iterable[T]:
    """Yield items as they come, each checked as in :func:`check_each`, for what must not be held in memory.

    Raises:
        ArgumentError: When the first item of another class is reached, or at once where the value is no list.

    Example:
        >>> next(iter(each_checked("pairs", iter([Pair(Sentence(()), Sentence(()))]), Pair))).source
        Sentence(tokens=(), spans=(), id=None, lang=None, text=None, offsets=None)
    """
    if isinstance(items, str | bytes | kind) or not isinstance(items, Iterable):
        raise _wrong(name, items, f"a series of {kind.__name__} values", kind)
    return _each(name, items, kind)


def _each(name: str, items: Iterable[T], kind: type[T]) -> Iterable[T]:
    for index, item in enumerate(items):
        if not isinstance(item, kind):
            raise _wrong(f"{name}[{index}]", item, f"a {kind.__name__}", kind)
        yield item


def words_of(place: str, pair: Pair | tuple[Sequence[str], Sequence[str]]) -> tuple[Sequence[str], Sequence[str]]:
    """The words of both sides of a pair of sentences, or of a pair of word lists.

    Raises:
        ArgumentError: It is neither; the error names ``place``.

    Example:
        >>> words_of("bitext[0]", (["a", "house"], ["ein", "Haus"]))
        (['a', 'house'], ['ein', 'Haus'])
    """
    if isinstance(pair, Pair):
        return pair.source.tokens, pair.target.tokens
    if isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(side, tuple | list) for side in pair):
        return pair[0], pair[1]
    raise _wrong(place, pair, "a Pair or two lists of words", Pair)


def _wrong(place: str, value: Any, expected: str, kind: type) -> ArgumentError:
    given = "None" if value is None else f"a {type(value).__name__} ({shown(value)})"
    return ArgumentError(f"{place} is {given}, not {expected}", hint=_HINTS.get(kind))
