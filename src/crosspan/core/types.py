"""The values that travel through crosspan: spans, sentences, pairs, alignments, projections.

All are frozen and checked where they are built, so that code downstream can trust them. They are for the edges:
inside a stage, work on flat arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from crosspan.core.errors import ArgumentError, OffsetError, SpanError, TagError
from crosspan.core.links import Alignment, Float32Array, Int32Array
from crosspan.core.shown import shown
from crosspan.core.spans import Entity, Span
from crosspan.core.tags import Repair, SchemeOption, from_tags

__all__ = [
    "Alignment",
    "DropReason",
    "DroppedSpan",
    "Entity",
    "Float32Array",
    "Int32Array",
    "Pair",
    "ProjectedSpan",
    "Projection",
    "Sentence",
    "Span",
]

DropReason = str
"""``no_link``, ``below_threshold``, ``overlap``, ``unobserved``, ``filtered:NAME`` or ``error``."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as tokens, with entity spans over them.

    Args:
        tokens: The words, never empty strings.
        spans: Entities in order of their start, without overlap. Unordered input is put in order.
        id: Name of the sentence in its corpus.
        lang: Language code, such as ``"sw"``.
        text: The sentence as written; characters are the truth, tokens a view of them.
        offsets: ``(start, end)`` of each token in ``text``, counted in code points.

    Raises:
        SpanError: A span reaches past the last token, or two overlap.
        OffsetError: ``offsets`` do not fit ``tokens`` and ``text``.
        ArgumentError: A token is no string, or a span is no :class:`Span`.

    Example:
        >>> Sentence(("Ada", "Lovelace", "wrote"), (Span(0, 2, "PER"),)).tags()
        ['B-PER', 'I-PER', 'O']
    """

    tokens: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    id: str | None = None
    lang: str | None = None
    text: str | None = None
    offsets: tuple[tuple[int, int], ...] | None = None

    def __post_init__(self) -> None:
        tokens = self.tokens
        try:
            if type(tokens) is not tuple:
                if isinstance(tokens, str):
                    self._refuse_tokens()
                tokens = tuple(tokens)
                object.__setattr__(self, "tokens", tokens)
            "".join(tokens)  # the quickest way to see that all are strings
        except TypeError:
            self._refuse_tokens()
        if self.spans or type(self.spans) is not tuple:
            spans = self._sorted_spans()
            object.__setattr__(self, "spans", spans)
            self._check_spans(spans)
        if self.offsets is not None:
            self._check_offsets()

    def _refuse_tokens(self) -> NoReturn:
        given: Any = self.tokens
        if isinstance(given, tuple):
            index = next(index for index, token in enumerate(given) if not isinstance(token, str))
            message = f"token {index} is {shown(given[index])}, not a word"
        else:
            message = f"the tokens are {shown(given)}, not a list of words"
        hint = "Give a list of words; crosspan.sentence_from_text finds the words of a text."
        raise ArgumentError(message, where=self.id, hint=hint)

    def _sorted_spans(self) -> tuple[Span, ...]:
        given: Any = self.spans
        hint = 'Give a list of Span(start, end, "LABEL").'
        if not isinstance(given, Iterable):
            raise ArgumentError(f"the spans are {shown(given)}, not a list", where=self.id, hint=hint)
        spans = list(given)
        for span in spans:
            if not isinstance(span, Span):
                raise ArgumentError(f"the spans hold {shown(span)}", where=self.id, hint=hint)
        return tuple(sorted(spans))

    def _check_spans(self, spans: tuple[Span, ...]) -> None:
        before = None
        for span in spans:
            if span.end > len(self.tokens):
                raise SpanError(
                    f"span [{span.start}, {span.end}) {span.label} ends after the last of {len(self.tokens)} tokens",
                    where=self.id,
                    hint="Check that the spans belong to this sentence.",
                )
            if before is not None and span.start < before.end:
                raise SpanError(
                    f"spans [{before.start}, {before.end}) {before.label} and "
                    f"[{span.start}, {span.end}) {span.label} overlap",
                    where=self.id,
                    hint="Keep one of them: nested and overlapping entities cannot be written as IOB2.",
                )
            before = span

    def _check_offsets(self) -> None:
        assert self.offsets is not None
        if self.text is None:
            raise OffsetError("offsets need the text they count in", where=self.id, hint="Give text as well.")
        if len(self.offsets) != len(self.tokens):
            raise OffsetError(
                f"{len(self.offsets)} offsets for {len(self.tokens)} tokens", where=self.id, hint="Give one a token."
            )
        for (start, end), token in zip(self.offsets, self.tokens, strict=True):
            if start < 0 or end - start != len(token) or self.text[start:end] != token:
                raise OffsetError(
                    f"offsets [{start}, {end}) hold {shown(self.text[start:end])}, not {shown(token)}",
                    where=self.id,
                    hint="Offsets are half-open ranges of code points.",
                )

    @classmethod
    def from_tags(
        cls,
        tokens: Iterable[str],
        tags: Iterable[str],
        *,
        scheme: SchemeOption = "auto",
        repair: Repair = "error",
        id: str | None = None,  # noqa: A002  # as the field it fills
        lang: str | None = None,
    ) -> Sentence:
        """Make a sentence of words and their tags.

        Args:
            tokens: The words.
            tags: One tag a word, such as ``"B-PER"`` or ``"O"``.
            scheme: The scheme of the tags; ``"auto"`` finds it from these tags alone. Name it where you know it: a
                single sentence may not show it.
            repair: What to do with ill-formed tags: ``"error"``, ``"begin"``, ``"drop"`` or ``"merge"``; see
                :mod:`crosspan.core.tags`.
            id: Name of the sentence.
            lang: Language code.

        Raises:
            TagError: There are not as many tags as words, or a tag is malformed or ill-formed.
            OptionError: ``scheme`` or ``repair`` is unknown.

        Example:
            >>> Sentence.from_tags(["Ada", "Obi", "left"], ["B-PER", "E-PER", "O"]).spans
            (Span(start=0, end=2, label='PER', score=None),)
        """
        plain = cls(tokens, id=id, lang=lang)  # type: ignore[arg-type]  # made a tuple, and checked
        given = [tags] if isinstance(tags, str) else list(tags)
        if not all(isinstance(tag, str) for tag in given):
            raise TagError("the tags are not strings", where=id, hint="Write one tag per token, such as B-PER or O.")
        if len(given) != len(plain):
            raise TagError(f"{len(given)} tags for {len(plain)} tokens", where=id, hint="Give one tag per token.")
        spans = from_tags(given, scheme=scheme, repair=repair, where=id)
        return cls(plain.tokens, tuple(spans), id, lang)

    def __len__(self) -> int:
        return len(self.tokens)

    def tags(self) -> list[str]:
        """The spans as IOB2 tags, one a token.

        Example:
            >>> Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)).tags()
            ['O', 'B-LOC']
        """
        tags = ["O"] * len(self.tokens)
        for span in self.spans:
            tags[span.start] = "B-" + span.label
            for index in range(span.start + 1, span.end):
                tags[index] = "I-" + span.label
        return tags

    def text_of(self, span: Span) -> str:
        """The words of a span as written, or with blanks between them where the text is not known.

        Example:
            >>> Sentence(("New", "York")).text_of(Span(0, 2, "LOC"))
            'New York'
        """
        if self.text is None or self.offsets is None:
            return " ".join(self.tokens[span.start : span.end])
        return self.text[self.offsets[span.start][0] : self.offsets[span.end - 1][1]]

    def entities(self) -> list[Entity]:
        """The spans with their words, and where they stand in the text if that is known.

        Example:
            >>> sentence = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),), text="in Accra", offsets=((0, 2), (3, 8)))
            >>> sentence.entities()
            [Entity(text='Accra', label='LOC', start=3, end=8, score=None)]
        """
        found = []
        for span in self.spans:
            start = end = None
            if self.offsets is not None:
                start, end = self.offsets[span.start][0], self.offsets[span.end - 1][1]
            found.append(Entity(self.text_of(span), span.label, start, end, span.score))
        return found

    def to_dict(self) -> dict[str, Any]:
        """As a record of plain values, as JSONL keeps it; what is not known is left out.

        :func:`crosspan.sentence_from_dict` is the way back.

        Example:
            >>> Sentence(("Accra",), (Span(0, 1, "LOC"),), id="a").to_dict()
            {'id': 'a', 'tokens': ['Accra'], 'spans': [{'start': 0, 'end': 1, 'label': 'LOC'}]}
        """
        record: dict[str, Any] = {}
        if self.id is not None:
            record["id"] = self.id
        if self.lang is not None:
            record["lang"] = self.lang
        record["tokens"] = list(self.tokens)
        record["spans"] = [span.to_dict() for span in self.spans]
        if self.text is not None:
            record["text"] = self.text
        if self.offsets is not None:
            record["offsets"] = [list(offset) for offset in self.offsets]
        return record


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its translation.

    Example:
        >>> Pair(Sentence(("Good", "day")), Sentence(("Habari",))).target.tokens
        ('Habari',)
    """

    source: Sentence
    target: Sentence

    def to_dict(self) -> dict[str, Any]:
        """As plain values, see :meth:`Sentence.to_dict`."""
        return {"source": self.source.to_dict(), "target": self.target.to_dict()}


@dataclass(frozen=True, slots=True)
class ProjectedSpan:
    """A target span with the source span it was carried over from.

    Args:
        source: The entity in the source sentence.
        target: Where it is in the target sentence; same label.
        confidence: Estimated probability in [0, 1] that ``target`` is exactly right.
    """

    source: Span
    target: Span
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """The target span as a record, with its source span; numbers are rounded to four digits.

        Example:
            >>> ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9).to_dict()
            {'start': 0, 'end': 1, 'label': 'LOC', 'score': 0.9, 'source': {'start': 2, 'end': 3}}
        """
        score = self.confidence if self.target.score is None else self.target.score
        return {
            "start": self.target.start,
            "end": self.target.end,
            "label": self.target.label,
            "score": round(score, 4),
            "source": _place_of(self.source),
        }


@dataclass(frozen=True, slots=True)
class DroppedSpan:
    """A source span that was not projected, and why.

    Args:
        source: The entity in the source sentence.
        reason: ``no_link``, ``below_threshold``, ``overlap``, ``filtered:NAME`` or ``error``.
    """

    source: Span
    reason: DropReason

    def to_dict(self) -> dict[str, Any]:
        """The source span as a record, with the reason.

        Example:
            >>> DroppedSpan(Span(2, 3, "LOC"), "no_link").to_dict()
            {'start': 2, 'end': 3, 'label': 'LOC', 'reason': 'no_link'}
        """
        return {**_place_of(self.source), "label": self.source.label, "reason": self.reason}


def _place_of(span: Span) -> dict[str, Any]:
    record: dict[str, Any] = {"start": span.start, "end": span.end}
    if span.score is not None:
        record["score"] = round(span.score, 4)
    return record


@dataclass(frozen=True, slots=True)
class Projection:
    """The outcome for one pair: every source span is in ``links``, in ``dropped``, or in ``unobserved``.

    Args:
        sentence: The target sentence with the projected spans.
        links: The spans that were projected.
        dropped: The spans that were not.
        error: What went wrong with this sentence, where something did. Such a sentence is *unlabelled*, not free of
            entities: leave it out of training data.
        unobserved: Target spans, beside those of the sentence, whose source has a label that is not one of the target
            (:mod:`crosspan.project.unknown_labels`). Whether their words belong to an entity is not known.
    """

    sentence: Sentence
    links: tuple[ProjectedSpan, ...] = ()
    dropped: tuple[DroppedSpan, ...] = ()
    error: str | None = None
    unobserved: tuple[ProjectedSpan, ...] = ()

    @property
    def status(self) -> Literal["ok", "error"]:
        """``"error"`` for a sentence that could not be processed."""
        return "ok" if self.error is None else "error"

    @property
    def lost(self) -> tuple[DroppedSpan, ...]:
        """Source spans that label nothing in the target, and why: those dropped, and ``unobserved`` ones.

        Example:
            >>> span = Span(0, 1, "MISC")
            >>> Projection(Sentence(("Ghana",)), unobserved=(ProjectedSpan(span, span, 0.9),)).lost[0].reason
            'unobserved'
        """
        return (*self.dropped, *(DroppedSpan(one.source, "unobserved") for one in self.unobserved))

    def to_dict(self) -> dict[str, Any]:
        """The labelled sentence as a record, as JSONL keeps it; each span has its confidence and its source span.

        Source spans that were not projected stand under ``dropped``; a record that has this key, be the list empty or
        not, is that of a projection. Spans whose label is none of the target stand under ``unobserved``, where there
        are some. Confidences are rounded to four digits. :func:`crosspan.projection_from_dict` is the way back.

        Example:
            >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
            >>> Projection(Sentence(("Accra",), (link.target,)), (link,)).to_dict()["spans"]
            [{'start': 0, 'end': 1, 'label': 'LOC', 'score': 0.9, 'source': {'start': 2, 'end': 3}}]
        """
        record = self.sentence.to_dict()
        links = {link.target: link for link in self.links}  # spans are equal whatever their score
        record["spans"] = [links[span].to_dict() if span in links else span.to_dict() for span in self.sentence.spans]
        record["dropped"] = [span.to_dict() for span in self.dropped]
        if self.unobserved:
            record["unobserved"] = [span.to_dict() for span in self.unobserved]
        if self.error is not None:
            record["error"] = self.error
        return record
