"""What a text file holds, by its first lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from crosspan.core.errors import FormatError
from crosspan.io.conll_layout import find_layout

_LOOK_AT = 2_000


def sniff(lines: Sequence[str]) -> Literal["conll", "jsonl", "plain"]:
    """Tell the format of a text file.

    Args:
        lines: Its first lines.

    Returns:
        ``"jsonl"`` where the first line that is not blank begins with a brace; ``"conll"`` where nine of ten lines have
        a tag in the same column; otherwise ``"plain"``.

    Example:
        >>> sniff(["in O", "Accra B-LOC"]), sniff(["in Accra"]), sniff(['{"text": "in Accra"}'])
        ('conll', 'plain', 'jsonl')
    """
    lines = lines[:_LOOK_AT]
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("{") and first.endswith("}"):
        return "jsonl"
    try:
        layout = find_layout(lines, "")
    except FormatError:
        return "plain"
    return "conll" if layout.tag is not None and layout.sure and _has_rows(lines) else "plain"


def _has_rows(lines: Sequence[str]) -> bool:
    return any((line.strip() and line[0] != "#") or "\t" in line for line in lines)
