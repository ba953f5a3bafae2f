"""Threads of a CPU for the libraries that compute: as many as are asked for, for a while, and then as many as before.

Numba and CTranslate2 share PyTorch's OpenMP: a loop of theirs that runs with so many threads leaves PyTorch with as
many. What runs such loops in a process that may use PyTorch does so inside of :func:`torch_threads` or
:func:`numba_threads`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from crosspan.core.errors import MissingDependencyError


@contextmanager
def torch_threads(threads: int | None = None) -> Iterator[None]:
    """Let PyTorch use so many threads; afterwards it has as many as before, whatever came in between.

    Args:
        threads: How many; ``None`` leaves it as it is, and does not load PyTorch where nothing else has.

    Raises:
        MissingDependencyError: A number is given, and PyTorch is not installed.

    Example:
        >>> with torch_threads():
        ...     print("whatever changes it")
        whatever changes it
    """
    torch = sys.modules.get("torch")
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
    before = torch.get_num_threads()
    if threads is not None and threads != before:
        torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


@contextmanager
def numba_threads(threads: int | None = None) -> Iterator[None]:
    """Let compiled loops use so many threads; all cores for ``None``. PyTorch's number stays what it was.

    Example:
        >>> import numba
        >>> with numba_threads(1):
        ...     numba.get_num_threads()
        1
    """
    import numba

    with torch_threads():  # around all of it: even asking Numba for its number sets that of OpenMP, the first time
        before = numba.get_num_threads()
        numba.set_num_threads(before if threads is None else max(1, min(threads, before)))
        try:
            yield
        finally:
            numba.set_num_threads(before)
