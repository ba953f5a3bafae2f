"""Whether the spans of a record count its tokens or its characters, where it has both and nothing says which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crosspan.core.errors import SpanError
from crosspan.core.types import Span
from crosspan.io.places import Offsets, in_code_points

Counting = Literal["tokens", "characters", "either"]


@dataclass(frozen=True, slots=True)
class CountingEvidence:
    """What spans say of their unit.

    Args:
        not_tokens: Spans that reach past the last token, or hold none.
        not_characters: Spans that do not begin and end with a token, if they count characters.
        differ: Spans that are others by the one reading than by the other.
    """

    not_tokens: int = 0
    not_characters: int = 0
    differ: int = 0

    @property
    def counting(self) -> Counting:
        """What they count; ``"either"`` where all fit both, and mean something else by each."""
        if self.not_tokens > self.not_characters:
            return "characters"
        return "either" if self.differ and not self.not_characters and not self.not_tokens else "tokens"


def evidence_of(spans: Sequence[Span], text: str, offsets: Offsets, unit: Any) -> CountingEvidence:
    """Compare both readings of the spans of a sentence.

    Args:
        spans: The spans, in whatever they count.
        text: The text.
        offsets: Where the tokens stand in it, in code points.
        unit: What places in characters count; see :func:`crosspan.io.places.in_code_points`.

    Example:
        >>> evidence_of([Span(0, 3, "PER")], "Ada left", ((0, 3), (4, 8)), None).counting
        'characters'
        >>> evidence_of([Span(0, 1, "PER")], "Ada left", ((0, 3), (4, 8)), None).counting
        'tokens'
    """
    begins = {start: index for index, (start, _) in enumerate(offsets)}
    ends = {end: index for index, (_, end) in enumerate(offsets, 1)}
    not_tokens = sum(not 0 <= span.start < span.end <= len(offsets) for span in spans)
    try:
        found = in_code_points(list(spans), text, unit)
    except SpanError:
        return CountingEvidence(not_tokens, len(spans), len(spans))
    places = [(begins.get(span.start), ends.get(span.end)) for span in found]
    differ = sum((span.start, span.end) != place for span, place in zip(spans, places, strict=True))
    return CountingEvidence(not_tokens, sum(None in place for place in places), differ)


def summed(every: Iterable[CountingEvidence]) -> CountingEvidence | None:
    """What many sentences say together; ``None`` where there is none.

    Example:
        >>> summed([CountingEvidence(1, 0, 1), CountingEvidence(0, 0, 1)]).counting
        'characters'
    """
    rows = [(one.not_tokens, one.not_characters, one.differ) for one in every]
    return CountingEvidence(*map(sum, zip(*rows, strict=True))) if rows else None
