"""Batches of sentences of like length that fit into memory, and smaller ones where they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import MemoryTooSmallError, OptionError, UnavailableError
from crosspan.core.logs import warn
from crosspan.core.outages import device_failed, out_of_memory

Result = TypeVar("Result")
Advance = Callable[[int, int], None]


class SmallerBatch(UserWarning):
    """Memory ran out, and the work goes on in smaller batches."""


def batches_of(
    lengths: Sequence[int], *, budget: int, most: int | None = None, groups: Sequence[int] | None = None
) -> list[npt.NDArray[np.int64]]:
    """Put items of like length together.

    Args:
        lengths: Length of each item, in pieces.
        budget: Most pieces of a batch, padding included; an item that is longer is a batch by itself.
        most: Most items of a batch.
        groups: A number for each item; only items of the same number, and of lengths next to each other, share a batch.

    Returns:
        Indices of the items of each batch; the longest first, so that memory runs out at the beginning if at all.

    Raises:
        OptionError: A limit is below 1.

    Example:
        >>> [batch.tolist() for batch in batches_of([3, 9, 4, 1], budget=9)]
        [[1], [2, 0], [3]]
    """
    if budget < 1 or (most is not None and most < 1):
        raise OptionError("a batch must have room for at least one", hint="Choose a larger batch size.")
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    batches: list[npt.NDArray[np.int64]] = []
    begin = 0
    while begin < len(order):
        longest = max(1, int(lengths[int(order[begin])]))
        size = max(1, budget // longest)
        size = size if most is None else min(size, most)
        batch = order[begin : begin + size]
        if groups is not None:
            batch = batch[: next((at for at, one in enumerate(batch) if groups[one] != groups[batch[0]]), len(batch))]
        batches.append(batch)
        begin += len(batch)
    return batches


def in_batches(
    lengths: Sequence[int],
    compute: Callable[[npt.NDArray[np.int64]], Sequence[Result]],
    *,
    budget: int,
    most: int | None = None,
    groups: Sequence[int] | None = None,
    what: str = "sentences",
    advance: Advance | None = None,
) -> list[Result]:
    """Work through items in batches of like length, and halve a batch for which memory runs out.

    Args:
        lengths: Length of each item, in pieces.
        compute: Gives one result for each of the items whose indices it gets, in their order.
        budget: Most pieces of a batch, padding included.
        most: Most items of a batch.
        groups: See :func:`batches_of`.
        what: What the items are, for messages.
        advance: Called with items done and all there are.

    Returns:
        One result an item, in the order of ``lengths``.

    Raises:
        MemoryTooSmallError: Memory is too small even for one item.
        UnavailableError: The device has gone.

    Example:
        >>> in_batches([2, 1, 3], lambda batch: [int(i) * 10 for i in batch], budget=3)
        [0, 10, 20]
    """
    found: list[Any] = [None] * len(lengths)
    waiting = batches_of(lengths, budget=budget, most=most, groups=groups)[::-1]
    largest: int | None = None
    done = 0
    while waiting:
        batch = waiting.pop()
        if largest is not None and len(batch) > 1 and _size(lengths, batch) > largest:
            waiting += _halves(batch)
            continue
        try:
            results = compute(batch)
        except Exception as error:
            if not out_of_memory(error):
                clear = device_error(error)
                if clear is error:
                    raise
                raise clear from error
            free_memory()
            if len(batch) == 1:
                raise MemoryTooSmallError(
                    f"memory is too small for {int(lengths[int(batch[0])])} pieces at once",
                    hint="Use a smaller model, another device, or shorter sentences.",
                ) from error
            largest = _size(lengths, batch) // 2
            warn(
                f"memory ran out with {len(batch)} {what} at once; going on with half as many",
                SmallerBatch,
                stacklevel=2,
            )
            waiting += _halves(batch)
            continue
        for index, result in zip(batch.tolist(), results, strict=True):
            found[index] = result
        done += len(batch)
        if advance is not None:
            advance(done, len(lengths))
    return found


def _size(lengths: Sequence[int], batch: npt.NDArray[np.int64]) -> int:
    return len(batch) * max(1, max(int(lengths[int(index)]) for index in batch))


def _halves(batch: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    middle = len(batch) // 2
    return [batch[middle:], batch[:middle]]


def padded(
    rows: Sequence[Sequence[int] | npt.NDArray[np.integer[Any]]], pad: int, multiple: int = 1
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of different length as one table.

    Args:
        rows: Numbers of pieces.
        pad: What fills rows up.
        multiple: The length of the table is a multiple of this.

    Returns:
        The table, and a mask of the same shape ``[n_rows, longest]`` that is 0 where a row was filled up, else 1.

    Example:
        >>> ids, mask = padded([[5, 6], [7]], 1)
        >>> ids.tolist(), mask.tolist()
        ([[5, 6], [7, 1]], [[1, 1], [1, 0]])
    """
    longest = -(-max(map(len, rows)) // multiple) * multiple
    ids = np.full((len(rows), longest), pad, np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask


def device_error(error: Exception) -> Exception:
    """A clear error where a device failed or has gone; any other error as it is."""
    if not device_failed(error):
        return error
    first = str(error).strip().splitlines()[0].strip(" .")
    return UnavailableError(
        f"the device failed ({first})",
        hint="What was finished is kept: run it again, or on another device, such as device=cpu.",
    )


def free_memory() -> None:
    """Give memory that PyTorch keeps for later back to the device."""
    import gc
    import sys

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
