"""Runs step after step: what the store holds is taken from it, the rest is worked out and kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crosspan.core.progress import Listener, Progress
from crosspan.pipeline.executor import Done, Executor, ended
from crosspan.pipeline.keys import jobs_of
from crosspan.pipeline.step import Job, Step
from crosspan.pipeline.store import RUN, Entry, Store


@dataclass(slots=True)
class StepReport:
    """What was done for a step, or would be.

    Args:
        name: The step.
        shards: Results it has.
        computed: How many of them were worked out (in a plan: at most).
        cached: How many were taken from the store, or made by another run meanwhile.
        seconds: Time taken.
        waits_for: In a plan, the earlier step whose results must be known to tell what the store holds.
    """

    name: str
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
    """Runs steps, and remembers what became of them.

    Args:
        store: Where results are.
        executor: Does the work.
        progress: Is told how far it is; in sentences where they are known, else in steps.
        products: Results of each step, shard by shard.
        reports: What was done, in order.
    """

    store: Store
    executor: Executor
    progress: Listener | None = None
    products: dict[str, list[Entry]] = field(default_factory=dict)
    reports: list[StepReport] = field(default_factory=list)
    _told: bool = field(default=False, init=False, repr=False)

    def add(self, name: str, entries: Sequence[Entry], computed: int, seconds: float) -> None:
        """Take note of results that were made elsewhere."""
        self.products[name] = list(entries)
        self.reports.append(StepReport(name, len(entries), computed, len(entries) - computed, round(seconds, 3)))

    def run(self, step: Step) -> list[Entry]:
        """Make all results of a step.

        Returns:
            One entry a shard, in order.

        Raises:
            CrosspanError: What the step raises, or the store cannot be written.
        """
        began = time.perf_counter()
        jobs = jobs_of(step, self.products, keyed=self.store.keyed)
        if step.together and len(jobs) > 1:
            with self.store.claim(f"{jobs[0].key}-all", wait=True):
                entries, computed = self._made(step, jobs)
        else:
            entries, computed = self._made(step, jobs)
        self.add(step.name, entries, computed, time.perf_counter() - began)
        return entries

    def _made(self, step: Step, jobs: Sequence[Job]) -> tuple[list[Entry], int]:
        found = self.store.find_all([job.key for job in jobs])
        if step.together:
            if len({entry and entry.facts.get(RUN, "") for entry in found}) > 1:  # of two runs, or some are missing
                found = [None] * len(jobs)
            run = secrets.token_hex(8)
            jobs = [job._replace(run=run) for job in jobs]
        sizes = self._sizes(step, len(jobs))
        whole = {need: self.products[need.step] for need in step.needs if need.whole}
        computed, self._told = 0, False
        done = sum(size for size, entry in zip(sizes, found, strict=True) if entry is not None)
        missing = [job for job in jobs if found[job.shard] is None]
        for result in ended(self.executor, step, missing, whole, self.store, self._inside(step)):
            computed += self._taken(result, found)
            if result.entry is not None:
                done += sizes[result.shard]
                if not (step.single and self._told):  # who told how it learns has told of its end
                    self.advance(step.name, done, sum(sizes))
        return [entry for entry in found if entry is not None], computed

    @staticmethod
    def _taken(result: Done, found: list[Entry | None]) -> int:
        found[result.shard] = result.entry
        return int(result.entry is not None and result.computed)

    def look(self, steps: Iterable[Step]) -> None:
        """Find out what :meth:`run` would do, as far as it can be known: fills ``reports`` and does nothing."""
        unknown: dict[str, str] = {}
        for step in steps:
            waits = next((unknown[need.step] for need in step.needs if need.step in unknown), None)
            if waits is not None:
                shards = 1 if step.single else self._n_shards(step)
                self.reports.append(StepReport(step.name, shards, shards, 0, waits_for=waits))
                self.products[step.name] = []
                unknown[step.name] = waits
                continue
            jobs = jobs_of(step, self.products, keyed=self.store.keyed)
            entries = [entry for entry in self.store.find_all([job.key for job in jobs]) if entry is not None]
            n_missing = len(jobs) - len(entries)
            self.reports.append(StepReport(step.name, len(jobs), n_missing, len(entries)))
            self.products[step.name] = entries
            if n_missing:
                unknown[step.name] = step.name

    def used_keys(self) -> set[str]:
        """Keys of all results of this run."""
        return {entry.key for entries in self.products.values() for entry in entries}

    @property
    def unsure(self) -> bool:
        """Whether a result of this run is to be made anew by the next."""
        return any(entry.unsure for entries in self.products.values() for entry in entries)

    def _n_shards(self, step: Step) -> int:
        known = {report.name: report.shards for report in self.reports}
        return max(known[need.step] for need in step.needs if not need.whole)

    def _sizes(self, step: Step, n_jobs: int) -> list[int]:
        """Sentences of each job, for progress."""
        for need in step.needs:
            entries = self.products[need.step]
            if not step.single and not need.whole and len(entries) == n_jobs and "sentences" in entries[0].facts:
                return [int(entry.facts["sentences"]) for entry in entries]
        return [1] * n_jobs

    def advance(self, name: str, done: int, total: int) -> None:
        """Tell how far a step is."""
        if self.progress is not None:
            self.progress(Progress(name, done, total))

    def _inside(self, step: Step) -> Listener | None:
        """Progress from inside a step, where it learns."""
        listener = self.progress
        if listener is None:
            return None

        def inside(event: Progress) -> None:
            self._told = True
            listener(replace(event, stage=step.name))

        return inside


def facts_of(entries: Iterable[Entry], name: str) -> int:
    """The sum of a count over shards.

    Example:
        >>> facts_of([Entry("a", {}, {"sentences": 2}), Entry("b", {}, {"sentences": 3})], "sentences")
        5
    """
    return sum(int(entry.facts[name]) for entry in entries)
