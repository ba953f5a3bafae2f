"""Speed and memory of the engine, one version beside another in the same run.

    python -m benchmarks.engine                                # this version
    python -m benchmarks.engine --against ../other/src         # another checkout, this one, and the ratio
    python -m benchmarks.engine --only project-20000 --repeat 3
    python -m benchmarks.engine --against ../other/src --at-once --threads 1    # both at the same time
    python -m benchmarks.engine --all --page                   # with 300,000 pairs; into docs/benchmarks.md

Every measurement is a command line in a process of its own, the versions in turn, and the median of the runs counts.
The text is that of :mod:`benchmarks.scale`, labelled by capital letters. The first run of each version, which compiles,
is not counted. On a machine that has other work to do, ``--at-once`` is fair: the versions run at the same time, and
what takes time from one takes it from the other. ``resume`` kills runs at random points and holds what they come to
against a run that was not killed; ``threads`` holds one thread against two.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import command, page
from benchmarks.findings import markdown
from benchmarks.scale import base_text, corpus
from crosspan.io import write

SHARDS, SHARD = 20, 1_000
MEMORY_PAIRS = 5_000
NEURAL_PAIRS = 1_000
WARM = 300
WRITING = threading.Lock()
"""Held by the version that writes what all of them read."""
UNWORTHY = ("run.json",)
"""Files of a run that hold times."""

IN_MEMORY = """
import sys, time, crosspan
source, target = (crosspan.read(name) for name in sys.argv[1:3])
began, cpu = time.perf_counter(), time.process_time()
found = crosspan.project_labels(source, target, threads=int(sys.argv[3]))
print(time.perf_counter() - began, time.process_time() - cpu)
"""

RECIPE = """
out = "{out}"
shard = {shard}
[source]
path = "source.{pairs}.jsonl"
[target]
path = "target.{pairs}.jsonl"
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with corpora by their number of pairs, and the version that works in it.

    Args:
        folder: The folder.
        source: The ``src`` folder of the version; ``None`` for this one.
        name: Of the version.
        threads: Threads to use.
    """

    folder: Path
    source: Path | None
    name: str
    threads: int

    def files(self, pairs: int) -> tuple[Path, Path]:
        """Both sides of a corpus, written when first asked for; versions share them."""
        found = self.folder / f"source.{pairs}.jsonl", self.folder / f"target.{pairs}.jsonl"
        with WRITING:
            if not found[1].exists():
                text = base_text()
                write(found[0], (pair.source for pair in corpus(text, pairs)))
                write(found[1], (pair.target for pair in corpus(text, pairs)))
        return found

    def crosspan(self, *words: object) -> command.Cost:
        return command.crosspan(*words, source=self.source, folder=self.folder)

    def fresh(self, name: str) -> Path:
        """A name of this version for what it writes; what stood there is gone."""
        path = self.folder / f"{self.name}.{name}"
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return path

    def recipe(self, pairs: int, out: Path, shard: int = SHARD) -> Path:
        self.files(pairs)
        path = self.folder / f"{out.name}.toml"
        path.write_text(RECIPE.format(out=out.name, shard=shard, pairs=pairs), "utf-8")
        return path


def project(pairs: int, place: Place) -> command.Cost:
    """``crosspan project`` on so many pairs."""
    how = ("--threads", place.threads, "--quiet")
    return place.crosspan("project", *place.files(pairs), "--out", place.fresh("projected.jsonl"), *how)


def in_memory(place: Place) -> command.Cost:
    """``project_labels``; reading the files is in the memory, but not in the times."""
    found = command.python("-c", IN_MEMORY, *place.files(MEMORY_PAIRS), place.threads, source=place.source)
    seconds, cpu = map(float, found.output.split())
    return command.Cost(seconds, cpu, found.memory_mb)


def run(workers: int, place: Place) -> command.Cost:
    """A recipe that projects, on 20 shards of 1,000 pairs; the workers share the threads."""
    recipe = place.recipe(SHARDS * SHARD, place.fresh("out"))
    threads = max(1, place.threads // workers)
    return place.crosspan("run", recipe, "--workers", workers, "--threads", threads, "--quiet")


def again(place: Place) -> command.Cost:
    """The same recipe once more, everything in the cache."""
    recipe = place.recipe(SHARDS * SHARD, place.folder / f"{place.name}.out")
    return place.crosspan("run", recipe, "--threads", place.threads, "--quiet")


def neural(place: Place) -> command.Cost:
    """A recipe whose aligner is a tiny encoder: what is around the model."""
    model = place.folder / "encoder"
    with WRITING:
        if not model.exists():
            from crosspan.testing import tiny_models

            tiny_models.save_mbert(model, layers=2)
    recipe = place.recipe(NEURAL_PAIRS, place.fresh("neural"), 250)
    with recipe.open("a", encoding="utf-8") as stream:
        stream.write('[align]\nuse = "awesome"\nmodel = "encoder"\nlayer = 1\ndevice = "cpu"\n')
    return place.crosspan("run", recipe, "--threads", place.threads, "--quiet")


def help_text(place: Place) -> command.Cost:
    return place.crosspan("--help")


MEASURES: dict[str, Callable[[Place], command.Cost]] = {
    "help": help_text,
    "project-20000": partial(project, 20_000),
    "project-300000": partial(project, 300_000),
    "in-memory": in_memory,
    "run-1": partial(run, 1),
    "run-2": partial(run, 2),
    "again": again,
    "neural": neural,
}
LARGE = ("project-300000",)
TITLES = {
    "help": "`crosspan --help`",
    "project-20000": "`crosspan project`, 20,000 pairs",
    "project-300000": "`crosspan project`, 300,000 pairs",
    "in-memory": f"`project_labels`, {MEMORY_PAIRS:,} pairs",
    "run-1": f"`crosspan run`, {SHARDS} shards of {SHARD:,} pairs",
    "run-2": "the same, `--workers 2`",
    "again": "the same, all of it in the cache",
    "neural": f"`crosspan run` with a tiny encoder as aligner, {NEURAL_PAIRS:,} pairs",
}


def warm(place: Place) -> None:
    """Compile, and let the system read the files of the version."""
    place.crosspan("project", *place.files(WARM), "--out", place.fresh("projected.jsonl"), "--quiet")
    place.crosspan("run", place.recipe(WARM, place.fresh("out"), 100), "--quiet")


def measured(names: Sequence[str], places: Sequence[Place], repeat: int, at_once: bool) -> Iterator[list[str]]:
    """A row a measure: for each version time, CPU time and memory, then the ratios of the last to the first."""
    hands = ThreadPoolExecutor(len(places) if at_once else 1)
    for place in places:
        warm(place)
    for name in names:
        if name == "again" and "run-1" not in names and "run-2" not in names:
            for place in places:
                MEASURES["run-1"](place)
        times = 5 * repeat if name == "help" else 1 if name in LARGE else repeat
        found: dict[str, list[command.Cost]] = {place.name: [] for place in places}
        for _ in range(times):
            for place, cost in zip(places, hands.map(MEASURES[name], places), strict=True):
                found[place.name].append(cost)
        columns = [_medians(costs) for costs in found.values()]
        cells = [_cell(*column) for column in columns]
        if len(columns) > 1:
            cells.append(" / ".join(f"{new / max(old, 1e-9):.2f}" for old, new in zip(*columns, strict=True)))
        yield [TITLES[name], *cells]


def _medians(costs: Sequence[command.Cost]) -> tuple[float, float, float]:
    return (
        median(one.seconds for one in costs),
        median(one.cpu_seconds for one in costs),
        median(one.memory_mb for one in costs),
    )


def _cell(seconds: float, cpu: float, memory: float) -> str:
    return f"{seconds:.2f} s, {cpu:.2f} s CPU, {memory:,.0f} MB"


def contents(folder: Path) -> str:
    """A digest of what a run left, but for its record of times and the name of its folder."""
    found = hashlib.sha256()
    for path in sorted(one for one in folder.iterdir() if one.is_file() and one.name[0] != "."):
        if path.name not in UNWORTHY:
            found.update(path.name.encode() + path.read_bytes().replace(folder.name.encode(), b""))
    return found.hexdigest()


def resumed(place: Place, points: int, pairs: int = 2_000, seed: int = 17) -> str:
    """Kill a run at so many random points, once or twice each, and let it end; what came out must be the same."""
    shard = pairs // 10
    whole = place.fresh("whole")
    cost = place.crosspan("run", place.recipe(pairs, whole, shard), "--threads", 1, "--quiet")
    wanted, chance = contents(whole), random.Random(seed)
    killed = wrong = 0
    for _ in range(points):
        out = place.fresh("killed")
        recipe = place.recipe(pairs, out, shard)
        for _ in range(chance.choice((1, 1, 2))):
            killed += _killed(place, recipe, chance.uniform(0.2, 1.0) * cost.seconds)
        place.crosspan("run", recipe, "--threads", 1, "--quiet")
        wrong += contents(out) != wanted
    return f"{killed} kills in {points} runs, {wrong} other results"


def _killed(place: Place, recipe: Path, seconds: float) -> bool:
    """Start a run and kill it after a time; whether it was still at work."""
    words = [sys.executable, "-m", "crosspan.cli.main", "run", str(recipe), "--threads", "1", "--quiet"]
    process = command.start(
        words, source=place.source, folder=place.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def same_threads(place: Place, pairs: int = 5_000) -> str:
    """One thread, two, and two workers: the same bytes?"""
    digests = set()
    for threads in (1, 2):
        out = place.fresh(f"threads{threads}.jsonl")
        place.crosspan("project", *place.files(pairs), "--out", out, "--threads", threads, "--quiet")
        digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
    runs = set()
    for workers, threads in ((1, 1), (1, 2), (2, 1)):
        out = place.fresh(f"threads{workers}{threads}")
        recipe = place.recipe(pairs, out)
        place.crosspan("run", recipe, "--workers", workers, "--threads", threads, "--quiet")
        runs.add(contents(out))
    return "the same bytes" if len(digests) == len(runs) == 1 else f"{len(digests)} and {len(runs)} results"


def checked(names: Sequence[str], places: Sequence[Place], kills: int) -> Iterator[list[str]]:
    """Rows of what must hold, a column a version."""
    blank = [""] * (len(places) > 1)
    if "resume" in names:
        yield ["killed at random points", *(resumed(place, kills) for place in places), *blank]
    if "threads" in names:
        yield ["one thread, two, two workers", *map(same_threads, places), *blank]


CHECKS = ("resume", "threads")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[*MEASURES, *CHECKS], help="some of the rows")
    parser.add_argument("--all", action="store_true", help="also 300,000 pairs")
    parser.add_argument("--against", type=Path, metavar="DIR", help="the src folder of a version to compare with")
    parser.add_argument("--source", type=Path, metavar="DIR", help="the src folder of the version to measure")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each measure")
    parser.add_argument("--kills", type=int, default=50, help="runs to kill")
    parser.add_argument("--at-once", action="store_true", help="measure the versions at the same time")
    parser.add_argument("--threads", type=int, default=2, help="threads of each command")
    parser.add_argument("--page", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    names = [
        name for name in (*MEASURES, *CHECKS) if (name in given.only if given.only else given.all or name not in LARGE)
    ]
    versions = [("before", given.against)] if given.against else []
    versions.append(("after" if versions else "this version", given.source))
    header = ["", *(name for name, _ in versions), *(["ratio: time / CPU / memory"] if len(versions) > 1 else [])]
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        places = [Place(Path(folder), source, name.split()[0], given.threads) for name, source in versions]
        for part in (
            measured([name for name in names if name in MEASURES], places, given.repeat, given.at_once),
            checked(names, places, given.kills),
        ):
            for row in part:
                rows.append(row)
                print(markdown(header, rows[-1:]).splitlines()[-1], flush=True)
    text = markdown(header, rows)
    print(f"\n{text}")
    if given.page:
        page.write("engine", text)


if __name__ == "__main__":
    main()
