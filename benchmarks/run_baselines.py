"""Measure the baselines: word alignment error, projection F1, time.

    python benchmarks/run_baselines.py [--only alignment|projection|neural|time] [--eflomal-runs 3] [--out FILE]

Needs the data folder (see ``datasets.py``) and the package ``systran-align``; eflomal's columns are left out where
``eflomal-align`` is not found (see ``baselines.py``).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import baselines
import datasets
from crosspan.evaluate import score_alignments, score_spans, score_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crosspan.evaluate import GoldLinks
    from crosspan.types import Alignment, Pair

ALIGNERS = ("fast_align", "eflomal") if baselines.eflomal_program() else ("fast_align",)
METHODS = ("n-gram greedy", "heuristic", "heuristic, largest")


@dataclass(frozen=True, slots=True)
class Task:
    """A projection data set with the bitext that aligners may learn from besides it."""

    name: str
    pairs: list[Pair]
    extra: datasets.Bitext


@dataclass(frozen=True, slots=True)
class Row:
    """F1 of one way of linking: projection method to (strict, lenient)."""

    linking: str
    scores: dict[str, tuple[float, float]]


def aligned(pairs: Sequence[Pair], extra: datasets.Bitext, eflomal_runs: int) -> dict[str, list[list[Alignment]]]:
    """Links of every aligner and symmetrisation, from one run or more."""
    bitext = datasets.bitext_of(pairs)
    runs = {
        "fast_align": [baselines.fast_align(bitext, extra)],
        "fast_align without -d": [baselines.fast_align(bitext, extra, diagonal=False)],
    }
    if baselines.eflomal_program():
        runs["eflomal"] = [baselines.eflomal(bitext, extra) for _ in range(eflomal_runs)]
    found = {
        f"{name} {how}": [links.symmetrised(how) for links in directed]
        for name, directed in runs.items()
        for how in baselines.SYMMETRISATIONS
    }
    found["fast_align package's own"] = [baselines.fast_align_native(bitext, extra)]
    return found


def projected(pairs: Sequence[Pair], runs: Sequence[Sequence[Alignment]]) -> dict[str, tuple[float, float]]:
    """Strict and lenient F1 of the paper's projection methods over these links, the mean of the runs."""
    gold = [pair.target.tags() for pair in pairs]
    methods: dict[str, Callable[[Pair, Alignment], list[str]]] = {
        "n-gram greedy": lambda pair, alignment: baselines.paper_ngram_greedy(pair, alignment).tags(),
        "heuristic": baselines.paper_heuristic_tags,
        "heuristic, largest": _largest_range,
    }
    scores = {}
    for name, project in methods.items():
        tags = [[project(*item) for item in zip(pairs, alignments, strict=True)] for alignments in runs]
        strict = fmean(score_tags(gold, run, mode="strict").micro.f1 for run in tags)
        scores[name] = (strict, fmean(score_tags(gold, run, mode="lenient").micro.f1 for run in tags))
    return scores


def _largest_range(pair: Pair, alignment: Alignment) -> list[str]:
    return baselines.paper_heuristic_tags(pair, alignment, length_ratio=0.0, largest_only=True)


def alignment_tasks() -> Iterable[tuple[str, list[Pair], list[GoldLinks], datasets.Bitext]]:
    for lang in datasets.XL_WA_LANGS:
        pairs, gold = datasets.xl_wa(lang, "test")
        extra = datasets.bitext_of(datasets.xl_wa(lang, "dev")[0])
        yield f"XL-WA en-{lang}", pairs, gold, extra + (datasets.ntrex(lang) if datasets.has_ntrex(lang) else [])
    pairs, gold = datasets.hansards()
    yield "Hansards en-fr", pairs, gold, datasets.ntrex("fr")


def projection_tasks() -> Iterable[Task]:
    for lang in datasets.EUROPARL_LANGS:
        yield Task(f"Europarl en-{lang}", datasets.europarl(lang), datasets.ntrex(lang))
    for lang in datasets.PUD_LANGS:
        yield Task(f"PUD en-{lang}", datasets.pud(lang), datasets.ntrex(lang))
    for lang in datasets.XSID_LANGS[:7]:
        extra = datasets.bitext_of(datasets.xsid(lang, "valid"))
        yield Task(f"xSID en-{lang}", datasets.xsid(lang, "test"), extra)


def report_alignment(write: Callable[[str], None], eflomal_runs: int) -> None:
    rates: dict[str, dict[str, float]] = {}
    for name, pairs, gold, extra in alignment_tasks():
        runs = aligned(pairs, extra, eflomal_runs)
        rates[name] = {
            linking: fmean(score_alignments(gold, links).aer for links in results) for linking, results in runs.items()
        }
    write("## Alignment error rate\n")
    write("| links | " + " | ".join(rates) + " |")
    write("|---|" + "---|" * len(rates))
    linkings = list(next(iter(rates.values())))
    for linking in linkings:
        write(f"| {linking} | " + " | ".join(f"{column[linking]:.4f}" for column in rates.values()) + " |")
    for aligner in ALIGNERS:
        best = [
            min(column[linking] for linking in linkings if linking.startswith(aligner)) for column in rates.values()
        ]
        write(f"| **best {aligner}** | " + " | ".join(f"**{rate:.4f}**" for rate in best) + " |")
    write("")


def report_projection(write: Callable[[str], None], eflomal_runs: int) -> None:
    write("## Projection F1 (strict / lenient)\n")
    best: dict[str, list[str]] = {}
    for task in projection_tasks():
        links = aligned(task.pairs, task.extra, eflomal_runs)
        rows = [Row(name, projected(task.pairs, runs)) for name, runs in links.items()]
        _write_rows(f"{task.name} ({len(task.pairs)} sentences, {len(task.extra)} pairs of other text)", rows, write)
        best[task.name] = [_best(rows, aligner, method) for aligner in ALIGNERS for method in METHODS]
    write("### Best over the ways of linking (strict)\n")
    write("| set | " + " | ".join(f"{aligner}, {method}" for aligner in ALIGNERS for method in METHODS) + " |")
    write("|---|" + "---|" * (len(ALIGNERS) * len(METHODS)))
    for name, cells in best.items():
        write(f"| {name} | " + " | ".join(cells) + " |")
    write("")


def _best(rows: Iterable[Row], aligner: str, method: str) -> str:
    own = [
        (row.scores[method][0], row.linking.removeprefix(aligner).strip())
        for row in rows
        if row.linking.startswith(aligner)
    ]
    return "{:.4f} ({})".format(*max(own)) if own else "—"


def report_neural(write: Callable[[str], None], _: int) -> None:
    data = datasets.bam_nllb()
    given = score_spans(data.gold, data.given).micro.f1
    given_strict = score_spans(data.gold, data.given_strict).micro.f1
    write("## Projection over given neural links\n")
    write(f"The projection in the folder: {given_strict:.4f} / {given:.4f}\n")
    _write_rows("bam_nllb", [Row("given neural links", projected(data.pairs, [data.alignments]))], write)


def report_time(write: Callable[[str], None], _: int, repeats: int = 3) -> None:
    bitext = datasets.ntrex("de") + datasets.bitext_of(datasets.europarl("de"))
    write("## Seconds to fit and align, both directions, NTREX + Europarl en-de\n")
    write(f"{len(bitext)} pairs, all aligned; the fastest of {repeats} runs, on {os.cpu_count()} cores.\n")
    write("| aligner | wall | processor |\n|---|---|---|")
    tools: dict[str, Callable[[datasets.Bitext], object]] = {"fast_align (systran-align)": baselines.fast_align_native}
    if baselines.eflomal_program():
        tools["eflomal, model 3"] = baselines.eflomal
    for name, tool in tools.items():
        wall, processor = min(_timed(tool, bitext) for _run in range(repeats))
        write(f"| {name} | {wall:.2f} | {processor:.2f} |")
    write("")


def _timed(tool: Callable[[datasets.Bitext], object], bitext: datasets.Bitext) -> tuple[float, float]:
    """Wall and processor seconds of one call, with those of the programs that it runs."""
    before, start = os.times(), time.perf_counter()
    tool(bitext)
    wall, after = time.perf_counter() - start, os.times()
    return wall, sum(after[:4]) - sum(before[:4])


def _write_rows(title: str, rows: Sequence[Row], write: Callable[[str], None]) -> None:
    write(f"### {title}\n")
    write("| links | " + " | ".join(METHODS) + " |")
    write("|---|" + "---|" * len(METHODS))
    for row in rows:
        cells = (f"{strict:.4f} / {lenient:.4f}" for strict, lenient in row.scores.values())
        write(f"| {row.linking} | " + " | ".join(cells) + " |")
    write("")


REPORTS: dict[str, Callable[[Callable[[str], None], int], None]] = {
    "alignment": report_alignment,
    "projection": report_projection,
    "neural": report_neural,
    "time": report_time,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=sorted(REPORTS), action="append", help="run this part alone; repeatable")
    parser.add_argument("--out", type=Path, help="append the tables to this file as well")
    parser.add_argument("--eflomal-runs", type=int, default=1, help="eflomal has no seed: average so many runs")
    options = parser.parse_args(arguments)

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    for name in options.only or REPORTS:
        REPORTS[name](write, options.eflomal_runs)


if __name__ == "__main__":
    main()
