"""Which column of a CoNLL-style file is which: found by looking, or given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.tags import split_tag

_TOKEN_NAMES = ("token", "tokens", "word", "words", "form")
_TAG_NAMES = ("ne-coarse-lit", "ner", "ner_tag", "ner_tags", "tag", "tags", "label", "labels", "entity", "slot", "bio")
_ID_NAMES = ("id", "idx", "index")
_END_NAMES = ("misc",)

# Labels of syntactic chunks, which CoNLL-2000 and CoNLL-2003 write with the same prefixes as entities.
_CHUNKS = frozenset(["NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "PC"])

_SURE_TAGS = 0.9
_LIKELY_TAGS = 0.5
_SAMPLE_ROWS = 5_000
_BLANKS = re.compile("[ \t]+")


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """Where to find what in a row.

    Args:
        separator: A tab, or a blank for any run of ASCII blanks.
        width: The usual number of columns.
        token: Column of the token, from 0.
        tag: Column of the tag; ``None`` in an unlabelled file.
        id: Column that numbers the tokens, if there is one.
        end: Column that marks the last token of a sentence with ``EndOfSentence``, as HIPE does.
        header: Whether the first row names the columns.
        sure: Whether nine of ten values in the tag column are tags.
    """

    separator: str = "\t"
    width: int = 2
    token: int = 0
    tag: int | None = 1
    id: int | None = None
    end: int | None = None
    header: bool = False
    sure: bool = True

    @property
    def needed(self) -> int:
        """How many columns a row must have at least."""
        return 1 + max(self.token, self.tag or 0, self.id or 0)

    def split(self, row: str) -> list[str]:
        r"""The cells of a row.

        Example:
            >>> ColumnLayout().split("New York\tB-LOC"), ColumnLayout(separator=" ").split("Accra  B-LOC")
            (['New York', 'B-LOC'], ['Accra', 'B-LOC'])
        """
        cells = row.split(self.separator)
        if self.separator == " " and ("" in cells or "\t" in row):
            return _BLANKS.split(row.strip(" \t"))
        return cells

    def is_comment(self, row: str) -> bool:
        r"""Whether a row that starts with ``#`` is a comment, and not about a token such as ``#`` or ``#tag``.

        Example:
            >>> ColumnLayout().is_comment("# text = a b"), ColumnLayout().is_comment("#\tO")
            (True, False)
        """
        if self.id is not None:
            return True
        if self.tag is None:
            return row.startswith("# ")
        cells = self.split(row)
        return len(cells) != self.width or split_tag(cells[self.tag].strip()) is None


def parse_columns(columns: str | Sequence[str]) -> list[str]:
    """Read the ``columns`` option: what each column holds, from the first.

    Args:
        columns: ``"token"``, ``"tag"`` or ``"id"`` for columns that matter, ``"-"`` or ``"_"`` for others; one string
            with commas, or a sequence. Columns after the last one named are passed over.

    Returns:
        The names, in order.

    Raises:
        OptionError: A name is unknown or used twice, or no column holds the token.

    Example:
        >>> parse_columns("id,token,-,tag")
        ['id', 'token', '-', 'tag']
    """
    names = [name.strip() for name in (columns.split(",") if isinstance(columns, str) else columns)]
    hint = "Say what each column holds, from the first, e.g. token,tag or id,token,-,tag."
    for name in names:
        if name not in ("token", "tag", "id", "-", "_"):
            raise OptionError(f"unknown column {name!r}", hint=hint)
        if name not in ("-", "_") and names.count(name) > 1:
            raise OptionError(f"column {name!r} is named twice", hint=hint)
    if "token" not in names:
        raise OptionError("no column holds the token", hint=hint)
    return names


def find_layout(lines: Sequence[str], name: str, columns: str | Sequence[str] | None = None) -> ColumnLayout:
    r"""Find the layout of a file from its first lines.

    Args:
        lines: The beginning of the file.
        name: The file, for messages.
        columns: What each column holds, where the user says so; see :func:`parse_columns`.

    Returns:
        The layout. With one column only, the file is unlabelled.

    Raises:
        FormatError: There are several columns and none holds tags, or not as many as ``columns`` says.
        OptionError: ``columns`` is malformed.

    Example:
        >>> layout = find_layout(["1\tin\tO\t-", "2\tAccra\tB-LOC\t-"], "a.iob2")
        >>> layout.id, layout.token, layout.tag
        (0, 1, 2)
    """
    given = parse_columns(columns) if columns is not None else None
    sample = [line for line in lines[:_SAMPLE_ROWS] if line[:1] != "#" and line.strip(" \t")]
    tabbed = sum("\t" in line for line in sample)
    if sample:
        separator = "\t" if 2 * tabbed > len(sample) else " "
    else:  # nothing but comments, or tokens that look like comments
        separator = " " if lines and not any("\t" in line for line in lines) else "\t"
    if separator == " " and given is None and len(lines) and not sample and not any(" " in line for line in lines):
        return ColumnLayout(separator, width=1, tag=None)

    splitter = ColumnLayout(separator)
    rows = [splitter.split(line) for line in sample if not line.startswith("-DOCSTART-")]
    header = _header(rows[0]) if rows else None
    body = rows[1:] if header is not None else rows
    width = Counter(map(len, body)).most_common(1)[0][0] if body else 2

    if given is not None:
        return _from_names(given, separator, max(width, len(given)), header is not None)
    if header is not None:
        return _from_header(header, separator, len(header))
    if not body:
        return ColumnLayout(separator)
    return _by_looking(body, separator, width, name, sample[0], lines)


def _from_names(names: list[str], separator: str, width: int, header: bool) -> ColumnLayout:
    def place(name: str) -> int | None:
        return names.index(name) if name in names else None

    return ColumnLayout(separator, width, names.index("token"), place("tag"), place("id"), None, header)


def _header(row: Sequence[str]) -> list[str] | None:
    """The names in a row of column names; ``None`` where it is no such row."""
    names = [cell.strip().lower() for cell in row]
    if any(name in _TOKEN_NAMES for name in names) and any(name in _TAG_NAMES for name in names):
        return names
    return None


def _from_header(names: list[str], separator: str, width: int) -> ColumnLayout:
    def place(known: Sequence[str]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    token = place(_TOKEN_NAMES)
    assert token is not None
    return ColumnLayout(separator, width, token, place(_TAG_NAMES), place(_ID_NAMES), place(_END_NAMES), header=True)


def _by_looking(
    rows: list[list[str]], separator: str, width: int, name: str, first_row: str, lines: Sequence[str]
) -> ColumnLayout:
    if width == 1:
        return ColumnLayout(separator, width=1, tag=None)
    values = [Counter(row[column] for row in rows if len(row) > column) for column in range(width)]
    tag, share = _tag_column(values)
    others = [column for column in range(width) if column != tag]
    numbered = 0 in others and len(others) > 1 and all(map(_is_number, values[0]))
    if tag is None:
        if numbered and (width == 2 or width == 10):  # numbered words, or CoNLL-U without entities
            return ColumnLayout(separator, width, token=1, tag=None, id=0)
        raise FormatError(
            f"none of the {width} columns holds tags",
            where=f"{name}:{lines.index(first_row) + 1}",
            hint="Say what the columns hold, e.g. --columns token,-,tag; or name the format of the file.",
        )
    return ColumnLayout(
        separator, width, others[1] if numbered else others[0], tag, 0 if numbered else None, sure=share >= _SURE_TAGS
    )


def _tag_column(values: list[Counter[str]]) -> tuple[int | None, float]:
    """The column of the entity tags and the share of its values that are tags."""
    shares = [_tag_share(counts) for counts in values]
    candidates = [column for column, share in enumerate(shares) if share >= _SURE_TAGS]
    if not candidates:
        best = max(range(len(shares)), key=shares.__getitem__)
        return (best, shares[best]) if shares[best] >= _LIKELY_TAGS else (None, 0.0)
    # Tokens may look like tags, chunks do: leave the first column and columns of chunks where there is a choice.
    candidates = [column for column in candidates if column > 0] or candidates
    candidates = [column for column in candidates if not _is_chunks(values[column])] or candidates
    return candidates[0], shares[candidates[0]]


def _tag_share(counts: Counter[str]) -> float:
    good = sum(count for value, count in counts.items() if split_tag(value.strip()) is not None)
    return good / max(1, counts.total())


def _is_chunks(counts: Counter[str]) -> bool:
    labels = {value[2:] for value in counts if value != "O"}
    return bool(labels) and labels <= _CHUNKS


def _is_number(cell: str) -> bool:
    """Whether a cell numbers a token as CoNLL-U does: ``3``, ``3-4`` or ``3.1``."""
    return cell.isascii() and cell[:1].isdigit() and cell.replace("-", "", 1).replace(".", "", 1).isdigit()
