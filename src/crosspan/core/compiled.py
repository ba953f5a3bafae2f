"""The decorator of compiled functions: Numba's, with its cache where there is a place for one."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

from crosspan.core.errors import OutputError
from crosspan.core.files import atomic_binary
from crosspan.core.logs import logger_of

_logger = logger_of(__name__)

_CHECKED = b"crosspan 1 "


class _Cache(FunctionCache):
    """Numba's cache of one function, which says what takes long, and works on where nothing can be written.

    Machine code of a function holds that of all that it calls. Numba looks whether the function's own file has changed;
    here the files of all of them count.
    """

    _complete = False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was kept; where there is nothing, code is compiled, and the log says so once a process."""
        self._look_at_all_files()
        found = super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        if found is None:
            _say_once()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, where that can be done."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except (OSError, OutputError) as error:
            _logger.warning("compiled code cannot be kept in %s: %s", self.cache_path, error)

    def _look_at_all_files(self) -> None:
        """Add the other files to what the cache goes by; when the function is called, what it calls is there."""
        if self._complete:
            return
        own: Any = self
        waiting, seen = [own._py_func], {own._py_func}
        stamps = {own._py_func.__code__.co_filename: own._cache_file._source_stamp}
        while waiting:
            for one in _called(waiting.pop()):
                if one.py_func in seen or not isinstance(one._cache, _Cache):
                    continue
                seen.add(one.py_func)
                waiting.append(one.py_func)
                file = one.py_func.__code__.co_filename
                if file not in stamps:
                    stamps[file] = one._cache._impl.locator.get_source_stamp()
        own._cache_file._source_stamp = tuple(sorted(stamps.values(), key=repr))
        self._complete = True


class _CacheFile(IndexDataCacheFile):
    """Numba's files of machine code, safe for processes that compile at the same time, power cuts and full disks.

    Numba numbers the files of a function and writes its index before them. Two processes that compile different
    versions of a function at once can give both the same number, and one that reads in between gets what an older
    version left under that number: it then runs the wrong code, without an error. Here a file is named after what is
    in it and is there before the index names it, so that a race costs no more than compiling once again.

    Each file begins with a hash of the rest. One that is damaged counts as none: the function is compiled, and the file
    written again. Where nothing can be written, every process compiles for itself.
    """

    def load(self, key: Any) -> Any:
        """The machine code of one version of the function; ``None`` where it is not there, or damaged."""
        try:
            return super().load(key)  # type: ignore[no-untyped-call]
        except Exception:  # whatever is in the file: pickles raise anything
            return None

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

    def _load_index(self) -> dict[Any, str]:
        own: Any = self
        try:
            version, stamp, index = pickle.loads(_checked(Path(own._index_path)))
        except Exception:
            return {}
        fresh = version == own._version and stamp == own._source_stamp
        return dict(index) if fresh else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        own: Any = self
        _keep(Path(own._index_path), own._dump((own._version, own._source_stamp, overloads)))

    def _load_data(self, name: str) -> Any:
        own: Any = self
        return pickle.loads(_checked(Path(own._data_path(name))))

    def _save_data(self, name: str, data: Any) -> None:
        own: Any = self
        _keep(Path(own._data_path(name)), own._dump(data))


@cache
def _say_once() -> None:
    _logger.info("compiling code for this machine, once: this takes from some seconds to some minutes")


def _keep(path: Path, data: bytes) -> None:
    with atomic_binary(path) as stream:
        stream.write(_CHECKED + hashlib.sha256(data).digest() + data)


def _checked(path: Path) -> bytes:
    """What was kept in a file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    whole = path.read_bytes()
    begin = len(_CHECKED) + 32
    data = whole[begin:]
    if whole[:begin] != _CHECKED + hashlib.sha256(data).digest():
        raise ValueError("a file of compiled code is damaged")
    return data


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function on its first call, without the interpreter's lock, and keep the machine code.

    What is kept is of no more use when the source file changes, or one of those whose compiled functions are called.

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
            _logger.warning("no place to keep compiled code: %s is compiled anew", function.__name__)
            return numba.njit(nogil=True, **options)(function)
        compiled._cache.__class__ = _Cache
        compiled._cache._cache_file.__class__ = _CacheFile
        return compiled

    return decorate


def _called(function: Callable[..., Any]) -> Iterator[Any]:
    """The compiled functions that a function calls, by their names or those of their modules."""
    names = function.__code__.co_names
    package = function.__module__.partition(".")[0]
    found = [function.__globals__.get(name) for name in names]
    modules = [one for one in found if isinstance(one, ModuleType) and one.__name__.partition(".")[0] == package]
    found += [getattr(module, name, None) for module in modules for name in names]
    return (one for one in found if isinstance(one, Dispatcher))
