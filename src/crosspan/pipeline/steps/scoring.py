"""The step that scores labels against gold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosspan.core.types import Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.pipeline.corpus import Corpus, gold_of
from crosspan.pipeline.parts import Facts, Labels
from crosspan.pipeline.step import Inputs, Need, Output, Step


@dataclass(frozen=True, slots=True)
class Scoring:
    """What is scored, and how.

    Args:
        gold: The sentences with the right labels.
        labels: Classes to score; all if empty.
        ignore_labels: Classes to leave out.
        bootstrap: Resamples for confidence intervals.
        confidence: Share of them that an interval holds.
        seed: Of the resampling.
        limit: Sentences to score; 0 for all.
    """

    gold: Corpus
    labels: Collection[str]
    ignore_labels: Collection[str]
    bootstrap: int
    confidence: float
    seed: int
    limit: int

    def facts(self) -> Mapping[str, Any]:
        """What the scores depend on, as plain values."""
        found = {
            "gold": self.gold.facts(),
            "labels": sorted(self.labels),
            "ignore_labels": sorted(self.ignore_labels),
            "limit": self.limit,
            "bootstrap": self.bootstrap,
        }
        return {**found, "confidence": self.confidence, "seed": self.seed} if self.bootstrap else found


@dataclass(kw_only=True)
class Evaluate(Step):
    """Scores labels against gold.

    Args:
        scoring: What is gold, and how to score.
        of: The step whose labels are scored.
        part: The part that has them: ``"labels"`` or ``"projections"``.
        corpus: The step that has the sentences.
    """

    scoring: Scoring
    of: str
    part: str
    corpus: str = "pairs"
    name: str = "evaluate"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need(self.corpus, "tokens", True), Need(self.of, self.part, True))

    def facts(self) -> Mapping[str, Any]:
        """What is scored, and how."""
        return {**self.scoring.facts(), "part": self.part}

    def work(self, inputs: Inputs) -> Output:
        """Score."""
        scoring = self.scoring
        report = evaluate_ner(
            gold_of(scoring.gold, scoring.limit),
            list(self._labelled(inputs)),
            labels=scoring.labels or None,
            ignore_labels=scoring.ignore_labels,
            bootstrap=scoring.bootstrap,
            confidence=scoring.confidence,
            seed=scoring.seed,
        )
        return Output({"scores": Facts(report.to_dict())}, {"strict_f1": report.strict.micro.f1})

    def _labelled(self, inputs: Inputs) -> Iterator[Sentence]:
        """What is scored; a sentence that was rejected is without labels."""
        for tokens, found in zip(inputs.all(self.corpus, "tokens"), inputs.all(self.of, self.part), strict=True):
            words = tokens.sides[-1]
            if isinstance(found, Labels):
                yield from (Sentence(tuple(row), one) for row, one in zip(words, found.spans, strict=True))
            else:
                yield from (one.sentence for one in found.on(words))
