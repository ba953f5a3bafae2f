"""Keeps ``docs/benchmarks.md`` true: ``--page`` puts what a benchmark measured between its two marks there."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import regex

from crosspan.core.errors import CrosspanError

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PACKAGES = ("numpy", "numba", "scipy")


def stamp() -> str:
    """When, with what and on what: one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.date.today().isoformat()
    return f"{today}; crosspan {version('crosspan')}, Python {platform.python_version()}, {packages}; {cores} cores."


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        CrosspanError: The page has no such marks.
    """
    old = page.read_text("utf-8")
    block = regex.compile(rf"(?<=<!-- {regex.escape(name)} -->\n).*?(?=<!-- /{regex.escape(name)} -->)", regex.S)
    if not block.search(old):
        raise CrosspanError(f"{page.name} has no place for {name!r}", hint=f"Put <!-- {name} --> and its end there.")
    body = f"{text.strip()}\n\n*{stamp()}*\n"
    page.write_text(block.sub(lambda _: body, old, count=1), encoding="utf-8")
