"""Keys and passwords: read and checked in one place, and kept out of all that is shown or kept.

Keys come from environment variables and from nowhere else. They are read when they are needed and are held by nothing,
so that no options, no recipe, no pickled step and no cache can hold them. What others say (a server, a proxy, another
package) may hold them nevertheless: it goes through :func:`hidden` before it becomes part of an error, a log or a
result, and so does all that the command line says of an error, tracebacks among it.
"""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from crosspan.core.errors import OptionError

MARK = "***"
"""What is shown in the place of a secret."""

LEAST = 8
"""Characters of the shortest secret; what servers without keys are given, such as ``EMPTY``, is shorter, and none."""

_VARIABLES = {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}
"""Environment variables that hold keys: those of the packages that crosspan calls, and those that options name."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/?#@'\"]+(?=@)",
        r"([?&;](?:[\w.-]{0,40}(?:key|token|secret)|password|passwd|sig|signature)=)[^\s&;#'\"<>(),\]}]+",
        r"(\bauthorization\b['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|digest)\s+)?)(?=\S*\d)[^\s'\",}]{8,}",
        r"(\bbearer\s+)(?=\S*\d)[\w.~+/=-]{8,}",
    )
)
"""What stands before a secret, and the secret: names in addresses, parts of a query, headers."""


def name_of_variable(option: str, name: str) -> str:
    """Check the name of the environment variable that holds a key, as an option gives it, and remember it.

    A key itself, put there by mistake, is refused and not shown: keys have small letters or hyphens, and names of
    variables have none.

    Args:
        option: What the option is called.
        name: The name; empty for none.

    Raises:
        OptionError: It is no name of a variable.

    Example:
        >>> name_of_variable("key_variable", "sk-123")
        Traceback (most recent call last):
        ...
        crosspan.core.errors.OptionError: key_variable is no name of an environment variable. Put the key into a variable with a name in capitals, such as OPENAI_API_KEY, and give that name.
    """  # noqa: E501
    if name and not _NAME.fullmatch(name):
        raise OptionError(
            f"{option} is no name of an environment variable",
            hint="Put the key into a variable with a name in capitals, such as OPENAI_API_KEY, and give that name.",
        )
    if name:
        _VARIABLES.add(name)
    return name


def key_in(variable: str) -> str:
    r"""The key in an environment variable, without white space around it; empty where there is none.

    What reads keys reads them by this, in packages of others as well: the variable is remembered, and what it holds is
    hidden from then on.

    Args:
        variable: Its name, or nothing.

    Raises:
        OptionError: It holds what no key can hold: a line break or blank inside, a character that is not ASCII. The
            error does not show it.

    Example:
        >>> os.environ["DEMO_KEY"] = "abc-def-ghi\r\n"
        >>> key_in("DEMO_KEY")
        'abc-def-ghi'
        >>> del os.environ["DEMO_KEY"]
    """
    if not variable:
        return ""
    _VARIABLES.add(variable)
    key = os.environ.get(variable, "").strip()
    wrong = next((char for char in key if not "!" <= char <= "~"), None)
    if wrong is None:
        return key
    kinds = {"\r": "a line break", "\n": "a line break", " ": "a blank", "\t": "a tabulator"}
    raise OptionError(
        f"the key in the environment variable {variable} holds {kinds.get(wrong, 'a character that no key has')}",
        hint="Set it again, to the key alone.",
    )


def hidden(text: str) -> str:
    """A text without secrets: known ones, and what stands where others stand in addresses and headers.

    Example:
        >>> hidden("http://ada:lovelace@localhost:3128/?api_key=12345678 refuses Authorization: Bearer 87654321")
        'http://***@localhost:3128/?api_key=*** refuses Authorization: Bearer ***'
    """
    for secret in _secrets():
        text = text.replace(secret, MARK)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{MARK}", text)
    return text


def holds_secret(text: str) -> bool:
    """Whether a known key or password stands in a text.

    Example:
        >>> holds_secret("Ada lives in Accra.")
        False
    """
    return any(secret in text for secret in _secrets())


def _secrets() -> list[str]:
    """Known secrets in all forms in which they can be repeated, the longest first."""
    found: set[str] = set()
    for secret in (*_keys(), *_of_proxies()):
        if len(secret) >= LEAST:
            found |= {secret, quote(secret, safe=""), quote(secret), secret.replace("/", "\\/"), html.escape(secret)}
    return sorted(found, key=len, reverse=True)


def _keys() -> Iterator[str]:
    for variable in sorted(_VARIABLES):
        value = os.environ.get(variable, "")
        yield value
        yield value.strip()
        yield from value.split()  # the lines of what is no key, each of which may be one


def _of_proxies() -> Iterator[str]:
    """Passwords of proxies in the environment, as they stand there and as they are sent."""
    for variable, value in os.environ.items():
        if not variable.lower().endswith("_proxy") or "@" not in value:
            continue
        login = value.rpartition("@")[0].rpartition("//")[2]
        user, _, password = login.partition(":")
        plain = unquote(password)
        yield from (password, plain, base64.b64encode(f"{unquote(user)}:{plain}".encode()).decode())
