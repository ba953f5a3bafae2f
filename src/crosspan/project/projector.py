"""Projection methods by name, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from crosspan.errors import OptionError
from crosspan.types import Alignment, Pair, Projection

METHODS = ("candidates", "heuristic")
"""Names of the projection methods; the first is the default."""


class Projector(Protocol):
    """Carries the source spans of aligned pairs over to their targets.

    ``observe`` may be called with shard after shard of a corpus before any of them is projected: methods that learn
    from the corpus how an entity is rendered do so there, others ignore it.
    """

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Learn from pairs that will be projected later."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """One projection a pair, in order; an alignment of ``None`` makes an error projection."""


def make_projector(
    method: str = "candidates", settings: Mapping[str, str | float | int | bool] | None = None
) -> Projector:
    """Build a projector.

    Args:
        method: One of :data:`METHODS`.
        settings: Options of the method by name; values may be strings, as from a command line.

    Raises:
        OptionError: The method or a setting is unknown, or a value is out of range.
    """
    raise OptionError(f"unknown method {method!r}", hint=f"Use one of: {', '.join(METHODS)}.")
