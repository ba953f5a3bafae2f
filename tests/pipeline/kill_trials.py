"""Kills runs at random points and resumes them; started by the test in a process of its own.

The process is warm: modules are loaded and kernels compiled. A trial forks it, so that it costs no start-up.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from conftest import Place
from crosspan.pipeline import load_recipe, run_recipe


class Killer:
    """Kills this process at a call of a function of ``os``, just before it or just after."""

    def __init__(self, at: int, after: bool) -> None:
        self.at, self.after, self.calls = at, after, 0

    def watch(self, name: str) -> None:
        original = getattr(os, name)

        def watched(*arguments, **options):
            self.calls += 1
            if self.calls == self.at and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            found = original(*arguments, **options)
            if self.calls == self.at and self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        setattr(os, name, watched)


def in_child(work, seconds: float | None = None) -> bool:
    """Do something in a forked process; tell whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    if seconds is not None:
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "a run failed that was not killed"
    return os.WIFSIGNALED(status)


def main(folder: Path, n_trials: int) -> None:
    recipe = folder / "recipe.toml"

    def run(name: str) -> None:
        run_recipe(load_recipe(recipe, out=folder / name), threads=1)

    run("warm")
    began = time.perf_counter()
    run("reference")
    whole = time.perf_counter() - began
    wanted = Place.results(folder / "reference")
    (counted := Killer(0, False)).watch("replace")
    counted.watch("fsync")
    run("counted")
    n_calls = counted.calls
    draw = random.Random(17)
    killed = wrong = 0
    for trial in range(n_trials):
        name = f"trial{trial}"
        for _ in range(draw.choice((1, 1, 2))):
            if draw.random() < 0.75:
                killer = Killer(draw.randint(1, n_calls), draw.random() < 0.5)

                def work(killer=killer, name=name) -> None:
                    killer.watch("replace")
                    killer.watch("fsync")
                    run(name)

                killed += in_child(work)
            else:
                killed += in_child(lambda name=name: run(name), draw.uniform(0.0, whole))
        assert not in_child(lambda name=name: run(name))
        wrong += Place.results(folder / name) != wanted
    print(json.dumps({"killed": killed, "wrong": wrong, "files": sorted(wanted), "calls": n_calls}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
