"""What steps hand on for a shard: words, labels, links, projections, models. Stores alone turn them into bytes.

Words, labels and the rest are parts by themselves, so that new labels do not change what depends on words alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from crosspan.core.errors import CrosspanError
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span

Words = Sequence[str]
Offsets = Sequence[Sequence[int]]

DIGITS = 4
"""Digits of scores and confidences. They are cut where they are made, so that a file keeps all there is of them."""


class Fault(NamedTuple):
    """What is wrong with a sentence.

    Args:
        where: ``file:line``; ``None`` where the sentence itself says it.
        message: What is wrong.
        hint: What can be done.
    """

    where: str | None
    message: str
    hint: str | None = None

    @property
    def reason(self) -> str:
        """What lists of sentences left out say.

        Example:
            >>> Fault(None, "the sentence is empty", "Put it in.").reason
            'the sentence is empty. Put it in.'
        """
        return f"{self.message}. {self.hint}" if self.hint else self.message

    @classmethod
    def of(cls, error: CrosspanError) -> Fault:
        """The fault that an error tells of."""
        return cls(error.where, error.message, error.hint)


Faults = dict[int, Fault]
"""Faults by the place of their sentence in the shard."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a shard.

    Args:
        sides: Source and target, or the one side there is; each a sequence of words a sentence.
    """

    sides: tuple[Sequence[Words], ...]

    def __len__(self) -> int:
        return len(self.sides[0])


class AboutRow(NamedTuple):
    """What a sentence is beyond its words and spans."""

    id: str | None = None
    lang: str | None = None
    text: str | None = None
    offsets: Offsets | None = None


@dataclass(frozen=True, slots=True)
class Extras:
    """What is known of the sentences of a shard beyond their words.

    Args:
        sides: A row a sentence, side by side.
        lines: Where each begins in the file of the first side, from 1.
    """

    sides: tuple[Sequence[AboutRow], ...]
    lines: Sequence[int]


@dataclass(frozen=True, slots=True)
class Labels:
    """The spans of the sentences of a shard, and what is wrong with some."""

    spans: Sequence[tuple[Span, ...]]
    faults: Faults = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Links:
    """The word links of the pairs of a shard; ``None`` where a fault says why there are none."""

    alignments: Sequence[Alignment | None]
    faults: Faults = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Projected:
    """Projections of a shard; as they come from a file they have no words yet.

    Args:
        rows: Projections, or what a store has kept of them: spans, links, dropped spans, error and unobserved spans of
            each.
    """

    rows: Sequence[Projection | Sequence[Any]]

    def on(self, targets: Sequence[Words]) -> list[Projection]:
        """The projections with the words of their target sentences."""
        return [
            row if isinstance(row, Projection) else _projection(row, words)
            for row, words in zip(self.rows, targets, strict=True)
        ]


def _projection(row: Sequence[Any], words: Words) -> Projection:
    spans, links, dropped, error, unobserved = row
    return Projection(
        Sentence(tuple(words), tuple([Span(*one) for one in spans])),
        _links(links),
        tuple([DroppedSpan(Span(*source), reason) for source, reason in dropped]),
        error,
        _links(unobserved),
    )


def _links(rows: Iterable[Sequence[Any]]) -> tuple[ProjectedSpan, ...]:
    return tuple([ProjectedSpan(Span(*source), Span(*target), sure) for source, target, sure in rows])


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a step learned.

    Args:
        family: Which family reads it: ``"taggers"``, ``"aligners"``.
        use: Name of the component that does.
        value: The model itself, or its bytes as a store has kept them.
    """

    family: str
    use: str
    value: Any


@dataclass(frozen=True, slots=True)
class Seen:
    """What a method of projection learned of a shard.

    Args:
        value: A :class:`crosspan.project.observed.Observed`, or the bytes of its file as a store has kept them.
    """

    value: Any


@dataclass(frozen=True, slots=True)
class Facts:
    """Plain values, such as scores."""

    values: Any


def about_row(sentence: Sentence) -> AboutRow:
    """What a sentence is beyond its words and spans."""
    return AboutRow(sentence.id, sentence.lang, sentence.text, sentence.offsets)


def whole_sentence(words: Words, about: AboutRow, spans: Iterable[Span] = ()) -> Sentence:
    """A sentence from its words and what else is known.

    Example:
        >>> sentence = Sentence(("Accra",), (), "s1", "sw", "Accra", ((0, 5),))
        >>> whole_sentence(["Accra"], about_row(sentence)) == sentence
        True
    """
    places = None if about.offsets is None else tuple([(start, end) for start, end in about.offsets])
    return Sentence(tuple(words), tuple(spans), about.id, about.lang, about.text, places)


def whole_sentences(tokens: Tokens, about: Extras, side: int, labels: Labels | None = None) -> list[Sentence]:
    """The sentences of one side of a shard."""
    spans: Sequence[tuple[Span, ...]] = [()] * len(tokens) if labels is None else labels.spans
    rows = zip(tokens.sides[side], about.sides[side], spans, strict=True)
    return [whole_sentence(words, row, found) for words, row, found in rows]


def settled(sentence: Sentence) -> Sentence:
    """The sentence with its scores cut to :data:`DIGITS`.

    Example:
        >>> settled(Sentence(("Accra",), (Span(0, 1, "LOC", 0.123456),))).spans[0].score
        0.1235
    """
    if all(span.score is None for span in sentence.spans):
        return sentence
    return replace(sentence, spans=tuple([_cut(span) for span in sentence.spans]))


def _cut(span: Span) -> Span:
    return span if span.score is None else replace(span, score=round(span.score, DIGITS))


def settled_projection(projection: Projection, *, source_scores: bool = True) -> Projection:
    """The projection with its confidences cut to :data:`DIGITS`.

    Args:
        projection: What was projected.
        source_scores: Whether confidences are first multiplied with the scores of the source spans: both must be right
            for the target span to be. A source span without a score is taken for right.

    Example:
        >>> link = ProjectedSpan(Span(0, 1, "LOC", 0.5), Span(0, 1, "LOC", 0.8), 0.8)
        >>> settled_projection(Projection(Sentence(("Accra",), (link.target,)), (link,))).links[0].confidence
        0.4
    """
    if not projection.links:
        return projection
    links = []
    for link in projection.links:
        score = link.source.score
        sure = link.confidence * (1.0 if score is None or not source_scores else score)
        sure = round(sure, DIGITS)
        links.append(ProjectedSpan(_cut(link.source), replace(link.target, score=sure), sure))
    spans = tuple([link.target for link in links])
    return replace(projection, sentence=replace(projection.sentence, spans=spans), links=tuple(links))
