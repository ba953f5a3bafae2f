"""The score of each candidate by its features, with the weights that were trained for the kind of its links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from crosspan.project.fused import FUSED
from crosspan.project.weights import HARD, KINDS, STATISTICAL, Weights, learned_weights

if TYPE_CHECKING:
    from crosspan.project.batch import PairBatch
    from crosspan.project.candidate_options import CandidateOptions

Floats = npt.NDArray[np.float64]
Kinds = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class LinearScores:
    """Linear models over the features of candidates, one a kind of links.

    Args:
        vectors: Weights of the features, float64 ``[kinds, features]``; kinds as in
            :data:`~crosspan.project.weights.KINDS`.
        weights: What each row was made of, and what calibrates it.
        kind: The kind of all links; ``None`` where the links of each pair must tell.
        tagged: Whether a tagger made the labels of the source.
    """

    vectors: Floats
    weights: tuple[Weights, ...]
    kind: int | None
    tagged: bool

    @classmethod
    def of(cls, options: CandidateOptions, given: Weights | None) -> Self:
        """The models that options ask for; given weights take the place of those that come along, for any links."""
        from crosspan.project.features import FEATURES

        models = tuple(given or learned_weights(kind) for kind in KINDS)
        base = {"align": {"align": 1.0}, "fused": {"align": FUSED["align"]}}
        rows = []
        for model in models:
            named = {**base.get(options.scores, model.weights)}
            named |= {name: float(value) for name, value in options.weights.items()}
            if options.align_form == "thesis":
                named["align"] = named.get("align", 0.0) / 2.0
            rows.append([named.get(name, 0.0) for name in FEATURES])
        same = given is not None or options.scores != "learned"
        kind = STATISTICAL if same else HARD if options.hard_links else options.link_kind
        return cls(np.array(rows), models, None if kind == "auto" else KINDS.index(kind), options.tagged)

    def kinds(self, batch: PairBatch) -> Kinds:
        """The kind of the links of each pair of a batch: where nothing is said of it, hard if all are certain."""
        if self.kind is not None:
            return np.full(len(batch), self.kind, np.int8)
        links = np.diff(batch.link_ptr)
        sentence = np.repeat(np.arange(len(batch)), links)
        unsure = np.bincount(sentence[batch.link_prob < 1.0], minlength=len(batch)) > 0
        hard = ~unsure & (links > 0)
        return np.where(hard, KINDS.index(HARD), KINDS.index(STATISTICAL)).astype(np.int8)

    def scored(self, features: npt.NDArray[np.float32], kind: Kinds) -> Floats:
        """The weighted sum of the features of each candidate.

        Args:
            features: Of the candidates ``[candidates, features]``.
            kind: Kind of the links of each.
        """
        from crosspan.project.features import total_scores

        found = np.zeros(len(features))
        for number in np.unique(kind).tolist():
            rows = kind == number
            found[rows] = total_scores(features if rows.all() else features[rows], self.vectors[number])
        return found

    def part(self, column: int, kind: Kinds) -> Floats:
        """The weight of one feature for each candidate."""
        found: Floats = self.vectors[kind, column]
        return found

    def calibrated(self, probability: Floats, kind: Kinds) -> Floats:
        """Confidences from probabilities."""
        found = np.zeros(len(probability))
        for number in np.unique(kind).tolist():
            rows = kind == number
            found[rows] = self.weights[number].calibrated(probability[rows], tagged=self.tagged)
        return found


def memory_columns(same: npt.NDArray[Any], other: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """The two memory features: other renderings only speak against words that were never seen for the entity."""
    from crosspan.core.arithmetic import logs

    return logs(1.0 + 2.0 * same.astype(np.float64)), logs(1.0 + 2.0 * other.astype(np.float64)) * (same < 0.3)


def probabilities(span: npt.NDArray[np.int32], score: Floats) -> Floats:
    """Probability of each candidate among those of its span and "not here", which has a score of 0.

    Example:
        >>> probabilities(np.array([0, 0, 1], np.int32), np.array([0.0, 0.0, 0.0])).round(2).tolist()
        [0.33, 0.33, 0.5]
    """
    from crosspan.core.arithmetic import exps

    if len(span) == 0:
        return np.zeros(0)
    first = np.concatenate([[0], np.flatnonzero(np.diff(span)) + 1])
    group = np.repeat(np.arange(len(first)), np.diff(np.concatenate([first, [len(span)]])))
    highest = np.maximum(np.maximum.reduceat(score, first), 0.0)
    weight = exps(score - highest[group])
    total = np.add.reduceat(weight, first) + exps(-highest)
    out: Floats = weight / total[group]
    return out
