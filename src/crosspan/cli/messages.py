"""What a command says: messages in one line, text of several lines, Markdown, JSON; the one way out for all of them.

What users gave stands in much of it, and may hold anything: what would act on a terminal is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from crosspan.core.shown import escaped, printable


def say(line: str, *, err: bool = True) -> None:
    r"""Write a message as one line.

    Args:
        line: The message.
        err: Whether it goes to standard error; else to standard output.

    Example:
        >>> say("label PER\x1b[31m", err=False)
        label PER\x1b[31m
    """
    click.echo(printable(line), err=err)


def say_lines(text: str, *, err: bool = True) -> None:
    """Write text of several lines; see :func:`say`."""
    click.echo(printable(text, lines=True), err=err)


def say_markdown(text: str) -> None:
    """Write Markdown to standard output: laid out where a person looks at it, else as it is.

    Args:
        text: The text, which is ours: nothing that users gave stands in it.
    """
    import sys

    if not sys.stdout.isatty():
        say_lines(text.rstrip("\n"), err=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def in_lines(lines: Iterable[str]) -> str:
    r"""Lines that users gave something to, put together so that none of them can become two.

    Example:
        >>> print(in_lines(["labels: PER\n 2", "left out: 1"]))
        labels: PER\n 2
        left out: 1
    """
    return "\n".join(map(printable, lines))


def say_json(value: Any, *, err: bool = False, indent: int | None = None) -> None:
    r"""Write plain values as JSON, in which other escapes stand for what would act on a terminal.

    Args:
        value: The values.
        err: Whether they go to standard error; else to standard output.
        indent: Blanks of each level; by default it is one line.

    Example:
        >>> say_json({"label": "PER\u009b31m mọ́"})
        {"label": "PER\u009b31m mọ́"}
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    click.echo(escaped(text, lambda one: f"\\u{ord(one):04x}", lines=True), err=err)
