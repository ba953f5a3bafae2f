"""A page as a list of parts, written as Markdown with plots beside it, and as one HTML file that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspan.core.files import open_output
from crosspan.core.tables import Table
from crosspan.report.document import document

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b;
       background: #ffffff; }
h1, h2, h3 { line-height: 1.2; margin-top: 2rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid #c8c8c8; padding: 0.25rem 0.6rem; text-align: right; vertical-align: top; }
th { background: #f0f0f0; }
th.text, td.text { text-align: left; }
pre { background: #f5f5f5; padding: 0.8rem; overflow-x: auto; font-size: 13px; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; }
figcaption { color: #555555; font-size: 14px; }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading.

    Args:
        level: 1 for the title.
        text: The words.
    """

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph in Markdown; HTML in it is shown as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot.

    Args:
        name: Of its file.
        svg: The drawing.
        caption: What it shows.
    """

    name: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Code:
    """A listing.

    Args:
        language: Its language.
        text: The lines.
    """

    language: str
    text: str


Block = Heading | Text | Items | Table | Figure | Code


def write_page(folder: Path, name: str, blocks: Sequence[Block]) -> list[Path]:
    """Write ``NAME.md`` with its plots, and ``NAME.html``.

    Args:
        folder: Where they go.
        name: Of the files.
        blocks: The parts.

    Returns:
        The files.

    Raises:
        OutputError: They cannot be written.
    """
    files = dict(zip(page_names(name), (markdown(blocks, name), hypertext(blocks)), strict=True))
    files |= {f"{name}.{one.name}.svg": one.svg for one in blocks if isinstance(one, Figure)}
    for file, text in files.items():
        with open_output(folder / file) as stream:
            stream.write(text)
    return [folder / file for file in files]


def page_names(name: str) -> tuple[str, str]:
    """The names of the page itself; those of its plots begin like them.

    Example:
        >>> page_names("study")
        ('study.md', 'study.html')
    """
    return f"{name}.md", f"{name}.html"


def markdown(blocks: Sequence[Block], name: str = "page") -> str:
    r"""The page as Markdown.

    Args:
        blocks: The parts.
        name: Of the page, which the files of its plots begin with.

    Example:
        >>> print(markdown([Heading(1, "A"), Table(("x", "y"), [("a|b", "1")])]), end="")
        # A
        <BLANKLINE>
        | x | y |
        |:---|---:|
        | a\|b | 1 |
    """
    return "\n\n".join(_markdown(one, name) for one in blocks) + "\n"


def _markdown(block: Block, name: str) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Text):
        return block.text
    if isinstance(block, Items):
        return "\n".join(f"- {item}" for item in block.items)
    if isinstance(block, Code):
        return f"```{block.language}\n{block.text.rstrip()}\n```"
    if isinstance(block, Figure):
        return f"![{block.caption}]({name}.{block.name}.svg)\n\n*{block.caption}*"
    return block.markdown()


def hypertext(blocks: Sequence[Block]) -> str:
    """The page as HTML: no script, no request.

    Example:
        >>> "<h1>1 &lt; 2</h1>" in hypertext([Heading(1, "1 < 2")])
        True
    """
    title = next((one.text for one in blocks if isinstance(one, Heading)), "Page")
    return document(title, "\n".join(map(_hypertext, blocks)), style=_STYLE)


def _hypertext(block: Block) -> str:
    """A part as HTML: plots and tables are put in as they are, all else is Markdown."""
    parser = _parser()
    if isinstance(block, Figure):
        return f"<figure>\n{block.svg}<figcaption>{parser.renderInline(block.caption)}</figcaption>\n</figure>"
    if isinstance(block, Table):
        return block.html(parser.renderInline)
    rendered: str = parser.render(_markdown(block, ""))
    return rendered.rstrip("\n")


@cache
def _parser() -> MarkdownIt:
    """Reads Markdown; HTML in it, and addresses that run code, are shown as text."""
    from markdown_it import MarkdownIt

    def listing(renderer: Any, tokens: Sequence[Any], at: int, options: Any, env: Any) -> str:
        return f"<pre><code>{html.escape(tokens[at].content.rstrip(), quote=False)}</code></pre>\n"

    parser = MarkdownIt("commonmark", {"html": False})
    parser.disable("image")  # a page loads nothing
    parser.add_render_rule("fence", listing)
    return parser
