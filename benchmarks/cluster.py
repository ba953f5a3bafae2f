"""What a cluster costs beside the work, and where a large run comes to its limit.

    python -m benchmarks.cluster measure > measured.json    # times of jobs and of what gives them out: some minutes
    python -m benchmarks.cluster simulate                   # 100 million pairs, 1,000 workers, from the times kept here
    python -m benchmarks.cluster simulate --measured measured.json --workers 100 --price 0.05
    python -m benchmarks.cluster simulate --also translate=0.15   # with a step that is not cheap

``measure`` runs the steps of a run on made pairs in one process with one thread, and counts the time that the processor
was at work, so that it hardly matters what else the machine does. It counts the same of the process that gives jobs to
a cluster, for jobs that do nothing. ``simulate`` plays the run with these times, worker by worker and job by job: the
process that gives out work does one thing at a time, a bucket answers after a while and takes so many requests a
second, and workers are lost now and then. What the simulation assumes and nobody measured here is in ``Assumed``.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from crosspan.core.tables import Table
from crosspan.core.types import Pair, Sentence
from crosspan.demo import load_corpus
from crosspan.pipeline.engine import Engine
from crosspan.pipeline.executor import Executor, LocalExecutor
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.keys import jobs_of
from crosspan.pipeline.outputs import OutputWriter
from crosspan.pipeline.parts import Facts
from crosspan.pipeline.plan import plan_of
from crosspan.pipeline.recipes.recipe import Recipe, make_recipe
from crosspan.pipeline.results import Results
from crosspan.pipeline.step import Need, Output, Step
from crosspan.pipeline.store import Entry
from crosspan.pipeline.workplace import executor_on

KEPT = Path(__file__).with_name("cluster_measured.json")
"""What was measured when the pages were written."""

NEW_WORDS = 5
"""One word in so many becomes a new one in each repetition of the text, so that the vocabulary grows."""

SHARDS = (1_000, 4_000, 16_000, 64_000)


@dataclass(frozen=True, slots=True)
class StepCost:
    """What a step costs, in seconds of one core.

    Args:
        name: The step.
        parallel: Whether its shards are jobs; else it is one piece of work.
        a_pair: Seconds a pair.
        bytes_a_pair: Bytes that are kept of a pair.
        reads_a_pair: Bytes that it reads of what earlier steps kept.
    """

    name: str
    parallel: bool
    a_pair: float
    bytes_a_pair: float
    reads_a_pair: float


@dataclass(frozen=True, slots=True)
class MeasuredCosts:
    """What was measured.

    Args:
        pairs: Pairs of the run that was measured.
        steps: Its steps, in order; reading and writing among them.
        key: Seconds for the key of a job.
        job: Seconds of the process that gives out the work, for a job of a cluster.
        pending: What that grows by for each worker.
        round_trip: Seconds from giving a job to a worker to having it back, when the job does nothing.
        local_job: Seconds for a job in worker processes of this machine.
    """

    pairs: int
    steps: tuple[StepCost, ...]
    key: float
    job: float
    pending: float
    round_trip: float
    local_job: float


@dataclass(frozen=True, slots=True)
class Assumed:
    """What was not measured here.

    Args:
        get: Seconds until a bucket answers.
        put: Seconds until it has taken a result.
        bandwidth: Bytes a second between a worker and the bucket.
        gets: Requests a second that it answers; S3 says 5,500 for each prefix, and the keys have 256 prefixes.
        puts: The same for results that are put: 3,500.
        spread: How much jobs of the same size differ: standard deviation of the logarithm of their time.
        lost: How often an hour a worker is lost.
        restart: Seconds until another is there, with its models loaded.
    """

    get: float = 0.03
    put: float = 0.06
    bandwidth: float = 50e6
    gets: float = 5_500.0 * 256
    puts: float = 3_500.0 * 256
    spread: float = 0.2
    lost: float = 0.01
    restart: float = 60.0


# --- measuring -------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Nothing(Step):
    """Jobs that do nothing, to see what a job costs by itself."""

    name: str = "nothing"
    round: int = 0
    parallel: bool = True
    needs: tuple[Need, ...] = field(default=(Need("read", "number"),))

    def facts(self) -> Mapping[str, Any]:
        return {"round": self.round}

    def work(self, inputs: Any) -> Output:
        return Output({"number": Facts(inputs.shard)})


def made_pairs(n: int) -> Iterator[Pair]:
    """Pairs of the demonstration, again and again, each time with other new words."""
    sources, targets = load_corpus("en"), load_corpus("sw")
    for at in range(n):
        again, which = divmod(at, len(sources))
        yield Pair(_renewed(sources[which], again), _renewed(targets[which], again))


def _renewed(one: Sentence, again: int) -> Sentence:
    words = [
        f"{word}{again}" if again and zlib.crc32(f"{again} {at} {word}".encode()) % NEW_WORDS == 0 else word
        for at, word in enumerate(one.tokens)
    ]
    return Sentence(tuple(words))


def measure(pairs: int, jobs: int) -> MeasuredCosts:
    """Measure what the steps cost, and what gives out the work.

    Args:
        pairs: Pairs of the run.
        jobs: Jobs that do nothing.
    """
    with tempfile.TemporaryDirectory(prefix="crosspan-") as place:
        folder = Path(place)
        _step_costs(folder / "warm", 200)  # what is compiled is compiled now
        steps = _step_costs(folder / "run", pairs)
        key = _key_cost(20_000)
        local, _ = _job_cost(folder / "local", executor_on(workers=1, threads=1), jobs)
        job, round_trip = _job_cost(folder / "ray", executor_on("ray", workers=1, threads=1), jobs)
        pending = _pending_cost()
    return MeasuredCosts(pairs, steps, key, job, pending, round_trip, local)


def _step_costs(folder: Path, n: int) -> tuple[StepCost, ...]:
    recipe = _recipe(folder, n)
    store = FolderStore(folder / "cache")
    plan, engine = plan_of(recipe), Engine(store, LocalExecutor(threads=1))
    found: list[StepCost] = []

    def kept(name: str) -> float:
        return sum(store.path(entry.key).stat().st_size for entry in engine.products[name]) / n

    for reading in plan.readings:
        seconds = _cpu(lambda one=reading: one.run(engine))  # type: ignore[misc]
        found.append(StepCost("read", False, seconds / n, kept(reading.name), 0.0))
    for step in plan.steps:
        seconds = _cpu(lambda one=step: engine.run(one))  # type: ignore[misc]
        # what a worker reads of all shards, a model say, it reads once for all its jobs
        reads = sum(kept(name) for name in {need.step for need in step.needs if step.single or not need.whole})
        found.append(StepCost(step.name, step.parallel, seconds / n, kept(step.name), reads))
    results = Results(plan, engine.products, store)
    seconds = _cpu(lambda: OutputWriter(recipe, results).write())
    reads = sum(kept(name) for name in ("pairs", plan.labels, plan.projected))
    found.append(StepCost("write", False, seconds / n, 0.0, reads))
    return tuple(found)


def _recipe(folder: Path, n: int) -> Recipe:
    folder.mkdir(parents=True)
    with (
        open(folder / "en.txt", "w", encoding="utf-8") as source,
        open(folder / "sw.txt", "w", encoding="utf-8") as out,
    ):
        for pair in made_pairs(n):
            source.write(" ".join(pair.source.tokens) + "\n")
            out.write(" ".join(pair.target.tokens) + "\n")
    (folder / "out").mkdir()
    return make_recipe(
        {
            "out": str(folder / "out"),
            "source": {"path": str(folder / "en.txt"), "lang": "en"},
            "target": {"path": str(folder / "sw.txt"), "lang": "sw"},
            "tag": {"adapt": False},
        }
    )


def _key_cost(n: int) -> float:
    entries = [Entry(f"{at:064}", {"number": f"{at:064}"}, {}) for at in range(n)]
    jobs_of(Nothing(), {"read": entries[:1]}, keyed=True)  # the code is looked at once
    return _cpu(lambda: jobs_of(Nothing(), {"read": entries}, keyed=True)) / n


def _job_cost(folder: Path, executor: Executor, n: int) -> tuple[float, float]:
    """Seconds of the processor of this process for a job, and seconds until it is back."""
    store = FolderStore(folder)
    engine = Engine(store, executor)
    entries = [store.put(f"{at:064x}", {"number": Facts(at)}, {}) for at in range(n)]
    engine.add("read", entries, 0, 0.0)
    engine.run(Nothing())  # workers start
    before = time.perf_counter()
    seconds = _cpu(lambda: engine.run(Nothing(round=1)))
    waited = time.perf_counter() - before
    executor.close()
    return seconds / n, waited / n


def _pending_cost(n: int = 1_000, repeats: int = 50) -> float:
    """What waiting costs more for each reference that is waited for."""
    from crosspan.pipeline.ray_pool import ray_module

    ray = ray_module()
    ray.init(include_dashboard=False, log_to_driver=False, num_cpus=1)

    class Sleeper:
        def sleep(self) -> None:
            time.sleep(600)

    sleeper, done = ray.remote(Sleeper).options(num_cpus=0).remote(), ray.put(0)

    def waited(count: int) -> float:
        known = [done, *(sleeper.sleep.remote() for _ in range(count))]

        def wait() -> None:
            for _ in range(repeats):
                ray.wait(known, num_returns=1, timeout=10)
                ray.wait(known, num_returns=len(known), timeout=0)

        wait()
        return _cpu(wait) / repeats

    found = (waited(n) - waited(1)) / n
    ray.shutdown()
    return max(found, 0.0)


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


# --- simulating ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """A step that was played.

    Args:
        name: The step.
        seconds: From its first job to its last.
        driver: Seconds in which the process that gives out the work was busy.
        work: Seconds in which workers were at work, all together.
        lost: Jobs that began again.
    """

    name: str
    seconds: float
    driver: float
    work: float
    lost: int = 0


def play(
    measured: MeasuredCosts, assumed: Assumed, *, pairs: int, workers: int, shard: int, seed: int = 0
) -> list[Played]:
    """Play a run, step by step.

    Args:
        measured: What work costs.
        assumed: What else counts.
        pairs: Sentence pairs.
        workers: Workers of one core.
        shard: Pairs of a shard.
        seed: Of how jobs differ, and of what is lost.
    """
    chance = random.Random(seed)
    n = math.ceil(pairs / shard)
    found = []
    for step in measured.steps:
        if step.parallel:
            found.append(_parallel(step, measured, assumed, n, min(shard, pairs), workers, chance))
            continue
        # one process reads shard after shard, and a bucket lets each wait; what it makes is one result, or shards
        puts = n if step.name == "read" else 1
        gets = n if step.reads_a_pair else 0
        moved = pairs * (step.bytes_a_pair + step.reads_a_pair) / assumed.bandwidth
        seconds = pairs * step.a_pair + gets * assumed.get + puts * assumed.put + moved
        found.append(Played(step.name, seconds, seconds, 0.0))
    return found


def _parallel(
    step: StepCost, measured: MeasuredCosts, assumed: Assumed, n: int, shard: int, workers: int, chance: random.Random
) -> Played:
    """A step of which each shard is a job: a worker asks when it is free, and is answered one after the other."""
    give = measured.job + measured.pending * min(workers, n)
    moved = shard * (step.reads_a_pair + step.bytes_a_pair) / assumed.bandwidth
    store = 2 * assumed.get + assumed.put + moved  # is it there, what it needs, what came out
    begun = n * measured.key + math.ceil(n / 1_000) * assumed.get  # keys, and what is there already
    at_once = min(workers, n)
    store = max(store, 2 * at_once / assumed.gets, at_once / assumed.puts)
    free = [(0.0, number) for number in range(at_once)]
    now = last = work = 0.0
    left, lost = n, 0
    while left:
        asked, number = heapq.heappop(free)
        now = max(now, asked) + give
        seconds = shard * step.a_pair * chance.lognormvariate(-(assumed.spread**2) / 2, assumed.spread) + store
        if chance.random() < 1 - math.exp(-assumed.lost * seconds / 3600):
            heapq.heappush(free, (now + seconds * chance.random() + assumed.restart, number))
            lost += 1
            continue
        left -= 1
        work += seconds
        last = max(last, now + seconds)
        heapq.heappush(free, (now + seconds + measured.round_trip, number))
    return Played(step.name, begun + last, begun + (n + lost) * give, work, lost)


def table_of(measured: MeasuredCosts, assumed: Assumed, given: argparse.Namespace) -> str:
    """What shards of several sizes cost, and where the time goes."""
    rows = []
    for shard in given.shards:
        played = play(measured, assumed, pairs=given.pairs, workers=given.workers, shard=shard)
        parallel = [one for one, step in zip(played, measured.steps, strict=True) if step.parallel]
        total = sum(one.seconds for one in played)
        apart = sum(one.seconds for one in parallel)
        busy = sum(one.work for one in parallel) / (apart * given.workers)
        driver = max(one.driver / one.seconds for one in parallel)
        cost = given.price * (given.workers * apart + total) / 3600
        rows.append(
            [
                *(f"{shard:,}", f"{math.ceil(given.pairs / shard):,}", f"{total / 3600:.1f}", f"{apart / 3600:.2f}"),
                *(f"{100 * busy:.0f} %", f"{100 * driver:.0f} %", str(sum(one.lost for one in parallel))),
                f"{cost:,.0f}",
            ]
        )
    head = ("shard", "jobs a step", "hours", "of these parallel", "workers busy", "driver busy", "lost", "cost")
    return Table(head, rows).markdown()


def steps_of(measured: MeasuredCosts, assumed: Assumed, given: argparse.Namespace) -> str:
    """Where the hours of a run go, step by step."""
    shard = given.shard
    played = play(measured, assumed, pairs=given.pairs, workers=given.workers, shard=shard)
    rows = [
        [
            *(one.name, "workers" if step.parallel else "one process", f"{1e6 * step.a_pair:.0f}"),
            *(f"{step.bytes_a_pair:.0f}", f"{one.seconds / 3600:.2f}", f"{100 * one.driver / one.seconds:.0f} %"),
        ]
        for one, step in zip(played, measured.steps, strict=True)
    ]
    head = ("step", "done by", "µs a pair", "bytes a pair", "hours", "driver busy")
    return Table(head, rows).markdown()


def read_measured(path: Path) -> MeasuredCosts:
    """What ``measure`` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return replace(MeasuredCosts(**found), steps=tuple(StepCost(**step) for step in found["steps"]))


def with_steps(measured: MeasuredCosts, more: Sequence[str]) -> MeasuredCosts:
    """The costs of a run with further steps before that which learns, each of which keeps as much as it reads.

    Args:
        measured: The run.
        more: Steps as ``NAME=SECONDS`` a pair, such as ``translate=0.15``.
    """
    size = measured.steps[0].bytes_a_pair
    found = [
        StepCost(name, True, float(seconds), size, size) for name, _, seconds in (one.partition("=") for one in more)
    ]
    at = next(index for index, step in enumerate(measured.steps) if step.name == "learn")
    return replace(measured, steps=(*measured.steps[:at], *found, *measured.steps[at:]))


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("--pairs", type=int, default=12_000)
    measuring.add_argument("--jobs", type=int, default=500)
    playing = commands.add_parser("simulate")
    playing.add_argument("--measured", type=Path, default=KEPT)
    playing.add_argument("--pairs", type=int, default=100_000_000)
    playing.add_argument("--workers", type=int, default=1_000)
    playing.add_argument("--shards", type=int, nargs="+", default=SHARDS)
    playing.add_argument("--shard", type=int, default=4_000, help="of the table of steps")
    playing.add_argument("--also", nargs="*", default=[], metavar="NAME=SECONDS", help="more steps, by seconds a pair")
    playing.add_argument("--price", type=float, default=0.04, help="of a core for an hour")
    given = parser.parse_args(words)
    if given.command == "measure":
        json.dump(asdict(measure(given.pairs, given.jobs)), sys.stdout, indent=2)
        print()
        return
    measured = with_steps(read_measured(given.measured), given.also)
    print(table_of(measured, Assumed(), given))
    print(f"\nShards of {given.shard:,} pairs:\n")
    print(steps_of(measured, Assumed(), given))


if __name__ == "__main__":
    from benchmarks import cluster  # the steps are of a module, not of this script

    cluster.main()
