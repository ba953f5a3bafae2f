"""What a person decided of a sentence: its spans before and after, in characters, so that no tokens stand in the way.

A decision is a record of plain values, one a line of a file (:mod:`crosspan.review.decision_file`)::

    {"id": "s17", "hash": "9f2c…", "verdict": "done", "before": [{"start": 3, "end": 8, "label": "LOC", "score": 0.71}],
     "after": [{"start": 3, "end": 8, "label": "PER"}], "who": "ada", "when": "2025-03-01T10:00:00Z", "seconds": 4.2,
     "drawn": "random"}

Places count code points of the text of the sentence (:func:`crosspan.io.places.written`). So a boundary may stand
inside a word; :func:`applied` splits the token there, and the text stays as it is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from crosspan.core.digests import digest_of
from crosspan.core.errors import FormatError, PairError, SpanError
from crosspan.core.shown import shown
from crosspan.core.types import Sentence, Span
from crosspan.io.places import place_spans, written
from crosspan.io.record_spans import spans_under

Verdict = Literal["done", "reject", "skip", "open"]
"""What was decided.

``done``: the sentence has the spans ``after``, and no others. ``reject``: its spans are wrong, and nobody said what is
right. ``skip``: who looked could not or would not decide. ``open``: an earlier decision is taken back.
"""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Drawn = Literal["random", "uncertain"]
"""Why a sentence was looked at: by chance, so that it speaks for the others, or because its labels were unsure."""
DRAWN: tuple[Drawn, ...] = get_args(Drawn)

_HASH_LENGTH = 16
_WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def text_hash(text: str) -> str:
    """The hash of a text by which a changed sentence is noticed.

    Example:
        >>> text_hash("in Accra")
        'cecdc87076d18527'
    """
    return digest_of(text)[:_HASH_LENGTH]


def character_spans(sentence: Sentence) -> tuple[Span, ...]:
    """The spans of a sentence in code points of its text; scores are kept.

    Raises:
        FormatError: It has spans, and it is not known where its words stand in its text.

    Example:
        >>> character_spans(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)))
        (Span(start=3, end=8, label='LOC', score=None),)
    """
    _, offsets = written(sentence)
    return tuple([Span(offsets[one.start][0], offsets[one.end - 1][1], one.label, one.score) for one in sentence.spans])


def now() -> str:
    """This moment in UTC, as decisions have it: ISO 8601 with a ``Z``, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided of a sentence.

    Args:
        id: Name of the sentence, as :class:`crosspan.review.tasks.Task` has it.
        hash: Of the text that was shown, by :func:`text_hash`.
        before: The spans that were shown, in code points of the text.
        after: The spans that the sentence has by this decision, in code points.
        verdict: One of :data:`VERDICTS`.
        who: Name of the person; empty where it is not known.
        when: In UTC, as :func:`now` writes it; empty where it is not known.
        seconds: How long it took; ``None`` where it is not known.
        drawn: Why the sentence was looked at; ``None`` where it is not known.

    Raises:
        FormatError: A value is none that such a field can have.
        SpanError: Spans of one side overlap.

    Example:
        >>> Decision(id="a", hash="", before=(), after=(Span(0, 3, "PER"),)).to_dict()["after"]
        [{'start': 0, 'end': 3, 'label': 'PER'}]
    """

    id: str
    hash: str
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    verdict: Verdict = "done"
    who: str = ""
    when: str = ""
    seconds: float | None = None
    drawn: Drawn | None = None

    def __post_init__(self) -> None:
        for name in ("id", "hash", "who", "when"):
            if not isinstance(getattr(self, name), str):
                raise FormatError(f"{name!r} is {shown(getattr(self, name))}, not a string", hint=_HINT)
        for name, known in (("verdict", VERDICTS), ("drawn", (*DRAWN, None))):
            if getattr(self, name) not in known:
                names = ", ".join(filter(None, known))
                raise FormatError(f"{name!r} is {shown(getattr(self, name))}", hint=f"Choose from {names}.")
        if self.when and not _WHEN.fullmatch(self.when):
            raise FormatError(f"'when' is {shown(self.when)}", hint="Write it in UTC, as 2025-03-01T10:00:00Z.")
        if self.seconds is not None and not _is_time(self.seconds):
            raise FormatError(f"'seconds' is {shown(self.seconds)}", hint="Write a number, or leave it out.")
        for name in ("before", "after"):
            object.__setattr__(self, name, _in_order(getattr(self, name)))

    def to_dict(self) -> dict[str, Any]:
        """As plain values; :func:`decision_of` is the way back."""
        return {
            "id": self.id,
            "hash": self.hash,
            "verdict": self.verdict,
            "before": [span.to_dict() for span in self.before],
            "after": [span.to_dict() for span in self.after],
            "who": self.who,
            "when": self.when,
            "seconds": self.seconds,
            "drawn": self.drawn,
        }


_HINT = "Use a file that 'crosspan review' wrote; the export of a tool becomes one by 'crosspan review import'."


def _is_time(value: object) -> bool:
    return type(value) in (int, float) and 0 <= cast(float, value) < float("inf")


def _in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    found = tuple(sorted(spans))
    for one, other in pairwise(found):
        if other.start < one.end:
            raise SpanError(
                f"spans [{one.start}, {one.end}) {one.label} and [{other.start}, {other.end}) {other.label} overlap",
                hint="Keep one of them: nested and overlapping entities cannot be written as IOB2.",
            )
    return found


def decision_of(record: Any) -> Decision:
    """Read a decision from its record; keys that are not known are passed over.

    Args:
        record: The values by name.

    Raises:
        FormatError: It is no record of a decision.
        SpanError: Its spans are wrong.

    Example:
        >>> decision_of({"id": "a", "hash": "", "before": [], "after": []}).verdict
        'done'
    """
    if not isinstance(record, Mapping):
        raise FormatError(f"{shown(record)} is no record of a decision", hint=_HINT)
    missing = [name for name in ("id", "hash", "before", "after") if name not in record]
    if missing:
        raise FormatError(f"the record has no {missing[0]!r}, so it is no decision", hint=_HINT)
    more = {name: record[name] for name in ("verdict", "who", "when", "seconds", "drawn") if name in record}
    before, after = (tuple(spans_under(record, name, {})) for name in ("before", "after"))
    return Decision(id=record["id"], hash=record["hash"], before=before, after=after, **more)


def applied(sentence: Sentence, decision: Decision) -> Sentence:
    """The sentence as it was decided: a token that a span cuts is split, and the text stays as it is.

    The spans have no scores: a person looked. Where a token is split, the sentence has its text and offsets from then
    on, as tokens alone would no longer tell it.

    Args:
        sentence: What was looked at.
        decision: What was decided of it, with the verdict ``done``.

    Raises:
        PairError: The text is not the one that was decided of.
        SpanError: The spans do not fit the text.

    Example:
        >>> sentence = Sentence(("Jijini", "Accra"), id="a")
        >>> decision = Decision(id="a", hash=text_hash("Jijini Accra"), before=(), after=(Span(4, 6, "X"),))
        >>> applied(sentence, decision).tokens
        ('Jiji', 'ni', 'Accra')
    """
    text, offsets = written(sentence)
    if text_hash(text) != decision.hash:
        raise PairError(
            "the text is not the one that was decided of",
            where=decision.id,
            hint="Apply the decisions to the file that was looked at; look at this sentence anew where it was mended.",
        )
    placed, spans = place_spans(text, offsets, decision.after)
    spans = [Span(one.start, one.end, one.label) for one in spans]
    if placed == offsets:
        return replace(sentence, spans=tuple(spans))
    tokens = tuple([text[start:end] for start, end in placed])
    return Sentence(tokens, tuple(spans), sentence.id, sentence.lang, text, placed)


def last_of(decisions: Sequence[Decision]) -> dict[str, Decision]:
    """The decision that holds for each sentence: the last; of those taken back there is none.

    Example:
        >>> one = Decision(id="a", hash="", before=(), after=())
        >>> last_of([one, replace(one, verdict="open")])
        {}
    """
    found = {one.id: one for one in decisions}
    return {name: one for name, one in found.items() if one.verdict != "open"}
