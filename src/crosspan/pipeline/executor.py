"""Where the work of a step is done: in this process, or in worker processes on this machine.

An executor is given jobs and hands back results. It knows nothing of steps but their methods, and workers share
nothing but the store: a job is idempotent, and a result is put all or nothing. Another executor, for many machines,
can take its place.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import secrets
import signal
import sys
import tempfile
import threading
import types
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from crosspan.core.errors import CrosspanError
from crosspan.core.logs import logger_of
from crosspan.core.progress import Listener
from crosspan.core.threads import cores
from crosspan.models.device import gpus_used
from crosspan.pipeline.step import Inputs, Job, Need, Step
from crosspan.pipeline.store import GPUS, RUN, UNSURE, Entry, Store

_logger = logger_of(__name__)

TRIES = 3
"""How often a job is begun whose process is killed, before it is given up."""


class Done(NamedTuple):
    """A job that has ended.

    Args:
        shard: Its number.
        entry: Its result, which is in the store; ``None`` where another run is at it.
        computed: Whether it was worked out here.
    """

    shard: int
    entry: Entry | None
    computed: bool = True


class Executor(Protocol):
    """Does the jobs of a step."""

    def run(
        self,
        step: Step,
        jobs: Sequence[Job],
        whole: Mapping[Need, Sequence[Entry]],
        store: Store,
        listener: Listener | None = None,
        *,
        wait: bool = False,
    ) -> Iterator[Done]:
        """Yield jobs as they end, in any order; with ``wait``, what another run is at is waited for."""

    def about(self) -> Mapping[str, Any]:
        """Where the work is done, as plain values, for the report of a run."""

    def close(self) -> None:
        """End what was started."""


class LocalExecutor:
    """Works on this machine; worker processes are started once, and stay for all steps.

    Its share of the machine is workers times threads, whoever works: what is one job, or looks at the whole corpus, is
    done in this process, with as many threads as the workers have together, which wait meanwhile.

    Args:
        workers: Processes to work in; 1 works in this process.
        threads: Threads of each of them; by default all cores, divided among the workers.
    """

    def __init__(self, workers: int = 1, threads: int | None = None) -> None:
        self.workers = workers
        self.threads = threads
        self._all_threads = None if threads is None else workers * threads
        self._pool: ProcessPoolExecutor | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._sent = 0

    def run(
        self,
        step: Step,
        jobs: Sequence[Job],
        whole: Mapping[Need, Sequence[Entry]],
        store: Store,
        listener: Listener | None = None,
        *,
        wait: bool = False,
    ) -> Iterator[Done]:
        """Yield jobs as they end; see :class:`Executor`."""
        alone = self.workers == 1 or len(jobs) == 1 or not step.parallel or not store.keyed
        learned = step.learn(Inputs(store, whole, threads=self._all_threads, listener=listener))
        task = None if alone else self._task(step, learned, whole, store)
        if task is not None:
            yield from self._in_processes(step, task, jobs, store, wait)
            return
        step.prepare(Inputs(store, whole, threads=self._all_threads), learned)
        for job in jobs:
            yield do(step, job, whole, store, self._all_threads, listener, wait=wait)

    def about(self) -> Mapping[str, Any]:
        """Where the work is done."""
        return {"on": "local", "workers": self.workers}

    def close(self) -> None:
        """End the worker processes."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _in_processes(self, step: Step, place: str, jobs: Sequence[Job], store: Store, wait_: bool) -> Iterator[Done]:
        """Do jobs in worker processes.

        A process that is killed costs nothing but time: the jobs that were being done begin again, one at a time, so
        that it is known which of them it is. One that is killed again and again is given up, and the others are done.

        Raises:
            CrosspanError: A job was given up, and the step has nothing to put in its place.
        """
        left = {job.shard: job for job in jobs}
        suspects: list[Job] = []
        lost = LostJobs(step, store, "a worker process ended")
        while left:
            batch = [suspects.pop(0)] if suspects else list(left.values())
            try:
                with closing(self._pooled(place, batch, wait_)) as found:
                    for done in found:
                        del left[done.shard]
                        yield done
                continue
            except BrokenProcessPool:
                at_work = [job for job in batch if job.shard in left and _mark(place, job).exists()] or batch[:1]
            for job in at_work:
                _mark(place, job).unlink(missing_ok=True)
                if lost.begins_again(job):
                    suspects.append(job)
                    continue
                del left[job.shard]
                instead = lost.in_place_of(job)
                if instead is not None:
                    yield instead
                elif len(left) == len(jobs) - 1:  # nothing has gone well yet: it is hardly the shard
                    left = {}
        lost.check()

    def _pooled(self, place: str, jobs: Sequence[Job], wait_: bool) -> Generator[Done, None, None]:
        """Yield jobs as they end in the worker processes."""
        pool = self._workers()
        try:
            waiting: set[Future[Done]] = {pool.submit(_do_here, place, job, wait_) for job in jobs}
            while waiting:
                finished, waiting = wait_for(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BaseException as error:
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            self._pool = None
            pool.shutdown(wait=True, cancel_futures=not isinstance(error, BrokenProcessPool))
            raise

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # "spawn", as what other threads hold, models with threads of their own and GPUs do not survive a fork
            self._pool = ProcessPoolExecutor(self.workers, _Context(), _begin)
        return self._pool

    def _task(self, step: Step, learned: Any, whole: Mapping[Need, Sequence[Entry]], store: Store) -> str | None:
        """A file with what all jobs of a step share, so that each worker reads it once.

        Returns:
            Its path; ``None`` where the step holds something that cannot go to another process, such as an object that
            a script handed over: then it is worked on here.
        """
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="crosspan-")
        self._sent += 1
        path = Path(self._folder.name) / f"{self._sent}"
        threads = self.threads or max(1, cores() // self.workers)
        try:
            path.write_bytes(pickle.dumps((step, learned, whole, store, threads), pickle.HIGHEST_PROTOCOL))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            _logger.info("the step %s is worked on in this process alone: %s", step.name, error)
            return None
        return str(path)


def do(
    step: Step,
    job: Job,
    whole: Mapping[Need, Sequence[Entry]],
    store: Store,
    threads: int | None,
    listener: Listener | None = None,
    *,
    wait: bool = False,
) -> Done:
    """Do one job with a step that is prepared, and keep its result, unless another run is at it or has done it."""
    inputs = Inputs(store, {**whole, **job.entries}, shard=job.shard, threads=threads, listener=listener)
    with store.claim(job.key, wait=wait) as mine:
        if not mine:
            return Done(job.shard, None)
        known = None if step.together else store.find(job.key)
        if known is not None:
            return Done(job.shard, known, computed=False)
        if not step.resumes:
            return _put(step, job, inputs, store)
        with store.unfinished(job.key) as inputs.unfinished:
            return _put(step, job, inputs, store)


def _put(step: Step, job: Job, inputs: Inputs, store: Store) -> Done:
    parts, facts, unsure = step.work(inputs)
    facts = {**facts, UNSURE: True} if unsure else facts
    facts = {**facts, RUN: job.run} if job.run else facts
    facts = {**facts, GPUS: gpus} if (gpus := gpus_used()) else facts
    job.seen.check()
    return Done(job.shard, store.put(job.key, parts, facts, replace=step.together))


def ended(
    executor: Executor,
    step: Step,
    jobs: Sequence[Job],
    whole: Mapping[Need, Sequence[Entry]],
    store: Store,
    listener: Listener | None = None,
) -> Iterator[Done]:
    """Have jobs done, and yield each as it ends: first what nobody is at, then what other runs were at.

    The latter is mostly there by then. A job without an entry is one that another run was at; it comes again.
    """
    left = list(jobs)
    for wait in (False, True):
        if not left:
            return
        if step.parallel and not store.holds:  # another run begins elsewhere, and finds what this one has made
            begin = secrets.randbelow(len(left))
            left = left[begin:] + left[:begin]
        there = set()
        for done in executor.run(step, left, whole, store, listener, wait=wait):
            if done.entry is not None:
                there.add(done.shard)
            yield done
        left = [job for job in left if job.shard not in there]


class LostJobs:
    """What becomes of the jobs of a step whose worker ends while it is at them.

    Each begins again, and is given up the third time; then what the step has to put in its place counts.

    Args:
        step: The step.
        store: Where its results are.
        what: What has happened, for the log.
    """

    def __init__(self, step: Step, store: Store, what: str) -> None:
        self._step = step
        self._store = store
        self._what = what
        self._times: Counter[int] = Counter()
        self._given_up: int | None = None

    def begins_again(self, job: Job) -> bool:
        """Count a loss; whether the job begins again, or is given up."""
        self._times[job.shard] += 1
        again = self._times[job.shard] < TRIES
        if again:
            _logger.warning("%s in %s, shard %d: it begins again", self._what, self._step.name, job.shard)
        return again

    def in_place_of(self, job: Job) -> Done | None:
        """Keep what stands for the result of a job that is given up; ``None`` where the step has nothing.

        Another run may be at it, or have made it: then that counts.
        """
        output = self._step.lost(Inputs(self._store, {}, shard=job.shard))
        if output is None:
            self._given_up = job.shard if self._given_up is None else self._given_up
            return None
        with self._store.claim(job.key) as mine:
            if not mine:
                return Done(job.shard, None)
            known = self._store.find(job.key)
            return Done(job.shard, known or self._store.put(job.key, output.parts, output.facts))

    def check(self) -> None:
        """Raise if a job was given up that nothing stands for.

        Raises:
            CrosspanError: One was.
        """
        if self._given_up is not None:
            raise CrosspanError(
                f"a worker process of the step {self._step.name!r} ended before its work was done, "
                f"{TRIES} times on shard {self._given_up}",
                hint="It may have run out of memory: try again with fewer workers; what is finished is kept.",
            )


def _mark(place: str, job: Job) -> Path:
    """The file that is there while a worker process is at a job."""
    return Path(f"{place}-{job.shard}")


class _Process(SpawnProcess):
    """A process that does not run the user's script anew, which may have no ``__main__`` guard."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  # the name that multiprocessing calls
        with _without_script():
            return SpawnProcess._Popen(process_obj)


class _Context(SpawnContext):
    Process = _Process


@contextmanager
def _without_script() -> Iterator[None]:
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


_here: dict[str, Any] = {"place": None, "at_work": False}


def _begin() -> None:
    """Prepare a worker process; it ends with its parent, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well, which ends us
    signal.signal(signal.SIGTERM, _end)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def _end(number: int, frame: Any) -> None:
    """End the process; a job first leaves what it has open. Outside one the pool would take it for one that failed."""
    if _here["at_work"]:
        sys.exit(1)
    os._exit(1)


def _leave_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _do_here(place: str, job: Job, wait: bool) -> Done:
    mark = _mark(place, job)
    try:
        _here["at_work"] = True
        mark.touch()
        if _here["place"] != place:
            step, learned, whole, store, threads = pickle.loads(Path(place).read_bytes())
            step.prepare(Inputs(store, whole, threads=threads), learned)
            _here.update(place=place, step=step, whole=whole, store=store, threads=threads)
        done = do(_here["step"], job, _here["whole"], _here["store"], _here["threads"], wait=wait)
        mark.unlink()
        return done
    except SystemExit:  # the pool would take it for a result, and go on
        os._exit(1)
    finally:
        _here["at_work"] = False
