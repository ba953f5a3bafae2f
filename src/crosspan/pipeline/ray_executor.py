"""Where the work of a step is done: on a Ray cluster, of one machine or of many.

Workers hold models and GPUs, and stay for all steps of a run. They share nothing but the store, which all machines must
see: a folder that they share, or a bucket. A worker or a machine that is lost costs its jobs, which begin again on
another, and not the run.
"""

from __future__ import annotations

import itertools
import os
import pickle
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosspan.core.logs import logger_of
from crosspan.core.progress import Listener
from crosspan.pipeline.executor import Done, LostJobs, do
from crosspan.pipeline.keys import step_digest
from crosspan.pipeline.ray_pool import RayPool, RaySeat
from crosspan.pipeline.ray_worker import RayTask
from crosspan.pipeline.step import Inputs, Job, Need, Step
from crosspan.pipeline.store import Entry, Store

_logger = logger_of(__name__)

_numbers = itertools.count(1)


class RayExecutor:
    """Works on a Ray cluster; its workers are started once, and stay for all steps.

    What is a single piece of work, such as learning from the whole corpus, is done by the process that gives out the
    work, with all its cores, as it is without a cluster; but where workers have GPUs, one of them does it.

    Args:
        address: Of the cluster: ``ray://HOST:10001``; empty for one that runs here, or one that is started here.
        workers: How many workers; by default as many as the cluster has room for.
        threads: Threads of each, and the cores that it takes; by default the cores, shared out.
        gpus_per_worker: GPUs of each; a part of one can be shared; ``None`` for 1 where the cluster has some.

    """

    def __init__(
        self,
        address: str = "",
        *,
        workers: int | None = None,
        threads: int | None = None,
        gpus_per_worker: float | None = 0.0,
    ) -> None:
        self.address = address
        self.workers = workers
        self.threads = threads
        self.gpus_per_worker = gpus_per_worker
        self._pool: RayPool | None = None
        self._used: dict[str, Any] = {"workers": 0}

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
        """Yield jobs as they end; see :class:`crosspan.pipeline.executor.Executor`.

        Raises:
            MissingDependencyError: Ray is not installed.
            UnavailableError: There is no such cluster, or it fails.
            OptionError: No machine of it has so many cores.
        """
        many = step.parallel or (step.single and self.gpus_per_worker != 0)
        learned = step.learn(Inputs(store, whole, listener=listener))
        task = self._task(step, learned, whole, store) if many and store.keyed else None
        if task is None:
            step.prepare(Inputs(store, whole), learned)
            for job in jobs:
                yield do(step, job, whole, store, None, listener, wait=wait)
            return
        yield from self._on_workers(step, task, jobs, store, listener, wait)

    def about(self) -> Mapping[str, Any]:
        """What was used of the cluster, for the report of a run."""
        return {"on": "ray", **(self._used if self._pool is None else self._pool.about())}

    def close(self) -> None:
        """End the workers, and the cluster if it was started for them."""
        pool, self._pool = self._pool, None
        if pool is not None:
            self._used = pool.about()
            pool.close()

    def _workers(self) -> RayPool:
        if self._pool is None:
            self._pool = RayPool(self.address, self.workers, self.threads, self.gpus_per_worker)
        return self._pool

    def _on_workers(
        self, step: Step, task: Any, jobs: Sequence[Job], store: Store, listener: Listener | None, wait: bool
    ) -> Iterator[Done]:
        """Do jobs on workers, one a worker at a time.

        Raises:
            CrosspanError: A job was given up, and the step has nothing to put in its place.
        """
        place, pool = f"{os.getpid()}-{next(_numbers)}", self._workers()
        waiting, busy = deque(jobs), dict[Any, tuple[RaySeat, Job]]()
        lost, well = LostJobs(step, store, "a worker was lost"), 0
        try:
            while waiting or busy:
                pool.grow(len(waiting) + len(busy))
                while waiting and pool.free:
                    seat, job = pool.free.pop(), waiting.popleft()
                    busy[seat.worker.do.remote(place, [task], job, wait, len(jobs) == 1)] = seat, job
                for reference in pool.wait(busy):
                    seat, job = busy.pop(reference)
                    found = pool.result(reference, seat)
                    if isinstance(found, Exception):
                        raise found
                    if found is not None:
                        well += 1
                        yield found
                        continue
                    if lost.begins_again(job):
                        waiting.append(job)
                        continue
                    instead = lost.in_place_of(job)
                    if instead is not None:
                        yield instead
                    elif not well:  # nothing has gone well yet: it is hardly the shard
                        waiting.clear()
                pool.listen(listener)
        finally:
            for seat, _ in busy.values():
                pool.drop(seat)
            pool.listen(listener, now=True)
        lost.check()

    def _task(self, step: Step, learned: Any, whole: Mapping[Need, Sequence[Entry]], store: Store) -> Any:
        """A reference to what all jobs of a step share; ``None`` where the step holds what cannot be sent."""
        pool = self._workers()
        try:
            return pool.put(RayTask(step, learned, whole, store, pool.threads, step_digest(step)))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            _logger.info("the step %s is worked on in this process alone: %s", step.name, error)
            return None
