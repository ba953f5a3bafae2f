"""The page to correct in, as one HTML file: style, script, and what is known of the corpus as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from crosspan.report.document import document, escaped, policy, script_of, style_of
from crosspan.report.page import SHARED_SCRIPTS
from crosspan.report.records import safe_json

_SCRIPTS = ("start", "text", "wire", "edits", "sentence", "keys", "help", "flow")
"""Parts of the script in the order in which they are put together, behind those of other pages."""


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page.

    Args:
        html: The page.
        policy: What it may do, for the header ``Content-Security-Policy``.
    """

    html: str
    policy: str


def desk_page(title: str, meta: Mapping[str, Any]) -> DeskPage:
    """Put the page together.

    Args:
        title: What stands at the top.
        meta: What the script needs to begin with.

    Example:
        >>> "<title>a &amp; b</title>" in desk_page("a & b", {"labels": []}).html
        True
    """
    style, script = _parts()
    body = (files("crosspan.review.desk") / "body.html").read_text(encoding="utf-8").rstrip("\n")
    before, rest = body.split("{{title}}")
    middle, after = rest.split("{{data}}")
    whole = "".join((before, escaped(title), middle, safe_json(meta), after))
    html = document(title, whole, style=style, script=script, schemes="light dark", connects=True)
    return DeskPage(html, policy(style=style, script=script, connects=True) + "; frame-ancestors 'none'")


@cache
def _parts() -> tuple[str, str]:
    shared, own = files("crosspan.report"), files("crosspan.review.desk")
    script = script_of(
        *(shared / "script" / f"{name}.js" for name in SHARED_SCRIPTS),
        *(own / "script" / f"{name}.js" for name in _SCRIPTS),
    )
    return style_of(shared / "look.css", own / "desk.css"), script
