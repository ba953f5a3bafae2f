"""A projector is anything that carries spans over: a name, an object, or what makes one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crosspan.core.errors import ArgumentError, ModelError, OptionError
from crosspan.core.types import Alignment, Pair, Projection
from crosspan.project.projector import Projector, make_projector

_METHODS = ("count", "observe", "project")
_HINT = "Return one crosspan.Projection a pair, in order."
_ACCEPTED = (
    "a name such as 'candidates', an object with project(pairs, alignments), or a class or function that makes one"
)


def as_projector(given: Any, settings: Mapping[str, Any] | None = None) -> Projector:
    """Make a projector of whatever carries spans over.

    Args:
        given: A name, see :func:`crosspan.project.projector.make_projector`; a projector of crosspan, which comes back
            as it is; an object with ``project(pairs, alignments)``, and with ``count`` and ``observe`` if it learns
            from the corpus; or a class or function, called with ``settings``, that makes one.
        settings: Of the projector that is made.

    Raises:
        ArgumentError: It is nothing that carries spans over.
        OptionError: There is no such method or setting.

    Example:
        >>> from crosspan.core.types import DroppedSpan
        >>> class Nothing:
        ...     def project(self, pairs, alignments):
        ...         drops = [tuple(DroppedSpan(span, "no_link") for span in pair.source.spans) for pair in pairs]
        ...         return [Projection(pair.target, (), drop) for pair, drop in zip(pairs, drops)]
        >>> as_projector(Nothing()).project([], [])
        []
    """
    chosen = dict(settings or {})
    if isinstance(given, str):
        return make_projector(given, chosen)
    if isinstance(given, type) or (callable(given) and not _projects(given)):
        made = given(**chosen)
        if not _projects(made):
            raise ArgumentError(f"{given!r} makes a {type(made).__name__}, not a projector", hint=f"Give {_ACCEPTED}.")
        return _whole(made)
    if not _projects(given):
        raise ArgumentError(f"a {type(given).__name__} is no projector", hint=f"Give {_ACCEPTED}.")
    if chosen:
        raise OptionError(
            f"there is no setting {min(chosen)!r}", hint="A projector comes with its settings: set them there."
        )
    return _whole(given)


def _projects(value: Any) -> bool:
    return callable(getattr(value, "project", None))


def _whole(value: Any) -> Projector:
    whole: Projector = value if all(hasattr(value, name) for name in _METHODS) else GivenProjector(value)
    return whole


class GivenProjector:
    """A :class:`~crosspan.project.projector.Projector` around an object; what it returns is checked.

    Args:
        given: An object with ``project``, and ``count`` or ``observe`` if it wants them.
    """

    def __init__(self, given: Any) -> None:
        self._given = given
        self.name = type(given).__name__
        self.component = getattr(given, "component", None)

    def count(self, pairs: Sequence[Pair]) -> None:
        """Pass the pairs on, if the object wants them."""
        if hasattr(self._given, "count"):
            self._given.count(pairs)

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Pass the pairs on, if the object wants them."""
        if hasattr(self._given, "observe"):
            self._given.observe(pairs, alignments)

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """One projection a pair.

        Raises:
            ModelError: The object returns something else, changes the words, or loses a span of a source.
        """
        found = self._given.project(pairs, alignments)
        if isinstance(found, str) or not isinstance(found, Iterable):
            raise ModelError(f"the projector returned a {type(found).__name__}", where=self.name, hint=_HINT)
        projections = list(found)
        if len(projections) != len(pairs):
            what = f"the projector returned {len(projections)} projections for {len(pairs)} pairs"
            raise ModelError(what, where=self.name, hint=_HINT)
        for number, (pair, projection) in enumerate(zip(pairs, projections, strict=True), 1):
            fault = _fault(pair, projection)
            if fault is not None:
                raise ModelError(f"pair {number}: {fault}", where=self.name, hint=_HINT)
        return projections


def _fault(pair: Pair, projection: Any) -> str | None:
    if not isinstance(projection, Projection):
        return f"the projector returned a {type(projection).__name__}"
    if projection.sentence.tokens != pair.target.tokens:
        return "the projector changed the words of the target"
    if projection.error is not None:
        return None
    told = {link.source for link in projection.links} | {drop.source for drop in projection.dropped}
    lost = [span for span in pair.source.spans if span not in told]
    if lost:
        return (
            f"the source span [{lost[0].start}, {lost[0].end}) {lost[0].label} is neither in links nor in dropped: "
            "say what became of it"
        )
    return None
