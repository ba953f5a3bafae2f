"""Projection methods by name, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Protocol

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


class HeuristicProjector:
    """Carries spans over to the words they are linked to (:func:`crosspan.project.heuristic.heuristic`).

    Args:
        options: A :class:`crosspan.project.heuristic.HeuristicOptions`; by default its defaults.
    """

    def __init__(self, options: Any = None) -> None:
        self.options = options

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Do nothing: the heuristic looks at one sentence at a time."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Project the spans of aligned pairs."""
        from crosspan.project.batch import PairBatch, assemble
        from crosspan.project.heuristic import heuristic

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

        return HeuristicProjector(HeuristicOptions(**typed_options(HeuristicOptions, given)))
    if method == "candidates":
        from crosspan.project.candidates import CandidateOptions, CandidateProjector

        weights = {key[8:]: _number(key, given.pop(key)) for key in list(given) if key.startswith("weights.")}
        typed = typed_options(CandidateOptions, given)
        typed["weights"] = {**typed.get("weights", {}), **weights}
        return CandidateProjector(CandidateOptions(**typed))
    raise OptionError(f"unknown method {method!r}", hint=f"Use one of: {', '.join(METHODS)}.")


def typed_options(options: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Turn settings into the types of an options class, by the types of its defaults.

    Raises:
        OptionError: A name is unknown (the nearest one is named), or a value does not fit.

    Example:
        >>> from crosspan.project.heuristic import HeuristicOptions
        >>> typed_options(HeuristicOptions, {"min_prob": "0.5", "drop_punctuation": "no"})
        {'min_prob': 0.5, 'drop_punctuation': False}
    """
    import difflib

    defaults = {field.name: field.default for field in fields(options)}
    out: dict[str, Any] = {}
    for name, value in given.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(defaults)}."
            raise OptionError(f"there is no setting {name!r}", hint=hint)
        out[name] = _typed(name, value, defaults[name])
    return out


def _typed(name: str, value: Any, default: Any) -> Any:
    if not isinstance(value, str):
        return value
    if isinstance(default, bool):
        if value.lower() in ("true", "yes", "on", "1"):
            return True
        if value.lower() in ("false", "no", "off", "0"):
            return False
        raise OptionError(f"{name} is {value!r}", hint="Write true or false.")
    if isinstance(default, int):
        return int(_number(name, value, whole=True))
    if isinstance(default, float):
        return _number(name, value)
    if isinstance(default, tuple):
        return tuple(value.split(","))
    return value


def _number(name: str, value: Any, *, whole: bool = False) -> float:
    try:
        return int(value) if whole else float(value)
    except (TypeError, ValueError):
        kind = "a whole number" if whole else "a number"
        raise OptionError(f"{name} is {value!r}", hint=f"Write {kind}.") from None
