"""Threads of a CPU: loops of ours that run side by side, and the number that PyTorch uses for a while.

Compiled loops (:mod:`crosspan.core.compiled`) work without the interpreter's lock, so plain threads are enough to run
them side by side: :func:`in_parts`. Numba's own parallel loops are not used. Of the libraries they run on, the only one
that comes along everywhere ends the process when two threads use it at a time, and OpenMP ends it, or waits for ever,
in a process that was forked; PyTorch has it, too, so that one would change the threads of the other.

What is PyTorch's stays PyTorch's: :func:`torch_threads`.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from crosspan.core.errors import MissingDependencyError, UnavailableError

A = TypeVar("A")
B = TypeVar("B")

_PARTS = 4
"""Parts for each thread: who gets the easy ones goes on with others."""


def cores() -> int:
    """How many cores this process may use.

    Example:
        >>> cores() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class Halt(BaseException):
    """Ends a part of :func:`in_parts` that nobody needs any more."""


class Stop:
    """Tells parts of :func:`in_parts` that take long that nobody needs them any more.

    Example:
        >>> stop = Stop()
        >>> stop.check()
        >>> stop.now()
        >>> stop.check()
        Traceback (most recent call last):
        crosspan.core.threads.Halt
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def now(self) -> None:
        """Have them end."""
        self._event.set()

    def check(self) -> None:
        """To be called by a part now and then.

        Raises:
            Halt: It is to end.
        """
        if self._event.is_set():
            raise Halt


def in_parts(
    work: Callable[..., object],
    n: int,
    threads: int | None = None,
    *,
    given: Sequence[Any] = (),
    least: int = 1,
    stop: Stop | None = None,
) -> None:
    """Cut ``range(n)`` into parts, and work on them side by side.

    What ``work`` does must not depend on where the cuts are: it fills places of arrays that belong to its numbers, and
    what it sums up it sums up inside of one number. Then the result is the same for any number of threads. It gains
    by it where it gives the interpreter's lock away, as compiled functions do.

    Nothing is left when it returns: there are no threads that would be missing in a process that is forked, and any
    number of callers may work at a time.

    Args:
        work: Called with the first number of a part, the one behind its last, and what is given.
        n: How many numbers there are.
        threads: How many threads; all cores by default. Where one is enough, none is started.
        given: What every part gets.
        least: So many numbers are worth a thread.
        stop: Stops the parts that are still at work when one has raised something, or when Ctrl-C comes: those look at
            it that take long.

    Raises:
        BaseException: What ``work`` raised first; the parts that nobody had begun are left.

    Example:
        >>> def work(begin, end, squares):
        ...     for i in range(begin, end):
        ...         squares[i] = i * i
        >>> squares = [0] * 10
        >>> in_parts(work, 10, threads=3, given=[squares])
        >>> squares
        [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
    """
    side_by_side = min(threads or cores(), n // max(least, 1))
    if side_by_side <= 1:
        if n > 0:
            work(0, n, *given)
        return
    count = min(n, _PARTS * side_by_side)
    cuts = [n * part // count for part in range(count + 1)]
    waiting = deque(itertools.pairwise(cuts))
    errors: list[BaseException] = []

    def leave() -> None:
        waiting.clear()
        if stop is not None:
            stop.now()

    def go_on() -> None:
        try:
            while True:
                try:
                    begin, end = waiting.popleft()
                except IndexError:
                    return
                work(begin, end, *given)
        except BaseException as error:
            errors.append(error)
            leave()

    others = _started(go_on, side_by_side - 1)
    go_on()
    try:
        for thread in others:
            thread.join()
    except BaseException:  # Ctrl-C
        leave()
        for thread in others:
            thread.join()
        raise
    if errors:
        raise errors[0]


def both(
    one: Callable[[], A], other: Callable[[], B], threads: int | None = None, stop: Stop | None = None
) -> tuple[A, B]:
    """Call two functions side by side where there are threads for it, else one after the other; see :func:`in_parts`.

    Raises:
        BaseException: What either raised first.

    Example:
        >>> both(lambda: "a", lambda: "b", threads=2)
        ('a', 'b')
    """
    found: dict[int, Any] = {}

    def work(first: int, last: int) -> None:
        for at in range(first, last):
            found[at] = (one, other)[at]()

    in_parts(work, 2, threads, stop=stop)
    return found[0], found[1]


def _started(work: Callable[[], None], count: int) -> list[threading.Thread]:
    found = []
    for _ in range(count):
        thread = threading.Thread(target=work, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system gives no more: there is one that works in any case
            break
        found.append(thread)
    return found


@contextmanager
def torch_threads(threads: int | None = None) -> Iterator[None]:
    """Let PyTorch use so many threads; afterwards it has as many as before, whatever came in between.

    Many threads may be inside at the same time, each with a number of its own. In a process that was forked from one
    in which crosspan used PyTorch it is always one: with more, it would wait for threads that are not there.

    Args:
        threads: How many; ``None`` leaves it as it is, and does not load PyTorch where nothing else has.

    Raises:
        MissingDependencyError: A number is given, and PyTorch is not installed.

    Example:
        >>> with torch_threads():
        ...     print("whatever changes it")
        whatever changes it
    """
    torch: Any = sys.modules.get("torch")
    if torch is None and threads is not None:
        try:
            torch = import_module("torch")
        except ImportError as error:
            raise MissingDependencyError(
                "this model needs the package torch", hint="Install it with: pip install 'crosspan[neural]'."
            ) from error
    if torch is None:
        yield
        return
    uses_torch()
    before = _torch.enter(torch)
    if _torch.forked:
        threads = 1
    if threads is not None:
        torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        _torch.leave(torch, before)


class _TorchNumber:
    """PyTorch's number of threads, which belongs to a thread, while new threads get what was last set in any."""

    def __init__(self) -> None:
        self.used = self.forked = False
        self.begin_anew()

    def begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._here = threading.local()
        self._users = 0
        self._original = 1

    def enter(self, torch: Any) -> int:
        """Return the number to go back to."""
        with self._lock:
            self._users += 1
            self._here.depth = getattr(self._here, "depth", 0) + 1
            if self._users > 1 and self._here.depth == 1:  # here it may be what another thread has set for itself
                torch.set_num_threads(self._original)
                return self._original
            number = int(torch.get_num_threads())
            if self._users == 1:
                self._original = number
            return number

    def leave(self, torch: Any, number: int) -> None:
        with self._lock:
            self._users -= 1
            self._here.depth -= 1
            if torch.get_num_threads() != number or not self._users:
                torch.set_num_threads(number)


_torch = _TorchNumber()


def uses_torch() -> None:
    """To be called before PyTorch computes anything, a model that is loaded included; see :func:`torch_threads`."""
    _torch.used = True


class Home:
    """The process in which an object was made whose own threads, or whose GPU, cannot come along into a fork of it.

    Sent to another process by pickle, what it belongs to is loaded anew there, and at home.

    Args:
        what: What the object is, for the message.

    Example:
        >>> Home("the translator").check()
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._process = os.getpid()

    def check(self) -> None:
        """Refuse to be used in a fork.

        Raises:
            UnavailableError: This is another process than that in which the object was made.
        """
        if os.getpid() != self._process:
            raise UnavailableError(
                f"{self._what} was loaded before this process was forked, and cannot be used here",
                hint="Load it in this process, or start processes with 'spawn' instead of 'fork'.",
            )

    def __reduce__(self) -> tuple[type[Home], tuple[str]]:
        return Home, (self._what,)


def _after_fork() -> None:
    _torch.begin_anew()
    limit = getattr(sys.modules.get("torch"), "set_num_threads", None)
    if _torch.used and limit is not None:
        _torch.forked = True
        limit(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
