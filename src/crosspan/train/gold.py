"""Gold labels beside projected ones: how much a corrected sentence counts, chosen on corrected sentences held out.

A few hundred sentences that were corrected by hand say more of their words than thousands of projected ones, and would
be outvoted by them. How much more they are to count depends on how good the projections are, and on how many there are
of both. So it is tried out: taggers learn from a part of the gold sentences with each weight, and label the rest. What
is good as a rule is kept unless something else is clearly better; that may also be to learn from gold alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.progress import Listener
from crosspan.core.types import Sentence
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example

WEIGHT = 5.0
"""How much a gold sentence counts beside a projected one, as a rule (``python -m benchmarks.correcting``)."""

WEIGHTS = (1.0, WEIGHT, 25.0)
"""What is tried."""

ALONE = "alone"
"""Stands for gold without projections."""

FOLDS = 3
"""Gold sentences are cut into so many parts; each is labelled by taggers that learned from the others."""

CLEARLY = 0.01
"""Something else than :data:`WEIGHT` is chosen where its F1 is higher by this: smaller differences are chance."""

TRIED = 4_000
"""Of more projected sentences so many stand for all while weights are tried, to bound the time."""

ENOUGH = 100
"""Entities in gold sentences from which on the weight is chosen; with fewer, scores are chance."""


def check_weight(weight: float) -> None:
    """Raise unless a gold sentence can count so much.

    Raises:
        OptionError: It cannot.
    """
    if not 0.0 <= weight < float("inf"):
        raise OptionError(f"the weight of gold is {weight}", hint="Choose a number above 0, or 0 to have it chosen.")


@dataclass(frozen=True, slots=True)
class GoldWeight:
    """How much gold sentences count, and why.

    Args:
        weight: Of each, beside a projected one of 1.
        f1: On gold sentences held out, by weight, and by :data:`ALONE`; empty where nothing was tried.
        alone: Whether gold is better without projections.
    """

    weight: float
    f1: Mapping[str, float] = field(default_factory=dict)
    alone: bool = False

    def of(self, gold: Sequence[Example]) -> list[Example]:
        """Gold examples with this weight."""
        return [replace(example, weight=example.weight * self.weight) for example in gold]

    def card(self) -> dict[str, Any]:
        """As plain values, for the card of a model."""
        tried = {name: round(f1, 4) for name, f1 in self.f1.items()}
        return {"weight": self.weight, "alone": self.alone, "f1": tried}


def without_gold(projected: Sequence[Example], gold: Sequence[Example]) -> list[Example]:
    """The projected sentences of which there are no gold labels.

    Example:
        >>> one, other = Example(Sentence(("mu", "Gulu"))), Example(Sentence(("e", "Gulu")))
        >>> without_gold([one, other], [one]) == [other]
        True
    """
    known = {example.sentence.tokens for example in gold}
    return [example for example in projected if example.sentence.tokens not in known]


def beside(projected: Sequence[Example], gold: Sequence[Example], weight: float) -> list[Example]:
    """All examples for a trainer that tries nothing out: gold ones with their weight, then projected ones.

    Args:
        projected: What was projected; sentences of which there are gold labels are left out.
        gold: Sentences with right labels.
        weight: Of each gold sentence beside projected ones; 0 stands for 1, as gold may be of another language here.

    Raises:
        OptionError: The weight is not possible.

    Example:
        >>> one, other = Example(Sentence(("mu", "Gulu"))), Example(Sentence(("e", "Gulu")))
        >>> [example.weight for example in beside([one, other], [one], 5.0)]
        [5.0, 1.0]
    """
    check_weight(weight)
    others = without_gold(projected, gold)
    return [*GoldWeight((weight if others else 0.0) or 1.0).of(gold), *others]


def chosen_weight(
    projected: Sequence[Example],
    gold: Sequence[Example],
    labels: Sequence[str],
    *,
    options: CrfOptions | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> GoldWeight:
    """Try out how much gold sentences should count.

    Args:
        projected: What was projected.
        gold: Sentences with right labels.
        labels: The kinds of entity.
        options: How taggers are trained.
        threads: Threads to use; all cores by default. The result does not depend on it.
        progress: Told how far it is.

    Returns:
        The weight with which taggers label held-out gold sentences best, if it is clearly better than :data:`WEIGHT`.
        That is also what is left where there are too few entities to tell.
    """
    if sum(len(example.sentence.spans) for example in gold) < ENOUGH:
        return GoldWeight(WEIGHT)
    some = _some_of(projected)
    ways = {f"{weight:g}": (GoldWeight(weight), some) for weight in WEIGHTS}
    ways[ALONE] = (GoldWeight(1.0, alone=True), [])
    found = {}
    for name, (way, beside_gold) in ways.items():
        labelled: list[Sentence] = []
        for fold in range(FOLDS):
            others = [example for at, example in enumerate(gold) if at % FOLDS != fold]
            examples = [*way.of(others), *beside_gold]
            tagger = train_crf(examples, options=options, labels=labels, threads=threads, progress=progress)
            labelled += tagger.tag([example.sentence for example in gold[fold::FOLDS]])
        held_out = [example.sentence for fold in range(FOLDS) for example in gold[fold::FOLDS]]
        found[name] = _f1(held_out, labelled)
    best = max(found, key=lambda name: found[name])
    chosen = best if found[best] >= found[f"{WEIGHT:g}"] + CLEARLY else f"{WEIGHT:g}"
    return replace(ways[chosen][0], f1=found)


def _some_of(projected: Sequence[Example]) -> list[Example]:
    """Examples that stand for all, and weigh as much as all."""
    step = -(-len(projected) // TRIED)
    some = projected[::step] if step > 1 else projected
    share = len(projected) / len(some) if some else 1.0
    return [example if step <= 1 else replace(example, weight=example.weight * share) for example in some]


def _f1(gold: Sequence[Sentence], found: Sequence[Sentence]) -> float:
    """F1 of exact spans; :mod:`crosspan.evaluate` is not asked, so that a model does not depend on how it is scored."""
    right = sum(len({*one.spans} & {*other.spans}) for one, other in zip(gold, found, strict=True))
    return 2 * right / max(1, sum(len(one.spans) for one in (*gold, *found)))
