"""What other people's methods reach on a data set: every aligner, every way to merge directions, every projection.

The best of all these combinations is what crosspan, with one setting for everything, is compared with; the choice
among them looks at the gold data, so it flatters the rivals.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks import baselines, datasets
from crosspan.evaluate import score_alignments, score_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crosspan.core.types import Alignment, Pair
    from crosspan.evaluate import GoldLinks

FAST_ALIGN, EFLOMAL = "fast_align", "eflomal"
NGRAM = "n-gram greedy"

EFLOMAL_RUNS = 5
LITTLE_TEXT = 1_000
"""eflomal has no seed, and on fewer pairs than this its runs differ widely: figures are the mean of so many."""


@dataclass(frozen=True, slots=True)
class Best:
    """A figure and the combination that reached it."""

    value: float
    name: str


def aligned(pairs: Sequence[Pair], extra: datasets.Bitext) -> dict[str, list[list[Alignment]]]:
    """Links by aligner and symmetrisation, from one run or more.

    eflomal's are left out where it is not installed (see :func:`benchmarks.baselines.eflomal_program`).
    """
    bitext = datasets.bitext_of(pairs)
    runs = {
        FAST_ALIGN: [baselines.fast_align(bitext, extra)],
        f"{FAST_ALIGN} without -d": [baselines.fast_align(bitext, extra, diagonal=False)],
    }
    if baselines.eflomal_program():
        times = EFLOMAL_RUNS if len(bitext) + len(extra) < LITTLE_TEXT else 1
        runs[EFLOMAL] = [baselines.eflomal(bitext, extra) for _ in range(times)]
    found = {
        f"{name} {how}": [links.symmetrised(how) for links in directed]
        for name, directed in runs.items()
        for how in baselines.SYMMETRISATIONS
    }
    found[f"{FAST_ALIGN} package's own"] = [baselines.fast_align_native(bitext, extra)]
    return found


def projected(pairs: Sequence[Pair], runs: Sequence[Sequence[Alignment]]) -> dict[str, tuple[float, float]]:
    """Strict and lenient F1 of the paper's projection methods over these links, the mean of the runs."""
    gold = [pair.target.tags() for pair in pairs]
    scores = {}
    for name, project in _methods().items():
        tags = [[project(*item) for item in zip(pairs, alignments, strict=True)] for alignments in runs]
        strict = fmean(score_tags(gold, run, mode="strict").micro.f1 for run in tags)
        scores[name] = (strict, fmean(score_tags(gold, run, mode="lenient").micro.f1 for run in tags))
    return scores


def projection_scores(pairs: Sequence[Pair], extra: datasets.Bitext) -> dict[str, tuple[float, float]]:
    """Strict and lenient F1 by ``"aligner symmetrisation, method"``."""
    return {
        f"{links}, {method}": score
        for links, runs in aligned(pairs, extra).items()
        for method, score in projected(pairs, runs).items()
    }


def error_rates(pairs: Sequence[Pair], gold: Sequence[GoldLinks], extra: datasets.Bitext) -> dict[str, float]:
    """Alignment error rate by aligner and symmetrisation."""
    return {
        name: fmean(score_alignments(gold, links).aer for links in runs) for name, runs in aligned(pairs, extra).items()
    }


def highest(scores: dict[str, float], aligner: str = "", method: str = "") -> Best | None:
    """The best F1 of an aligner and method, or of all; ``None`` where there is none."""
    fitting = [Best(score, name) for name, score in scores.items() if name.startswith(aligner) and method in name]
    return max(fitting, key=lambda best: best.value) if fitting else None


def lowest(rates: dict[str, float], aligner: str = "") -> Best | None:
    """The lowest error rate of an aligner, or of all; ``None`` where there is none."""
    fitting = [Best(rate, name) for name, rate in rates.items() if name.startswith(aligner)]
    return min(fitting, key=lambda best: best.value) if fitting else None


def _methods() -> dict[str, Callable[[Pair, Alignment], list[str]]]:
    return {
        NGRAM: lambda pair, links: baselines.paper_ngram_greedy(pair, links).tags(),
        "heuristic": lambda pair, links: baselines.paper_heuristic_tags(pair, links),
        "heuristic, largest": lambda pair, links: baselines.paper_heuristic_tags(
            pair, links, length_ratio=0.0, largest_only=True
        ),
    }
