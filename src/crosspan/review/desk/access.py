"""The address at which the page is, and the names by which its server may be asked."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

_HOST = re.compile(r"\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?|([^:\[\]/@\s]+)(?::(\d{1,5}))?")
"""The header of a request: a number of version 6 in brackets, or anything else, and the port."""

_ANY = ("0.0.0.0", "::")
"""What stands for all addresses of a machine."""


@dataclass(frozen=True, slots=True)
class Access:
    """The address at which the page is.

    Args:
        host: What the server listens on.
        port: Its port.
        token: What stands at the beginning of each path; who does not know it is not answered.

    Example:
        >>> Access("127.0.0.1", 8123, "k3").address
        'http://127.0.0.1:8123/k3/'
    """

    host: str
    port: int
    token: str

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host = socket.gethostname() if self.host in _ANY else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/{self.token}/"

    def knows(self, host: str) -> bool:
        """Whether a request that names this host is for this server.

        A page of another site may have its name lead here, but its requests name its own host.

        Args:
            host: The header ``Host``.

        Example:
            >>> access = Access("127.0.0.1", 8123, "k3")
            >>> access.knows("localhost:8123"), access.knows("evil.example:8123"), access.knows("127.0.0.1")
            (True, False, False)
        """
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name, port = (found[1] or found[3]).casefold(), found[2] or found[4] or "80"
        if int(port) != self.port:
            return False
        if name == self.host.casefold() or (is_loopback(self.host) and name in ("localhost", "127.0.0.1", "::1")):
            return True
        return self.host in _ANY and (_is_number(name) or name in _own_names())


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine reaches a host.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    return host.casefold() == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _own_names() -> Iterable[str]:
    return ("localhost", socket.gethostname().casefold(), socket.getfqdn().casefold())
