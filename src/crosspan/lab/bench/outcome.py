"""What a system made of the test sentences of a language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosspan.core.types import Alignment, Sentence


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """What a system made of the test sentences.

    Args:
        sentences: The labelled sentences; empty for word alignment.
        links: The word links; empty for other pipelines.
        notes: What a reader of the table must know.
        unsure: Whether sentences were left out that the next run should try again.
    """

    sentences: Sequence[Sentence] = ()
    links: Sequence[Alignment] = ()
    notes: tuple[str, ...] = ()
    unsure: bool = False
