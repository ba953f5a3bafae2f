"""Counts of what was done, and the sentences that were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from crosspan.core.types import Projection, Sentence


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence that could not be worked on, and is left out of the output.

    Args:
        index: Its place in the corpus, from 0.
        where: ``file:line``.
        id: Name of the sentence, if it has one.
        reason: What is wrong, and what can be done.
    """

    index: int
    where: str
    id: str | None
    reason: str


OnReject = Callable[[Rejected], None]


@dataclass(slots=True)
class Summary:
    """What was projected.

    Args:
        sentences: Sentences written.
        rejected: Sentences left out because they could not be worked on.
        filtered: Sentences left out because a filter gave them up.
        spans: Source spans in the sentences written.
        projected: How many of them have a target span.
        dropped: How many have none, by reason; those of which the label is not known as ``unobserved``.
        target_spans: Target spans written.
        mean_confidence: Of the target spans; ``None`` without any. It is what the method believes, and no accuracy.
        source_scores: Whether confidences are multiplied with the scores of the source's labels, where those have some.
        source_scored: Target spans whose source label has a score.
        lost: How many of what the format of the output cannot keep; see :mod:`crosspan.io.losses`.
        seconds: Time taken.
    """

    sentences: int = 0
    rejected: int = 0
    filtered: int = 0
    spans: int = 0
    projected: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    target_spans: int = 0
    mean_confidence: float | None = None
    source_scores: bool = True
    source_scored: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, projection: Projection) -> None:
        """Count a sentence that is written."""
        links = projection.links
        self.sentences += 1
        n_projected = len({link.source for link in links})
        self.projected += n_projected
        self.spans += n_projected + len(projection.lost)
        self.dropped.update(span.reason for span in projection.lost)
        total = (self.mean_confidence or 0.0) * self.target_spans + sum(link.confidence for link in links)
        self.target_spans += len(links)
        self.source_scored += sum(link.source.score is not None for link in links)
        if self.target_spans:
            self.mean_confidence = total / self.target_spans

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "dropped": dict(sorted(self.dropped.items())), "lost": dict(self.lost)}


@dataclass(slots=True)
class TagSummary:
    """What was tagged.

    Args:
        sentences: Sentences tagged.
        rejected: Sentences that could not be worked on.
        spans: Entities written.
        labels: How many of each kind.
        unsure: Entities left out because they were less sure than asked.
        left_out: Entities left out because their label was not asked for, by label.
        unplaced: How much a language model named that is no entity of its sentence, by reason; see
            :data:`crosspan.tag.answers.REASONS`.
        mean_score: Mean score of the entities written; ``None`` where they have none.
        adapted: Whether the tagger was first adapted to the text.
        lost: How many of what the format of the output cannot keep; see :mod:`crosspan.io.losses`.
        seconds: Time taken.
    """

    sentences: int = 0
    rejected: int = 0
    spans: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    mean_score: float | None = None
    adapted: bool = False
    lost: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    _scored: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found = {**asdict(self), "labels": dict(sorted(self.labels.items()))}
        found |= {"left_out": dict(sorted(self.left_out.items())), "lost": dict(self.lost)}
        found["unplaced"] = dict(sorted(self.unplaced.items()))
        return {name: value for name, value in found.items() if name[0] != "_"}

    def count(self, sentence: Sentence) -> None:
        """Take note of a sentence that is written."""
        self.sentences += 1
        self.spans += len(sentence.spans)
        for span in sentence.spans:
            self.labels[span.label] += 1
            if span.score is not None:
                total = (self.mean_score or 0.0) * self._scored + span.score
                self._scored += 1
                self.mean_score = total / self._scored
