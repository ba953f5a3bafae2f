"""PyTorch's threads of a CPU: as many as are asked for, for a while, and then as many as before.

Numba and CTranslate2 share PyTorch's OpenMP: a loop of theirs that runs with so many threads leaves PyTorch with as
many. What runs such loops in a process that may use PyTorch does so inside of :func:`torch_threads`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from crosspan.models.loading import neural


@contextmanager
def torch_threads(threads: int | None = None) -> Iterator[None]:
    """Let PyTorch use so many threads of a CPU; afterwards it has as many as before, whatever came in between.

    Args:
        threads: How many; ``None`` leaves it as it is, and does not load PyTorch where nothing else has.

    Raises:
        MissingDependencyError: A number is given, and PyTorch is not installed.

    Example:
        >>> with torch_threads():
        ...     print("whatever changes it")
        whatever changes it
    """
    torch = sys.modules.get("torch") if threads is None else neural("this model", "torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    if threads is not None and threads != before:
        torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)
