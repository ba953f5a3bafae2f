"""Where work is done, as a user says it: on this machine, or on a cluster."""

from __future__ import annotations

from crosspan.core.errors import OptionError
from crosspan.pipeline.executor import Executor, LocalExecutor

HERE = "local"
"""This machine."""


def executor_on(
    on: str = HERE, *, workers: int | None = None, threads: int | None = None, gpus_per_worker: float | None = 0.0
) -> Executor:
    """What does the work there.

    Args:
        on: ``"local"``: this machine; ``"ray"``: a Ray cluster that runs here or is named by ``RAY_ADDRESS``, else one
            that is started here; ``"ray://HOST:10001"``: that cluster.
        workers: Processes; by default 1 here, and on a cluster as many as it has room for.
        threads: Threads of each; by default all cores, divided among the workers.
        gpus_per_worker: GPUs of each, on a cluster; ``None`` for 1 where it has some.

    Raises:
        OptionError: There is no such place, or a number is too small.
        UnavailableError: There is no such cluster, or Ray is not installed.

    Example:
        >>> executor_on(workers=2).workers
        2
    """
    if (workers is not None and workers < 1) or (threads is not None and threads < 1):
        raise OptionError("workers and threads must be at least 1")
    if gpus_per_worker is not None and gpus_per_worker < 0:
        raise OptionError("workers cannot have less than no GPU")
    if on == HERE:
        if gpus_per_worker:
            raise OptionError(
                "on this machine GPUs are not given out", hint="Name the device of a component, or work on ray."
            )
        return LocalExecutor(workers or 1, threads)
    if on != "ray" and not on.startswith("ray://"):
        raise OptionError(f"there is no place {on!r} to work on", hint="Choose local, ray, or ray://HOST:10001.")
    from crosspan.pipeline.ray_executor import RayExecutor

    address = "" if on == "ray" else on
    return RayExecutor(address, workers=workers, threads=threads, gpus_per_worker=gpus_per_worker)
