"""Runs stage after stage: what the cache holds is taken from it, the rest is worked out and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from crosspan import __version__
from crosspan.pipeline.executor import Executor
from crosspan.pipeline.step import Need, Stage, jobs_of
from crosspan.pipeline.store import Entry, Store

StageProgress = Callable[[str, int, int], None]


@dataclass(slots=True)
class StageReport:
    """What was done for a stage, or would be.

    Args:
        name: The stage.
        version: Of the stage.
        shards: Results it has.
        computed: How many of them were worked out (in a plan: at most).
        cached: How many were taken from the cache.
        seconds: Time taken.
        waits_for: In a plan, the earlier stage whose results must be known to tell what the cache holds.
    """

    name: str
    version: int
    shards: int
    computed: int
    cached: int
    seconds: float = 0.0
    waits_for: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found = asdict(self)
        if self.waits_for is None:
            del found["waits_for"]
        return found


@dataclass(slots=True)
class Engine:
    """Runs stages, and remembers what became of them.

    Args:
        store: The cache.
        executor: Does the work.
        progress: Called with ``(stage, done, total)``; sentences where they are known, else steps.
        products: Results of each stage, shard by shard.
        reports: What was done, in order.
    """

    store: Store
    executor: Executor
    progress: StageProgress | None = None
    products: dict[str, list[Entry]] = field(default_factory=dict)
    reports: list[StageReport] = field(default_factory=list)

    def add(self, name: str, version: int, entries: Sequence[Entry], computed: int, seconds: float) -> None:
        """Take note of results that were made elsewhere."""
        self.products[name] = list(entries)
        self.reports.append(
            StageReport(name, version, len(entries), computed, len(entries) - computed, round(seconds, 3))
        )

    def run(self, stage: Stage) -> list[Entry]:
        """Make all results of a stage.

        Returns:
            One entry a shard, in order.

        Raises:
            CrosspanError: What the stage raises, or the cache cannot be written.
        """
        began = time.perf_counter()
        jobs = jobs_of(stage, self.products, __version__)
        found: list[Entry | None] = [self.store.find(job.key) for job in jobs]
        if stage.together and None in found:
            found = [None] * len(jobs)
        missing = [job for job in jobs if found[job.shard] is None]
        sizes = self._sizes(stage, len(jobs))
        done = sum(size for size, entry in zip(sizes, found, strict=True) if entry is not None)
        whole = {need: self.products[need.stage] for need in stage.needs if need.whole}
        if missing:
            for result in self.executor.run(stage, missing, whole, self.store, self._steps(stage)):
                found[result.shard] = result.entry
                done += sizes[result.shard]
                self._advance(stage, done, sum(sizes))
        entries = [entry for entry in found if entry is not None]
        self.add(stage.name, stage.version, entries, len(missing), time.perf_counter() - began)
        return entries

    def look(self, stages: Iterable[Stage]) -> None:
        """Find out what :meth:`run` would do, as far as it can be known: fills ``reports`` and does nothing."""
        unknown: dict[str, str] = {}
        for stage in stages:
            waits = next((unknown[need.stage] for need in stage.needs if need.stage in unknown), None)
            if waits is not None:
                shards = 1 if stage.single else self._n_shards(stage)
                self.reports.append(StageReport(stage.name, stage.version, shards, shards, 0, waits_for=waits))
                self.products[stage.name] = []
                unknown[stage.name] = waits
                continue
            jobs = jobs_of(stage, self.products, __version__)
            entries = [entry for entry in (self.store.find(job.key) for job in jobs) if entry is not None]
            n_missing = len(jobs) - len(entries)
            self.reports.append(StageReport(stage.name, stage.version, len(jobs), n_missing, len(entries)))
            self.products[stage.name] = entries
            if n_missing:
                unknown[stage.name] = stage.name

    def used_keys(self) -> set[str]:
        """Keys of all results of this run."""
        return {entry.key for entries in self.products.values() for entry in entries}

    def _n_shards(self, stage: Stage) -> int:
        known = {report.name: report.shards for report in self.reports}
        return max(known[need.stage] for need in stage.needs if not need.whole)

    def _sizes(self, stage: Stage, n_jobs: int) -> list[int]:
        """Sentences of each job, for progress."""
        for need in stage.needs:
            entries = self.products[need.stage]
            if not stage.single and not need.whole and len(entries) == n_jobs and "sentences" in entries[0].facts:
                return [int(entry.facts["sentences"]) for entry in entries]
        return [1] * n_jobs

    def _advance(self, stage: Stage, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(stage.name, done, total)

    def _steps(self, stage: Stage) -> Callable[[int, int], None] | None:
        """Progress from inside a stage, where it learns."""
        if self.progress is None:
            return None
        return lambda done, total: self._advance(stage, done, total)


def facts_of(entries: Iterable[Entry], name: str) -> int:
    """The sum of a count over shards.

    Example:
        >>> facts_of([Entry("a", {}, {"sentences": 2}), Entry("b", {}, {"sentences": 3})], "sentences")
        5
    """
    return sum(int(entry.facts[name]) for entry in entries)


def whole_needs(*needs: tuple[str, str]) -> tuple[Need, ...]:
    """Needs of the whole corpus, from names of stages and parts."""
    return tuple(Need(stage, part, True) for stage, part in needs)
