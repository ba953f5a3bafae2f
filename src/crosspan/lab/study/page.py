"""A page as a list of parts, written as Markdown with plots beside it, and as one HTML file that needs nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crosspan.core.files import open_output

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_ITALIC = re.compile(r"(?<![*\w])\*([^*\s][^*]*)\*(?![*\w])")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")

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
    """A paragraph; code in backticks, bold in two asterisks, italics in one, and links are understood."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Args:
        header: Names of the columns.
        rows: The cells, as text.
        texts: Columns from the left that hold words, not numbers.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1


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
    files = {f"{name}.md": markdown(blocks, name), f"{name}.html": hypertext(blocks)}
    files |= {f"{name}.{one.name}.svg": one.svg for one in blocks if isinstance(one, Figure)}
    for file, text in files.items():
        with open_output(folder / file) as stream:
            stream.write(text)
    return [folder / file for file in files]


def markdown(blocks: Sequence[Block], name: str = "study") -> str:
    r"""The page as Markdown.

    Args:
        blocks: The parts.
        name: Of the page, which the files of its plots begin with.

    Example:
        >>> print(markdown([Heading(1, "A"), Table(("x", "y"), [("a|b", "1")])]), end="")
        # A
        <BLANKLINE>
        | x | y |
        | :-- | --: |
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
    lines = [block.header, [":--" if at < block.texts else "--:" for at in range(len(block.header))], *block.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def hypertext(blocks: Sequence[Block]) -> str:
    """The page as HTML: no script, no request.

    Example:
        >>> "<h1>1 &lt; 2</h1>" in hypertext([Heading(1, "1 < 2")])
        True
    """
    title = next((one.text for one in blocks if isinstance(one, Heading)), "Study")
    body = "\n".join(map(_hypertext, blocks))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _hypertext(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_inline(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        return f"<p>{_inline(block.text)}</p>"
    if isinstance(block, Items):
        return "<ul>\n" + "\n".join(f"<li>{_inline(item)}</li>" for item in block.items) + "\n</ul>"
    if isinstance(block, Code):
        return f"<pre><code>{html.escape(block.text.rstrip())}</code></pre>"
    if isinstance(block, Figure):
        return f"<figure>\n{block.svg}<figcaption>{_inline(block.caption)}</figcaption>\n</figure>"

    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [" class='text'" if at < block.texts else "" for at in range(len(cells))]
        return (
            "<tr>"
            + "".join(f"<{tag}{kind}>{_inline(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
            + "</tr>"
        )

    rows = "\n".join([row(block.header, "th"), *(row(cells, "td") for cells in block.rows)])
    return f'<div class="wide"><table>\n{rows}\n</table></div>'


def _inline(text: str) -> str:
    found = html.escape(text, quote=False)
    found = _LINK.sub(r'<a href="\2">\1</a>', found)
    found = _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", found))
    return _ITALIC.sub(r"<em>\1</em>", found)
