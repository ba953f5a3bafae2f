"""Runs the page: opens what it needs, listens, and ends cleanly."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crosspan.core.errors import MissingDependencyError, OptionError, UnavailableError
from crosspan.core.files import PathLike
from crosspan.review.decision_file import DecisionFile
from crosspan.review.desk.access import Access
from crosspan.review.desk.base import WatchedFile
from crosspan.review.desk.desk import Desk
from crosspan.review.desk.orders import Order
from crosspan.review.tasks import ReviewFiles, read_tasks

_TOKEN_BYTES = 18
_PATIENCE_S = 2
"""Seconds that a request which is answered at the moment may still take when the server ends."""


@contextmanager
def opened_desk(
    files: ReviewFiles, decisions: PathLike, *, who: str, order: Order = "mixed", seed: int = 0
) -> Iterator[Desk]:
    """Read the sentences and what was decided of them.

    Args:
        files: Where the sentences come from.
        decisions: The file of decisions; it is made where it is missing, and held until the block ends.
        who: Who decides.
        order: The order in which sentences come up.
        seed: Of the order by chance.

    Yields:
        The sentences with their decisions.

    Raises:
        CrosspanError: A file is at fault, or another process adds to the decisions.
    """
    base = WatchedFile(files.target.path)
    with DecisionFile(decisions) as file:
        desk = Desk(read_tasks(files), file, base, who=who, order=order, seed=seed)
        try:
            yield desk
        finally:
            desk.close()


def serve(
    desk: Desk,
    *,
    title: str,
    host: str = "127.0.0.1",
    port: int = 0,
    unsure: float = 0.9,
    ready: Callable[[str], object] = lambda address: None,
) -> None:
    """Answer the page until Ctrl-C or a polite kill ends it.

    Args:
        desk: The sentences and decisions.
        title: What stands at the top of the page.
        host: What to listen on.
        port: The port; 0 is any that is free.
        unsure: Spans less sure than this are those that the page leads to.
        ready: Is told the address of the page as soon as it is there.

    Raises:
        MissingDependencyError: ``crosspan[review]`` is not installed.
        OptionError: There is no such host or port on this machine.
        UnavailableError: The port is taken.
    """
    check_packages()
    import uvicorn

    from crosspan.review.desk.app import desk_app

    with _listening(host, port) as listener:
        access = Access(host, listener.getsockname()[1], secrets.token_urlsafe(_TOKEN_BYTES))
        app = desk_app(desk, access, title=title, unsure=unsure)
        how = uvicorn.Config(
            app,
            access_log=False,  # it would show the token
            lifespan="off",
            log_level="error",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_S,
            ws="none",
        )
        ready(access.address)
        try:
            uvicorn.Server(how).run(sockets=[listener])
        except KeyboardInterrupt:  # which the server sends on when it has ended
            return


def check_packages() -> None:
    """Make sure that what the server needs is installed.

    Raises:
        MissingDependencyError: It is not.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"the page to correct in needs the package {error.name}",
            hint="Install it with: pip install 'crosspan[review]', or write files for another tool with "
            "'crosspan review export'.",
        ) from error


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, kind, proto, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise OptionError(
            f"there is no host {host!r} here", hint="Leave --host out: the page is for this machine then."
        ) from error
    with socket.socket(family, kind, proto) as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
            listener.listen()  # who is told the address may come before the server is ready, and waits
        except (OSError, OverflowError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise UnavailableError(
                f"the server cannot listen there ({reason})",
                where=f"{host}:{port}",
                hint="Choose another --port, or leave it out.",
            ) from error
        yield listener
