"""The first paragraphs of a study's page: what it says to the question that it asks, and how sure that is.

They are made of the same figures as the tables below them, so that they are right for a grid that is not finished, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosspan.lab.study.analysis import Analysis
from crosspan.lab.study.results import Scores, Slice
from crosspan.lab.study.statistics import ALPHA, Estimate, estimate
from crosspan.lab.study.tables import PLAIN
from crosspan.report.blocks import Block, Heading, Items, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanGain:
    """What a mode gains over plain fine-tuning, the mean over encoders.

    Args:
        mode: The mode.
        part: The test sets.
        encoders: Those that every seed here has with and without it.
        gain: Over the seeds, in points of F1.
    """

    mode: str
    part: Slice
    encoders: tuple[str, ...]
    gain: Estimate


def mean_gains(results: Scores, part: Slice) -> list[MeanGain]:
    """The gain of each mode on some test sets, the mean over encoders, seed by seed.

    Seeds differ in nothing but chance where each has the same encoders. So those seeds count that have all encoders of
    the mode; where none has, the encoders that are in all seeds that there are.

    Args:
        results: The scores.
        part: The test sets.
    """
    found = []
    for mode in (one.name for one in results.plan.modes if one.name != PLAIN):
        both = {
            encoder.name: {*results.seeds(encoder.name, mode, part.tests)}
            & {*results.seeds(encoder.name, PLAIN, part.tests)}
            for encoder in results.plan.encoders
        }
        both = {encoder: seeds for encoder, seeds in both.items() if seeds}
        if not both:
            continue
        seeds = set.intersection(*both.values()) or set.union(*both.values())
        encoders = tuple(name for name, its in both.items() if seeds <= its)
        if not encoders:
            continue
        values = [
            sum(
                results.f1(name, mode, seed, part.tests) - results.f1(name, PLAIN, seed, part.tests)
                for name in encoders
            )
            / len(encoders)
            for seed in sorted(seeds)
        ]
        found.append(
            MeanGain(mode=mode, part=part, encoders=encoders, gain=estimate(values, results.plan.general.confidence))
        )
    return found


def answer(results: Scores, analysis: Analysis) -> list[Block]:
    """Whether adversarial training helps, where, by how much, and how sure that is.

    Args:
        results: The scores.
        analysis: What was worked out of them.
    """
    whole = mean_gains(results, analysis.whole)
    if not whole:
        return []
    blocks: list[Block] = [
        Heading(2, "The answer, for what was run"),
        Text(
            " ".join(
                filter(
                    None,
                    [
                        _verdict(whole),
                        _sizes(analysis),
                        _where(results, analysis),
                        _certainty(results, analysis),
                        _open(results),
                    ],
                )
            )
        ),
        Items([_mode(one, results, analysis) for one in whole]),
    ]
    return blocks


def _verdict(gains: Sequence[MeanGain]) -> str:
    """One sentence over all modes."""
    helps = [one.mode for one in gains if one.gain.low is not None and one.gain.low > 0]
    harms = [one.mode for one in gains if one.gain.high is not None and one.gain.high < 0]
    if not any(one.gain.n > 1 for one in gains):
        best = max(gains, key=lambda one: one.gain.mean)
        return (
            "**So far there is one seed, which can say nothing of chance**: the most that adversarial training gains "
            f"is {best.gain.mean:+.2f} points of F1 (`{best.mode}`), the mean over encoders and test sets."
        )
    said = []
    if helps:
        said.append(f"{_named(helps)} helped")
    if harms:
        said.append(f"{_named(harms)} did harm")
    rest = [one.mode for one in gains if one.mode not in (*helps, *harms)]
    if rest:
        said.append(f"no gain of {_named(rest)} was more than chance")
    return f"**Over all encoders and test sets {', and '.join(said)}.**"


def _sizes(analysis: Analysis) -> str:
    """How the gain changes with size."""
    rows = [one for one in analysis.trends if one.part == analysis.whole and not one.family] or [
        one for one in analysis.trends if one.part == analysis.whole
    ]
    if not rows:
        return "Whether the gain changes with the size of the encoder cannot be said yet."
    told = [
        f"`{one.mode}` {one.slope.slope:+.1f} [{one.slope.low:+.1f}, {one.slope.high:+.1f}]"
        + (f" ({one.family})" if one.family and len({row.family for row in rows}) > 1 else "")
        for one in rows
    ]
    sure = [one for one in rows if one.slope.p_value < ALPHA]
    how = "beyond chance for " + _named(one.mode for one in sure) if sure else "in no mode beyond chance"
    return f"As encoders grow, the gain changes {how}: points for ten times as many parameters are {', '.join(told)}."


def _where(results: Scores, analysis: Analysis) -> str:
    """The part of the test sets with the largest gain, and that with the least."""
    said = []
    for kind, title in (("group", "languages"), ("domain", "domains")):
        rows = [one for part in analysis.slices if part.kind == kind for one in mean_gains(results, part)]
        if len({one.part.name for one in rows}) < 2:
            continue
        best, worst = (choose(rows, key=lambda one: one.gain.mean) for choose in (max, min))
        said.append(
            f"Of {title} the most is gained in *{best.part.name}* (`{best.mode}`, {_shown(best.gain)}), the least in "
            f"*{worst.part.name}* (`{worst.mode}`, {_shown(worst.gain)})."
        )
    return " ".join(said)


def _certainty(results: Scores, analysis: Analysis) -> str:
    """What holds after correction, and what could have been found."""
    said = []
    for which in ("seeds", "sentences"):
        p_values = [(one.gain.mean, getattr(one, f"holm_{which}")) for one in analysis.gains]
        if any(p is not None for _, p in p_values):
            sure = [gain for gain, p in p_values if p is not None and p < ALPHA]
            above = sum(gain > 0 for gain in sure)
            said.append(f"over {which} {above} are above 0 and {len(sure) - above} below")
    counted = (
        f"Of {len(analysis.gains)} gains of one encoder on one part of the test sets, corrected for their number, "
        f"{', '.join(said)} beyond chance."
    )
    least = [one.detectable for one in analysis.powers if one.detectable is not None]
    if least:
        counted += f" A gain of one encoder below {min(least):.1f} to {max(least):.1f} points would not have been seen."
    if len(results.plan.general.seeds) < 5:
        counted += f" {len(results.plan.general.seeds)} seeds are few."
    return counted


def _open(results: Scores) -> str:
    """What the study leaves open, as its file says."""
    return f"**What stays open**: {'; '.join(results.plan.general.open)}." if results.plan.general.open else ""


def _mode(one: MeanGain, results: Scores, analysis: Analysis) -> str:
    """A mode on all test sets, and on each part."""
    parts = []
    for part in analysis.slices[1:]:
        its = next((row for row in mean_gains(results, part) if row.mode == one.mode), None)
        if its is not None:
            parts.append(f"{part.name} {_shown(its.gain)}")
    n = len(one.encoders)
    over = f"{n} encoder{'s' if n > 1 else ''}, {one.gain.n} seed{'s' if one.gain.n > 1 else ''}"
    return f"`{one.mode}`: {_shown(one.gain)} points of F1 over all test sets ({over}); {'; '.join(parts)}"


def _shown(one: Estimate) -> str:
    span = "" if one.low is None or one.high is None else f" [{one.low:+.2f}, {one.high:+.2f}]"
    return f"{one.mean:+.2f}{span}"


def _named(names: Iterable[str]) -> str:
    given = [f"`{name}`" for name in dict.fromkeys(names)]
    return given[0] if len(given) == 1 else f"{', '.join(given[:-1])} and {given[-1]}"
