"""What looks like something else than running text, and is not to be read as such."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crosspan.core.errors import FormatError

_BRAT = re.compile(r"([TREAMN][0-9]+|[*#][0-9]*)\t\S+[ \t]")
_WEBANNO = re.compile(r"#FORMAT=(WebAnno \S+ \S+)")
_TAGGED = re.compile(r"[\t ,;|\u00a0\u3000]\"?(?:[BIESLUMW][-_][^\W\d_]\S*|\w+[-_][BIESLUMW]|O)\"?[\s\u200b]*$")
_NAMED = re.compile(r"[\t ,;|\u00a0\u3000]\"?(?:[BIESLUMW][-_][^\W\d_]\S*|\w+[-_][BIESLUMW])\"?[\s\u200b]*$")
_SUSPECT = 0.3


def tagged_share(lines: Sequence[str]) -> float:
    """Which share of lines ends in a tag; 0 where all of these are ``O``.

    Example:
        >>> tagged_share(["Ada B-PER", "left O", "Doctors'I-ORG", "."])
        0.5
    """
    rows = [line for line in lines if line.strip() and not line.startswith(("# ", "-DOCSTART-"))]
    if not any(map(_NAMED.search, rows)):
        return 0.0
    return sum(_TAGGED.search(row) is not None for row in rows) / len(rows)


def check_running_text(lines: Sequence[str], name: str) -> None:
    """Raise where lines hold labels in a form that is not read here, so that they never become text.

    Args:
        lines: The beginning of a file.
        name: The file, for messages.

    Raises:
        FormatError: They do.

    Example:
        >>> check_running_text(["Ada left.", "She came back."], "a.txt")
    """
    rows = [line for line in lines if line.strip()]
    if found := _WEBANNO.match(rows[0]) if rows else None:
        raise FormatError(
            f"this is {found[1]}, which is not read here",
            where=name,
            hint="Export it as WebAnno TSV 3, CoNLL 2002 or JSON, or name the format if it is another.",
        )
    if 2 * sum(_BRAT.match(row) is not None for row in rows) > len(rows):
        raise FormatError(
            "these are annotations of brat, whose text stands in another file",
            where=name,
            hint="Export both as CoNLL, or say --from plain (or --source-format) to read the lines as text.",
        )
    if tagged_share(rows) >= _SUSPECT:
        raise FormatError(
            "the lines end in tags, but are no columns that can be told apart",
            where=name,
            hint="Say --from conll (or --source-format), with --columns; or --from plain to read the lines as text.",
        )
