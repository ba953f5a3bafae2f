"""What the scores of a study say: F1 by size, the gain of adversarial training, its slope, tests, and their power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosspan.evaluate.significance import paired_bootstrap, paired_randomization
from crosspan.lab.study.results import Scores, Slice, mean_f1
from crosspan.lab.study.statistics import (
    Estimate,
    Slope,
    detectable,
    estimate,
    holm,
    paired_t,
    seeds_needed,
    sign_flip,
    slope,
)
from crosspan.lab.study.tables import PLAIN

EFFECT = 1.0
"""The gain, in points of F1, of which it is said how many seeds it takes to find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellScore:
    """F1 of one encoder and mode on some test sets.

    Args:
        encoder: The encoder.
        mode: The mode.
        part: The test sets.
        f1: Mean over the seeds, in percent, of the mean over the test sets.
    """

    encoder: str
    mode: str
    part: Slice
    f1: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a mode gains over plain fine-tuning, seed by seed.

    Args:
        encoder: The encoder.
        mode: The mode.
        part: The test sets.
        seeds: The seeds that have both.
        gain: Mean difference of F1 over the seeds, in points.
        p_seeds: Of the paired t-test over seeds.
        p_flip: Of the exact sign-flip test over seeds.
        sentences: Interval of the difference over sentences (paired bootstrap), the seeds added up.
        p_sentences: Of approximate randomisation over sentences.
        holm_seeds: ``p_seeds``, corrected for all gains of the same kind of slice.
        holm_sentences: ``p_sentences``, corrected in the same way.
    """

    encoder: str
    mode: str
    part: Slice
    seeds: tuple[int, ...]
    gain: Estimate
    p_seeds: float | None
    p_flip: float | None
    sentences: tuple[float, float]
    p_sentences: float
    holm_seeds: float | None = None
    holm_sentences: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How the gain of a mode changes with size.

    Args:
        family: Of encoders; empty for all together.
        mode: The mode.
        part: The test sets.
        slope: Points of F1 for ten times as many parameters, embeddings not counted; a point is an encoder.
    """

    family: str
    mode: str
    part: Slice
    slope: Slope


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What the study could have found.

    Args:
        mode: The mode.
        sd: Standard deviation of a gain from seed to seed, the encoders put together.
        seeds: Seeds of an encoder.
        detectable: The smallest gain of one encoder that a t-test finds with a chance of 80 %.
        needed: Seeds that it takes to find a gain of one point; ``None``: more than can be run.
    """

    mode: str
    sd: float
    seeds: int
    detectable: float | None
    needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything that the page shows.

    Args:
        slices: The parts of the test sets.
        bodies: Parameters of each encoder, embeddings not counted.
        scores: F1.
        gains: Gains.
        trends: Their slopes.
        powers: What could have been found.
    """

    slices: Sequence[Slice]
    bodies: dict[str, int]
    scores: Sequence[CellScore]
    gains: Sequence[Gain]
    trends: Sequence[Trend]
    powers: Sequence[Power]

    @property
    def whole(self) -> Slice:
        """All test sets together."""
        return self.slices[0]

    def score(self, encoder: str, mode: str, part: Slice) -> Estimate | None:
        """F1 of an encoder and mode on a slice; ``None`` where it was not run."""
        for one in self.scores:
            if (one.encoder, one.mode, one.part) == (encoder, mode, part):
                return one.f1
        return None

    def gain(self, encoder: str, mode: str, part: Slice) -> Gain | None:
        """The gain of an encoder and mode on a slice; ``None`` where it was not run."""
        for one in self.gains:
            if (one.encoder, one.mode, one.part) == (encoder, mode, part):
                return one
        return None


def analyse(results: Scores) -> Analysis:
    """Work out everything that the page shows.

    Args:
        results: The scores.
    """
    plan = results.plan
    slices = results.slices()
    encoders = [one.name for one in plan.encoders]
    modes = [one.name for one in plan.modes]
    scores: list[CellScore] = []
    gains: list[Gain] = []
    for part in slices:
        for encoder in encoders:
            for mode in modes:
                seeds = results.seeds(encoder, mode, part.tests)
                if not seeds:
                    continue
                values = [results.f1(encoder, mode, seed, part.tests) for seed in seeds]
                found = estimate(values, plan.general.confidence)
                scores.append(CellScore(encoder=encoder, mode=mode, part=part, f1=found))
                gain = gain_of(results, encoder, mode, part) if mode != PLAIN else None
                if gain is not None:
                    gains.append(gain)
    gains = corrected(gains)
    bodies = {encoder: size for encoder in encoders if (size := _body(results, encoder)) is not None}
    return Analysis(
        slices=slices,
        bodies=bodies,
        scores=scores,
        gains=gains,
        trends=_trends(results, gains, bodies, slices),
        powers=[power for mode in modes[1:] if (power := _power(gains, mode)) is not None],
    )


def gain_of(results: Scores, encoder: str, mode: str, part: Slice) -> Gain | None:
    """What a mode gains on some test sets; ``None`` where no seed has both.

    Args:
        results: The scores.
        encoder: The encoder.
        mode: The mode.
        part: The test sets.
    """
    general = results.plan.general
    plain = {*results.seeds(encoder, PLAIN, part.tests)}
    seeds = [seed for seed in results.seeds(encoder, mode, part.tests) if seed in plain]
    if not seeds:
        return None
    differences = [
        results.f1(encoder, mode, seed, part.tests) - results.f1(encoder, PLAIN, seed, part.tests) for seed in seeds
    ]
    ours, theirs = (results.rows(encoder, one, seeds, part.tests) for one in (mode, PLAIN))
    samples = general.samples
    interval = paired_bootstrap(ours, theirs, mean_f1, n_samples=samples, confidence=general.confidence)
    test = paired_randomization(ours, theirs, mean_f1, n_samples=samples)
    assert interval.low is not None
    assert interval.high is not None
    return Gain(
        encoder=encoder,
        mode=mode,
        part=part,
        seeds=tuple(seeds),
        gain=estimate(differences, general.confidence),
        p_seeds=paired_t(differences),
        p_flip=sign_flip(differences),
        sentences=(interval.low, interval.high),
        p_sentences=test.p_value,
    )


def corrected(gains: Sequence[Gain]) -> list[Gain]:
    """Gains with p-values corrected by Holm's method: one family is all gains of one kind of slice."""
    found = list(gains)
    for kind in dict.fromkeys(one.part.kind for one in gains):
        places = [at for at, one in enumerate(gains) if one.part.kind == kind]
        by_seeds = holm([gains[at].p_seeds for at in places])
        by_sentences = holm([gains[at].p_sentences for at in places])
        for at, one, other in zip(places, by_seeds, by_sentences, strict=True):
            found[at] = replace(found[at], holm_seeds=one, holm_sentences=other)
    return found


def _trends(results: Scores, gains: Sequence[Gain], bodies: dict[str, int], slices: Sequence[Slice]) -> list[Trend]:
    plan = results.plan
    families = list(dict.fromkeys(one.kind for one in plan.encoders))
    members = {family: [one.name for one in plan.encoders if one.kind == family] for family in families}
    if len(families) > 1:
        members[""] = [one.name for one in plan.encoders]
    found = []
    for part in slices:
        for mode in (one.name for one in plan.modes[1:]):
            for family, encoders in members.items():
                points = [
                    (math.log10(bodies[one.encoder]), one.gain.mean)
                    for one in gains
                    if one.part == part and one.mode == mode and one.encoder in encoders and one.encoder in bodies
                ]
                line = slope([x for x, _ in points], [y for _, y in points], plan.general.confidence)
                if line is not None:
                    found.append(Trend(family=family, mode=mode, part=part, slope=line))
    return found


def _power(gains: Sequence[Gain], mode: str) -> Power | None:
    """From the spread of the gains over seeds, on all test sets together."""
    rows = [one.gain for one in gains if one.mode == mode and one.part.kind == "all" and one.gain.sd is not None]
    if not rows:
        return None
    freedom = sum(one.n - 1 for one in rows)
    sd = math.sqrt(sum((one.n - 1) * (one.sd or 0.0) ** 2 for one in rows) / freedom)
    seeds = min(one.n for one in rows)
    return Power(mode=mode, sd=sd, seeds=seeds, detectable=detectable(sd, seeds), needed=seeds_needed(sd, EFFECT))


def _body(results: Scores, encoder: str) -> int | None:
    rows = [row for key, found in results.records.items() if key[0] == encoder for row in found]
    rows += results.pretrained.get(encoder, [])
    return int(rows[0]["sizes"]["body"]) if rows and rows[0]["sizes"] else None
