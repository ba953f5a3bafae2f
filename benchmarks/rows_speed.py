"""Rows of the table of aims: time to align, speed of projection, growth with the corpus."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks import baselines, datasets, ours, scale
from benchmarks.findings import Finding
from crosspan.align.statistical import StatisticalAligner
from crosspan.project import candidates
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateProjector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 2
TIME_RUNS = 5
SPEED_RUNS = 3
SPEED_SENTENCES = 20_000


def align_time(*, with_rivals: bool) -> Iterator[Finding]:
    """Fit both directions on NTREX and Europarl en-de and align all of it, turn by turn with fast_align."""
    bitext = datasets.ntrex("de") + datasets.bitext_of(datasets.europarl("de"))

    def crosspan() -> None:
        StatisticalAligner(threads=THREADS).fit_tokens(bitext).align_tokens(bitext)

    def fast_align() -> None:
        baselines.fast_align_native(bitext)

    crosspan()  # compiles
    mine, theirs = [], []
    for _ in range(TIME_RUNS):
        mine.append(_seconds(crosspan))
        if with_rivals:
            theirs.append(_seconds(fast_align))
    seconds = median(mine)
    rival = {"fast_align": median(theirs)} if theirs else {}
    ratio = f"; {seconds / median(theirs):.2f} × its time" if theirs else ""
    yield Finding(
        "time", f"fit and align {len(bitext):,} pairs, seconds", "at most fast_align's", seconds,
        seconds <= median(theirs) if theirs else None, rivals=rival, digits=2,
        note=f"median of {TIME_RUNS} runs in turn, {THREADS} threads{ratio}",
    )  # fmt: skip


def startup(*, with_rivals: bool) -> Iterator[Finding]:
    """Ask the installed program for help, in a process of its own each time."""
    del with_rivals
    command = [sys.executable, "-m", "crosspan.cli.main", "--help"]
    run = partial(subprocess.run, command, check=True, capture_output=True)
    run()  # compiles to bytecode
    seconds = median(_seconds(run) for _ in range(TIME_RUNS))
    yield Finding(
        "startup", "crosspan --help, seconds", "< 0.3", seconds, seconds < 0.3,
        digits=2, note=f"median of {TIME_RUNS} runs",
    )  # fmt: skip


def speed(*, with_rivals: bool) -> Iterator[Finding]:
    """Project Europarl en-de, repeated, on one core."""
    del with_rivals
    pairs = datasets.europarl("de")
    links = ours.align(pairs, datasets.ntrex("de"))
    times = -(-SPEED_SENTENCES // len(pairs))
    all_pairs, all_links = pairs * times, links * times
    ours.project(pairs, links)  # compiles
    runs: list[tuple[float, dict[str, float]]] = []
    with _one_core():
        for _ in range(SPEED_RUNS):
            projector = CandidateProjector()
            parts: dict[str, float] = {}
            with _stopwatches(parts):
                whole = _seconds(partial(projector.project, all_pairs, all_links))
            runs.append((whole, parts))
    whole, split = min(runs, key=lambda run: run[0])
    shares = {**split, "rest": whole - sum(split.values())}
    rate = len(all_pairs) / whole
    named = ", ".join(f"{name} {100 * spent / whole:.0f}%" for name, spent in shares.items())
    yield Finding(
        "speed", f"projection, n-grams, exact matching, {len(all_pairs):,} sentences, sentences/s",
        "≥ 20,000 (the paper's code: 9–18)", rate, rate >= 20_000, digits=0,
        note=f"one core, fastest of {SPEED_RUNS}; {named}",
    )  # fmt: skip


def growth(*, with_rivals: bool) -> Iterator[Finding]:
    """Time and memory over the sizes that :mod:`benchmarks.scale` has by default."""
    del with_rivals
    found = scale.measure_all(scale.SIZES)
    exponent = scale.exponent([one.pairs for one in found], [one.seconds for one in found])
    last = found[-1]
    yield Finding(
        "scale", f"exponent of time, {scale.SIZES[0]:,} to {scale.SIZES[-1]:,} pairs", "linear: ≤ 1.1", exponent,
        exponent <= 1.1, digits=2,
        note=f"{last.seconds:.0f} s and {last.memory_mb:,.0f} MB for {last.pairs:,} pairs",
    )  # fmt: skip


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def _one_core() -> Iterator[None]:
    """Hold the process to one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def _stopwatches(spent: dict[str, float]) -> Iterator[None]:
    """Count the seconds spent in the steps of a projection."""
    steps: list[tuple[str, object, str]] = [
        ("batch", PairBatch, "build"),
        ("features", CandidateProjector, "candidates"),
        ("memory", CandidateProjector, "_remember"),
        ("memory", CandidateProjector, "_recalled"),
        ("match", candidates, "match"),
        ("assemble", candidates, "assemble"),
    ]
    with ExitStack() as stack:
        for name, owner, attribute in steps:
            spent[name] = 0.0
            stack.enter_context(patch.object(owner, attribute, _timed(getattr(owner, attribute), name, spent)))
        yield


def _timed(work: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            spent[name] += time.perf_counter() - start

    return timed
