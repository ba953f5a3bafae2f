"""How far two people agree who decided the same sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosspan.core.errors import EmptyInputError
from crosspan.core.types import Sentence, Span
from crosspan.evaluate.agreement import Kappa, cohen_kappa
from crosspan.evaluate.ner import NerScore, score_spans
from crosspan.io.places import place_spans, written
from crosspan.review.decisions import Decision
from crosspan.review.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A sentence of which two people say different things.

    Args:
        id: Its name.
        text: Its text.
        one: The spans by the first, in code points.
        other: The spans by the second.
    """

    id: str
    text: str
    one: tuple[Span, ...]
    other: tuple[Span, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        sides = {"a": self.one, "b": self.other}
        spans = {
            name: [{**span.to_dict(), "text": self.text[span.start : span.end]} for span in side]
            for name, side in sides.items()
        }
        return {"id": self.id, "text": self.text, **spans}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAgreement:
    """What two people agree on.

    Args:
        score: The spans of the second, scored as if those of the first were gold. F1 is the same the other way round.
        kappa: Cohen's kappa by token: of its label, or none.
        disagreements: The sentences of which they say different things.
        undecided: Sentences that one of the two rejected or skipped, and the other did not leave out.
        one_alone: Sentences that the first decided and the second did not look at.
        other_alone: Sentences that the second decided and the first did not look at.
        changed: Sentences whose text is not the one that was decided of.
        unknown: Names in the decisions that no sentence has.
    """

    score: NerScore
    kappa: Kappa
    disagreements: tuple[Disagreement, ...]
    undecided: int
    one_alone: int
    other_alone: int
    changed: int
    unknown: int

    @property
    def n_sentences(self) -> int:
        """The sentences that both decided."""
        return self.score.n_sentences

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "n_sentences": self.n_sentences,
            "n_equal": self.n_sentences - len(self.disagreements),
            "spans": self.score.to_dict(),
            "kappa": {
                "value": self.kappa.value,
                "observed": self.kappa.observed,
                "expected": self.kappa.expected,
                "n_tokens": self.kappa.n,
            },
            "undecided": self.undecided,
            "a_alone": self.one_alone,
            "b_alone": self.other_alone,
            "changed": self.changed,
            "unknown": self.unknown,
        }


def agreement(
    tasks: Iterable[Task],
    one: Mapping[str, Decision],
    other: Mapping[str, Decision],
    *,
    bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> PersonAgreement:
    """Compare what two people decided.

    Where a boundary of one of them stands inside a token, the token counts as two.

    Args:
        tasks: The sentences that they looked at.
        one: The decisions of the first that hold, by the names of the sentences.
        other: Those of the second.
        bootstrap: Resamples for the interval of F1; 0 for none.
        confidence: Share of the resamples that the interval holds.
        seed: Of the resampling.

    Raises:
        EmptyInputError: There is no sentence that both decided.
        SpanError: Spans do not fit their sentence.

    Example:
        >>> from crosspan.review.decisions import text_hash
        >>> task = Task(index=0, id="a", sentence=Sentence(("Ada", "left")))
        >>> made = {
        ...     name: Decision(id="a", hash=text_hash("Ada left"), before=(), after=(Span(0, end, "PER"),))
        ...     for name, end in (("ada", 3), ("bo", 8))
        ... }
        >>> found = agreement([task], {"a": made["ada"]}, {"a": made["bo"]}, bootstrap=0)
        >>> found.score.micro.f1, found.kappa.observed, len(found.disagreements)
        (0.0, 0.5, 1)
    """
    sides: tuple[list[Sentence], list[Sentence]] = ([], [])
    differ: list[Disagreement] = []
    undecided = alone_one = alone_other = changed = 0
    names = {*one, *other}
    for task in tasks:
        names.discard(task.id)
        left, right = one.get(task.id), other.get(task.id)
        if any(found is not None and found.hash != task.hash for found in (left, right)):
            changed += 1
        elif left is None or right is None:
            alone_one += left is not None
            alone_other += right is not None
        elif left.verdict != "done" or right.verdict != "done":
            undecided += left.verdict != right.verdict
        else:
            labelled = _side_by_side(task.sentence, left, right)
            for side, sentence in zip(sides, labelled, strict=True):
                side.append(sentence)
            if labelled[0].spans != labelled[1].spans:
                differ.append(Disagreement(id=task.id, text=task.text, one=left.after, other=right.after))
    if not sides[0]:
        raise EmptyInputError(
            "there is no sentence that both decided",
            hint="Check that both files are of this base; with one --seed both are drawn the same sentences.",
        )
    return PersonAgreement(
        score=score_spans(*sides, bootstrap=bootstrap, confidence=confidence, seed=seed),
        kappa=cohen_kappa(_token_labels(*sides)),
        disagreements=tuple(differ),
        undecided=undecided,
        one_alone=alone_one,
        other_alone=alone_other,
        changed=changed,
        unknown=len(names),
    )


def _side_by_side(sentence: Sentence, one: Decision, other: Decision) -> tuple[Sentence, Sentence]:
    """The sentence by both decisions, in the same tokens."""
    text, offsets = written(sentence)
    places, spans = place_spans(text, offsets, [*one.after, *other.after])
    tokens = tuple([text[start:end] for start, end in places])
    count = len(one.after)
    return Sentence(tokens, tuple(spans[:count])), Sentence(tokens, tuple(spans[count:]))


def _token_labels(one: Iterable[Sentence], other: Iterable[Sentence]) -> Iterator[tuple[str, str]]:
    """The label of each token by both; of none an empty one."""
    for left, right in zip(one, other, strict=True):
        yield from zip(_labels(left), _labels(right), strict=True)


def _labels(sentence: Sentence) -> list[str]:
    found = [""] * len(sentence)
    for span in sentence.spans:
        found[span.start : span.end] = [span.label] * (span.end - span.start)
    return found
