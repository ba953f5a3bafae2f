"""The workers of a Ray cluster: one pool for a whole run, of which each that is lost is replaced."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from crosspan.core.errors import MissingDependencyError, OptionError, UnavailableError
from crosspan.core.failures import in_words
from crosspan.core.logs import ROOT, logger_of
from crosspan.core.progress import Listener, Progress
from crosspan.pipeline.ray_worker import Logged, RayEar, RayWorker, Warned

_logger = logger_of(__name__)

_TICK = 0.5
"""Seconds after which it is looked what workers have told."""

_PATIENCE = 600.0
"""Seconds after which it is given up that any worker starts."""

_SOON = 15.0
"""Seconds after which it is said that none has started."""

_STARTS = 3
"""How many workers may end while they start, one after the other, before it is clear that none will."""


def _logged(data: Mapping[str, Any], *more: Any, **how: Any) -> None:
    """Log what Ray tells of workers that end, which it prints else, on standard output."""
    for line in data["lines"]:
        _logger.info("%s: %s", data["pid"], line)


@dataclass(eq=False, slots=True)
class RaySeat:
    """A worker.

    Args:
        worker: The handle of its actor.
        about: Where it is; empty while it starts.
    """

    worker: Any
    about: Mapping[str, Any] = field(default_factory=dict)


def ray_module() -> Any:
    """The package Ray.

    Raises:
        MissingDependencyError: It is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of what runs here
    try:
        import ray
        import ray.cloudpickle
        import ray.exceptions
    except ImportError as error:
        raise MissingDependencyError(
            "a cluster needs the package ray", hint="Install it with: pip install 'crosspan[ray]'."
        ) from error
    return ray


class RayPool:
    """Workers on a cluster.

    Ray itself restarts nothing and tries nothing again: what becomes of a job whose worker is lost, its executor says.

    Args:
        address: Of the cluster: ``ray://HOST:10001``; empty for one that runs here, or one that is started here.
        workers: How many; by default as many as the cluster has room for.
        threads: Threads of each, and the cores that it takes; by default the cores, shared out.
        gpus: GPUs of each; ``None`` for 1 where the cluster has some.

    Attributes:
        free: Workers that have nothing to do.

    Raises:
        MissingDependencyError: Ray is not installed.
        UnavailableError: There is no such cluster.
        OptionError: No machine of it has so many cores.
    """

    def __init__(self, address: str, workers: int | None, threads: int | None, gpus: float | None) -> None:
        self._ray = ray_module()
        self._quiet = ExitStack()
        self._quiet.enter_context(self._private("worker", "print_to_stdstream", _logged))
        self._ours = self._connected(address)
        self.gpus = float(self._ray.cluster_resources().get("GPU", 0) > 0) if gpus is None else gpus
        self.workers, self.threads = self._sizes(workers, threads, self.gpus)
        self.free: list[RaySeat] = []
        self._starting: dict[Any, RaySeat] = {}
        self._n = 0
        self._failed: list[Exception] = []
        self._since = time.monotonic()
        self._said = False
        self._listened = 0.0
        self._nodes: set[str] = set()
        self._ear = self._ray.remote(RayEar).options(num_cpus=0, max_restarts=0).remote()
        self._class = self._ray.remote(RayWorker)

    def grow(self, wanted: int) -> None:
        """Have as many workers as are wanted, or as there may be."""
        level = logging.getLogger(ROOT).getEffectiveLevel()
        while self._n < min(wanted, self.workers):
            worker = self._class.options(
                num_cpus=self.threads,
                num_gpus=self.gpus,
                max_restarts=0,
                max_task_retries=0,
                scheduling_strategy="SPREAD",
            ).remote(self._ear, os.getcwd(), level)
            self._starting[worker.about.remote()] = RaySeat(worker)
            self._n += 1

    def put(self, value: Any) -> Any:
        """A reference to a value, as pickled bytes; also of a class that only the main script has.

        Raises:
            PicklingError, AttributeError, TypeError: It cannot be sent.
        """
        pickled: bytes = self._ray.cloudpickle.dumps(value)
        return self._ray.put(pickled)

    def wait(self, busy: Collection[Any]) -> list[Any]:
        """Wait a moment until workers have ended what they do; those that have started become free meanwhile.

        Args:
            busy: References to what they do.

        Returns:
            Which of these has ended.

        Raises:
            UnavailableError: Workers do not start.
        """
        known = [*busy, *self._starting]
        try:
            ready, _ = self._ray.wait(known, num_returns=1, timeout=_TICK)
            if ready:  # what else has ended meanwhile
                ready, _ = self._ray.wait(known, num_returns=len(known), timeout=0)
        except ConnectionError as error:
            raise UnavailableError("the cluster does not answer", hint="What is finished is kept.") from error
        for one in ready:
            if one in self._starting:
                self._started(one)
        if busy or self.free:
            self._since = time.monotonic()
        else:
            self._worry()
        return [one for one in ready if one in busy]

    def result(self, reference: Any, seat: RaySeat) -> Any:
        """What a worker gives back, which is free then; ``None`` where it was lost."""
        try:
            found = self._ray.get(reference)
        except self._ray.exceptions.RayActorError as error:
            _logger.info("a worker on %s was lost: %s", seat.about.get("node"), in_words(error))
            self.drop(seat)
            return None
        except self._ray.exceptions.RayError as error:
            raise UnavailableError(
                f"the cluster fails ({in_words(error)})", hint="What is finished is kept."
            ) from error
        self.free.append(seat)
        return found

    def drop(self, seat: RaySeat) -> None:
        """End a worker, whatever it does."""
        self._n -= 1
        with suppress(Exception):  # it may have ended
            self._ray.kill(seat.worker)

    def listen(self, listener: Listener | None, *, now: bool = False) -> None:
        """Pass on what workers have told: their logs, their warnings, and how far they are."""
        if not now and time.monotonic() - self._listened < _TICK:
            return
        self._listened = time.monotonic()
        told = []
        with suppress(self._ray.exceptions.RayError):  # its machine may be gone: what it heard is lost
            told = self._ray.get(self._ear.heard.remote(), timeout=5)
        for event in told:
            if isinstance(event, Progress):
                if listener is not None:
                    listener(event)
            elif isinstance(event, Logged):
                logging.getLogger(event.logger).log(event.level, "%s", event.text)
            elif isinstance(event, Warned):
                warnings.warn(event.message, event.category, stacklevel=2)

    def about(self) -> dict[str, Any]:
        """What was used of the cluster, for the report of a run."""
        return {
            "workers": self.workers,
            "threads": self.threads,
            "gpus_per_worker": self.gpus,
            "nodes": sorted(self._nodes),
        }

    def close(self) -> None:
        """End all workers, and the cluster if it was started for them."""
        for seat in (*self.free, *self._starting.values()):
            self.drop(seat)
        self.free, self._starting = [], {}
        with suppress(Exception):
            self._ray.kill(self._ear)
        if self._ours:
            self._ray.shutdown()
        self._quiet.close()

    @contextmanager
    def _private(self, module: str, name: str, value: Any) -> Iterator[None]:
        """Have another value in a module of Ray, for what it has no setting for; without effect where it is gone."""
        place = getattr(self._ray._private, module, None)
        if not hasattr(place, name):
            yield
            return
        before = getattr(place, name)
        setattr(place, name, value)
        try:
            yield
        finally:
            setattr(place, name, before)

    def _connected(self, address: str) -> bool:
        """Whether it was connected here; else a program has done so before."""
        ray = self._ray
        if ray.is_initialized():
            return False
        how: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if address or os.environ.get("RAY_ADDRESS"):
                ray.init(address or None, **how)
                return True
            try:
                ray.init("auto", **how)
            except ConnectionError:  # none runs here
                with self._private("ray_constants", "ENABLE_RAY_CLUSTER", False):  # nobody reaches it from elsewhere
                    ray.init(include_dashboard=False, **how)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise UnavailableError(
                f"there is no cluster ({in_words(error)})",
                where=address or os.environ.get("RAY_ADDRESS") or "ray",
                hint="Start one with 'ray start --head', or check its address.",
            ) from error
        return True

    def _sizes(self, workers: int | None, threads: int | None, gpus: float) -> tuple[int, int]:
        """How many workers there are, and how many threads each has."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cores = [int(one.get("CPU", 0)) for one in nodes]
        most = max(1, *cores)
        if threads is not None and threads > most:
            raise OptionError(
                f"no machine of the cluster has {threads} cores", hint=f"The largest has {most}: lower --threads."
            )
        if gpus:
            n_gpus = sum(int(one.get("GPU", 0) / gpus) for one in nodes)
            wanted = workers or max(1, n_gpus)
        else:
            wanted = workers or max(1, sum(one // (threads or 1) for one in cores))
        return wanted, threads or max(1, min(sum(cores) // wanted, min(filter(None, cores), default=1)))

    def _started(self, reference: Any) -> None:
        seat = self._starting.pop(reference)
        try:
            seat.about = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self.drop(seat)
            self._failed.append(error)
            if len(self._failed) == _STARTS:
                raise UnavailableError(
                    f"workers end while they start ({in_words(error)})",
                    hint="Install the same crosspan on every machine of the cluster, and look into the logs of Ray.",
                ) from error
            return
        self._failed = []
        self._nodes.add(str(seat.about["node"]))
        self.free.append(seat)

    def _worry(self) -> None:
        """Nothing is done, and no worker is there: say so, and give up in the end."""
        waited = time.monotonic() - self._since
        if waited > _SOON and not self._said:
            self._said = True
            there = {name: self._ray.cluster_resources().get(name, 0) for name in ("CPU", "GPU")}
            _logger.warning(
                "no worker has started yet: each takes %s cores and %s GPUs, and the cluster has %s and %s in all",
                *(self.threads, self.gpus, there["CPU"], there["GPU"]),
            )
        if waited > _PATIENCE:
            raise UnavailableError(
                f"no worker has started for {_PATIENCE / 60:.0f} minutes",
                hint="The cluster has no room: lower --threads or --gpus-per-worker, or add machines.",
            )
