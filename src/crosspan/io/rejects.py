"""Sentences as readers find them, with their line and what is wrong with their labels, and what becomes of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from crosspan.core.errors import CrosspanError, LeftOutError
from crosspan.core.logs import warn
from crosspan.core.types import Sentence
from crosspan.io.notices import ReadingWarning


class Located(NamedTuple):
    """A sentence as it was read.

    Args:
        line: Where it begins in its file, from 1.
        sentence: The sentence; without spans where there is a fault.
        fault: What is wrong with its labels, with its place.
        evidence: The record of a projection that the sentence is of, with the sources of its spans and what was
            dropped; see :mod:`crosspan.io.projections`.
        tags: The tags that its spans are read from, in one spelling, even where they cannot be; ``None`` where spans
            do not come from tags, or the tags cannot be told apart.
    """

    line: int
    sentence: Sentence
    fault: CrosspanError | None = None
    evidence: Mapping[str, Any] | None = None
    tags: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A sentence whose labels could not be read.

    Args:
        index: Place of the sentence in its file, from 0.
        where: ``file:line``.
        reason: What is wrong, and what can be done.

    Example:
        >>> Reject(0, "a.conll:3", "'PER' is not a tag").where
        'a.conll:3'
    """

    index: int
    where: str
    reason: str


def settle(located: Iterable[Located], rejects: list[Reject] | None) -> Iterator[Sentence]:
    """Yield sentences, and note those with a fault, or raise where nobody keeps a list of them.

    Args:
        located: The sentences as read.
        rejects: The list to add to, or ``None`` to raise.

    Yields:
        Every sentence, in order; where there is no list, without those that an annotator left out.

    Raises:
        CrosspanError: The first other fault, where there is no list.
    """
    left_out = 0
    for index, item in enumerate(located):
        fault = item.fault
        if fault is not None:
            if rejects is None and isinstance(fault, LeftOutError):
                left_out += 1
                continue
            if rejects is None:
                raise fault
            reason = f"{fault.message}. {fault.hint}" if fault.hint else fault.message
            rejects.append(Reject(index, fault.where or "", reason))
        yield item.sentence
    warn_of_left_out(left_out)


def warn_of_left_out(count: int) -> None:
    """Say how many sentences an annotator did not want to be used, if there are any."""
    if count:
        warn(f"{count} sentences are left out, as who annotated them said", ReadingWarning)
