"""What runs in the processes of a Ray cluster: workers, and an ear that hears what they have to tell.

Nothing here needs Ray to be imported but inside a worker.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from crosspan.core.errors import CrosspanError, UnavailableError
from crosspan.core.failures import in_words
from crosspan.core.logs import ROOT
from crosspan.core.progress import Progress
from crosspan.pipeline.executor import Done, do
from crosspan.pipeline.keys import step_digest
from crosspan.pipeline.step import Inputs, Job, Need, Step
from crosspan.pipeline.store import Entry, Store

_OFTEN = 0.3
"""Seconds between two events of progress that are told; the last is told always."""


class Logged(NamedTuple):
    """A line of a worker's log.

    Args:
        logger: Who logged it.
        level: How grave it is.
        text: What it says.
    """

    logger: str
    level: int
    text: str


class Warned(NamedTuple):
    """A Python warning of a worker.

    Args:
        message: What it says.
        category: Its class.
    """

    message: str
    category: type[Warning]


Told = Logged | Warned | Progress
"""What a worker tells while it works."""


class RayEar:
    """Keeps what workers tell until it is asked for."""

    def __init__(self) -> None:
        self._told: list[Told] = []

    def tell(self, event: Told) -> None:
        """Take note of something."""
        self._told.append(event)

    def heard(self) -> list[Told]:
        """What was told since the last call."""
        told, self._told = self._told, []
        return told


class RayTask(NamedTuple):
    """What all jobs of a step share.

    Args:
        step: The step.
        learned: What it learned of the whole corpus.
        whole: Results that are needed of all shards.
        store: Where results are.
        threads: Threads of a worker.
        digest: What the results depend on, on the machine that gives out the work.
    """

    step: Step
    learned: Any
    whole: Mapping[Need, Sequence[Entry]]
    store: Store
    threads: int
    digest: str


class RayWorker:
    """A process of a cluster that does one job after the other, and stays ready for the step at hand.

    Args:
        ear: The actor that hears what it has to tell.
        folder: The working directory of who gives out the work: relative paths are of there.
        level: Which lines of its log are told.
    """

    def __init__(self, ear: Any, folder: str, level: int) -> None:
        self._ear = ear
        self._place = ""
        self._task: RayTask | None = None
        if os.path.isdir(folder):
            os.chdir(folder)
        logger = logging.getLogger(ROOT)
        logger.setLevel(min(level, logging.INFO))
        logger.addHandler(logging.StreamHandler())  # which Ray keeps in a file
        logger.addHandler(_Teller(self._tell, level))
        warnings.showwarning = self._warned

    def about(self) -> dict[str, Any]:
        """Where it is."""
        return {"node": socket.gethostname(), "pid": os.getpid()}

    def do(self, place: str, task: Sequence[Any], job: Job, wait: bool, tells: bool) -> Done | Exception:
        """Do a job.

        Args:
            place: Which task it is of.
            task: A reference to that, as pickled bytes.
            job: The job.
            wait: Whether to wait while another run is at it.
            tells: Whether its progress is told.

        Returns:
            The job as it ended, or what was raised: who gives out the work raises it again.
        """
        try:
            if self._place != place:
                self._prepare(task, job)
                self._place = place
            assert self._task is not None
            step, _, whole, store, threads, _ = self._task
            listener = _Listener(self._tell) if tells else None
            return do(step, job, whole, store, threads, listener, wait=wait)
        except Exception as error:  # whatever a component raises
            return _sendable(error)

    def _prepare(self, task: Sequence[Any], job: Job) -> None:
        import ray

        self._place, self._task = "", None
        found: RayTask = pickle.loads(ray.get(task[0]))
        try:
            if "__main__" not in (type(found.step).__module__, *found.step.roots()) and (
                step_digest(found.step) != found.digest
            ):
                raise UnavailableError(
                    "a worker has other code, other packages or other models than the machine that gives out the work",
                    hint="Install the same on all machines, and keep models where all of them see them.",
                )
            _check_seen(found.store, [*found.whole.values(), *job.entries.values()])
            found.step.prepare(Inputs(found.store, found.whole, threads=found.threads), found.learned)
        except CrosspanError as error:
            error.where = " on ".join(filter(None, (error.where, socket.gethostname())))
            raise
        self._task = found

    def _tell(self, event: Told) -> None:
        self._ear.tell.remote(event)

    def _warned(self, message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        sys.stderr.write(warnings.formatwarning(message, category, *place[:2]))  # which Ray keeps in a file
        self._tell(Warned(str(message), category))


def _check_seen(store: Store, needed: Sequence[Sequence[Entry]]) -> None:
    """Raise where the store is a folder of another machine.

    Args:
        store: The store.
        needed: Results that were found in it.

    Raises:
        UnavailableError: It is.
    """
    sure = [entries[0] for entries in needed if entries and not entries[0].unsure]
    if sure and store.find(sure[0].key) is None:
        raise UnavailableError(
            "the worker does not see what the step before it has made",
            where=str(store),
            hint="Name a folder that all machines share, or a bucket, with --cache.",
        )


class _Teller(logging.Handler):
    """Tells lines of the log."""

    def __init__(self, tell: Any, level: int) -> None:
        super().__init__(level)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Logged(record.name, record.levelno, record.getMessage()))


class _Listener:
    """Tells progress, and not too often."""

    def __init__(self, tell: Any) -> None:
        self._tell = tell
        self._last = 0.0

    def __call__(self, event: Progress) -> None:
        now = time.monotonic()
        if event.done == event.total or now - self._last > _OFTEN:
            self._last = now
            self._tell(Progress(event.stage, event.done, event.total, dict(event.metrics)))


def _sendable(error: Exception) -> Exception:
    """An error that another process can read, with the place where it was raised."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class does
        return RuntimeError(in_words(error))
    return error
