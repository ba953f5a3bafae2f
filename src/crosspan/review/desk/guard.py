"""Who is answered at all: the page that was opened by its address, and nothing that another page or machine sends."""

from __future__ import annotations

from secrets import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosspan.report.records import safe_json
from crosspan.review.desk.access import Access

LARGEST_BODY = 1 << 20
"""Bytes of a body: a sentence of which each word is a span has much less."""

_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class EscapedResponse(JSONResponse):
    """JSON in which nothing could be taken for more than a letter, whatever reads it."""

    def render(self, content: object) -> bytes:
        """As bytes."""
        return safe_json(content).encode("utf-8")


class RefusedRequestError(Exception):
    """A request that is not answered.

    Args:
        status: The code of HTTP.
        message: Why, in words for a person.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Guard:
    """Lets requests of the page through to an application, with the path behind the token, and refuses all others.

    Args:
        app: The application.
        access: The address of the page.
        largest: The most bytes that a body may have.
    """

    def __init__(self, app: ASGIApp, access: Access, *, largest: int = LARGEST_BODY) -> None:
        self.app, self.access, self.largest = app, access, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"a scope of type {scope['type']}")  # the server is started without them

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            path = self._path(scope, Headers(scope=scope))
            body = await self._body(receive)
        except RefusedRequestError as error:
            headers = {"connection": "close"}  # what is left of its body is not read
            await EscapedResponse({"error": str(error)}, error.status, headers=headers)(scope, receive, answer)
            return
        inner = {**scope, "path": path, "raw_path": path.encode("utf-8"), "root_path": ""}
        await self.app(inner, _replayed(body, receive), answer)

    def _path(self, scope: Scope, headers: Headers) -> str:
        """The path behind the token."""
        if len(headers.getlist("host")) != 1 or not self.access.knows(headers["host"]):
            raise RefusedRequestError(421, "this host is not served here")
        token, slash, rest = scope["path"].removeprefix("/").partition("/")
        if not compare_digest(token.encode("utf-8", "replace"), self.access.token.encode()):
            raise RefusedRequestError(
                404, "open the address that 'crosspan review serve' shows; each start has another"
            )
        if not slash:
            raise RefusedRequestError(404, "the address ends with a slash")
        origin = headers.get("origin")
        posts = scope["method"] == "POST"
        if (posts or origin is not None) and origin != f"http://{headers['host']}":
            raise RefusedRequestError(403, "requests of other pages are not answered")
        if rest and headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise RefusedRequestError(403, "requests of other pages are not answered")
        if posts and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedRequestError(415, "send JSON")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.largest:
            raise self._too_large()
        return f"/{rest}"

    async def _body(self, receive: Receive) -> bytes:
        """The body, which is at most as large as it may be."""
        found = bytearray()
        while True:
            message = await receive()
            found += message.get("body", b"")
            if len(found) > self.largest:
                raise self._too_large()
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return bytes(found)

    def _too_large(self) -> RefusedRequestError:
        return RefusedRequestError(413, f"more than {self.largest} bytes")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read to whoever asks next."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
