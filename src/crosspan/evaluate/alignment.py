"""Alignment error rate, precision, recall and F1 of word links (Och & Ney 2003)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment
from crosspan.evaluate.pairing import check_lengths
from crosspan.evaluate.signature import signature
from crosspan.evaluate.significance import (
    FloatArray,
    Interval,
    PairedTest,
    bootstrap_interval,
    paired_bootstrap,
    paired_randomization,
)
from crosspan.io.pharaoh import GoldLinks, Link

Links = Alignment | Collection[Link]
"""An alignment, or ``(source, target)`` pairs."""


@dataclass(frozen=True, slots=True)
class AlignmentScore:
    """How good links are, over a corpus.

    Args:
        aer: Alignment error rate, ``1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|)``; 0 is perfect.
        precision: Share of the links that are possible, ``|A ∩ P| / |A|``.
        recall: Share of the sure links that were found, ``|A ∩ S| / |S|``.
        f1: Harmonic mean of the two.
        n_links: Links scored, ``|A|``.
        n_sure: Sure gold links, ``|S|``.
        n_possible: Possible gold links, the sure ones included, ``|P|``.
        n_sentences: Sentence pairs.
        threshold: Links below this probability were left out.
        signature: How to get the same score again.
        interval: Bootstrap interval of the error rate, if one was asked for.
    """

    aer: float
    precision: float
    recall: float
    f1: float
    n_links: int
    n_sure: int
    n_possible: int
    n_sentences: int
    threshold: float
    signature: str
    interval: Interval | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found: dict[str, Any] = {
            "signature": self.signature,
            "aer": self.aer,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "n_links": self.n_links,
            "n_sure": self.n_sure,
            "n_possible": self.n_possible,
            "n_sentences": self.n_sentences,
            "threshold": self.threshold,
        }
        if self.interval is not None:
            found["interval"] = self.interval.to_dict()
        return found


@dataclass(frozen=True, slots=True)
class AlignmentComparison:
    """Two sets of links of the same sentence pairs, by alignment error rate.

    Args:
        randomization: Paired approximate randomisation.
        bootstrap: Paired bootstrap; its win rate counts the resamples where the first has the *higher* error rate.
        signature: How to get the same numbers again.
    """

    randomization: PairedTest
    bootstrap: PairedTest
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "signature": self.signature,
            "randomization": self.randomization.to_dict(),
            "bootstrap": self.bootstrap.to_dict(),
        }


def score_alignments(
    gold: Sequence[GoldLinks],
    pred: Sequence[Links],
    *,
    threshold: float = 0.0,
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> AlignmentScore:
    """Score links against gold links.

    Where gold makes no difference between sure and possible links, precision, recall and F1 are the plain ones and
    the error rate is ``1 - F1``.

    Args:
        gold: Gold links of each sentence pair; sure links count as possible even where they are not listed so.
        pred: Links of the same pairs; indices from 0 as in gold.
        threshold: Leave out links of an :class:`~crosspan.core.types.Alignment` with a probability below this.
        bootstrap: Number of resamples for an interval of the error rate; 0 for none.
        confidence: Share of the resamples that the interval holds.
        seed: Seed of the resampling.

    Raises:
        PairError: The two differ in length.
        OptionError: ``threshold``, ``bootstrap`` or ``confidence`` is out of range.
        EmptyInputError: There is no sentence pair and an interval was asked for.

    Example:
        >>> gold = [GoldLinks(frozenset({(0, 0), (1, 1)}), frozenset({(0, 0), (1, 1), (2, 1)}))]
        >>> found = score_alignments(gold, [Alignment.from_pharaoh("0-0 2-1 3-3:0.4")], threshold=0.5)
        >>> found.aer, found.precision, found.recall
        (0.25, 1.0, 0.5)
    """
    stats = link_statistics(gold, pred, threshold=threshold)
    sums = stats.sum(axis=0)
    in_sure, in_possible, n_links, n_sure = (int(value) for value in sums)
    precision = in_possible / n_links if n_links else 0.0
    recall = in_sure / n_sure if n_sure else 0.0
    extra = {"bootstrap": bootstrap, "conf": confidence, "seed": seed} if bootstrap else {}
    interval = (
        bootstrap_interval(stats, aer_metric, n_samples=bootstrap, confidence=confidence, seed=seed)
        if bootstrap
        else None
    )
    return AlignmentScore(
        aer=float(aer_metric(sums.astype(np.float64))),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        n_links=n_links,
        n_sure=n_sure,
        n_possible=sum(len(links.possible | links.sure) for links in gold),
        n_sentences=len(gold),
        threshold=threshold,
        signature=signature("aer", "sure+possible", threshold=f"{threshold:g}", n=len(gold), **extra),
        interval=interval,
    )


def compare_alignments(
    gold: Sequence[GoldLinks],
    pred: Sequence[Links],
    against: Sequence[Links],
    *,
    threshold: float = 0.0,
    n_samples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> AlignmentComparison:
    """Test whether two sets of links differ in alignment error rate by more than chance.

    Args:
        gold: Gold links of each sentence pair.
        pred: Links of the same pairs from the first aligner.
        against: Links of the same pairs from the second aligner.
        threshold: Leave out links with a probability below this, on both sides.
        n_samples: Number of random samples of each test.
        confidence: Share of the resamples that the interval of the difference holds.
        seed: Seed of the random numbers.

    Raises:
        PairError: The lists differ in length.
        OptionError: An option is out of range.
        EmptyInputError: There is no sentence pair.

    Example:
        >>> gold = [GoldLinks(frozenset({(0, 0)}), frozenset({(0, 0)}))] * 40
        >>> compare_alignments(gold, [{(0, 0)}] * 40, [{(0, 1)}] * 40).randomization.difference
        -1.0
    """
    one = link_statistics(gold, pred, threshold=threshold)
    other = link_statistics(gold, against, threshold=threshold)
    return AlignmentComparison(
        randomization=paired_randomization(one, other, aer_metric, n_samples=n_samples, seed=seed),
        bootstrap=paired_bootstrap(one, other, aer_metric, n_samples=n_samples, confidence=confidence, seed=seed),
        signature=signature(
            "aer", "sure+possible", threshold=f"{threshold:g}", n=len(gold), samples=n_samples, seed=seed
        ),
    )


def link_statistics(
    gold: Sequence[GoldLinks], pred: Sequence[Links], *, threshold: float = 0.0
) -> npt.NDArray[np.int64]:
    """Count what the scores are made of.

    Returns:
        ``|A ∩ S|``, ``|A ∩ P|``, ``|A|``, ``|S|`` of each pair, ``(n, 4)``.

    Raises:
        PairError: The two differ in length.
        OptionError: ``threshold`` is outside [0, 1].

    Example:
        >>> link_statistics([GoldLinks(frozenset({(0, 0)}), frozenset({(0, 0)}))], [{(0, 0), (1, 0)}]).tolist()
        [[1, 1, 2, 1]]
    """
    check_lengths(len(gold), len(pred), what="sentence pairs")
    if not 0.0 <= threshold <= 1.0:
        raise OptionError(f"a threshold of {threshold} is outside [0, 1]", hint="Probabilities lie between 0 and 1.")
    rows = np.zeros((len(gold), 4), dtype=np.int64)
    for row, links, found in zip(rows, gold, pred, strict=True):
        kept = _kept(found, threshold)
        row[:] = len(kept & links.sure), len(kept & (links.possible | links.sure)), len(kept), len(links.sure)
    return rows


def aer_metric(sums: FloatArray) -> FloatArray:
    """Turn summed :func:`link_statistics` into error rates, over any leading axes; 0 where there are no links at all.

    Example:
        >>> float(aer_metric(np.array([1.0, 1.0, 2.0, 1.0]))).__round__(3)
        0.333
    """
    below = np.asarray(sums[..., 2] + sums[..., 3])
    agreed = np.asarray(sums[..., 0] + sums[..., 1])
    return 1.0 - np.divide(agreed, below, out=np.ones(below.shape, dtype=np.float64), where=below != 0)


def _kept(links: Links, threshold: float) -> set[Link]:
    if not isinstance(links, Alignment):
        return set(links)
    keep = links.prob >= np.float32(threshold)
    return set(zip(links.source[keep].tolist(), links.target[keep].tolist(), strict=True))
