"""The decorator of compiled functions: Numba's, with its cache where there is a place for one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile

from crosspan.core.logs import logger_of


class _CacheFile(IndexDataCacheFile):
    """Numba's files of machine code, safe for processes that compile at the same time.

    Numba numbers the files of a function and writes its index before them. Two processes that compile different
    versions of a function at once can give both the same number, and one that reads in between gets what an older
    version left under that number: it then runs the wrong code, without an error. Here a file is named after what is
    in it and is there before the index names it, so that a race costs no more than compiling once again.
    """

    def save(self, key: Any, data: Any) -> None:
        """Keep the machine code of one version of the function."""
        own: Any = self  # Numba's methods carry no types
        digest = hashlib.sha256(repr((own._source_stamp, key)).encode()).hexdigest()[:16]
        name = own._data_name_pattern.replace("{number:d}", digest)
        own._save_data(name, data)
        index = own._load_index()
        if not index and Path(own._index_path).exists():  # the source has changed: what is there is of no more use
            for old in Path(own._cache_path).glob(own._data_name_pattern.replace("{number:d}", "*")):
                if old.name != name:
                    old.unlink(missing_ok=True)
        index[key] = name
        own._save_index(index)


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
            compiled = numba.njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:  # no place to keep the cache
            logger_of(__name__).warning("no place to keep compiled code: %s is compiled anew", function.__name__)
            return numba.njit(nogil=True, **options)(function)
        files = compiled._cache._cache_file
        files.__class__ = _CacheFile
        return compiled

    return decorate
