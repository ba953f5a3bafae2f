"""Threads that wait for others, such as servers, and that nobody has to wait for."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_LOOK = 0.2
"""Seconds after which a waiting main thread looks for signals, where the system does not wake it up."""


class Background(Generic[T, R]):
    """Items, each worked on by a function in one of some threads; use it in a ``with``, and iterate there.

    The threads of :mod:`concurrent.futures` are waited for whatever happens, at the latest when Python ends; a function
    that waits for a server then keeps Ctrl-C waiting as well. These are not. Where the ``with`` ends with an error, no
    further item is begun, and those that are under way come to their end, as they may have cost something; where it is
    left otherwise, as by Ctrl-C, nothing is waited for.

    Args:
        function: Called with an item and this object, whose events it should look at.
        items: What to work on.
        threads: How many at a time.

    Attributes:
        ending: Is set where nothing more should be begun.
        given_up: Is set where the function should come to an end at once.

    Example:
        >>> with Background(lambda item, work: item * 2, [1, 2, 3], threads=2) as work:
        ...     print(sorted(work))
        [(1, 2), (2, 4), (3, 6)]
    """

    def __init__(self, function: Callable[[T, Background[T, R]], R], items: Iterable[T], threads: int) -> None:
        self.ending = threading.Event()
        self.given_up = threading.Event()
        self._function = function
        self._waiting = deque(items)
        self._left = len(self._waiting)
        self._ended: queue.SimpleQueue[tuple[T, R | BaseException, bool]] = queue.SimpleQueue()
        n_threads = min(threads, self._left)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(n_threads)]

    def __enter__(self) -> Background[T, R]:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        try:
            if isinstance(error, Exception):
                for thread in self._threads:
                    while thread.is_alive():
                        thread.join(_LOOK)
        finally:
            self.given_up.set()

    def __iter__(self) -> Iterator[tuple[T, R]]:
        """Yield items with what became of them, as they end; raise what the function raised."""
        while self._left:
            try:
                item, result, well = self._ended.get(timeout=_LOOK)
            except queue.Empty:
                continue
            self._left -= 1
            if not well:
                assert isinstance(result, BaseException)
                raise result
            yield item, result  # type: ignore[misc]

    def _work(self) -> None:
        while not self.ending.is_set():
            try:
                item = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._ended.put((item, self._function(item, self), True))
            except BaseException as error:  # for who iterates; nothing more is begun meanwhile
                self._ended.put((item, error, False))
                self.ending.set()
