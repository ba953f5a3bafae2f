"""The decorator of compiled functions: Numba's, with its cache where there is a place for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function on its first call, without the interpreter's lock, and keep the machine code.

    Numba keeps it beside the source file, or in the user's cache folder, or in ``NUMBA_CACHE_DIR``. Where none of them
    can be written, as in some containers, Numba would fail on import; here every process compiles for itself instead.

    Args:
        options: Of ``numba.njit``, such as ``fastmath``.

    Example:
        >>> @njit()
        ... def double(x):
        ...     return 2 * x
        >>> double(21)
        42
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:  # no place to keep the cache
            return numba.njit(nogil=True, **options)(function)

    return decorate
