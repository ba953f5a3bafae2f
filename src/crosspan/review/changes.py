"""What became of each span between before and after: accepted, moved, relabelled, deleted, added, or untouched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from crosspan.core.types import Span
from crosspan.evaluate.span_errors import ErrorKind, classify_spans
from crosspan.review.decisions import Decision

ChangeKind = Literal["accepted", "moved", "relabelled", "deleted", "added", "untouched"]
CHANGES: tuple[ChangeKind, ...] = ("accepted", "moved", "relabelled", "deleted", "added", "untouched")

_KINDS: dict[ErrorKind, ChangeKind] = {
    "exact": "accepted",
    "boundary": "moved",
    "label": "relabelled",
    "both": "relabelled",
    "missed": "added",
    "spurious": "deleted",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One span before, one after, or the two that belong together.

    Args:
        kind: ``accepted``: the same; ``moved``: same label, another place that overlaps; ``relabelled``: another
            label, in the same place or one that overlaps; ``deleted``; ``added``; ``untouched``: nobody decided.
        before: The span that was shown, with its score; ``None`` for one that was added.
        after: The span by the decision; ``None`` for one that was deleted or is untouched.
    """

    kind: ChangeKind
    before: Span | None
    after: Span | None

    @property
    def label(self) -> str:
        """The label before; of an added span that after."""
        span = self.before or self.after
        assert span is not None
        return span.label


def changes_between(before: Sequence[Span], after: Sequence[Span]) -> list[Change]:
    """Put every span before and every span after into exactly one change, in the order of their places.

    Args:
        before: The spans that were shown.
        after: The spans by the decision.

    Example:
        >>> found = changes_between([Span(0, 3, "PER", 0.5), Span(9, 12, "LOC")], [Span(0, 7, "PER")])
        >>> [one.kind for one in found]
        ['moved', 'deleted']
    """
    old, new = ({(one.start, one.end, one.label): one for one in side} for side in (before, after))
    found = [
        Change(
            _KINDS[one.kind], None if one.pred is None else old[one.pred], None if one.gold is None else new[one.gold]
        )
        for one in classify_spans(list(new), list(old))
    ]
    return sorted(found, key=lambda one: (one.before or one.after or Span(0, 1, "O")).start)


def changes_of(decision: Decision) -> list[Change]:
    """What a decision made of the spans of its sentence; all are untouched unless it is ``done``.

    Example:
        >>> decision = Decision(id="a", hash="", before=(Span(0, 3, "PER"),), after=(), verdict="skip")
        >>> [one.kind for one in changes_of(decision)]
        ['untouched']
    """
    if decision.verdict != "done":
        return [Change("untouched", one, None) for one in decision.before]
    return changes_between(decision.before, decision.after)


def count_changes(decisions: Iterable[Decision]) -> dict[ChangeKind, int]:
    """How many spans became what.

    Example:
        >>> count_changes([Decision(id="a", hash="", before=(), after=(Span(0, 3, "PER"),))])["added"]
        1
    """
    counts = Counter(one.kind for decision in decisions for one in changes_of(decision))
    return {kind: counts[kind] for kind in CHANGES}
