"""What the settings of data transfer do, on development sets: copied words, and the ways to treat noisy labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks import datasets, transfer_sets
from benchmarks.findings import markdown
from benchmarks.transfer_parts import (
    LANGUAGES,
    NAIVE,
    NAIVE_NOISE,
    TRAINED,
    adapted_with,
    english,
    labels_of,
    projected,
    shown,
    strict,
    tagged,
    train_projections,
    train_sources,
)
from crosspan.core.types import Projection
from crosspan.project.filters import FILTERS, apply_filters
from crosspan.tag.crf import CrfTagger
from crosspan.train.adapt_options import COPY_BIAS
from crosspan.train.crf import CrfOptions
from crosspan.train.noise import NoiseOptions, examples_of
from crosspan.train.round_options import ROUNDS, VoteOptions
from crosspan.train.self_training import train_on_projections

BIASES = (0.0, 1.0, 2.0, 3.0, 4.0)
SAMPLES = (0, 2_000, 1_000, 500)
"""Sentences that are learned from at most; 0 for all. These corpora have some thousands."""
DEFAULT = f"**default**, rounds of self-training: {ROUNDS}"
ONCE = "default, no self-training"


def copies_table(split: str = "dev") -> str:
    """F1 of translate-test for each bias of copied words, the tagger as shipped and adapted."""
    ways: dict[str, Callable[[str, float], CrfTagger]] = {
        "as shipped": lambda lang, bias: english(),
        "adapted": adapted_with,
    }
    columns = [(lang, way) for lang in LANGUAGES for way in ways]
    rows = []
    for bias in BIASES:
        scores = []
        for lang, way in columns:
            found = projected(tagged(ways[way](lang, bias), lang, split, copies=bias), lang, split)
            scores.append(strict(transfer_sets.pairs(lang, split).targets, labels_of(found)))
        default = " (default)" if bias == COPY_BIAS else ""
        rows.append([f"{bias:g}{default}", *map(shown, scores), shown(float(np.mean(scores)))])
        print(rows[-1], flush=True)
    return markdown(["bias of copied words", *[f"{lang}, {way}" for lang, way in columns], "mean"], rows)


def samples_table(split: str = "dev") -> str:
    """F1 where the tagger is adapted to a sample, and where the taggers that vote learn from one, for each size."""
    rows = []
    for name, f1 in (("adaptation, translate-test", _f1_adapted), ("voting, translate-train", _f1_voted)):
        for sample in SAMPLES:
            scores = [f1(lang, split, sample) for lang in LANGUAGES]
            rows.append([f"{name}: {sample or 'all'}", *map(shown, scores), shown(float(np.mean(scores)))])
            print(rows[-1], flush=True)
    return markdown(["sentences learned from", *LANGUAGES, "mean"], rows)


def _f1_adapted(lang: str, split: str, sample: int) -> float:
    sources = tagged(adapted_with(lang, COPY_BIAS, sample), lang, split)
    return strict(transfer_sets.pairs(lang, split).targets, labels_of(projected(sources, lang, split)))


def _f1_voted(lang: str, split: str, sample: int) -> float:
    examples = examples_of(train_projections(lang), NoiseOptions())
    test = datasets.masakhaner2(lang, split)
    return strict(test, train_on_projections(examples, vote=VoteOptions(sample=sample)).tag(test))


@dataclass(frozen=True, slots=True)
class Way:
    """One way to learn from projections.

    Args:
        name: What the table calls it.
        noise: How labels are taken.
        options: How the tagger is trained.
        rounds: Rounds of self-training.
        filters: Published filters, applied before.
    """

    name: str
    noise: NoiseOptions = field(default_factory=NoiseOptions)
    options: CrfOptions | None = None
    rounds: int = ROUNDS
    filters: tuple[str, ...] = ()

    def train(self, lang: str) -> CrfTagger:
        """The tagger that it makes."""
        found = filtered(lang, self.filters) if self.filters else train_projections(lang)
        return train_on_projections(examples_of(found, self.noise), options=self.options, rounds=self.rounds)


def filtered(lang: str, names: tuple[str, ...]) -> list[Projection]:
    """The training projections without what filters object to."""
    sources, links = train_sources(lang), transfer_sets.pairs(lang, "train").links
    return [
        apply_filters(projection, names, source=source, links=own)
        for projection, source, own in zip(train_projections(lang), sources, links, strict=True)
    ]


def _ways() -> list[Way]:
    default = NoiseOptions()
    once = Way(ONCE, rounds=0)
    changes = {
        "`min_confidence` 0.5": replace(default, min_confidence=0.5),
        "`dropped` keep": replace(default, dropped="keep"),
        "`dropped` leave-out": replace(default, dropped="leave-out"),
        "`names`: all unlabelled names unobserved": replace(default, names=True),
        "`forms` .2: names that are labelled elsewhere are unobserved": replace(default, forms=0.2),
        **{f"`missing` {chance:g}": replace(default, missing=chance) for chance in (0.0, 0.2, 0.3)},
        "`weight`: sentences weigh by confidence": replace(default, weight=True),
    }
    return [
        Way("every label believed", NAIVE_NOISE, NAIVE, 0),
        Way("the same, confidence of spans as evidence", NAIVE_NOISE, None, 0),
        once,
        *[replace(once, name=f"the same, {name}", noise=noise) for name, noise in changes.items()],
        *[replace(once, name=f"the same, filter {name}", filters=(name,)) for name in FILTERS],
        Way(DEFAULT),
        Way("two rounds", rounds=2),
        Way("one round, `missing` 0.2", replace(default, missing=0.2)),
    ]


def effects_table(split: str = "dev") -> str:
    """What each way to treat noise does to translate-train, beside the default."""
    tests = {lang: datasets.masakhaner2(lang, split) for lang in TRAINED}
    found = []
    for way in _ways():
        scores = [strict(test, way.train(lang).tag(test)) for lang, test in tests.items()]
        found.append((way, scores))
        print(way.name, *map(shown, scores), shown(float(np.mean(scores))), flush=True)
    means = {way.name: float(np.mean(scores)) for way, scores in found}
    rows = [
        [way.name, *map(shown, scores), shown(means[way.name]), f"{means[way.name] - means[DEFAULT]:+.3f}",
         f"{means[way.name] - means[ONCE]:+.3f}" if way.rounds == 0 else ""]
        for way, scores in found
    ]  # fmt: skip
    header = ["labels taken", *TRAINED, "mean", "against the default", "against the default without self-training"]
    return markdown(header, rows)
