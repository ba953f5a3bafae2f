"""For as long as some work still tells progress as three values: turns them into the one event."""

from __future__ import annotations

from typing import Any

from crosspan.core.progress import Listener, Progress


class Heard:
    """Hands on to a listener what is told, as an event or as ``(stage, done, total)``.

    Args:
        listener: Who is told.
        before: Stands before the name of each stage.

    Example:
        >>> heard = []
        >>> Heard(heard.append, "lug: ")("aligning", 3, 4)
        >>> heard[0].stage, heard[0].total
        ('lug: aligning', 4)
    """

    def __init__(self, listener: Listener, before: str = "") -> None:
        self.listener = listener
        self.before = before

    def __call__(self, told: Progress | str, done: int = 0, total: int = 0) -> None:
        """Hand on an event, or the three values of one."""
        event = told if isinstance(told, Progress) else Progress(told, done, total)
        if self.before:
            event = Progress(self.before + event.stage, event.done, event.total, event.metrics)
        self.listener(event)


def heard(listener: Listener | None, before: str = "") -> Any:
    """What work may call in either way; ``None`` where nobody listens."""
    return None if listener is None else Heard(listener, before)
