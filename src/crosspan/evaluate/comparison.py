"""Two predictions of the same sentences: does one score higher by more than chance?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from crosspan.core.types import Sentence
from crosspan.evaluate.counts import Average, count_spans, f1_metric
from crosspan.evaluate.ner import ner_signature
from crosspan.evaluate.pairing import check_same_tokens
from crosspan.evaluate.significance import PairedTest, paired_bootstrap, paired_randomization


@dataclass(frozen=True, slots=True)
class NerComparison:
    """Two systems on the same sentences.

    Args:
        average: The F1 compared: ``"micro"``, ``"macro"`` or a label.
        randomization: Paired approximate randomisation.
        bootstrap: Paired bootstrap.
        signature: How to get the same numbers again.
    """

    average: str
    randomization: PairedTest
    bootstrap: PairedTest
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "average": self.average,
            "signature": self.signature,
            "randomization": self.randomization.to_dict(),
            "bootstrap": self.bootstrap.to_dict(),
        }


def compare_ner(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    against: Sequence[Sentence],
    *,
    average: Average | str = "micro",
    labels: Collection[str] | None = None,
    ignore_labels: Collection[str] = (),
    n_samples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> NerComparison:
    """Test whether two systems differ in strict F1 by more than chance.

    Args:
        gold: Sentences with the right spans.
        pred: The same sentences from the first system.
        against: The same sentences from the second system.
        average: The F1 to compare: ``"micro"``, ``"macro"`` or a label.
        labels: Classes to keep, on all sides; all by default.
        ignore_labels: Classes to leave out, on all sides.
        n_samples: Number of random samples of each test.
        confidence: Share of the resamples that the interval of the difference holds.
        seed: Seed of the random numbers.

    Raises:
        PairError: The sentences differ in number or in tokens.
        EmptyInputError: There is no sentence.
        OptionError: An option is out of range, or no span has the label ``average``.

    Example:
        >>> from crosspan.core.types import Span
        >>> gold = [Sentence(("Bo",), (Span(0, 1, "LOC"),))] * 50
        >>> compare_ner(gold, gold, [Sentence(("Bo",))] * 50).randomization.p_value < 0.001
        True
    """
    check_same_tokens(gold, pred)
    check_same_tokens(gold, against)
    one = count_spans(gold, pred, labels=labels, ignore_labels=ignore_labels)
    other = count_spans(gold, against, labels=labels, ignore_labels=ignore_labels)
    names = sorted({*one.labels, *other.labels})
    stats = one.with_labels(names).statistics(average), other.with_labels(names).statistics(average)
    metric = f1_metric(average)
    return NerComparison(
        average=average,
        randomization=paired_randomization(*stats, metric, n_samples=n_samples, seed=seed),
        bootstrap=paired_bootstrap(*stats, metric, n_samples=n_samples, confidence=confidence, seed=seed),
        signature=ner_signature(
            "strict", names, labels, ignore_labels, n=len(gold), avg=average, samples=n_samples, seed=seed
        ),
    )
