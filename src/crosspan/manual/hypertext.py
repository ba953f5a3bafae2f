"""The manual as plain pages of HTML, to read without a network and without the site."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from posixpath import relpath
from typing import TYPE_CHECKING, Any

from crosspan.core.files import open_output
from crosspan.manual.pages import Manual, Page, anchor, contents
from crosspan.report.document import document, escaped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_STYLE = """
:root { --ink: #1b1b1b; --ground: #ffffff; --rule: #c8c8c8; --shade: #f3f3f3; --link: #1f5fa8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e8ea; --ground: #16181b; --rule: #3a3f46; --shade: #1f2226; --link: #7db4f2; }
}
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 1.5rem auto; padding: 0 1rem 3rem;
       color: var(--ink); background: var(--ground); overflow-wrap: break-word; }
a { color: var(--link); }
h1, h2, h3 { line-height: 1.2; margin-top: 2rem; }
table { border-collapse: collapse; font-size: 14px; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--rule); padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
code { background: var(--shade); padding: 0 0.2em; }
pre { background: var(--shade); padding: 0.8rem; overflow-x: auto; font-size: 13.5px; }
pre code { padding: 0; }
summary { cursor: pointer; }
"""

_AWAY = re.compile(r"\.md(?=#|$)")


def write_manual(manual: Manual, folder: Path) -> Path:
    """Write all pages as HTML. Nothing in them is loaded or run; words stand for pictures.

    Args:
        manual: The pages.
        folder: Where they go; what is there of another version is written over.

    Returns:
        The folder.

    Raises:
        OutputError: They cannot be written.
    """
    for page in manual:
        file = folder / f"{page.name}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        with open_output(file) as stream:
            stream.write(hypertext(manual, page))
    return folder


def hypertext(manual: Manual, page: Page) -> str:
    r"""A page as HTML, with the contents of the manual above it.

    Example:
        >>> '<h2 id="b-c">B C</h2>' in hypertext(Manual([]), Page("a", "A", lambda: "# A\n\n## B C\n"))
        True
    """
    here = str(PurePosixPath(page.name).parent)
    body = [f"<details><summary>{escaped(page.title)} – all pages</summary>"]
    for kind, pages in contents(manual):
        links = [f'<a href="{relpath(f"{one.name}.html", here)}">{escaped(one.title)}</a>' for one in pages]
        body.append(f"<h3>{kind.name}</h3>\n<p>{' · '.join(links)}</p>")
    body += ["</details>", _parser().render(page.text())]
    return document(page.title, "\n".join(body), style=_STYLE, schemes="light dark")


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    def picture(renderer: Any, tokens: list[Token], at: int, options: Any, env: Any) -> str:
        return f"<em>{escaped(tokens[at].content)}</em>"  # a page loads nothing

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", picture)
    parser.core.ruler.push("places", _add_places)
    return parser


def _add_places(state: Any) -> None:
    """Give headings the names that links know them by, and lead links to the other pages of HTML."""
    tokens: list[Token] = state.tokens
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[at + 1].content.replace("`", "")))
        elif token.type == "td_open" or token.type == "th_open":
            token.attrs.pop("style", None)  # which the policy of the page forbids
        for inner in token.children or ():
            address = inner.attrGet("href") if inner.type == "link_open" else None
            if isinstance(address, str) and "://" not in address:
                inner.attrSet("href", _AWAY.sub(".html", address, count=1))
