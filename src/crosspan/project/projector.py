"""Projection methods by name, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from crosspan.core.components import Component
from crosspan.core.families import Family
from crosspan.core.types import Alignment, Pair, Projection

_NEURAL = ("transformers", "tokenizers", "torch")

PROJECTORS = Family(
    "crosspan.projectors",
    "projector",
    {
        "candidates": Component(
            target="crosspan.project.candidates:CandidateProjector",
            options="crosspan.project.candidate_options:CandidateOptions",
            about="Scores ranges of target words for each entity, and chooses the best matching.",
            data=("crosspan.project",),
            learns=True,
            merges=True,
            links=True,
        ),
        "heuristic": Component(
            target="crosspan.project.projector:HeuristicProjector",
            options="crosspan.project.heuristic:HeuristicOptions",
            about="The words that an entity is linked to, joined and filtered.",
            data=("crosspan.project",),
            links=True,
        ),
        "codec": Component(
            target="crosspan.project.codec:CodecProjector",
            options="crosspan.project.codec:CodecOptions",
            about="Has a translation model put markers into the target text; no links.",
            packages=_NEURAL,
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
            text=True,
        ),
        "t-projection": Component(
            target="crosspan.project.t_projection:TProjection",
            options="crosspan.project.t_projection:TProjectionOptions",
            about="A model that was trained for it writes candidates, a translator scores them; no links.",
            packages=_NEURAL,
            extra="neural",
            model="model",
            gpu=True,
            text=True,
        ),
        "clap": Component(
            target="crosspan.project.clap:ClapProjector",
            options="crosspan.project.clap:ClapOptions",
            about="Asks a language model what became of each entity; no links.",
            model="model",
            text=True,
        ),
    },
    context=("threads",),
    unknown=Component(learns=True, links=True, text=True, target_spans=True),
)
"""Projection methods by name: factories ``(**options)`` of a :class:`Projector`."""


class Projector(Protocol):
    """Carries the source spans of aligned pairs over to their targets.

    ``count`` and then ``observe`` may be called with shard after shard of a corpus before any of them is projected:
    methods that learn from the corpus how an entity is rendered do so there, others ignore it.

    One whose component says ``merges`` keeps what it learned in its attribute ``memory``, a
    :class:`crosspan.project.observed.Observed`: shards may then be counted and observed in different processes.
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


def with_link_kind(method: str, settings: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Settings of a method with what the links are, where it asks for it and nobody has said.

    Args:
        method: One of :data:`PROJECTORS`.
        settings: Its options.
        kind: The fact ``link_kind`` of the aligner; empty where it is not known.

    Example:
        >>> with_link_kind("candidates", {"reach": 1}, "hybrid"), with_link_kind("heuristic", {}, "hybrid")
        ({'reach': 1, 'link_kind': 'hybrid'}, {})
    """
    asked = "link_kind" in (PROJECTORS.option_names(method) or ())
    said = settings.get("link_kind", "auto") != "auto"
    return {**settings, "link_kind": kind} if kind and asked and not said else dict(settings)


def make_projector(method: str = "candidates", settings: Mapping[str, Any] | None = None) -> Projector:
    """Build a projector.

    Args:
        method: One of :data:`PROJECTORS`, those of other packages included.
        settings: Options of the method by name; values may be strings, as from a command line. ``weights.NAME`` sets
            the weight of one score of ``candidates``.

    Raises:
        OptionError: The method or a setting is unknown, or a value is out of range.
        MissingDependencyError: The method needs a package that is not installed.

    Example:
        >>> make_projector("heuristic", {"merge_distance": "2"}).options.merge_distance
        2
    """
    made: Projector = PROJECTORS.make(method, settings=settings)
    return made
