"""A cluster of two machines with one core each, which are processes of this one and hear on the loopback only."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.lab.bench import conftest as downloads
from tests.lab.study import conftest as studies
from tests.pipeline import counting_steps
from tests.pipeline.counting_steps import Doubled, KilledWhilePut, N, Summed, engine_on, numbers, pids_in

from crosspan.core.errors import CrosspanError, OptionError, UnavailableError
from crosspan.lab.bench import BenchScoring, make_system, run_suite
from crosspan.lab.study.launch import open_study, prepare, run_study
from crosspan.pipeline import ray_executor, ray_pool
from crosspan.pipeline.executor import TRIES
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.ray_executor import RayExecutor
from crosspan.pipeline.workplace import executor_on
from crosspan.suites import make_suite

pytest.importorskip("ray")
pytestmark = pytest.mark.xdist_group("ray")  # one cluster for all

world = studies.world

_CALM = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}


@pytest.fixture(scope="module")
def cluster():
    """The cluster; this process is connected with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # whose effect is that nothing but the loopback is used
        ray = ray_pool.ray_module()
        patch.setattr(ray._private.ray_constants, "ENABLE_RAY_CLUSTER", False)
        from ray.cluster_utils import Cluster

        small = {"num_cpus": 1, "object_store_memory": 80 << 20}
        found = Cluster(initialize_head=True, head_node_args={**small, "_system_config": _CALM})
        found.add_node(**small)
        ray.init(found.address, log_to_driver=False, logging_level=logging.ERROR)
        patch.setenv("RAY_ADDRESS", found.address)
        yield found
        ray.shutdown()
        found.shutdown()


@pytest.fixture(scope="module")
def workers(cluster):
    """Two workers, one on each machine."""
    executor = executor_on("ray")
    yield executor
    executor.close()


def shards_in(log):
    return sorted(int(line.split()[1]) for line in log.read_text().splitlines())


def doubled(engine):
    return numbers(engine) == [2 * index for index in range(N)]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_two_workers_do_the_work_and_stay_for_the_next_step(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log), seconds=0.1))
    engine.run(Doubled(log=str(log), seconds=0.05, factor=3, name="tripled"))
    engine.run(Summed())
    assert doubled(engine)
    assert numbers(engine, "tripled") == [3 * index for index in range(N)]
    assert len(pids_in(log)) == 2
    assert os.getpid() not in pids_in(log)
    about = workers.about()
    assert (about["on"], about["workers"], about["threads"]) == ("ray", 2, 1)


def test_the_results_are_those_of_one_process(place, workers):
    path = place.recipe(place.PROJECT.replace("en.jsonl", "en.txt") + "[tag]\nadapt = false\n")
    one = place.run(path, out=place.folder / "one")
    two = place.run(path, out=place.folder / "two", executor=workers)
    assert place.results(two.out) == place.results(one.out)
    kept = [
        {str(file.relative_to(out)): file.read_bytes() for file in (out / ".cache").glob("??/*")}
        for out in (one.out, two.out)
    ]
    assert kept[0] == kept[1]
    assert json.loads((two.out / "run.json").read_text())["worked"]["workers"] == 2
    again = place.run(path, out=two.out, on="ray")
    assert {computed for computed, _ in place.shards(again).values()} == {0}
    assert json.loads((two.out / "run.json").read_text())["worked"]["workers"] == 0  # nothing was to be done


def test_errors_of_workers_are_those_of_the_step(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with pytest.raises(KeyError, match="shard 5") as error:
        engine.run(Doubled(log=str(log), fails=5))
    assert "counting_steps.py" in "".join(error.value.__notes__)  # where it was
    engine.run(Doubled(log=str(log)))
    assert doubled(engine)


def test_workers_tell_what_happens(tmp_path, log, workers, caplog):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with caplog.at_level(logging.WARNING), pytest.warns(UserWarning, match="warned in shard 7"):
        engine.run(Doubled(log=str(log), tells=True))
    said = {record.getMessage() for record in caplog.records if record.name == "crosspan.tests"}
    assert said == {f"logged in shard {index}" for index in range(N)}


def test_a_shard_whose_worker_is_killed_begins_again(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log), die=(0, 0, TRIES - 1, 0)))
    assert doubled(engine)
    assert shards_in(log) == [*range(N)]


def test_a_shard_whose_workers_are_killed_again_and_again_costs_no_other(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with pytest.raises(CrosspanError, match=f"'doubled' ended before its work was done, {TRIES} times on shard 5"):
        engine.run(Doubled(log=str(log), die=(0, 0, 0, 0, 0, TRIES, 0)))
    assert shards_in(log) == [index for index in range(N) if index != 5]
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log)))  # what is finished was kept
    assert doubled(engine)
    assert shards_in(log) == [*range(N)]


def test_a_step_may_say_what_stands_for_such_a_shard(tmp_path, log, workers):
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log), die=(0, 0, 0, 0, 0, TRIES, 0), gives_up=True))
    assert numbers(engine) == [2 * index if index != 5 else -5 for index in range(N)]


def test_a_put_that_is_interrupted_leaves_no_half_result(tmp_path, log, workers):
    store = FolderStore(tmp_path / "cache")
    engine = engine_on(store, 4, executor=workers)
    engine.run(KilledWhilePut(log=str(log)))
    assert numbers(engine) == [0, 2, 4, 6]
    assert len(list(tmp_path.glob("log.put-*"))) == 4
    whole = [path for path in store.folder.glob("??/*") if path.name[0] != "."]
    assert len(whole) == 8
    assert all(store.find(path.parent.name + path.name) for path in whole)


def test_a_machine_that_is_lost_costs_its_jobs(tmp_path, log, cluster, workers):
    workers.close()
    third = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    executor = RayExecutor(workers=3)  # one on each machine
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=executor)

    def lose():
        wait_until(lambda: len(pids_in(log)) == 3, 120)
        cluster.remove_node(third, allow_graceful=False)

    losing = threading.Thread(target=lose)
    losing.start()
    engine.run(Doubled(log=str(log), seconds=1))
    losing.join()
    executor.close()
    assert doubled(engine)
    assert N <= len(shards_in(log)) <= N + 1  # what was done there began again


def test_who_has_other_code_does_not_work(tmp_path, log, workers, monkeypatch):
    monkeypatch.setattr(ray_executor, "step_digest", lambda step: "of other code")
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    with pytest.raises(UnavailableError, match="other code, other packages or other models"):
        engine.run(Doubled(log=str(log)))
    assert shards_in(log) == []


def test_a_machine_that_does_not_see_the_cache_says_so(tmp_path, log, workers):
    engine = engine_on(counting_steps.HereOnly(tmp_path / "cache"), executor=workers)
    with pytest.raises(UnavailableError, match="does not see what the step before it has made"):
        engine.run(Doubled(log=str(log)))


def test_a_single_piece_of_work_is_done_by_a_worker_that_has_a_gpu(tmp_path, log, cluster, workers):
    workers.close()
    node = cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=80 << 20)
    executor = executor_on("ray", workers=1, gpus_per_worker=1)
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=executor)
    engine.run(Doubled(log=str(log)))
    (worker,) = pids_in(log)
    engine.run(Summed(log=str(log)))
    executor.close()
    assert pids_in(log) == {worker}
    cluster.remove_node(node)


def driver(tmp_path, log, *more):
    """Another driver on the same cache, which is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.counting_steps", str(tmp_path / "cache"), str(log), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_drivers_on_one_cache_share_the_work(tmp_path, log, workers):
    other = driver(tmp_path, log)
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    other.stdin.write("go\n")
    other.stdin.flush()
    engine.run(Doubled(log=str(log), seconds=0.1))
    found = json.loads(other.communicate(timeout=60)[0])
    assert doubled(engine)
    assert found["numbers"] == numbers(engine)
    assert shards_in(log) == [*range(N)]
    assert found["computed"] + engine.reports[1].computed == N


def test_ctrl_c_ends_the_workers_and_leaves_the_cache_whole(tmp_path, log, workers):
    workers.close()
    other = driver(tmp_path, log, "ray", "1.0")
    other.stdin.write("go\n")
    other.stdin.flush()
    wait_until(lambda: len(shards_in(log)) >= 2, 60)
    other.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in other.communicate(timeout=60)[1]
    wait_until(lambda: not any(map(alive, pids_in(log))))
    engine = engine_on(FolderStore(tmp_path / "cache"), executor=workers)
    engine.run(Doubled(log=str(log)))
    assert doubled(engine)
    assert 1 <= engine.reports[1].cached < N


def test_more_threads_than_a_machine_has_cores(tmp_path, log, cluster):
    executor = executor_on("ray", threads=8)
    with pytest.raises(OptionError, match="no machine of the cluster has 8 cores"):
        engine_on(FolderStore(tmp_path / "cache"), executor=executor).run(Doubled(log=str(log)))


def test_a_cluster_without_room_is_named(tmp_path, log, cluster, monkeypatch, caplog):
    monkeypatch.setattr(ray_pool, "_SOON", 0.5)
    monkeypatch.setattr(ray_pool, "_PATIENCE", 1.0)
    executor = executor_on("ray", gpus_per_worker=64)
    with pytest.raises(UnavailableError, match="no worker has started"):
        engine_on(FolderStore(tmp_path / "cache"), executor=executor).run(Doubled(log=str(log)))
    assert "each takes 1 cores and 64 GPUs" in caplog.text
    executor.close()


def test_a_language_of_a_suite_is_a_job(tmp_path, cluster, workers):
    downloads.europarl(tmp_path, "en", "de", "es")
    system = make_system(make_suite("europarl-ner").about)

    def run(**how):
        found = run_suite("europarl-ner", str(tmp_path), system=system, scoring=BenchScoring(bootstrap=20), **how)
        return found, found.to_dict()

    _, here = run(cache=tmp_path / "here", threads=1)
    result, there = run(cache=tmp_path / "there", executor=workers)
    assert there == here
    assert [(one.language, one.status, one.kept) for one in result.languages] == [
        ("de", "done", False),
        ("es", "done", False),
        ("it", "missing", False),
    ]
    again, _ = run(cache=tmp_path / "there", executor=workers)
    assert [one.kept for one in again.languages] == [True, True, False]


def test_a_cell_of_a_study_is_a_job(tmp_path, world, cluster, workers):
    text = studies.STUDY.replace("seeds = [1, 2]", "seeds = [1]")
    shutil.copytree(world, tmp_path / "world")
    (tmp_path / "world" / "study.toml").write_text(text)
    study = open_study(tmp_path / "world" / "study.toml", tmp_path / "out")
    prepare(study)
    cell = next(one for one in study.cells if one.encoder == "ready")
    ended = []
    run_study(study, fits=[cell.key], executor=workers, on_end=ended.append)
    assert [(one.cell.key, one.state.status) for one in ended] == [(cell.key, "done")]
