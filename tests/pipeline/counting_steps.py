"""Steps that write down which process did which shard; run as a program of its own they do so in two at once."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

from crosspan.pipeline.engine import Engine
from crosspan.pipeline.executor import LocalExecutor
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.parts import Facts
from crosspan.pipeline.step import Need, Output, Step
from crosspan.pipeline.workplace import executor_on

N = 12


@dataclass(kw_only=True)
class Doubled(Step):
    """Doubles a number, slowly, and writes that down."""

    log: str
    seconds: float = 0.0
    factor: int = 2
    die: tuple[int, ...] = ()
    """How often the process that is at a shard is killed; the last number holds for all that follow."""
    tells: bool = False
    """Whether it logs, warns and tells progress."""
    gives_up: bool = False
    fails: int = -1
    name: str = "doubled"
    parallel: bool = True

    def __post_init__(self):
        self.needs = (Need("read", "number"),)

    def facts(self):
        return {"factor": self.factor}

    def work(self, inputs):
        deaths = Path(f"{self.log}.{inputs.shard}")
        died = len(deaths.read_text()) if deaths.exists() else 0
        if self.die and died < self.die[min(inputs.shard, len(self.die) - 1)]:
            deaths.write_text("x" * (died + 1))
            os.kill(os.getpid(), signal.SIGKILL)
        with open(self.log, "a") as stream:
            stream.write(f"{os.getpid()} {inputs.shard}\n")
        if inputs.shard == self.fails:
            raise KeyError(f"shard {inputs.shard}")
        if self.tells:
            getLogger("crosspan.tests").warning("logged in shard %d", inputs.shard)
            warnings.warn(f"warned in shard {inputs.shard}", UserWarning, stacklevel=1)
            inputs.advance(inputs.shard, 100)
        time.sleep(self.seconds)
        return Output({"number": Facts(self.factor * inputs.part("read", "number").values)}, {"sentences": 10})

    def lost(self, inputs):
        return Output({"number": Facts(-inputs.shard)}) if self.gives_up else None


@dataclass(kw_only=True)
class Threads(Step):
    """Tells how many threads there are for a shard, and how many there were to look at all shards."""

    name: str = "threads"
    parallel: bool = True
    learned: Any = None

    def __post_init__(self):
        self.needs = (Need("read", "number"),)

    def learn(self, inputs):
        return inputs.threads

    def prepare(self, inputs, learned):
        self.learned = learned

    def work(self, inputs):
        return Output({"number": Facts([self.learned, inputs.threads])})


@dataclass(kw_only=True)
class Summed(Step):
    """Adds up what another step made of all shards, and tells how far it is."""

    log: str = ""
    name: str = "summed"
    single: bool = True

    def __post_init__(self):
        self.needs = (Need("doubled", "number", True),)

    def work(self, inputs):
        if self.log:
            Path(self.log).write_text(f"{os.getpid()} 0\n")
        found = 0
        for at, one in enumerate(inputs.all("doubled", "number")):
            found += one.values
            inputs.advance(at, N)
        return Output({"sum": Facts(found)})


@dataclass(kw_only=True)
class KilledWhilePut(Doubled):
    """Is killed once in the middle of keeping a result: it is written, and not yet in its place."""

    def work(self, inputs):
        found, replace = super().work(inputs), os.replace
        mark = Path(f"{self.log}.put-{inputs.shard}")

        def killed(source, target, **how):
            if Path(target).parent.parent.name == "cache" and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(source, target, **how)

        os.replace = killed
        return found


class HereOnly(FolderStore):
    """A folder that other processes do not see."""

    def __setstate__(self, state):
        self.__dict__.update({**state, "folder": Path(f"{state['folder']}-of-another-machine")})


def engine_on(store, n=N, *, executor=None, progress=None):
    """An engine that has read numbers."""
    engine = Engine(store, executor or LocalExecutor(threads=1), progress)
    entries = [store.put(f"{index:02}" * 32, {"number": Facts(index)}, {"sentences": 10}) for index in range(n)]
    engine.add("read", entries, 0, 0.0)
    return engine


def pids_in(log):
    """Which processes did something."""
    return {int(line.split()[0]) for line in log.read_text().splitlines()}


def numbers(engine, step="doubled"):
    """What a step made."""
    return [engine.store.part(entry, "number").values for entry in engine.products[step]]


if __name__ == "__main__":
    from tests.pipeline import counting_steps  # the step is one of a module, not of this script

    folder, log, on, seconds = (*sys.argv[1:], "local", "0.1")[:4]
    found = counting_steps.engine_on(FolderStore(Path(folder)), executor=executor_on(on, workers=1, threads=1))
    print("ready", flush=True)
    sys.stdin.readline()
    found.run(counting_steps.Doubled(log=str(log), seconds=float(seconds)))
    (report,) = found.reports[1:]
    print(json.dumps({"computed": report.computed, "cached": report.cached, "numbers": numbers(found)}))
