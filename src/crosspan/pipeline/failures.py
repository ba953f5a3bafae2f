"""One bad sentence never stops a corpus: what fails for a shard is tried sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from crosspan.core.errors import CrosspanError

T = TypeVar("T")
R = TypeVar("R")

MANY = 20
"""If so many items fail and none does not, something else than the items is at fault."""


def each_by_itself(function: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T]) -> list[R | Exception]:
    """Call a batch function; where it fails, call it for each item alone.

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
    try:
        return list(_complete(function(items), len(items)))
    except MemoryError:
        raise
    except Exception as error:
        if len(items) == 1:
            return [error]
    found: list[R | Exception] = []
    for item in items:
        try:
            found += _complete(function([item]), 1)
        except MemoryError:
            raise
        except Exception as error:
            found.append(error)
    first = found[0]
    if isinstance(first, Exception) and len(found) >= MANY and all(isinstance(one, Exception) for one in found):
        raise first
    return found


def _complete(results: Sequence[R], n: int) -> Sequence[R]:
    if len(results) != n:
        raise ValueError(f"{len(results)} results for {n} sentences")
    return results


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
