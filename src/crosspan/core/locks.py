"""Locks: one of a process, which may travel to others and is a new one there, and one of all processes on a file."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from weakref import WeakSet

from crosspan.core.errors import OutputError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

_POLL_S = 0.2
"""Seconds between two looks at a lock, where the system cannot wait for it."""


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


@contextmanager
def only_one(path: Path, wait: bool = False) -> Iterator[bool]:
    """Hold a lock on a file that ends with the process, however that ends; the file is gone afterwards.

    Where a disk has no locks, everybody holds it: what it guards must be right all the same, only slower.

    Args:
        path: The file; its folder must be there.
        wait: Whether to wait while another process, or another block of this one, holds it.

    Yields:
        Whether it is held here; always so after waiting.

    Raises:
        OutputError: The file cannot be made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with only_one(Path(folder) / "lock") as mine, only_one(Path(folder) / "lock") as again:
        ...         mine, again
        (True, False)
    """
    while True:
        number = _opened(path)
        mine = locked(number, wait)
        if not mine or _same(number, path):
            break
        os.close(number)  # who held it before has removed the file: there is another, or none
    try:
        try:
            yield mine
        finally:
            if mine:
                with suppress(OSError):  # Windows does not remove a file that is open
                    path.unlink()
                _unlock(number)
    finally:
        os.close(number)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(
            f"the file cannot be made: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint="Make room for it, or mend the permissions of its folder.",
        ) from error


def locked(number: int, wait: bool) -> bool:
    """Lock an open file until it is closed, where the system has such locks.

    Args:
        number: Its number.
        wait: Whether to wait for who has it.

    Returns:
        Whether it is locked now, and by nobody else.
    """
    while True:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                import fcntl

                fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return True  # a folder without locks: work may be done twice, which does no harm
            if not wait:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def _unlock(number: int) -> None:
    """Give a lock up, also where a process that was forked meanwhile has its file open still."""
    with suppress(OSError):
        if os.name != "nt":
            import fcntl

            fcntl.flock(number, fcntl.LOCK_UN)


def _same(number: int, path: Path) -> bool:
    """Whether an open file is still there under its name, and not removed by who held the lock before."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except OSError:
        return False
