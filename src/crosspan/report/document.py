"""The frame of every page: one HTML file that needs nothing else, and may do nothing else."""

from __future__ import annotations

import base64
import hashlib
import html


def document(title: str, body: str, *, style: str, script: str = "", schemes: str = "light") -> str:
    """Put a page together.

    The policy of the page allows its own script and style, by their digests, and nothing else: no request, no other
    script, no form.

    Args:
        title: What the window is called.
        body: What the page shows, as HTML.
        style: Its style sheet.
        script: Its own code; empty for none.
        schemes: The colour schemes that the style knows, such as ``"light dark"``.

    Example:
        >>> "<title>1 &lt; 2</title>" in document("1 < 2", "<p>true</p>", style="p { color: black; }")
        True
    """
    allowed = [f"script-src '{_digest(script)}'"] if script else []
    policy = "; ".join(
        ["default-src 'none'", *allowed, f"style-src '{_digest(style)}'", "base-uri 'none'", "form-action 'none'"]
    )
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
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
