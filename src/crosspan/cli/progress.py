"""Progress on standard error: bars where a person looks at it, else a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from crosspan.cli.messages import say
from crosspan.core.progress import Listener, Progress
from crosspan.core.shown import printable

EVERY = 10.0
"""Seconds between two plain lines."""

_MOST_BARS = 6
"""Bars that are shown at a time: of the stages that were heard of last."""


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Listener | None]:
    """Show how far work is while the block runs.

    On a terminal each stage has a bar, and the bars are removed at the end. Elsewhere a line is written every ten
    seconds, and one for each stage that ended after as long.

    Args:
        quiet: Show nothing.

    Yields:
        Who is to be told; ``None`` with ``quiet``.

    Example:
        >>> with progress_bars(quiet=True) as progress:
        ...     progress is None
        True
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as bars, _telling(lambda line: bars.console.print(printable(line), highlight=False, markup=False)):
            yield BarListener(bars)
    else:
        lines = Lines(say, EVERY)
        try:
            with _telling(lines.write):
                yield lines
        finally:
            lines.end()


@contextmanager
def _telling(write: Callable[[str], object]) -> Iterator[None]:
    """Pass on what a user would else take for a program that hangs: the first run compiles code."""
    import logging

    class Passing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            write(f"crosspan: {record.getMessage()}")

    logger, handler = logging.getLogger("crosspan.core.compiled"), Passing()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextmanager
def _bars() -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<12}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[measured]}", markup=False),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield bars


class BarListener:
    """Keeps a bar for each stage, and shows those of the stages that run.

    Args:
        bars: The bars of ``rich``.
    """

    def __init__(self, bars: Any) -> None:
        self.bars = bars
        self._tasks: dict[str, Any] = {}
        self._done: dict[str, int] = {}

    def __call__(self, event: Progress) -> None:
        """Move the bar of a stage."""
        if event.stage not in self._tasks:
            self._tasks[event.stage] = self.bars.add_task(event.stage, total=None, measured="")
            self._hide_oldest()
        task = self._tasks[event.stage]
        if event.done < self._done.get(event.stage, 0):  # the stage begins anew, with other sentences
            self.bars.reset(task)
        self._done[event.stage] = event.done
        measured = {"measured": metrics_text(event)} if event.metrics else {}
        self.bars.update(task, completed=event.done, total=event.total or None, **measured)

    def _hide_oldest(self) -> None:
        """Make room: stages that were first heard of long ago are over."""
        for stage in list(self._tasks)[:-_MOST_BARS]:
            self.bars.update(self._tasks[stage], visible=False)


class Lines:
    """Tells of progress in plain lines, but seldom.

    Args:
        write: What a line goes to.
        every: Seconds between two lines.
        clock: Tells the time in seconds.

    Example:
        >>> times = iter([0.0, 1.0, 12.0, 13.0])
        >>> lines = Lines(print, clock=lambda: next(times))
        >>> lines(Progress("training", 1, 20))
        >>> lines(Progress("training", 9, 20, {"loss": 0.41}))
        training: 9 of 20, loss 0.41
        >>> lines(Progress("training", 20, 20, {"loss": 0.39}))
        >>> lines.end()
        training: 20 of 20, loss 0.39; 12 s
    """

    def __init__(
        self, write: Callable[[str], object], every: float = EVERY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.write = write
        self.every = every
        self.clock = clock
        self._now = self._heard = self._said = clock()
        self._began: dict[str, float] = {}
        self._last: Progress | None = None
        self._told: Progress | None = None

    def __call__(self, event: Progress) -> None:
        """Take note of an event; tell it where nothing was told for a while."""
        self._now = self.clock()
        if self._last is not None and self._last.stage != event.stage:
            self.end()
        self._heard = self._now
        self._began.setdefault(event.stage, self._now)
        self._last = event
        if self._now - self._said >= self.every:
            self._say(event)

    def end(self) -> None:
        """Tell of the stage that was heard of last, if it is done and took a while."""
        last = self._last
        if last is None or not last.total or last.done < last.total:
            return
        seconds = self._heard - self._began[last.stage]
        if seconds >= self.every and last is not self._told:
            self._say(last, f"; {seconds:.0f} s")
        self._last = None

    def _say(self, event: Progress, end: str = "") -> None:
        self._said = self._now
        self._told = event
        self.write(f"{event_text(event)}{end}")


def event_text(event: Progress) -> str:
    """An event in a few words.

    Example:
        >>> event_text(Progress("aligning", 1200, 3983)), event_text(Progress("reading", 8))
        ('aligning: 1,200 of 3,983', 'reading: 8')
    """
    parts = [f"{event.done:,} of {event.total:,}" if event.total else f"{event.done:,}"]
    measured = metrics_text(event)
    return f"{event.stage}: {', '.join([*parts, *([measured] if measured else [])])}"


def metrics_text(event: Progress) -> str:
    """What was measured.

    Example:
        >>> metrics_text(Progress("training", 1, 2, {"loss": 0.4126, "dev_f1": 0.7}))
        'loss 0.413, dev_f1 0.7'
    """
    return ", ".join(f"{name} {value:.3g}" for name, value in event.metrics.items())
