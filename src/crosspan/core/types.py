"""The values that travel through crosspan: spans, sentences, pairs, alignments, projections.

All are frozen and checked where they are built, so that code downstream can trust them. They are for the edges:
inside a stage, work on flat arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import AlignmentError, SpanError

Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]

DropReason = str
"""``no_link``, ``below_threshold``, ``overlap``, ``filtered:NAME`` or ``error``."""

_LINK = re.compile(r"(\d+)-(\d+)(?::([0-9.eE+-]+))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled run of tokens.

    Args:
        start: Index of the first token.
        end: Index after the last token.
        label: The class, without a ``B-`` or ``I-`` prefix.
        score: Confidence in [0, 1], or ``None`` where nothing is known.

    Raises:
        SpanError: The span is empty, starts below 0, or has no label.

    Example:
        >>> Span(0, 2, "PER").end
        2
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise SpanError(
                f"span [{self.start}, {self.end}) is empty or starts below 0",
                hint="Spans are half-open token ranges: start counts from 0, end is one past the last token.",
            )
        if not self.label:
            raise SpanError(f"span [{self.start}, {self.end}) has no label", hint="Give every span a label.")


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
        ValueError: ``offsets`` do not fit ``tokens`` and ``text``.

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
        if type(self.tokens) is not tuple:
            object.__setattr__(self, "tokens", tuple(self.tokens))
        if self.spans or type(self.spans) is not tuple:
            spans = tuple(sorted(self.spans))
            object.__setattr__(self, "spans", spans)
            self._check_spans(spans)
        if self.offsets is not None:
            self._check_offsets()

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
            raise ValueError("offsets need the text they count in")
        if len(self.offsets) != len(self.tokens):
            raise ValueError(f"{len(self.offsets)} offsets for {len(self.tokens)} tokens")
        for (start, end), token in zip(self.offsets, self.tokens, strict=True):
            if self.text[start:end] != token:
                raise ValueError(f"offsets [{start}, {end}) hold {self.text[start:end]!r}, not {token!r}")

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


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its translation.

    Example:
        >>> Pair(Sentence(("Good", "day")), Sentence(("Habari",))).target.tokens
        ('Habari',)
    """

    source: Sentence
    target: Sentence


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Word links of one sentence pair, as three parallel arrays sorted by source, then target.

    Args:
        source: Source token index of each link, int32, counted from 0.
        target: Target token index of each link, int32, counted from 0.
        prob: Posterior probability of each link in [0, 1], float32.

    Raises:
        AlignmentError: The arrays differ in length, an index is negative, or a probability is outside [0, 1].

    Example:
        >>> Alignment.from_pharaoh("0-0 1-2:0.75").to_pharaoh()
        '0-0 1-2:0.75'
    """

    source: Int32Array
    target: Int32Array
    prob: Float32Array

    def __post_init__(self) -> None:
        if not len(self.source) == len(self.target) == len(self.prob):
            raise AlignmentError(
                f"{len(self.source)} source indices, {len(self.target)} target indices and "
                f"{len(self.prob)} probabilities do not make links"
            )
        if len(self.source) == 0:
            return
        if min(int(self.source.min()), int(self.target.min())) < 0:
            raise AlignmentError("a link has a negative index", hint="Links count from 0.")
        if not (self.prob.min() >= 0.0 and self.prob.max() <= 1.0):  # false for NaN as well
            raise AlignmentError("a link has a probability outside [0, 1]")

    def __len__(self) -> int:
        return len(self.source)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Alignment):
            return NotImplemented
        return (
            np.array_equal(self.source, other.source)
            and np.array_equal(self.target, other.target)
            and np.array_equal(self.prob, other.prob)
        )

    @classmethod
    def from_links(cls, links: Iterable[tuple[int, int] | tuple[int, int, float]]) -> Alignment:
        """Build from ``(source, target)`` or ``(source, target, prob)`` tuples; a link given twice keeps its best.

        Example:
            >>> len(Alignment.from_links([(0, 0), (1, 1, 0.5)]))
            2
        """
        best: dict[tuple[int, int], float] = {}
        for link in links:
            key = (int(link[0]), int(link[1]))
            prob = float(link[2]) if len(link) == 3 else 1.0
            best[key] = max(prob, best.get(key, 0.0))
        keys = sorted(best)
        return cls(
            np.array([key[0] for key in keys], dtype=np.int32),
            np.array([key[1] for key in keys], dtype=np.int32),
            np.array([best[key] for key in keys], dtype=np.float32),
        )

    @classmethod
    def from_pharaoh(cls, line: str) -> Alignment:
        """Read one line of Pharaoh links: ``i-j`` or ``i-j:p``, separated by blanks, counted from 0.

        Raises:
            AlignmentError: A link is malformed.
        """
        links: list[tuple[int, int, float]] = []
        for item in line.split():
            match = _LINK.match(item)
            try:
                prob = float(match[3]) if match and match[3] else 1.0
            except ValueError:
                match = None
            if match is None:
                raise AlignmentError(
                    f"{item!r} is not a link", hint="Write links as i-j or i-j:probability, from 0, e.g. 0-0 1-2:0.9."
                )
            links.append((int(match[1]), int(match[2]), prob))
        return cls.from_links(links)

    def to_pharaoh(self, *, digits: int = 4) -> str:
        """Write as one line of Pharaoh links; a probability of 1 is left out.

        Args:
            digits: Significant digits of the probabilities.
        """
        return " ".join(
            f"{i}-{j}" if (shown := f"{p:.{digits}g}") == "1" else f"{i}-{j}:{shown}"
            for i, j, p in zip(self.source.tolist(), self.target.tolist(), self.prob.tolist(), strict=True)
        )

    def check(self, n_source: int, n_target: int) -> None:
        """Raise unless every link lies inside sentences of these lengths.

        Raises:
            AlignmentError: A link points past the last token of either side.
        """
        if len(self) and (int(self.source.max()) >= n_source or int(self.target.max()) >= n_target):
            bad = int(np.flatnonzero((self.source >= n_source) | (self.target >= n_target))[0])
            raise AlignmentError(
                f"link {self.source[bad]}-{self.target[bad]} points outside a pair of "
                f"{n_source} source and {n_target} target tokens",
                hint="Links count tokens from 0 and must come from the same tokenisation as the files.",
            )


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


@dataclass(frozen=True, slots=True)
class DroppedSpan:
    """A source span that was not projected, and why.

    Args:
        source: The entity in the source sentence.
        reason: ``no_link``, ``below_threshold``, ``overlap``, ``filtered:NAME`` or ``error``.
    """

    source: Span
    reason: DropReason


@dataclass(frozen=True, slots=True)
class Projection:
    """The outcome for one pair: every source span is in ``links`` or in ``dropped``.

    Args:
        sentence: The target sentence with the projected spans.
        links: The spans that were projected.
        dropped: The spans that were not.
        error: What went wrong with this sentence, where something did. Such a sentence is *unlabelled*, not free of
            entities: leave it out of training data.
    """

    sentence: Sentence
    links: tuple[ProjectedSpan, ...] = ()
    dropped: tuple[DroppedSpan, ...] = ()
    error: str | None = None

    @property
    def status(self) -> Literal["ok", "error"]:
        """``"error"`` for a sentence that could not be processed."""
        return "ok" if self.error is None else "error"
