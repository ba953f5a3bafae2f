"""Jobs are done once, by whoever is first; what is known is not done again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from tests.pipeline import counting_steps
from tests.pipeline.counting_steps import Doubled, N, Summed, engine_on, numbers

from crosspan.core.progress import Progress
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.keys import jobs_of
from crosspan.pipeline.parts import Facts
from crosspan.pipeline.store import RUN, MemoryStore, SpoolStore


def shards_in(log):
    return [int(line.split()[1]) for line in log.read_text().splitlines()]


@pytest.mark.parametrize("kind", ["memory", "spool", "folder"])
def test_every_store_gives_the_same(kind, tmp_path, log):
    store = {"memory": MemoryStore, "spool": SpoolStore, "folder": lambda: FolderStore(tmp_path / "cache")}[kind]()
    engine = engine_on(store)
    engine.run(Doubled(log=str(log)))
    engine.run(Summed())
    assert numbers(engine) == [2 * index for index in range(N)]
    assert store.part(engine.products["summed"][0], "sum").values == N * (N - 1)
    assert [(one.name, one.shards, one.computed, one.cached) for one in engine.reports] == [
        ("read", N, 0, N), ("doubled", N, N, 0), ("summed", 1, 1, 0),
    ]  # fmt: skip


def test_what_is_known_is_not_done_again(tmp_path, log):
    store = FolderStore(tmp_path / "cache")
    first = engine_on(store)
    first.run(Doubled(log=str(log)))
    store.path(first.products["doubled"][4].key).unlink()
    told = []
    again = engine_on(store, progress=told.append)
    again.run(Doubled(log=str(log)))
    assert shards_in(log) == [*range(N), 4]
    assert (again.reports[-1].computed, again.reports[-1].cached) == (1, N - 1)
    assert told == [Progress("doubled", 10 * N, 10 * N)]
    assert again.products == first.products
    other = engine_on(store)
    other.run(Doubled(log=str(log), factor=3))
    assert numbers(other) == [3 * index for index in range(N)]
    assert other.reports[-1].computed == N


def test_a_plan_looks_as_far_as_it_can(tmp_path, log):
    store = FolderStore(tmp_path / "cache")
    steps = [Doubled(log=str(log)), Summed()]
    engine = engine_on(store)
    engine.look(steps)
    assert [(one.name, one.computed, one.waits_for) for one in engine.reports[1:]] == [
        ("doubled", N, None), ("summed", 1, "doubled"),
    ]  # fmt: skip
    assert shards_in(log) == []


def test_two_processes_share_the_work_on_one_folder(tmp_path, log):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, counting_steps.__file__, tmp_path / "cache", log]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    processes = [subprocess.Popen(words, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert sorted(shards_in(log)) == [*range(N)]  # each once
    assert sum(one["computed"] for one in found) == N
    assert all(one["computed"] + one["cached"] == N for one in found)
    assert all(one["computed"] > 0 for one in found)
    assert all(one["numbers"] == [2 * index for index in range(N)] for one in found)


def test_what_another_is_at_is_waited_for_last(tmp_path, log):
    """The other's result is taken, and the rest is done meanwhile."""
    store = FolderStore(tmp_path / "cache")
    engine, step = engine_on(store), Doubled(log=str(log))
    key = jobs_of(step, engine.products, keyed=True)[3].key
    held, others_done = threading.Event(), threading.Event()

    def other():
        with FolderStore(tmp_path / "cache").claim(key):
            held.set()
            assert others_done.wait(60)
            store.put(key, {"number": Facts(2 * 3)}, {"sentences": 10})

    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    engine.progress = lambda event: others_done.set() if event.done == 10 * (N - 1) else None
    engine.run(step)
    thread.join()
    assert shards_in(log) == [index for index in range(N) if index != 3]
    assert numbers(engine) == [2 * index for index in range(N)]
    assert (engine.reports[-1].computed, engine.reports[-1].cached) == (N - 1, 1)


def test_what_another_gave_up_is_done_here(tmp_path, log):
    store = FolderStore(tmp_path / "cache")
    engine, step = engine_on(store), Doubled(log=str(log))
    key = jobs_of(step, engine.products, keyed=True)[3].key
    held, others_done = threading.Event(), threading.Event()

    def other():
        with FolderStore(tmp_path / "cache").claim(key):
            held.set()
            assert others_done.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    engine.progress = lambda event: others_done.set() if event.done == 10 * (N - 1) else None
    engine.run(step)
    thread.join()
    assert shards_in(log) == [*(index for index in range(N) if index != 3), 3]
    assert engine.reports[-1].computed == N


def test_an_error_of_a_step_goes_on_and_what_was_done_is_kept(tmp_path, log):
    store = FolderStore(tmp_path / "cache")
    engine = engine_on(store)
    with pytest.raises(KeyError, match="shard 2"):
        engine.run(Doubled(log=str(log), fails=2))
    assert shards_in(log) == [0, 1, 2]
    again = engine_on(store)
    again.run(Doubled(log=str(log)))
    assert (again.reports[-1].computed, again.reports[-1].cached) == (N - 2, 2)


def test_shards_of_two_runs_are_not_mixed(tmp_path):
    """Where nobody can hold a lock, two runs may put shards of the same step; the next makes all anew."""
    log = tmp_path / "log"
    store = FolderStore(tmp_path / "cache")
    step = Doubled(log=str(log), together=True)
    found = [engine_on(store).run(step) for _ in range(2)]
    assert found[0] == found[1]
    assert len(log.read_text().splitlines()) == N
    one = found[0][3]
    store.put(one.key, {"number": store.part(one, "number")}, {**one.facts, RUN: "another"}, replace=True)
    engine = engine_on(store)
    engine.run(step)
    assert engine.reports[-1].computed == N
    store.path(one.key).unlink()
    engine = engine_on(store)
    engine.run(step)
    assert engine.reports[-1].computed == N
    assert len({entry.facts[RUN] for entry in engine.products["doubled"]}) == 1
