"""What the server answers: the page, one sentence after the other, and decisions that are on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from crosspan import __version__
from crosspan.core.errors import CrosspanError, FormatError, OptionError, PairError, UnavailableError
from crosspan.core.json_text import parse_json
from crosspan.review.desk.access import Access
from crosspan.review.desk.answers import answer_of
from crosspan.review.desk.desk import KINDS, ConflictError, Desk
from crosspan.review.desk.guard import EscapedResponse, Guard
from crosspan.review.desk.orders import ORDERS, order_of
from crosspan.review.desk.page import desk_page

_LONGEST_NUMBER = 12
Body = Any
"""What a request sent as JSON; ``None`` where it sends nothing."""


def desk_app(desk: Desk, access: Access, *, title: str, unsure: float = 0.9) -> ASGIApp:
    """The application behind the page.

    Args:
        desk: The sentences and decisions.
        access: The address of the page.
        title: What stands at its top.
        unsure: Spans less sure than this are those that the page leads to.
    """
    doors = _Doors(desk, title, unsure)
    routes = [
        Route("/", _answering(doors.page), methods=["GET"]),
        Route("/api/sentence", _answering(doors.sentence), methods=["GET"]),
        Route("/api/step", _answering(doors.step), methods=["GET"]),
        Route("/api/find", _answering(doors.find), methods=["GET"]),
        Route("/api/decide", _answering(doors.decide), methods=["POST"]),
        Route("/api/label", _answering(doors.label), methods=["POST"]),
    ]
    refused = {404: _refused, 405: _refused}
    return Guard(Starlette(routes=routes, exception_handlers=refused), access)


class _Doors:
    """One method for each thing that the page asks for."""

    def __init__(self, desk: Desk, title: str, unsure: float) -> None:
        self.desk = desk
        self.title = title
        self.meta = {
            "title": title,
            "version": __version__,
            "file": os.path.basename(desk.file.path),
            "who": desk.who,
            "orders": ORDERS,
            "order": desk.order,
            "unsure": round(1000 * unsure),
            "unknown": desk.unknown,
            "faults": len(desk.faults),
            "runnersUp": False,
            "kinds": [],
        }

    def page(self, request: Request, body: Body) -> Response:
        made = desk_page(self.title, {**self.meta, **self.desk.names()})
        return HTMLResponse(made.html, headers={"content-security-policy": made.policy})

    def sentence(self, request: Request, body: Body) -> Response:
        order = order_of(request.query_params.get("order", self.desk.order))
        index = _number(request, "index")
        return EscapedResponse(self.desk.shown(index, order))

    def step(self, request: Request, body: Body) -> Response:
        order = order_of(request.query_params.get("order", self.desk.order))
        kind = request.query_params.get("kind", "open")
        if kind not in KINDS:
            raise OptionError("there is no such kind of sentences", hint=f"Choose from {', '.join(KINDS)}.")
        way = -1 if request.query_params.get("way") == "-1" else 1
        index = self.desk.step(order, _number(request, "at"), way, kind)
        return self._found(index, order)

    def find(self, request: Request, body: Body) -> Response:
        order = order_of(request.query_params.get("order", self.desk.order))
        index = self.desk.find(order, _number(request, "at"), request.query_params.get("words", ""))
        return self._found(index, order, drawn=False)

    def _found(self, index: int | None, order: Any, *, drawn: bool = True) -> Response:
        if index is None:
            return EscapedResponse({"sentence": None, "counts": self.desk.counts()})
        shown = self.desk.shown(index, order)
        return EscapedResponse(shown if drawn else {**shown, "drawn": None})

    def decide(self, request: Request, body: Body) -> Response:
        answer = answer_of(body)
        version = self.desk.decide(answer, force=body.get("force") is True)
        return EscapedResponse({"version": version, "counts": self.desk.counts()})

    def label(self, request: Request, body: Body) -> Response:
        name = body.get("name") if isinstance(body, dict) else None
        self.desk.add_label(name if isinstance(name, str) else "")
        return EscapedResponse(self.desk.names())


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else -1
    if number < 0:
        raise OptionError(f"{name} is no number", hint="Load the page again.")
    return number


def _answering(door: Callable[[Request, Body], Response]) -> Callable[[Request], Any]:
    """Reads the body, and answers errors in words; what takes time is done in a thread."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            return await run_in_threadpool(door, request, _json(raw) if request.method == "POST" else None)
        except ConflictError as error:
            return EscapedResponse({"error": str(error), "conflict": True}, 409)
        except PairError as error:
            return EscapedResponse({"error": str(error)}, 409)
        except UnavailableError as error:
            return EscapedResponse({"error": str(error)}, 507)
        except CrosspanError as error:
            return EscapedResponse({"error": str(error)}, 400)

    return endpoint


def _json(raw: bytes) -> Body:
    try:
        return parse_json(raw)
    except ValueError as error:
        raise FormatError(f"this is no JSON ({error})", hint="Load the page again.") from error


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return EscapedResponse({"error": "there is nothing at this address"}, status)
