"""Labelled spans: runs of tokens, and what they look like in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Real
from operator import index
from typing import Any

from crosspan.core.errors import ArgumentError, SpanError
from crosspan.core.shown import shown

SCORE_HINT = "Write a number from 0 to 1, or leave it out."


def is_score(value: object) -> bool:
    """Whether a value is a confidence: a number from 0 to 1.

    Example:
        >>> is_score(0.5), is_score("high"), is_score(float("nan")), is_score(True)
        (True, False, False, False)
    """
    kind = type(value)
    return (kind is float or kind is int or isinstance(value, Real)) and kind is not bool and 0 <= value <= 1  # type: ignore[operator]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled run of tokens.

    Args:
        start: Index of the first token.
        end: Index after the last token.
        label: The class, without a ``B-`` or ``I-`` prefix.
        score: Confidence in [0, 1], or ``None`` where nothing is known.

    Raises:
        SpanError: The span is empty, starts below 0, has no label, or a score outside [0, 1].
        ArgumentError: ``start`` or ``end`` is no whole number, ``label`` no string, or ``score`` no number.

    Example:
        >>> Span(0, 2, "PER").end
        2
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if type(self.start) is not int or type(self.end) is not int:
            self._as_whole_numbers()
        if not 0 <= self.start < self.end:
            raise SpanError(
                f"span [{self.start}, {self.end}) is empty or starts below 0",
                hint="Spans are half-open ranges: start counts from 0, end is one past the last.",
            )
        if not isinstance(self.label, str):
            raise ArgumentError(
                f"the label of span [{self.start}, {self.end}) is {self.label!r}, not a string",
                hint="Write Span(start, end, label, score).",
            )
        if not self.label:
            raise SpanError(f"span [{self.start}, {self.end}) has no label", hint="Give every span a label.")
        if self.score is not None and not is_score(self.score):
            kind = SpanError if isinstance(self.score, int | float) else ArgumentError
            raise kind(f"span [{self.start}, {self.end}) has the score {shown(self.score)}", hint=SCORE_HINT)
        if self.score is not None and type(self.score) is not float and type(self.score) is not int:
            object.__setattr__(self, "score", float(self.score))  # of NumPy, say, which JSON cannot hold

    def _as_whole_numbers(self) -> None:
        """Take the whole numbers of other libraries, such as NumPy's, as Python's."""
        try:
            object.__setattr__(self, "start", index(self.start))
            object.__setattr__(self, "end", index(self.end))
        except TypeError as error:
            raise ArgumentError(
                f"span [{self.start!r}, {self.end!r}) does not begin and end with whole numbers",
                hint="Write Span(start, end, label, score).",
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """As plain values; a score that is not known is left out. ``Span(**values)`` is the way back.

        Example:
            >>> Span(0, 2, "PER", 0.5).to_dict()
            {'start': 0, 'end': 2, 'label': 'PER', 'score': 0.5}
        """
        record: dict[str, Any] = {"start": self.start, "end": self.end, "label": self.label}
        if self.score is not None:
            record["score"] = self.score
        return record


@dataclass(frozen=True, slots=True)
class Entity:
    """What a span stands for in its sentence, as :meth:`crosspan.Sentence.entities` gives it.

    Args:
        text: Its words as written.
        label: The class.
        start: Where it begins in the text of the sentence, in code points; ``None`` where the text is not known.
        end: Where it ends there, one past the last code point.
        score: Confidence in [0, 1], or ``None`` where nothing is known.
    """

    text: str
    label: str
    start: int | None = None
    end: int | None = None
    score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values; what is not known is left out.

        Example:
            >>> Entity("New York", "LOC", 4, 12).to_dict()
            {'text': 'New York', 'label': 'LOC', 'start': 4, 'end': 12}
        """
        record = {"text": self.text, "label": self.label, "start": self.start, "end": self.end, "score": self.score}
        return {name: value for name, value in record.items() if value is not None}
