"""What worker processes gain: a run that tags, aligns, projects and trains, with one worker and with more.

    python -m benchmarks.workers                         # 20,000 pairs, one worker and two
    python -m benchmarks.workers --pairs 300000 --page   # into docs/benchmarks.md

Each run is a process of its own with one thread a worker, so that ``--workers`` is all that differs; what the runs
write must be the same to the byte. For each stage there is the wall time, the processor time of all processes, and that
of the busiest thread: of the main thread, or of a worker that was at work longer. On idle cores the wall time is little
more than the latter, so on a machine that has other work to do, it tells what the wall time would be. The text is that
of :mod:`benchmarks.scale`, tagged by the embedded tagger.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import command, page
from benchmarks.engine import contents
from benchmarks.findings import markdown
from benchmarks.scale import base_text, corpus
from crosspan.core.types import Sentence
from crosspan.io import write
from crosspan.pipeline import load_recipe, run_recipe
from crosspan.pipeline.executor import Done, LocalExecutor

RECIPE = """
task = "translate-train"
out = "{out}"
shard = {shard}
limit = {limit}
[source]
path = "source.jsonl"
lang = "en"
[target]
path = "target.jsonl"
lang = "de"
[tag]
[train]
"""
REST = "reading, writing"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage took.

    Args:
        name: The stage.
        seconds: Wall time.
        cpu: Processor time of all processes.
        busiest: That of the main thread, or of the worker that worked longest in this stage if that is more.
    """

    name: str
    seconds: float
    cpu: float
    busiest: float


@dataclass(frozen=True, slots=True)
class Run:
    """What a run took.

    Args:
        stages: Stage by stage; what is in none of them comes last.
        memory_mb: The most that the main process held.
        worker_mb: The most that one worker held.
        digest: Of what it wrote.
    """

    stages: Sequence[Stage]
    memory_mb: float
    worker_mb: float
    digest: str

    @property
    def whole(self) -> Stage:
        """All stages together."""
        return together("all", self.stages)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Readings of all clocks."""

    wall: float
    main: float
    main_thread: float
    workers: Mapping[int, float]

    @classmethod
    def now(cls, workers: Sequence[int]) -> _Clock:
        used = {number: _used(number) for number in workers}
        return cls(time.perf_counter(), time.process_time(), time.thread_time(), used)

    def since(self, before: _Clock, name: str) -> Stage:
        worked = [used - before.workers.get(number, 0.0) for number, used in self.workers.items()]
        cpu = self.main - before.main + sum(worked)
        busiest = max([self.main_thread - before.main_thread, *worked])
        return Stage(name, self.wall - before.wall, cpu, busiest)


class Watched(LocalExecutor):
    """A local executor that notes what each step took, and what was done between steps."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, 1)
        self.stages: list[Stage] = []
        self.worker_mb = 0.0
        self._between: list[Stage] = []
        self._last = _Clock.now(())

    def run(self, step: Any, *given: Any, **how: Any) -> Iterator[Done]:
        """Yield jobs as they end."""
        self._between.append(self._lap(REST))
        yield from super().run(step, *given, **how)
        self.stages.append(self._lap(step.name))

    def close(self) -> None:
        """Note what the workers held, and end them."""
        self.worker_mb = max([self.worker_mb, *map(_held, self._processes())])
        super().close()

    def all_stages(self) -> list[Stage]:
        """What was noted; reading and writing come last. To be called at the end."""
        return [*self.stages, together(REST, [*self._between, self._lap(REST)])]

    def _lap(self, name: str) -> Stage:
        now = _Clock.now(self._processes())
        stage, self._last = now.since(self._last, name), now
        return stage

    def _processes(self) -> Sequence[int]:
        return list(getattr(self._pool, "_processes", None) or ())


def together(name: str, stages: Sequence[Stage]) -> Stage:
    """Several stages as one."""
    sums = [sum(getattr(stage, field) for stage in stages) for field in ("seconds", "cpu", "busiest")]
    return Stage(name, *sums)


def _used(process: int) -> float:
    """Processor time of a process that runs."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _held(process: int) -> float:
    """The most memory that a process that runs has held, in MB."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def one(recipe: Path, workers: int) -> Run:
    """Run a recipe in this process."""
    executor = Watched(workers)
    try:
        report = run_recipe(load_recipe(recipe), executor=executor)
    finally:
        executor.close()
    return Run(executor.all_stages(), _held(os.getpid()), executor.worker_mb, contents(report.out))


def measure(pairs: int, shard: int, workers: int) -> tuple[Run, Run]:
    """The run with one worker and with so many, on the same text.

    Raises:
        RuntimeError: A run failed, or they wrote different bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        text = base_text()
        write(Path(folder, "source.jsonl"), (Sentence(pair.source.tokens) for pair in corpus(text, pairs)))
        write(Path(folder, "target.jsonl"), (pair.target for pair in corpus(text, pairs)))
        _run(folder, 300, 100, workers)  # compiles
        runs = [_run(folder, 0, shard, number) for number in (1, workers)]
    if runs[0].digest != runs[1].digest:
        raise RuntimeError("the runs wrote different bytes")
    return runs[0], runs[1]


def _run(folder: str, limit: int, shard: int, workers: int) -> Run:
    recipe = Path(folder, f"out-{limit}-of-{workers}-workers.toml")
    recipe.write_text(RECIPE.format(out=recipe.stem, shard=shard, limit=limit), "utf-8")
    found = json.loads(command.python("-m", "benchmarks.workers", "--one", recipe, "--workers", workers).output)
    shutil.rmtree(recipe.with_suffix(""))
    return Run(**{**found, "stages": [Stage(**stage) for stage in found["stages"]]})


def table(few: Run, many: Run, workers: int) -> str:
    """Stage by stage, what the two runs took."""
    rows = [
        [one.name, *(f"{x:.1f}" for x in (one.seconds, one.cpu, one.busiest, other.seconds, other.cpu, other.busiest))]
        for one, other in zip([*few.stages, few.whole], [*many.stages, many.whole], strict=True)
    ]
    columns = [f"{name}, {who}" for who in ("1 worker", f"{workers} workers") for name in ("s", "CPU s", "busiest s")]
    clock, busiest = few.whole.seconds / many.whole.seconds, few.whole.busiest / many.whole.busiest
    held = f"{many.memory_mb:,.0f} MB in the main process, and at most {many.worker_mb:,.0f} MB in each worker"
    return (
        f"{markdown(['', *columns], rows)}\n\n"
        f"{workers} workers against one: {clock:.2f} times as fast by the clock, {busiest:.2f} times by the busiest "
        f"thread. Peak memory: {few.memory_mb:,.0f} MB with one worker; with {workers}, {held}. The same bytes."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--shard", type=int, default=0, help="pairs in a shard; by default a twentieth, at most 4,000")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asdict(one(given.one, given.workers))))
        return
    shard = given.shard or min(4_000, -(-given.pairs // 20))
    text = f"{given.pairs:,} pairs.\n\n{table(*measure(given.pairs, shard, given.workers), given.workers)}"
    print(text)
    if given.page:
        page.write("workers", text)


if __name__ == "__main__":
    main()
