"""One bad sentence never stops a corpus: what fails for a shard is halved until the bad sentence stands alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from crosspan.core.errors import CrosspanError

T = TypeVar("T")
R = TypeVar("R")

MANY = 20
"""If so many items fail and none does not, something else than the items is at fault."""


def each_by_itself(function: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T]) -> list[R | Exception]:
    """Call a batch function; where it fails, halve the batch until what fails stands alone.

    Args:
        function: Gives one result an item, in order.
        items: The batch.

    Returns:
        For each item its result, or the error that it alone brings about.

    Raises:
        Exception: What the first item brings about, where many items fail and no other does well: then it is hardly
            the items.

    Example:
        >>> found = each_by_itself(lambda batch: [1 / item for item in batch], [1, 0])
        >>> found[0], type(found[1]).__name__
        (1.0, 'ZeroDivisionError')
    """
    found: list[R | Exception] = []
    well = 0
    waiting = [items] if items else []
    while waiting:
        batch = waiting.pop()
        try:
            results = function(batch)
            if len(results) != len(batch):
                raise ValueError(f"{len(results)} results for {len(batch)} sentences")
        except (MemoryError, SystemError):  # the latter is what compiled code makes of Ctrl-C
            raise
        except Exception as error:  # whatever a component does: it may be anybody's
            if len(batch) > 1:
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
                continue
            found.append(error)
            if not well and len(found) >= MANY:
                if not _any_works(function, [item for rest in reversed(waiting) for item in rest]):
                    raise _first(found) from error
                well = 1
        else:
            well += len(batch)
            found += results
    return found


def _any_works(function: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T]) -> bool:
    """Whether one of some items, at even distances, does well."""
    for item in items[:: max(1, len(items) // MANY)]:
        try:
            function([item])
        except (MemoryError, SystemError):
            raise
        except Exception:  # the next may do
            continue
        return True
    return False


def _first(found: Sequence[object]) -> Exception:
    return next(one for one in found if isinstance(one, Exception))


def in_words(error: Exception) -> str:
    """An error as the reason why a sentence is left out.

    Example:
        >>> in_words(ZeroDivisionError("division by zero"))
        'ZeroDivisionError: division by zero'
    """
    if isinstance(error, CrosspanError):
        return f"{error.message}. {error.hint}" if error.hint else error.message
    what = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {what}" if what else type(error).__name__
