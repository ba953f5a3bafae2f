"""Projection methods by name, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from crosspan.core.errors import OptionError
from crosspan.core.settings import as_type, with_settings
from crosspan.core.types import Alignment, Pair, Projection

METHODS = ("candidates", "heuristic")
"""Names of the projection methods; the first is the default."""


class Projector(Protocol):
    """Carries the source spans of aligned pairs over to their targets.

    ``count`` and then ``observe`` may be called with shard after shard of a corpus before any of them is projected:
    methods that learn from the corpus how an entity is rendered do so there, others ignore it.
    """

    def count(self, pairs: Sequence[Pair]) -> None:
        """Count the words of pairs that will be observed later."""

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Learn from pairs that will be projected later."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """One projection a pair, in order; an alignment of ``None`` makes an error projection."""


class HeuristicProjector:
    """Carries spans over to the words they are linked to (:func:`crosspan.project.heuristic.heuristic`).

    Args:
        options: A :class:`crosspan.project.heuristic.HeuristicOptions`; by default its defaults.
    """

    def __init__(self, options: Any = None) -> None:
        self.options = options

    def count(self, pairs: Sequence[Pair]) -> None:
        """Do nothing: the heuristic looks at one sentence at a time."""

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Do nothing: the heuristic looks at one sentence at a time."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Project the spans of aligned pairs."""
        from crosspan.project.batch import PairBatch
        from crosspan.project.heuristic import heuristic
        from crosspan.project.results import assemble

        batch = PairBatch.build(pairs, alignments)
        return assemble(batch, pairs, heuristic(batch, pairs, self.options))


def make_projector(method: str = "candidates", settings: Mapping[str, Any] | None = None) -> Projector:
    """Build a projector.

    Args:
        method: One of :data:`METHODS`.
        settings: Options of the method by name; values may be strings, as from a command line. ``weights.NAME`` sets
            the weight of one score of ``candidates``.

    Raises:
        OptionError: The method or a setting is unknown, or a value is out of range.

    Example:
        >>> make_projector("heuristic", {"merge_distance": "2"}).options.merge_distance
        2
    """
    given = dict(settings or {})
    if method == "heuristic":
        from crosspan.project.heuristic import HeuristicOptions

        return HeuristicProjector(with_settings(HeuristicOptions(), given))
    if method == "candidates":
        from crosspan.project.candidates import CandidateOptions, CandidateProjector

        weights = {name: given.pop(name) for name in list(given) if name.startswith("weights.")}
        options = with_settings(CandidateOptions(), given)
        named = {name.removeprefix("weights."): as_type(name, value, 1.0) for name, value in weights.items()}
        return CandidateProjector(replace(options, weights={**options.weights, **named}))
    raise OptionError(f"unknown method {method!r}", hint=f"Use one of: {', '.join(METHODS)}.")
