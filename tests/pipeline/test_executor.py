"""Worker processes: what they need to start, what they share, and what cannot go to them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest
from tests.pipeline.counting_steps import Doubled, N, Threads, engine_on, numbers, pids_in

from crosspan.core.errors import CrosspanError
from crosspan.pipeline.executor import TRIES, LocalExecutor
from crosspan.pipeline.folder_store import FolderStore

SCRIPT = """
from crosspan.pipeline import load_recipe, run_recipe

print("begun")
report = run_recipe(load_recipe("recipe.toml", out="two"), workers=2, threads=1)
print(report.written.summary.sentences)
"""


@pytest.fixture
def workers():
    executor = LocalExecutor(2, threads=1)
    yield executor
    executor.close()


def test_workers_do_the_work_and_stay_for_the_next_step(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log), seconds=0.05))
    engine.run(Doubled(log=str(log), seconds=0.05, factor=3, name="tripled"))
    assert numbers(engine) == [2 * index for index in range(N)]
    assert numbers(engine, "tripled") == [3 * index for index in range(N)]
    assert 1 <= len(pids_in(log)) <= 2
    assert os.getpid() not in pids_in(log)


def test_one_job_is_not_worth_a_process(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), 1, executor=workers)
    engine.run(Doubled(log=str(log)))
    assert pids_in(log) == {os.getpid()}


@pytest.mark.parametrize(
    ("n_workers", "threads", "n", "wanted"),
    [(1, 3, 2, [3, 3]), (2, 3, 2, [6, 3]), (2, 3, 1, [6, 6]), (1, None, 2, [None] * 2)],
)
def test_what_is_not_shared_out_has_the_threads_of_all_workers(tmp_path, n_workers, threads, n, wanted):
    executor = LocalExecutor(n_workers, threads)
    try:
        engine = engine_on(FolderStore(tmp_path / "cache"), n, executor=executor)
        engine.run(Threads())
    finally:
        executor.close()
    assert numbers(engine, "threads") == [wanted] * n


def test_a_script_without_a_guard_works(place):
    """Starting a worker does not run the user's script anew."""
    path = place.recipe(place.PROJECT)
    one = place.run(path, out=place.folder / "one")
    (place.folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "begun\n40\n"), done.stderr
    assert place.results(place.folder / "two") == place.results(one.out)


def test_what_cannot_go_to_another_process_is_worked_on_here(tmp_path, log, workers, caplog):
    class Local(Doubled):
        """A class of a function, which no other process can find."""

    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with caplog.at_level(logging.INFO):
        engine.run(Local(log=str(log)))
    assert numbers(engine) == [2 * index for index in range(N)]
    assert pids_in(log) == {os.getpid()}
    assert any("the step doubled is worked on in this process alone" in one.getMessage() for one in caplog.records)


def test_errors_of_workers_are_those_of_the_step(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with pytest.raises(IsADirectoryError):
        engine.run(Doubled(log=str(tmp_path)))
    assert engine.run(Doubled(log=str(log)))  # other workers are started


def shards_in(log):
    return sorted(int(line.split()[1]) for line in log.read_text().splitlines())


def test_a_shard_whose_worker_is_killed_begins_again(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log), die=(0, 0, TRIES - 1, 1, 0)))
    assert numbers(engine) == [2 * index for index in range(N)]
    assert set(shards_in(log)) == {*range(N)}


def test_a_shard_whose_workers_are_killed_again_and_again_costs_no_other(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with pytest.raises(CrosspanError, match=f"'doubled' ended before its work was done, {TRIES} times on shard 5"):
        engine.run(Doubled(log=str(log), die=(0, 0, 0, 0, 0, TRIES, 0)))
    assert set(shards_in(log)) == {*range(N)} - {5}
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log)))  # what is finished was kept
    assert shards_in(log).count(5) == 1
    assert numbers(engine) == [2 * index for index in range(N)]


def test_a_step_may_say_what_stands_for_such_a_shard(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log), die=(0, 0, 0, 0, 0, TRIES, 0), gives_up=True))
    assert numbers(engine) == [2 * index if index != 5 else -5 for index in range(N)]


def test_workers_that_are_all_killed_name_the_step_soon(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with pytest.raises(CrosspanError, match="a worker process of the step 'doubled' ended before its work was done"):
        engine.run(Doubled(log=str(log), die=(99,)))
    tries = [len(path.read_text()) for path in tmp_path.glob("log.*")]
    assert max(tries) == TRIES
    assert len(tries) <= 2
