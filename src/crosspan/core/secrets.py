"""Keys and passwords: read and checked in one place, and kept out of all that is shown or kept.

Keys come from environment variables and from nowhere else. They are read when they are needed and are held by no
component, so that no options, no recipe, no pickled step and no cache of results can hold them. What others say (a
server, a proxy, another package) may hold them nevertheless: it goes through :func:`hidden` before it becomes part of
an error, a log or a result, and so does all that the command line says of an error, tracebacks among it.
"""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

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

    Known ones are found in capital or small letters, with escapes of addresses, JSON and HTML in them, in base64 and in
    hexadecimal digits, and where a good part of them is missing at the end or at the beginning.

    Example:
        >>> hidden("http://ada:lovelace@localhost:3128/?api_key=12345678 refuses Authorization: Bearer 87654321")
        'http://***@localhost:3128/?api_key=*** refuses Authorization: Bearer ***'
    """
    forms = _forms(_secrets())
    if forms:
        text = forms.whole.sub(MARK, text)
        text = forms.masked(next((plain for plain in reversed([*_unescaped(text)]) if forms.found(plain)), text))
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{MARK}", text)
    return text


def holds_secret(text: str) -> bool:
    """Whether a known key or password stands in a text, in one of the forms that :func:`hidden` knows.

    Example:
        >>> holds_secret("Ada lives in Accra.")
        False
    """
    forms = _forms(_secrets())
    return bool(forms) and (forms.found(text) or any(map(forms.found, _unescaped(text))))


_ESCAPED = re.compile(
    r"%(?P<percent>[2-7][0-9a-f])|\\{1,8}(?:u00|x)(?P<slash>[2-7][0-9a-f])|\\{1,8}(?P<self>[\"/])"
    r"|&(?:\#(?P<decimal>0{0,6}[1-9]\d{1,2})|\#x0{0,6}(?P<hexadecimal>[2-7][0-9a-f])|(?P<name>quot|apos|lt|gt|amp));",
    re.IGNORECASE,
)
"""A character of a key as it can stand in an address, in JSON or in HTML."""

_TIMES = 3
"""How often escapes are escaped again."""


def _unescaped(text: str) -> Iterator[str]:
    """A text as it reads when its escapes are resolved, once and again, as long as there are any."""
    for _ in range(_TIMES):
        found = _ESCAPED.sub(_character, text)
        if found == text:
            return
        yield found
        text = found


def _character(escape: re.Match[str]) -> str:
    value = next(group for group in escape.groups() if group is not None)
    kind = escape.lastgroup
    if kind == "self":
        return value
    if kind == "name":
        return html.unescape(f"&{value.lower()};")
    found = chr(int(value, 10 if kind == "decimal" else 16))
    return found if "!" <= found <= "~" else escape[0]


class _Forms:
    """All forms of some secrets, and their beginnings and ends, to be looked for.

    What is only a part of a secret counts where it is half of it, or twice :data:`LEAST`, and holds a digit, as words
    do not.

    Args:
        secrets: The secrets.

    Attributes:
        whole: Finds them where nothing is missing.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._ahead: dict[str, list[str]] = {}
        self._behind: dict[str, list[str]] = {}
        forms = {form.casefold() for secret in secrets for form in _written(secret)}
        for folded in forms:
            self._ahead.setdefault(_beginning(folded), []).append(folded)
            self._behind.setdefault(_beginning(folded[::-1])[::-1], []).append(folded)
        self.whole = _any_of(forms)
        self._parts = _any_of({*self._ahead, *self._behind})

    def __bool__(self) -> bool:
        return bool(self._ahead)

    def found(self, text: str) -> bool:
        """Whether one is in a text."""
        return self._parts.search(text) is not None

    def masked(self, text: str) -> str:
        """A text with :data:`MARK` in their place."""
        kept, at = [], 0
        while (match := self._parts.search(text, at)) is not None:
            part = match[0].casefold()
            end = max([match.end(), *(_follow(text, match.start(), form) for form in self._ahead.get(part, ()))])
            begin = match.start()
            for form in self._behind.get(part, ()):
                begin = min(begin, max(at, match.end() - _follow(text[at : match.end()][::-1], 0, form[::-1])))
            kept += [text[at:begin], MARK]
            at = end
        return "".join(kept) + text[at:]


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """What finds the longest of some texts, in capital or small letters."""
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or "(?!)", re.IGNORECASE)


def _follow(text: str, at: int, form: str) -> int:
    """Where a text goes on otherwise than a form that begins there."""
    for char in form:
        if at == len(text) or text[at].casefold() != char:
            break
        at += 1
    return at


def _beginning(form: str) -> str:
    """The least part of a form, from its beginning on, that gives it away."""
    for size in range(max(LEAST, min(2 * LEAST, len(form) // 2)), len(form)):
        if any(char.isdigit() for char in form[:size]):
            return form[:size]
    return form


def _written(secret: str) -> Iterator[str]:
    """A secret as it is, in hexadecimal digits, and in base64, whatever stands before it there."""
    raw = secret.encode("utf-8", "surrogateescape")
    yield secret
    yield raw.hex()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        for before in range(3):
            # each character holds six bits: those that hold bits of what is around tell nothing
            whole = encode(bytes(before) + raw).decode()
            yield whole[(8 * before + 5) // 6 : 8 * (before + len(raw)) // 6]


@lru_cache(maxsize=4)
def _forms(secrets: tuple[str, ...]) -> _Forms:
    return _Forms(secrets)


def _secrets() -> tuple[str, ...]:
    """Known secrets."""
    return tuple(sorted({secret for secret in (*_keys(), *_of_proxies()) if len(secret) >= LEAST}))


def _keys() -> Iterator[str]:
    for variable in sorted(_VARIABLES):
        value = os.environ.get(variable, "")
        yield value
        yield value.strip()
        yield from value.split()  # the lines of what is no key, each of which may be one


def _of_proxies() -> Iterator[str]:
    """Passwords of proxies in the environment, alone and as they are sent."""
    for variable, value in os.environ.items():
        if not variable.lower().endswith("_proxy") or "@" not in value:
            continue
        login = value.rpartition("@")[0].rpartition("//")[2]
        user, _, password = login.partition(":")
        plain = unquote(password)
        yield from (password, plain, f"{unquote(user)}:{plain}")
