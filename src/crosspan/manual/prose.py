"""Docstrings and texts of help as Markdown."""

from __future__ import annotations

import re

_ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
_SECTION = re.compile(r"^(?:Args|Returns|Raises|Yields|Example|Examples|Attributes):$.*", re.MULTILINE | re.DOTALL)
_BARE = re.compile(r"(`[^`]*`)|([<>*_\[\]])")


def as_markdown(text: str, *, lead: bool = False) -> str:
    r"""A docstring, or a part of one, as Markdown.

    Args:
        text: The text.
        lead: Whether only what stands before its first section is wanted.

    Example:
        >>> as_markdown("Reads :data:`crosspan.core.tags.SCHEMES` and ``a_b``; x_y.")
        'Reads `SCHEMES` and `a_b`; x\\_y.'
    """
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    if lead:
        text = _SECTION.sub("", text).strip()
    return escaped(text)


def escaped(text: str) -> str:
    r"""Text in which no character stands for anything in Markdown, but for code between backticks.

    Example:
        >>> escaped("a <b> `c_d` e_f")
        'a \\<b\\> `c_d` e\\_f'
    """
    return _BARE.sub(lambda found: found[1] or f"\\{found[2]}", text)
