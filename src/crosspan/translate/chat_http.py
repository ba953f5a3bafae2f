"""One request to a chat model, and what can go wrong with it."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from typing import Any

_PASSING = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529))
"""Codes of failures that pass."""
_SHOWN = 200
"""Most characters of a server's words in a message."""


class RequestError(Exception):
    """A request that failed.

    Args:
        reason: What happened, in a few words.
        status: The code of HTTP; 0 where there was no answer.
        passing: Whether asking again may help.
        wait: Seconds that the server asks to wait.
        unreachable: Whether there was no server at all.
        refused: Whether the connection was refused, or the name of the server is not known.
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
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.passing = passing
        self.wait = wait
        self.unreachable = unreachable
        self.refused = refused


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key must not follow to another server."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""
        return


_OPENER = urllib.request.build_opener(_NoRedirects)


def post(address: str, body: dict[str, Any], *, key: str = "", timeout: float = 60.0) -> str:
    """Send a request and return the answer as text.

    Args:
        address: Where to.
        body: What to send, as JSON.
        key: The key that it is allowed by; empty for none.
        timeout: Seconds to wait.

    Raises:
        RequestError: It failed.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(
        address, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), headers, method="POST"
    )
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            return str(answer.read().decode("utf-8"))
    except urllib.error.HTTPError as error:
        raise _of_status(error) from None  # its context holds the request, and that the key
    except TimeoutError:
        raise RequestError(f"no answer within {timeout:g} seconds", passing=True) from None
    except urllib.error.URLError as error:
        raise _of_connection(error, timeout) from None
    except (http.client.HTTPException, OSError) as error:
        reason = f"the connection broke off ({type(error).__name__})"
        raise RequestError(reason, passing=True, unreachable=True) from None
    except UnicodeDecodeError:
        raise RequestError("the answer is not UTF-8", passing=True) from None


def _of_connection(error: urllib.error.URLError, timeout: float) -> RequestError:
    reason = error.reason
    if isinstance(reason, TimeoutError):
        return RequestError(f"no answer within {timeout:g} seconds", passing=True)
    refused = isinstance(reason, ConnectionRefusedError) or type(reason).__name__ == "gaierror"
    said = getattr(reason, "strerror", None) or str(reason)
    return RequestError(str(said).lower(), passing=True, unreachable=True, refused=refused)


def _of_status(error: urllib.error.HTTPError) -> RequestError:
    status = error.code
    said = _said(error)
    reason = f"HTTP {status}{f': {said}' if said else ''}"
    return RequestError(reason, status=status, passing=status in _PASSING, wait=_wait(error.headers.get("Retry-After")))


def _said(error: urllib.error.HTTPError) -> str:
    """What the server says is wrong."""
    try:
        text = error.read(10_000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return ""
    try:
        found = json.loads(text)
        found = found.get("error", found) if isinstance(found, dict) else found
        text = str(found.get("message", "") or text) if isinstance(found, dict) else str(found)
    except ValueError:
        pass
    return " ".join(text.split())[:_SHOWN].rstrip(" .")


def _wait(header: str | None) -> float | None:
    """Seconds from the header ``Retry-After``: a number, or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
