"""A lock that may travel: in another process it is a new one, as nobody there can hold it."""

from __future__ import annotations

import threading
from types import TracebackType


class Lock:
    """A lock of one process, for objects that are sent to others.

    Example:
        >>> import pickle
        >>> lock = Lock()
        >>> with lock:
        ...     copy = pickle.loads(pickle.dumps(lock))
        >>> with copy:
        ...     pass
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()
