"""What a page shows of one sentence pair, or of a labelled sentence by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING

from crosspan.core.errors import PairError
from crosspan.core.types import Alignment, Projection, Sentence, Span
from crosspan.evaluate.span_errors import SpanFinding, classify_spans

if TYPE_CHECKING:
    from crosspan.project.candidates import RunnerUp  # which brings compiled functions with it

RunnersUp = Sequence[Sequence["RunnerUp"]]
"""The best candidates that were not chosen, for each source span in order."""


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence pair with what became of it.

    Args:
        index: Its place in the corpus, from 0.
        source: The source sentence with its spans; one without words for labelled text by itself.
        projection: What was projected; ``None`` for a sentence that was left out. Of labelled text by itself, the
            sentence with its labels.
        alignment: Its word links, where they are known.
        gold: The target sentence with the right spans, where they are known.
        runners_up: What else each source span could have become, by its ``(start, end)``.
        error: Why the sentence was left out.
        target: The target sentence of one that was left out, where it is known.
    """

    index: int
    source: Sentence
    projection: Projection | None
    alignment: Alignment | None = None
    gold: Sentence | None = None
    runners_up: Mapping[tuple[int, int], Sequence[RunnerUp]] = field(default_factory=dict)
    error: str | None = None
    target: Sentence | None = None

    @property
    def alone(self) -> bool:
        """Whether it is labelled text by itself."""
        return not self.source.tokens

    def outcome(self) -> Projection:
        """The projection; for a sentence that was left out, one with the error."""
        if self.projection is not None:
            return self.projection
        return Projection(self.target or Sentence(()), error=self.error or "left out")

    def findings(self) -> list[SpanFinding]:
        """How the projected spans compare with gold; nothing without gold or projection."""
        if self.gold is None or self.projection is None:
            return []
        return classify_spans(_chunks(self.gold.spans), _chunks(self.projection.sentence.spans))


def items_of(
    sources: Sequence[Sentence],
    projections: Sequence[Projection],
    *,
    links: Sequence[Alignment | None] | None = None,
    runners_up: Sequence[RunnersUp] | None = None,
    gold: Sequence[Sentence] | None = None,
) -> Iterator[Item]:
    """Put together what is in memory.

    Args:
        sources: The source sentences.
        projections: What became of each; one with an error counts as left out.
        links: The word links of each.
        runners_up: Candidates that were not chosen, for each sentence and each of its source spans.
        gold: The target sentences with the right spans.

    Raises:
        PairError: These are not equally many.

    Example:
        >>> source = Sentence(("Accra",), (Span(0, 1, "LOC"),))
        >>> [item.index for item in items_of([source], [Projection(Sentence(("Accra",)))])]
        [0]
    """
    for what, there in (("projections", projections), ("links", links), ("runners-up", runners_up), ("gold", gold)):
        if there is not None and len(there) != len(sources):
            raise PairError(f"{len(there)} {what} for {len(sources)} sentences", hint="Give one a sentence.")
    rows = zip(
        sources,
        projections,
        repeat(None) if links is None else links,
        repeat(()) if runners_up is None else runners_up,
        repeat(None) if gold is None else gold,
        strict=False,
    )
    for index, (source, projection, alignment, others, right) in enumerate(rows):
        if projection.error is not None:
            yield Item(index, source, None, error=projection.error, target=projection.sentence)
            continue
        yield Item(index, source, projection, alignment, right, by_span(source, others))


def by_span(source: Sentence, runners_up: RunnersUp) -> dict[tuple[int, int], Sequence[RunnerUp]]:
    """Runners-up by the place of their source span."""
    return {(span.start, span.end): others for span, others in zip(source.spans, runners_up, strict=False) if others}


def _chunks(spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in spans]
