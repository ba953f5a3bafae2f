"""Shows tables: laid out with blanks, or on a terminal in colour."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosspan.cli.messages import say_lines
from crosspan.core.shown import printable

if TYPE_CHECKING:
    from crosspan.core.tables import Table


def show(tables: Sequence[Table], *, colour: bool | None = None) -> None:
    """Print tables to standard output.

    Args:
        tables: What to print.
        colour: Whether to use ``rich``; by default where standard output is a terminal.
    """
    if not (sys.stdout.isatty() if colour is None else colour):
        say_lines("\n\n".join(table.text() for table in tables), err=False)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(highlight=False)
    for number, table in enumerate(tables):
        if number:
            console.print()
        if table.title:
            console.print(Text(printable(table.title), style="bold"))
        if table.rows:
            shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=bool(table.header))
            for column in table.columns:
                shown.add_column(
                    Text(printable(column.name)), justify="left" if column.words else "right", no_wrap=True
                )
            for row in table.rows:
                shown.add_row(*(Text(printable(cell)) for cell in row))
            console.print(shown)
        for note in table.notes:
            console.print(Text(printable(note), style="dim"), soft_wrap=True)
