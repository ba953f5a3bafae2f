"""What a format cannot keep of what is written into it: counted on the way, and said once at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from crosspan.core.types import Projection, Sentence
from crosspan.io.format import Format, Labelled, Marked, sentence_in

T = TypeVar("T", Sentence, Projection, Labelled)


@dataclass(slots=True)
class Losses:
    """Counts what a format does not keep.

    Args:
        form: The format.
        counts: How many of what were lost so far.
        logged: Whether what was dropped is written into a file of its own.

    Example:
        >>> from crosspan.core.types import Span
        >>> from crosspan.io.conll import Conll
        >>> losses = Losses(Conll())
        >>> _ = list(losses.watched([Sentence(("Ada",), (Span(0, 1, "PER", 0.5),), id="a")]))
        >>> losses_text(losses.counts)
        'not kept: 1 confidences (jsonl, parquet and docbin keep them)'
    """

    form: Format
    counts: Counter[str] = field(default_factory=Counter)
    logged: bool = False

    def watched(self, items: Iterable[T]) -> Iterator[T]:
        """Yield what is written, and count what is lost of it."""
        form = self.form
        if form.sources and form.scores and form.ids and form.texts:
            yield from items
            return
        for item in items:
            self.add(item)
            yield item

    def watched_marked(self, marked: Iterable[Marked]) -> Iterator[Marked]:
        """As :meth:`watched`; what could not be worked on has nothing to lose."""
        for sentence, reason in marked:
            if reason is None:
                self.add(sentence)
            yield sentence, reason

    def add(self, item: Labelled) -> None:
        """Count what is lost of one sentence."""
        form, sentence = self.form, sentence_in(item)
        lost: dict[str, int] = {}
        if not form.ids:
            lost["ids"] = sentence.id is not None
        if not form.texts:
            lost["texts"] = sentence.text is not None and sentence.text != " ".join(sentence.tokens)
        if not form.labels:
            lost["entities"] = len(sentence.spans)
        elif not form.scores:
            lost["confidences"] = sum(span.score is not None for span in sentence.spans)
        if isinstance(item, Projection) and form.labels and not form.sources:
            lost |= {"sources": len(item.links), "dropped entities": 0 if self.logged else len(item.dropped)}
            lost["unobserved entities"] = len(item.unobserved)
        for what, count in lost.items():
            if count:
                self.counts[what] += count


def losses_text(counts: Mapping[str, int]) -> str:
    """What was lost, as a line of a summary; empty where nothing was.

    Example:
        >>> losses_text({})
        ''
    """
    lost = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"not kept: {lost} (jsonl, parquet and docbin keep them)" if lost else ""
