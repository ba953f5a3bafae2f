"""Progress and metrics of work that takes long: one event, whoever tells it and whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NONE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far some work is, and what it has measured.

    Args:
        stage: What is being done, such as ``"aligning"``.
        done: How much of it: sentences, steps, languages.
        total: Of how many; 0 where that is not known.
        metrics: What was measured on the way, by name, such as ``{"loss": 0.4, "dev_f1": 0.7}``; mostly empty.

    Example:
        >>> Progress("training", 10, 200, {"loss": 0.4}).share
        0.05
    """

    stage: str
    done: int
    total: int = 0
    metrics: Mapping[str, float] = field(default_factory=lambda: _NONE)

    @property
    def share(self) -> float | None:
        """The part that is done, from 0 to 1; ``None`` where the whole is not known."""
        return self.done / self.total if self.total else None


Listener = Callable[[Progress], None]
"""What is told of progress."""

Advance = Callable[[int, int], None]
"""What a single piece of work calls: with what is done, and all there is."""


def advance_of(listener: Listener | None, stage: str) -> Advance:
    """What tells a listener how far one stage is.

    Args:
        listener: Who is told; ``None`` tells nobody.
        stage: The stage.

    Example:
        >>> heard = []
        >>> advance_of(heard.append, "tagging")(3, 4)
        >>> heard[0].stage, heard[0].done
        ('tagging', 3)
    """

    def advance(done: int, total: int) -> None:
        if listener is not None:
            listener(Progress(stage, done, total))

    return advance
