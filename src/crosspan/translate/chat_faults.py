"""What failures of a chat server mean: that it cannot do with one text, or that it cannot work at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosspan.core.errors import UnavailableError
from crosspan.core.outages import REFUSES_THE_INPUT

if TYPE_CHECKING:
    from crosspan.translate.chat import ChatOptions
    from crosspan.translate.chat_http import RequestError

_MAY_BE_THE_TEXT = frozenset((408, 500, 504, 524))
"""Codes of failures that pass, but for a text that is too much for the server."""


def _kept(options: ChatOptions) -> str:
    """What becomes of answers that came."""
    return (
        "Without a cache, answers are asked for again"
        if options.cache == "none"
        else "Answers that came are kept in the cache"
    )


def outage_of(failure: RequestError, options: ChatOptions, *, answered: bool, known: bool) -> UnavailableError | None:
    """The outage where no request can succeed, however often it is sent; else ``None``.

    Args:
        failure: What happened.
        options: Those of the client.
        answered: Whether the server has answered anything yet.
        known: Whether an answer is known that it gave now or earlier, so that it can be asked for that again.
    """
    status, where = failure.status, options.url
    if failure.unreachable and not answered and failure.refused:
        return UnavailableError(
            f"nothing answers at this address ({failure.reason})",
            where=where,
            hint="Start the server, or check the option url.",
        )
    if status == 401 or (status == 403 and not known):  # the latter can be about what a text says
        variable = options.key_variable
        return UnavailableError(
            f"the server refuses the key (HTTP {status})",
            where=where,
            hint=f"Put a valid key into the environment variable {variable}." if variable else "Name its variable.",
        )
    if status == 404:
        return UnavailableError(
            f"the server has no model {options.model!r}, or no such address ({failure.reason})",
            where=where,
            hint="Check the options model and url; the address ends with the version, such as /v1.",
        )
    if 300 <= status < 400:
        return UnavailableError(
            f"the server is somewhere else ({failure.reason})",
            where=where,
            hint="Nothing is sent on, so that the key stays here: give the right address with the option url.",
        )
    if status == 407:
        return UnavailableError(
            f"the proxy asks for a password ({failure.reason})",
            where=where,
            hint="Put it into the address of the proxy in the environment (http_proxy, https_proxy).",
        )
    if status and not failure.passing and status not in (*REFUSES_THE_INPUT, 403):
        return UnavailableError(
            f"the server does not do what it is asked ({failure.reason})",
            where=where,
            hint=f"Check the option url, and what the server allows. {_kept(options)}.",
        )
    return None


def doubtful(failure: RequestError) -> bool:
    """Whether it may be the server, and not the text that it was asked for.

    Args:
        failure: What happened.
    """
    return failure.passing or failure.status == 403


def lasting_outage(last: RequestError, options: ChatOptions, reason: str) -> UnavailableError | None:
    """The outage where a failure that should pass does not, and no text can be at fault for that; else ``None``.

    Args:
        last: What happened at the last try.
        options: Those of the client.
        reason: The same in words, with the number of tries.
    """
    if last.unreachable:
        return UnavailableError(
            f"the server does not answer any more ({last.reason})",
            where=options.url,
            hint=f"{_kept(options)}: start the server, and run it again.",
        )
    if last.status and last.status not in _MAY_BE_THE_TEXT:
        return UnavailableError(
            f"the server stays busy ({reason})",
            where=options.url,
            hint=f"{_kept(options)}: run it again later, or with more retries, or less concurrency.",
        )
    return None


def answers_nothing(options: ChatOptions, reason: str) -> UnavailableError:
    """The outage of a server that has not answered one text in a way that can be used."""
    return UnavailableError(
        f"the server answers nothing that it is asked ({reason})",
        where=options.url,
        hint="Look at its log, and whether its model is loaded and the option timeout is long enough.",
    )
