"""Which columns of a file hold tags, where there may be more than one: gold and prediction side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, islice

from crosspan.core.errors import CrosspanError
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import read_blocks
from crosspan.core.tags import split_tag
from crosspan.io.choice import input_format
from crosspan.io.conll_layout import find_layout
from crosspan.io.tag_choice import is_chunks

_LINES = 5_000
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class TagColumns:
    """The columns of a file.

    Args:
        token: Column of the token, from 0.
        id: Column that numbers the tokens, if there is one.
        tags: Columns that hold tags of entities, in order.
        header: What the first row calls all columns, if it does.
    """

    token: int
    id: int | None
    tags: tuple[int, ...]
    header: tuple[str, ...] = ()

    def option(self, tag: int) -> tuple[str, str]:
        """The option that reads one of them, ``columns`` or ``tag_column``, with its value.

        Example:
            >>> TagColumns(0, None, (1, 2), ("token", "gold", "pred")).option(2), TagColumns(0, None, (1, 2)).option(2)
            (('tag_column', 'pred'), ('columns', 'token,-,tag'))
        """
        if tag < len(self.header) and self.header.count(self.header[tag]) == 1:
            return "tag_column", self.header[tag]
        return "columns", self.named(tag)

    def named(self, tag: int) -> str:
        """The option ``columns`` that reads one of them.

        Example:
            >>> TagColumns(1, 0, (2, 4)).named(4)
            'id,token,-,-,tag'
        """
        names = ["-"] * (1 + max(tag, self.token))
        names[self.token], names[tag] = "token", "tag"
        if self.id is not None:
            names[self.id] = "id"
        return ",".join(names)


def tag_columns(path: PathLike, format: str = "auto", encoding: str = "utf-8") -> TagColumns | None:  # noqa: A002
    """Find all columns with tags of entities in the beginning of a file.

    Args:
        path: The file, which is opened once more: no pipe.
        format: Its format; ``"auto"`` finds it.
        encoding: Its encoding.

    Returns:
        The columns; ``None`` where the file has none.
    """
    try:
        if input_format(path, format, encoding).name != "conll":
            return None
        lines = list(islice(chain.from_iterable(read_blocks(path, encoding)), _LINES))
        layout = find_layout(lines, name_of(path))
    except CrosspanError:  # the reader of the file says it better
        return None
    rows = [
        layout.split(line)
        for line in lines[layout.header :]
        if line.strip(" \t") and not line.startswith("-DOCSTART-") and not (line[0] == "#" and layout.is_comment(line))
    ]
    width = max(map(len, rows), default=0)
    values = [Counter(row[column].strip() for row in rows if len(row) > column) for column in range(width)]
    others = {layout.token, layout.id}
    found = [column for column, counts in enumerate(values) if column not in others and _holds_tags(counts, len(rows))]
    header = [cell.strip(" \t\ufeff") for cell in layout.split(lines[0])] if layout.header else ()
    return TagColumns(layout.token, layout.id, tuple(found), tuple(header))


def _holds_tags(counts: Counter[str], n_rows: int) -> bool:
    good = sum(count for value, count in counts.items() if split_tag(value) is not None)
    return good >= _SURE * n_rows and not is_chunks(counts)
