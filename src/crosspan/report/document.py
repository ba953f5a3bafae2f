"""The frame of every page: one HTML file that needs nothing else, and may do nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.resources.abc import Traversable


def style_of(*files: Traversable) -> str:
    """A style sheet out of parts.

    Args:
        files: The parts in their order; of two rules that are equally specific the later holds.
    """
    return "\n".join([one.read_text(encoding="utf-8") for one in files])


def script_of(*files: Traversable) -> str:
    """A script out of parts, which see each other and are seen by nothing else.

    Args:
        files: The parts in their order.
    """
    parts = [one.read_text(encoding="utf-8") for one in files]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def policy(*, style: str, script: str = "", connects: bool = False) -> str:
    """What a page may do: use its own script and style, by their digests, and nothing else.

    Args:
        style: Its style sheet.
        script: Its own code; empty for none.
        connects: Whether it may ask the server that it comes from.

    Example:
        >>> policy(style="p { color: black; }").startswith("default-src 'none'; style-src 'sha256-")
        True
    """
    parts = [
        "default-src 'none'",
        *([f"script-src '{_digest(script)}'"] if script else []),
        f"style-src '{_digest(style)}'",
        *(["connect-src 'self'"] if connects else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(parts)


def document(
    title: str, body: str, *, style: str, script: str = "", schemes: str = "light", connects: bool = False
) -> str:
    """Put a page together, with its :func:`policy`: no request to others, no other script, no form.

    Args:
        title: What the window is called.
        body: What the page shows, as HTML.
        style: Its style sheet.
        script: Its own code; empty for none.
        schemes: The colour schemes that the style knows, such as ``"light dark"``.
        connects: Whether it may ask the server that it comes from.

    Example:
        >>> "<title>1 &lt; 2</title>" in document("1 < 2", "<p>true</p>", style="p { color: black; }")
        True
    """
    rules = policy(style=style, script=script, connects=connects)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="color-scheme" content="{schemes}">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escaped(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        body,
        *([f"<script>{script}</script>"] if script else []),
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text as HTML; a letter that UTF-8 cannot hold becomes a question mark.

    Example:
        >>> escaped("a < b")
        'a &lt; b'
    """
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
