"""A lock that may travel: in another process it is a new one, as nobody there can hold it."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from weakref import WeakSet


class Lock:
    """A lock of one process, for objects that are sent to others; the thread that holds it may take it again.

    A process that was forked has only the thread that forked it. What other threads held at that moment, which would
    be held for ever there, is free.

    Example:
        >>> import pickle
        >>> lock = Lock()
        >>> with lock, lock:
        ...     copy = pickle.loads(pickle.dumps(lock))
        >>> with copy:
        ...     pass
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.add(self)

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()

    def _free(self) -> None:
        """To be called in a process that was forked, while it has one thread."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()


_all: WeakSet[Lock] = WeakSet()


def _free_all() -> None:
    for lock in list(_all):
        lock._free()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
