"""Whose fault an error is: that of what is worked on, or that of the world around, which may do well another time.

Components raise anything. What a sentence is at fault for is recorded as the reason why it is left out, and kept; an
outage must never be. So these are outages:

- :class:`~crosspan.core.errors.UnavailableError`, and what derives from it (a package that is missing, a disk that is
  full);
- ``OSError`` and what derives from it: ``ConnectionError``, ``TimeoutError``, ``FileNotFoundError``, and what
  ``socket``, ``ssl``, ``urllib`` and ``requests`` raise; the errors of connections of other libraries for HTTP;
- ``MemoryError``, and what PyTorch, CTranslate2 and ONNX Runtime say when memory runs out or a device fails;
- ``ImportError``, a pool of processes that broke, a program that takes too long, a database that is locked;
- an error that one of these is the cause of (``raise ... from error``).

An error that carries a code of HTTP is judged by that: 400, 413, 414 and 422 say that the server does not like what it
was asked, and all others that it cannot or will not work. Every other error, ``ValueError`` and ``RuntimeError`` among
them, is taken to be of the input until it is clear that it is not; see :mod:`crosspan.core.failures`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosspan.core.errors import UnavailableError

REFUSES_THE_INPUT = frozenset((400, 413, 414, 422))
"""Codes by which a server says that it does not like what it was asked."""

_FULL = ("out of memory", "can't allocate memory", "cublas_status_alloc_failed", "can't start new thread")

_GONE = (
    *("CUDA error", "CUDA driver", "CUDA failed", "device-side assert"),
    *("cuDNN error", "cuDNN failed", "cuBLAS failed", "CUBLAS_STATUS", "MPS backend", "CUDA in forked subprocess"),
)
"""What PyTorch and CTranslate2 say when a device failed."""

_NAMED = frozenset(
    (
        *("http.HTTPException", "httpx.TransportError", "urllib3.HTTPError", "aiohttp.ClientConnectionError"),
        *("openai.APIConnectionError", "concurrent.BrokenExecutor", "subprocess.TimeoutExpired"),
        "sqlite3.OperationalError",
    )
)
"""Errors by their package and class, so that none of the packages need be there."""

_DEEPEST = 20


def is_outage(error: BaseException) -> bool:
    """Whether an error, or what caused it, is of the world and not of the input.

    Args:
        error: Whatever was raised.

    Example:
        >>> [is_outage(error) for error in (ConnectionResetError(), MemoryError(), ValueError(), KeyError("word"))]
        [True, True, False, False]
    """
    return any(map(_by_itself, _causes(error)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(_DEEPEST):
        if one is None:
            return
        yield one
        one = one.__cause__


def _by_itself(error: BaseException) -> bool:
    status = status_of(error)
    if status:
        return status not in REFUSES_THE_INPUT
    if isinstance(error, UnavailableError | OSError | ImportError):
        return True
    if out_of_memory(error) or device_failed(error):
        return True
    kinds = type(error).__mro__
    return any(f"{kind.__module__.partition('.')[0]}.{kind.__name__}" in _NAMED for kind in kinds)


def status_of(error: BaseException) -> int:
    """The code of a failure in HTTP that an error carries, wherever its library puts it; 0 where there is none.

    Example:
        >>> from urllib.error import HTTPError
        >>> status_of(HTTPError("http://a", 503, "busy", {}, None)), status_of(ValueError("503"))
        (503, 0)
    """
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            found = getattr(holder, name, None)
            if isinstance(found, int) and 300 <= found < 600:
                return int(found)
    return 0


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of the machine or of a GPU, ran out.

    Example:
        >>> out_of_memory(MemoryError()), out_of_memory(ValueError("no"))
        (True, False)
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _FULL)


def device_failed(error: BaseException) -> bool:
    """Whether an error says that a GPU failed, or has gone.

    Example:
        >>> device_failed(RuntimeError("CUDA error: an illegal memory access")), device_failed(RuntimeError("shapes"))
        (True, False)
    """
    text = str(error)
    return isinstance(error, RuntimeError) and any(sign in text for sign in _GONE)
