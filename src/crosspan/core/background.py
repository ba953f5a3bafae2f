"""Threads that wait for others, such as servers, and that nobody has to wait for."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_LOOK = 0.2
"""Seconds after which a waiting main thread looks for signals, where the system does not wake it up."""


class Background(Generic[T, R]):
    """Items, each worked on by a function in one of some threads.

    The threads of :mod:`concurrent.futures` are waited for, at the latest when Python ends; a function that waits for a
    server then keeps Ctrl-C waiting as well. These are not: who iterates gets what ends, and :meth:`give_up` returns at
    once.

    Args:
        function: Called with an item, and an event that is set once the work is given up; then it should end.
        items: What to work on.
        threads: How many at a time.

    Example:
        >>> work = Background(lambda item, given_up: item * 2, [1, 2, 3], threads=2)
        >>> sorted(work)
        [(1, 2), (2, 4), (3, 6)]
    """

    def __init__(self, function: Callable[[T, threading.Event], R], items: Iterable[T], threads: int) -> None:
        self._function = function
        self._waiting = deque(items)
        self._left = len(self._waiting)
        self._ended: queue.SimpleQueue[tuple[T, R | BaseException, bool]] = queue.SimpleQueue()
        self._given_up = threading.Event()
        for _ in range(min(threads, self._left)):
            threading.Thread(target=self._work, daemon=True, name="crosspan-background").start()

    def __iter__(self) -> Iterator[tuple[T, R]]:
        """Yield items with what became of them, as they end; raise what the function raised, which ends the work."""
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

    def give_up(self) -> None:
        """End the work: nothing more is begun, and nothing is waited for."""
        self._given_up.set()

    def _work(self) -> None:
        while not self._given_up.is_set():
            try:
                item = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._ended.put((item, self._function(item, self._given_up), True))
            except BaseException as error:  # for who iterates; nothing more is begun meanwhile
                self._ended.put((item, error, False))
                self._given_up.set()
