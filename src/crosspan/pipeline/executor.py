"""Where the work of a stage is done: in this process, or in worker processes on this machine.

An executor is given jobs and hands back results; it knows nothing of stages but their methods, and workers share
nothing but the folder of the cache. Another one, for many machines, can take its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from crosspan.core.errors import CrosspanError
from crosspan.pipeline.step import Advance, Inputs, Job, Need, Stage
from crosspan.pipeline.store import Entry, Store


class Done(NamedTuple):
    """A job that is done.

    Args:
        shard: Its number.
        entry: Its result, which is in the cache.
    """

    shard: int
    entry: Entry


class Executor(Protocol):
    """Does the jobs of a stage."""

    def run(
        self,
        stage: Stage,
        jobs: Sequence[Job],
        whole: Mapping[Need, Sequence[Entry]],
        store: Store,
        advance: Advance | None = None,
    ) -> Iterator[Done]:
        """Yield jobs as they are done, in any order; each result is in the cache by then."""


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Works on this machine.

    Args:
        workers: Processes to work in; 1 works in this process.
        threads: Threads of each of them; by default all cores, divided among the workers.
    """

    workers: int = 1
    threads: int | None = None

    def run(
        self,
        stage: Stage,
        jobs: Sequence[Job],
        whole: Mapping[Need, Sequence[Entry]],
        store: Store,
        advance: Advance | None = None,
    ) -> Iterator[Done]:
        """Yield jobs as they are done; see :class:`Executor`."""
        n_workers = min(self.workers, len(jobs)) if stage.parallel else 1
        if n_workers > 1:
            threads = self.threads or max(1, (os.cpu_count() or 1) // n_workers)
            yield from _in_processes(stage, jobs, whole, store, n_workers, threads)
            return
        stage.prepare(Inputs(store, whole, threads=self.threads, advance=advance))
        for job in jobs:
            yield do(stage, job, whole, store, self.threads, advance)


def do(
    stage: Stage,
    job: Job,
    whole: Mapping[Need, Sequence[Entry]],
    store: Store,
    threads: int | None,
    advance: Advance | None = None,
) -> Done:
    """Do one job with a stage that is prepared, and keep its result."""
    inputs = Inputs(store, {**whole, **job.entries}, shard=job.shard, threads=threads, advance=advance)
    if not stage.resumes:
        parts, facts = stage.work(inputs)
        return Done(job.shard, store.put(job.key, parts, facts, replace=stage.together))
    with store.unfinished(job.key) as inputs.unfinished:
        parts, facts = stage.work(inputs)
        return Done(job.shard, store.put(job.key, parts, facts, replace=stage.together))


def _in_processes(
    stage: Stage,
    jobs: Sequence[Job],
    whole: Mapping[Need, Sequence[Entry]],
    store: Store,
    n_workers: int,
    threads: int,
) -> Iterator[Done]:
    # "spawn", as compiled code that has used threads does not survive a fork
    pool = ProcessPoolExecutor(n_workers, multiprocessing.get_context("spawn"), _begin, (stage, whole, store, threads))
    try:
        waiting: set[Future[Done]] = {pool.submit(_do_here, job) for job in jobs}
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        raise CrosspanError(
            f"a worker process of the stage {stage.name!r} ended before its work was done",
            hint="It may have run out of memory: try again with fewer workers; what is finished is kept.",
        ) from error
    except BaseException:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_here: dict[str, Any] = {}


def _begin(stage: Stage, whole: Mapping[Need, Sequence[Entry]], store: Store, threads: int) -> None:
    """Prepare a worker process; it ends with its parent, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well, which ends us
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    _here.update(stage=stage, whole=whole, store=store, threads=threads, ready=False)


def _leave_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _do_here(job: Job) -> Done:
    try:
        if not _here["ready"]:  # here, so that an error of it reaches the parent
            _here["stage"].prepare(Inputs(_here["store"], _here["whole"], threads=_here["threads"]))
            _here["ready"] = True
        return do(_here["stage"], job, _here["whole"], _here["store"], _here["threads"])
    except SystemExit:  # the pool would take it for a result, and go on
        os._exit(1)
