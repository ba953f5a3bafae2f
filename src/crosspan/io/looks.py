"""What looks like something else than running text, and is not to be read as such."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crosspan.core.errors import FormatError
from crosspan.core.shown import shown

_BRAT = re.compile(r"([TREAMN][0-9]+|[*#][0-9]*)\t\S+[ \t]")
_WEBANNO = re.compile(r"#FORMAT=(WebAnno \S+ \S+)")
_END = r"\"?[\s\u200b]*$"
_TAGS = r"[BIESLUMW][-_][^\W\d_]\S*|\w+[-_][BIESLUMW]"
_TAGGED = re.compile(rf"[\s,;|]\"?(?:{_TAGS}|O){_END}")
_NAMED = re.compile(rf"[\s,;|]\"?(?:{_TAGS}){_END}")
_INLINE = re.compile(
    r"<([A-Z][A-Z_-]+)\b[^<>]*>[^<>]+</\1>"  # <PER>Ada</PER>, <ENAMEX TYPE="PERSON">Ada</ENAMEX>
    r"|\[[^\[\]]+\]\([A-Za-z][\w-]*\)"  # [Ada](PER)
)
_GLUED = re.compile(r"\S+[/_|](?:O|[BIESLU]-[^\W\d_]\S+)")  # Ada/B-PER left/O
_STANDOFF = re.compile(r"(?:\S+[\t ,;]+)?\d+[\t ,;]+\d+[\t ,;]+[^\W\d_]")
_SUSPECT = 0.3
_AS_TEXT = "or say --from plain (or --source-format) to read the lines as text."


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


def inline_label(text: str) -> str | None:
    """The first label that stands in the text itself; ``None`` where there is none.

    Example:
        >>> inline_label("<PER>Ada</PER> left [Accra](city)"), inline_label("<b>Ada</b> left [Accra](http://x.y)")
        ('<PER>Ada</PER>', None)
    """
    found = _INLINE.search(text) if "</" in text or "](" in text else None
    return None if found is None else found[0]


def _is_glued(word: str) -> bool:
    return _GLUED.fullmatch(word) is not None


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
    if rows and rows[0].lstrip().startswith("<") and 2 * sum(row.lstrip().startswith("<") for row in rows) > len(rows):
        raise FormatError("this is XML, which is not read here", where=name, hint=f"Export it otherwise; {_AS_TEXT}")
    if 2 * sum(_STANDOFF.match(row) is not None for row in rows) > len(rows):
        raise FormatError(
            "the lines are places and labels, whose text stands elsewhere",
            where=name,
            hint=f"Name the text; {_AS_TEXT}",
        )
    glued = [row.split()[0] for row in rows if 2 * sum(map(_is_glued, row.split())) > len(row.split())]
    inline = [label for label in map(inline_label, rows) if label is not None] + glued
    if len(inline) >= _SUSPECT * len(rows) > 0:
        raise FormatError(
            f"labels stand within the text ({shown(inline[0])}), which is not read here",
            where=name,
            hint=f"Write one token a line, or text with the places of entities; {_AS_TEXT}",
        )
    if tagged_share(rows) >= _SUSPECT:
        raise FormatError(
            "the lines end in tags, but are no columns that can be told apart",
            where=name,
            hint="Say --from conll (or --source-format), with --columns; or --from plain to read the lines as text.",
        )
