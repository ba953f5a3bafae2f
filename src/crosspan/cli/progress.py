"""Progress bars on standard error, where a person looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crosspan.core.progress import Listener

StageProgress = Callable[[str, int, int], None]
"""Called with the name of the stage, what is done of it, and all there is of it as far as known (0: unknown)."""


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[StageProgress | None]:
    """Show one bar a stage while the block runs, and remove them at its end.

    Args:
        quiet: Show nothing.

    Yields:
        What to call with ``(stage, done, total)``; ``None`` where nothing is to be shown: with ``quiet``, or where
        standard error is not a terminal.

    Example:
        >>> with progress_bars(quiet=True) as progress:
        ...     progress is None
        True
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]

        yield advance


def heard_by(progress: StageProgress | None) -> Listener | None:
    """A listener that shows events as bars.

    Example:
        >>> from crosspan.core.progress import Progress
        >>> heard_by(lambda *bar: print(bar))(Progress("training", 1, 2))
        ('training', 1, 2)
    """
    return None if progress is None else (lambda event: progress(event.stage, event.done, event.total))
