"""A table for readers: made once, and written as text, Markdown, HTML or plain values for JSON."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from crosspan.core.shown import printable


class Column(NamedTuple):
    """A column of a table.

    Args:
        name: What stands above it.
        words: Whether it holds words, which are set flush left; numbers are set flush right.
    """

    name: str
    words: bool = False


def words(*names: str) -> tuple[Column, ...]:
    """Columns that hold words.

    Example:
        >>> words("encoder")
        (Column(name='encoder', words=True),)
    """
    return tuple(Column(name, words=True) for name in names)


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, rows of cells, and notes.

    Args:
        header: The columns. Where only a name is given, the first column holds words and any other numbers. Without a
            header all columns hold words.
        rows: Cells of each line, as many as there are columns.
        title: What it shows; empty for none.
        notes: Lines below.

    Example:
        >>> print(Table(["what", "n"], [["words", "120"]], "Sizes").text())
        Sizes
        what     n
        words  120
    """

    header: Sequence[str | Column]
    rows: Sequence[Sequence[str]]
    title: str = ""
    notes: Sequence[str] = ()

    @property
    def columns(self) -> list[Column]:
        """The columns, each with whether it holds words."""
        if not self.header:
            return [Column("", words=True)] * max(map(len, self.rows), default=0)
        return [one if isinstance(one, Column) else Column(one, words=at == 0) for at, one in enumerate(self.header)]

    def text(self) -> str:
        """Lay it out with blanks.

        Example:
            >>> print(Table((), [["a", "first"], ["bcd", "second"]]).text())
            a    first
            bcd  second
        """
        columns = self.columns
        lines = [[printable(column.name) for column in columns]] if self.header else []
        lines += [[printable(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        laid = [
            "  ".join(
                cell.ljust(width) if column.words else cell.rjust(width)
                for cell, width, column in zip(line, widths, columns, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*([printable(self.title)] if self.title else []), *laid, *map(printable, self.notes)])

    def markdown(self) -> str:
        r"""Write it as Markdown; the title is a heading, the notes are a list.

        Example:
            >>> print(Table(["what", "n"], [["a|b", "1"]], "Sizes").markdown())
            ### Sizes
            <BLANKLINE>
            | what | n |
            |:---|---:|
            | a\|b | 1 |
        """
        columns = self.columns
        lines = []
        if columns:
            rule = "".join(f"{':---' if column.words else '---:'}|" for column in columns)
            lines = [_markdown_row([column.name for column in columns]), f"|{rule}", *map(_markdown_row, self.rows)]
        parts = [
            f"### {self.title}" if self.title else "",
            "\n".join(lines),
            "\n".join(f"- {one}" for one in self.notes),
        ]
        return "\n\n".join(part for part in parts if part)

    def html(self, inline: Callable[[str], str] = html.escape) -> str:
        """Write it as HTML; cells of words have the class ``text``.

        Args:
            inline: Turns the text of a title, cell or note into HTML; by default it only escapes.

        Example:
            >>> print(Table(["what"], [["a<b"]]).html())
            <div class="wide"><table>
            <tr><th class='text'>what</th></tr>
            <tr><td class='text'>a&lt;b</td></tr>
            </table></div>
        """
        columns = self.columns

        def row(cells: Sequence[str], tag: str) -> str:
            kinds = [" class='text'" if column.words else "" for column in columns]
            inside = (
                f"<{tag}{kind}>{inline(printable(cell))}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
            )
            return f"<tr>{''.join(inside)}</tr>"

        lines = [row([column.name for column in columns], "th")] if self.header else []
        lines += [row(cells, "td") for cells in self.rows]
        parts = [f"<h3>{inline(self.title)}</h3>"] if self.title else []
        if lines:
            parts += ['<div class="wide"><table>', *lines, "</table></div>"]
        if self.notes:
            parts += ["<ul>", *(f"<li>{inline(one)}</li>" for one in self.notes), "</ul>"]
        return "\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON.

        Example:
            >>> Table(["what", "n"], [["words", "120"]]).to_dict()["columns"]
            ['what', 'n']
        """
        return {
            "title": self.title,
            "columns": [column.name for column in self.columns],
            "rows": [list(row) for row in self.rows],
            "notes": list(self.notes),
        }


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |"
