"""What is taken out of a projection afterwards. Every span taken out leaves its reason behind."""

from __future__ import annotations

from dataclasses import replace

from crosspan.errors import OptionError
from crosspan.types import DroppedSpan, Projection

MIN_CONFIDENCE = "filtered:min_confidence"
"""The reason of source spans whose projection was not sure enough."""


def check_confidence(least: float) -> None:
    """Raise unless a least confidence is in [0, 1].

    Raises:
        OptionError: It is not.
    """
    if not 0.0 <= least <= 1.0:
        raise OptionError(f"the least confidence is {least}", hint="Choose a value from 0 to 1.")


def drop_unsure(projection: Projection, least: float) -> Projection:
    """Take out the spans that are less sure than asked.

    Args:
        projection: What was projected; it stays as it is.
        least: The lowest confidence to keep, in [0, 1].

    Returns:
        The projection without them. A source span that has no projected span left is in ``dropped``, with the reason
        ``filtered:min_confidence``.

    Raises:
        OptionError: ``least`` is outside [0, 1].

    Example:
        >>> from crosspan.types import ProjectedSpan, Sentence, Span
        >>> link = ProjectedSpan(Span(0, 1, "LOC"), Span(1, 2, "LOC"), 0.4)
        >>> projection = Projection(Sentence(("mu", "Accra"), (link.target,)), (link,))
        >>> drop_unsure(projection, 0.5).dropped
        (DroppedSpan(source=Span(start=0, end=1, label='LOC', score=None), reason='filtered:min_confidence'),)
    """
    check_confidence(least)
    kept = tuple(link for link in projection.links if link.confidence >= least)
    if len(kept) == len(projection.links):
        return projection
    still = {link.source for link in kept}
    gone = {link.source: None for link in projection.links if link.source not in still}
    dropped = [*projection.dropped, *(DroppedSpan(source, MIN_CONFIDENCE) for source in gone)]
    return replace(
        projection,
        sentence=replace(projection.sentence, spans=tuple(link.target for link in kept)),
        links=kept,
        dropped=tuple(sorted(dropped, key=lambda span: span.source)),
    )
