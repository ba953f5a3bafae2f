"""One request to a chat model, and what can go wrong with it.

A server may send byte after byte, without an end, or nothing at all. What is read of it is therefore limited in time
and in size, from the first byte of its head on, and is given up at once where the work is. Other clients (httpx
among them) wait anew for each byte of a head and unpack a piece whole, however large it becomes; so this is ``urllib``
with a watch on its sockets.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache, partial
from ipaddress import ip_address
from typing import Any

from crosspan.core.secrets import hidden

PASSING = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529))
"""Codes of failures that pass."""

_CONNECTING = 15.0
"""Most seconds until a connection stands and the request is sent, for each address that a server has."""
_LOOK = 0.1
"""Seconds after which whoever waits for a server looks whether it still should."""
_PIECE = 1 << 16
_HEARD = 10_000
"""Most bytes that are read of what a server says of an error; half of them are looked at, so that none is cut off."""
_SHOWN = 200
"""Most characters of a server's words in a message."""


class RequestError(Exception):
    """A request that failed.

    Args:
        reason: What happened, in a few words; secrets in it are hidden.
        status: The code of HTTP; 0 where there was no answer.
        passing: Whether asking again may help.
        wait: Seconds that the server asks to wait.
        unreachable: Whether there was no server at all.
        refused: Whether the connection was refused, or the server is not known or not trusted.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int = 0,
        passing: bool = False,
        wait: float | None = None,
        unreachable: bool = False,
        refused: bool = False,
    ) -> None:
        self.reason = hidden(reason)
        super().__init__(self.reason)
        self.status = status
        self.passing = passing
        self.wait = wait
        self.unreachable = unreachable
        self.refused = refused


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How long is waited, and how much is read.

    Args:
        seconds: Until the whole answer is there.
        max_bytes: Of an answer, unpacked.
        given_up: Tells whether the work is over: then nothing is waited for any more. By default it never is.
    """

    seconds: float
    max_bytes: int
    given_up: Callable[[], bool] = bool


def post(address: str, body: dict[str, Any], *, key: str = "", limits: AnswerLimits) -> str:
    """Send a request and return the answer as text.

    Nothing is sent on where the server names another address, so that a key stays where it belongs. Proxies of the
    environment are used, but not for this machine.

    Args:
        address: Where to.
        body: What to send, as JSON.
        key: The key that it is allowed by; empty for none.
        limits: How long is waited, and how much is read.

    Raises:
        RequestError: It failed.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    try:
        data = json.dumps(body, ensure_ascii=False).encode()
        request = _Request(address, data, headers, method="POST")
        request.wait = _Wait(limits)
        request.wait.seconds()  # there may be none
        with _opener_for(request.host).open(request, timeout=min(limits.seconds, _CONNECTING)) as answer:
            return _text_of(answer, limits)
    except RequestError as error:
        failure = error
    except urllib.error.HTTPError as error:
        with error:
            failure = _of_status(error)
    except UnicodeEncodeError:
        failure = RequestError("the text is no Unicode, and cannot be sent (half of a surrogate pair)")
    except TimeoutError:
        failure = RequestError(f"no whole answer within {limits.seconds:g} seconds (setting timeout)", passing=True)
    except urllib.error.URLError as error:
        failure = _of_connection(error)
    except (http.client.InvalidURL, ValueError):  # the other address was checked before
        reason = "the proxy that the environment names has no address"
        failure = RequestError(reason, passing=True, unreachable=True, refused=True)
    except (http.client.HTTPException, OSError) as error:
        failure = RequestError(f"the connection broke off ({type(error).__name__})", passing=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever a server sends, it costs one request
        failure = RequestError(f"the answer cannot be read ({type(error).__name__})", passing=True)
    raise failure  # out here, as what came before holds the request, and that the key


def parsed(text: str) -> Any:
    """What JSON says.

    Raises:
        ValueError: It is none, or is nested more deeply than any sound answer.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


# What is sent and received


class _Request(urllib.request.Request):
    wait: _Wait


class _Wait:
    """How much longer an answer is waited for."""

    def __init__(self, limits: AnswerLimits) -> None:
        self._end = time.monotonic() + limits.seconds
        self._given_up = limits.given_up

    def seconds(self) -> float:
        """How long to wait now, before asking again.

        Raises:
            TimeoutError: The time is over.
            RequestError: The work is.
        """
        if self._given_up():
            raise RequestError("given up")
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, _LOOK)


class _Watched(io.RawIOBase):
    """What comes in from a socket, for as long as it is waited for."""

    def __init__(self, source: socket.socket, wait: _Wait) -> None:
        self._held = source.makefile("rb", buffering=0)  # keeps the socket open until this is closed
        self._source = source
        self._wait = wait

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, or wait for more."""
        before = self._source.gettimeout()
        try:
            while True:
                self._source.settimeout(self._wait.seconds())
                try:
                    return self._source.recv_into(buffer)
                except TimeoutError:
                    continue
        finally:
            self._source.settimeout(before)

    def close(self) -> None:
        """Let go of the socket."""
        self._held.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that is read under a watch, its head as well."""

    def __init__(self, source: socket.socket, *, wait: _Wait, **options: Any) -> None:
        super().__init__(source, **options)
        unwatched, self.fp = self.fp, io.BufferedReader(_Watched(source, wait))
        unwatched.close()


def _connection(kind: type[http.client.HTTPConnection], wait: _Wait, host: str, **options: Any) -> Any:
    made = kind(host, **options)
    made.response_class = partial(_Response, wait=wait)  # type: ignore[assignment]  # that of proxies, too
    return made


class _Sender(urllib.request.AbstractHTTPHandler):
    """Sends requests, and follows nobody to another address."""

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def http_open(self, request: _Request) -> Any:
        """Send one in the clear."""
        return self.do_open(partial(_connection, http.client.HTTPConnection, request.wait), request)

    def https_open(self, request: _Request) -> Any:
        """Send one encrypted."""
        return self.do_open(partial(_connection, http.client.HTTPSConnection, request.wait), request, context=_trust())


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _opener_for(host: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if _is_here(host) else None),
        _Sender(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _is_here(host: str) -> bool:
    """Whether an address is this machine, which no proxy can reach.

    Example:
        >>> _is_here("127.0.0.1:8000"), _is_here("[::1]:8000"), _is_here("localhost"), _is_here("example.org")
        (True, True, True, False)
    """
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


# What came


def _text_of(answer: Any, limits: AnswerLimits) -> str:
    raw = _start_of(answer, limits.max_bytes + 1)
    if len(raw) > limits.max_bytes:
        raise RequestError(f"the answer has more than {limits.max_bytes:,} bytes (setting max_bytes)", passing=True)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise RequestError("the answer is not UTF-8", passing=True) from None


def _start_of(answer: Any, most: int) -> bytes:
    """The first bytes of an answer, unpacked; all of them where there are fewer than ``most``."""
    packing = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
    if packing not in ("identity", "gzip", "x-gzip", "deflate"):
        raise RequestError("the answer is compressed in a way that was not asked for", passing=True)
    unpack = None if packing == "identity" else zlib.decompressobj(32 + zlib.MAX_WBITS)
    found = bytearray()
    while len(found) < most and not (unpack and unpack.eof):
        piece = answer.read(min(_PIECE, most))
        if not piece:
            if answer.length or unpack:
                raise http.client.IncompleteRead(b"")
            break
        try:
            found += unpack.decompress(piece, most - len(found)) if unpack else piece
        except zlib.error:
            raise RequestError("the answer cannot be unpacked", passing=True) from None
    return bytes(found[:most])


# What went wrong


def _of_connection(error: urllib.error.URLError) -> RequestError:
    reason = error.reason
    if isinstance(reason, TimeoutError):
        return RequestError("no connection in time", passing=True, unreachable=True)
    if isinstance(reason, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return RequestError(f"the connection broke off ({type(reason).__name__})", passing=True)
    refused = isinstance(reason, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)
    said = _printable(str(getattr(reason, "strerror", None) or reason)).lower()
    return RequestError(said, passing=True, unreachable=True, refused=refused)


def _of_status(error: urllib.error.HTTPError) -> RequestError:
    status = error.code
    if status >= 600:
        return RequestError(f"HTTP {status}, which is no code", passing=True)
    said = _said(error)
    elsewhere = error.headers.get("Location") if 300 <= status < 400 else None
    if elsewhere:
        said = f"it sends to {_printable(elsewhere)}"
    reason = f"HTTP {status}{f': {said}' if said else ''}"
    return RequestError(reason, status=status, passing=status in PASSING, wait=_wait(error.headers.get("Retry-After")))


def _said(error: urllib.error.HTTPError) -> str:
    """What the server says is wrong."""
    try:
        text = hidden(_start_of(error, _HEARD).decode("utf-8", "replace").strip())
        found = parsed(text)
        found = found.get("error", found) if isinstance(found, dict) else found
        text = str(found.get("message", "") or text) if isinstance(found, dict) else str(found)
    except ValueError:
        text = text[: _HEARD // 2]
    except (OSError, http.client.HTTPException, RequestError, RecursionError):
        return ""
    return _printable(text)


def _printable(text: str) -> str:
    r"""A server's words on one line, without secrets, cut where they are long; what cannot be shown is written out.

    Example:
        >>> _printable("no\n model \x1b[2J.")
        'no model \\x1b[2J'
    """
    words = " ".join(hidden(text).split())[:_SHOWN].rstrip(" .")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in words)


def _wait(header: str | None) -> float | None:
    """Seconds from the header ``Retry-After``: a number, or a date.

    Example:
        >>> _wait("3"), _wait("-3"), _wait("soon"), _wait("nan"), _wait("Tue, 15 Nov 1994 08:12:31 GMT")
        (3.0, 0.0, None, 0.0, 0.0)
    """
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
