"""What a source text imports, found without running it, and faster than Python's own parser finds it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

_TYPING = re.compile(r"\n([ \t]*)if (?:\w+\.)?TYPE_CHECKING:([^\n]*(?:\n\1[ \t]+[^\n]*|\n[ \t]*(?=\n|\Z))*)")
"""A block for types only: how far it stands in, and what is in it."""

_NAMES = re.compile(r"import\b[ \t]*(\([^)#]*(?:#[^\n]*[^)#]*)*\)|[^\n(]*)")
"""What comes after the word ``import``: names, in brackets if they take several lines."""

_FROM = re.compile(r"from[ \t]+([.\w]+)[ \t]*\Z")
_QUOTES, _OTHER_QUOTES = '"' * 3, "'" * 3

_ODD = (re.compile(r";[ \t]*(?:from [.\w]+ )?import\b"), re.compile(r":[ \t]+(?:from [.\w]+ )?import\b"))
"""Statements of imports that do not begin a line."""

_COMMENT = re.compile(r"#[^\n]*")


class Import(NamedTuple):
    """A module that is imported, or names taken from it.

    Args:
        module: The module, with the dots of a relative import before it.
        names: The names; empty for ``import module``.
    """

    module: str
    names: tuple[str, ...]


class Scan(NamedTuple):
    """What a source text imports.

    Args:
        imports: When it runs.
        typed: Only where types are checked: by these, names that a package loads late are told.
    """

    imports: tuple[Import, ...]
    typed: tuple[Import, ...]


def scan(text: str) -> Scan:
    r"""The imports of a source text.

    Example:
        >>> scan("import os\ndef f():\n    from a.b import (c, d as e)  # later\n").imports
        (Import(module='os', names=()), Import(module='a.b', names=('c', 'd')))
    """
    code = _without_long_strings(text)
    if code is None or any(odd.search(code) for odd in _ODD):
        return slow_scan(text)
    return _fast_scan("\n" + code)


def _without_long_strings(text: str) -> str | None:
    """The text without strings of several lines; ``None`` where only a parser can tell what is a string."""
    if "\\\n" in text or "\r" in text or "\f" in text or _OTHER_QUOTES in text or text.startswith("\ufeff"):
        return None
    parts = text.split(_QUOTES)
    if len(parts) % 2 == 0:
        return None
    for begin, part in enumerate(parts[:-1]):
        if begin % 2:
            if part.endswith("\\"):
                return None
        else:
            line = part[part.rfind("\n") + 1 :]
            if "#" in line or '"' in line or "'" in line:  # this one may be inside a comment or a string
                return None
    return '""'.join(parts[::2])


def _fast_scan(code: str) -> Scan:
    typed: list[Import] = []
    if "TYPE_CHECKING" in code:
        for block in _TYPING.finditer(code):
            typed += _statements(block[2] if "\n" in block[2] else f"\n{block[2].strip()}")
        code = _TYPING.sub("", code)
    return Scan(tuple(_statements(code)), tuple(typed))


def _statements(code: str) -> Iterator[Import]:
    """The statements of imports that begin a line."""
    at = code.find("import")
    while at >= 0:
        before = code[code.rfind("\n", 0, at) + 1 : at].lstrip(" \t")
        found = _NAMES.match(code, at)
        if found is None or (before and not before.startswith("from")):
            at = code.find("import", at + 1)
            continue
        if not before:
            yield from (Import(name, ()) for name in _names(found[1]))
        elif base := _FROM.match(before):
            yield Import(base[1], _names(found[1]))
        at = code.find("import", found.end())


def _names(text: str) -> tuple[str, ...]:
    """Names of a list of imports, without what they are called here."""
    if "#" in text:
        text = _COMMENT.sub("", text)
    return tuple(one.split()[0] for one in text.strip("() \t\n").split(",") if one.strip())


def slow_scan(text: str) -> Scan:
    """The same as :func:`scan`, by Python's own parser; nothing where that cannot read the text."""
    try:
        tree = ast.parse(text.lstrip("\ufeff"))
    except (SyntaxError, ValueError, RecursionError):
        return Scan((), ())
    imports: list[Import] = []
    typed: list[Import] = []

    def visit(node: ast.AST, found: list[Import]) -> None:
        if isinstance(node, ast.Import):
            found += [Import(alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(Import("." * node.level + (node.module or ""), tuple(one.name for one in node.names)))
        elif isinstance(node, ast.If) and _only_for_types(node.test):
            for statement in node.body:
                visit(statement, typed)
            for statement in node.orelse:
                visit(statement, found)
        else:
            for child in ast.iter_child_nodes(node):
                visit(child, found)

    visit(tree, imports)
    return Scan(tuple(imports), tuple(typed))


def _only_for_types(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"
