"""Which column of a CoNLL-style file is which: found by looking, or given."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.tag_forms import Spelling, find_spelling, is_tag, outside_mark, spelling_of_counts, without_invisible
from crosspan.io.column_names import Named, header_of, names_in_comment, same_name, separator_told, value_of
from crosspan.io.column_roles import find_roles, is_number, named_sentences, numbers_tokens, parse_columns
from crosspan.io.feature_keys import check_keys, key_of_tags
from crosspan.io.looks import tagged_share
from crosspan.io.tag_choice import bare_tags, find_tags, find_unused, has_prefixes, with_outside

_SURE_TAGS = 0.9
_LIKELY_TAGS = 0.5
_SAMPLE_ROWS = 5_000
_BLANKS = re.compile("[ \t]+")
_WIDE_BLANKS = ("\u00a0", "\u3000", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f")
_SEVERAL = re.compile(r"\S\s+(?:[BIESLUMW][-_]\S|O(?:\s|$))")
_OTHER_SEPARATORS = (*_WIDE_BLANKS, ",", ";", "|")
_QUOTED = (",", ";")
_OF_TABLES = (*_QUOTED, "|")
_NOTHING = " \t\ufeff\u200b"


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
        sentence: Column that names the sentence of each token, or of the first token only, if there is one.
        key: What stands before the tag in its column, as in ``name=B-PER|SpaceAfter=No``.
        spelling: How the tags are spelt.
        unused: Further columns that hold tags, with what to call them.
        lang: The language that stands before each token with a colon, as in WikiANN.
        outside: What stands for ``O``, where that is another mark.
    """

    separator: str = "\t"
    width: int = 2
    token: int = 0
    tag: int | None = 1
    id: int | None = None
    end: int | None = None
    header: bool = False
    sure: bool = True
    sentence: int | None = None
    key: str | None = None
    spelling: Spelling = "prefix"
    unused: tuple[tuple[int, str], ...] = ()
    lang: str | None = None
    outside: str | None = None

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
        if self.separator in _QUOTED:
            try:
                cells = next(csv.reader([row], delimiter=self.separator, skipinitialspace=True), [])
            except csv.Error:  # a carriage return in the middle of a row, or a cell that is longer than any word
                cells = row.split(self.separator)
            return [cell.strip(" \t") for cell in cells]
        cells = row.split(self.separator)
        if self.separator in _WIDE_BLANKS:
            return [cell for piece in cells if (cell := piece.strip(" \t"))]
        if self.separator == " " and ("" in cells or "\t" in row):
            return _BLANKS.split(row.strip(" \t"))
        return cells

    def is_blank(self, row: str) -> bool:
        r"""Whether nothing stands in a row, but what separates its columns.

        Example:
            >>> ColumnLayout().is_blank(" \t"), ColumnLayout(separator=",").is_blank(",,")
            (True, True)
        """
        return not row.strip(f"{_NOTHING}{self.separator}" if self.separator in _OF_TABLES else _NOTHING)

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
        return len(cells) != self.width or not is_tag(self.tag_of(cells), self.spelling)

    def tag_of(self, cells: Sequence[str]) -> str:
        r"""The tag of a row, as it is spelt.

        Example:
            >>> ColumnLayout(key="name").tag_of(["Accra", "SpaceAfter=No|name=B-LOC"])
            'B-LOC'
        """
        if self.tag is None:
            return ""
        cell = cells[self.tag]
        if self.key is not None:
            return value_of(cell, self.key) or "O"
        return "O" if self.outside is not None and without_invisible(cell) == self.outside else cell


def find_layout(
    lines: Sequence[str], name: str, columns: str | Sequence[str] | None = None, tag_column: str | None = None
) -> ColumnLayout:
    r"""Find the layout of a file from its first lines.

    Args:
        lines: The beginning of the file.
        name: The file, for messages.
        columns: What each column holds, where the user says so; see :func:`~crosspan.io.column_roles.parse_columns`.
        tag_column: The name of the column of the tags in the first row, or its number from 1.

    Returns:
        The layout. With one column only, the file is unlabelled.

    Raises:
        FormatError: There are several columns and none holds tags, or not as many as ``columns`` says.
        OptionError: ``columns`` is malformed, or there is no such column.

    Example:
        >>> layout = find_layout(["1\tin\tO\t-", "2\tAccra\tB-LOC\t-"], "a.iob2")
        >>> layout.id, layout.token, layout.tag
        (0, 1, 2)
    """
    given = parse_columns(columns) if columns is not None else None
    told = separator_told(lines[0]) if lines else None
    lines = lines if told is None else ["#", *lines[1:]]
    sample = [line for line in lines[:_SAMPLE_ROWS] if line[:1] != "#" and line.strip(_NOTHING)]
    separator = told or _separator(sample, lines, tag_column)
    if separator == " " and given is None and len(lines) and not sample and not any(" " in line for line in lines):
        return ColumnLayout(separator, width=1, tag=None)

    splitter = ColumnLayout(separator)
    filled = [line for line in sample if not splitter.is_blank(line) and not line.startswith("-DOCSTART-")]
    rows = list(map(splitter.split, filled))
    header = header_of(rows[0], tag_column) if rows else None
    body = rows[1:] if header is not None else rows
    blocks = _blocks(lines, splitter)[len(rows) - len(body) :]
    width = Counter(map(len, body)).most_common(1)[0][0] if body else 2
    about = header or (names_in_comment(lines, tag_column) if given is None else None)

    if given is not None:
        width = max(width, len(given))
        layout = ColumnLayout(
            separator,
            width,
            given.index("token"),
            given.index("tag") if "tag" in given else None,
            given.index("id") if "id" in given else None,
            header=header is not None,
            sentence=given.index("sentence") if "sentence" in given else None,
        )
        return _spelt(layout, body)
    if about is not None:
        _check_told(about, tag_column, name)
        return _from_header(about, separator, body, blocks, header is not None)
    if not body:
        return ColumnLayout(separator)
    return _by_looking(body, blocks, separator, width, f"{name}:{lines.index(sample[0]) + 1}", tag_column)


def _blocks(lines: Sequence[str], splitter: ColumnLayout) -> list[int]:
    """For each row of the sample, how many blocks end before it."""
    blocks: list[int] = []
    block = 0
    for line in lines[:_SAMPLE_ROWS]:
        if splitter.is_blank(line) or line.startswith("-DOCSTART-"):
            block += 1
        elif line[:1] != "#":
            blocks.append(block)
    return blocks


def _check_told(named: Named, tag_column: str | None, name: str) -> None:
    """Raise where a first row names columns, and not the one that is asked for."""
    if tag_column is None or tag_column.isdigit():
        return
    if tag_column.strip().lower() not in [one.strip("\"'").lower() for one in named.names]:
        raise OptionError(f"{name} has no column {tag_column!r}", hint=f"It has {', '.join(named.names)}.")


def _separator(sample: Sequence[str], lines: Sequence[str], tag_column: str | None) -> str:
    """What stands between the columns."""
    if not sample:  # nothing but comments, or tokens that look like comments
        return " " if lines and not any("\t" in line for line in lines) else "\t"
    if 2 * sum("\t" in line for line in sample) > len(sample):
        return "\t"
    for separator in _QUOTED:
        if header_of(ColumnLayout(separator).split(sample[0]), tag_column) is not None:
            return separator
    for separator in _QUOTED:
        if len(sample) > 1 and all(separator in line for line in sample):
            widths = {len(ColumnLayout(separator).split(line)) for line in sample}
            if len(widths) == 1 and widths != {1}:
                return separator
    for separator in (" ", *_OTHER_SEPARATORS):
        if separator != " " and 2 * sum(separator in line for line in sample) <= len(sample):
            continue
        rows = list(map(ColumnLayout(separator).split, sample))
        wide = [row for row in rows if len(row) > 1]
        if 2 * len(wide) > len(rows):
            columns = _values(wide, max(map(len, wide)))
            if any(map(_are_sure, columns[1:])) and not any(map(_are_words, columns[1:])):
                return separator
    return " "


def _are_sure(counts: Counter[str]) -> bool:
    """Whether nearly all values are tags, and none of them words and tags in a row."""
    tags = {value: count for value, count in counts.items() if len(value.split()) < 2}
    return bool(tags.keys() - {"O"}) and find_spelling(tags)[1] * sum(tags.values()) >= _SURE_TAGS * counts.total()


def _are_words(counts: Counter[str]) -> bool:
    """Whether most values have several words."""
    return 2 * sum(count for value, count in counts.items() if len(value.split()) > 1) > counts.total()


def _values(rows: Sequence[Sequence[str]], width: int) -> list[Counter[str]]:
    return [Counter(row[column] for row in rows if len(row) > column) for column in range(width)]


def _spelt(layout: ColumnLayout, rows: Sequence[Sequence[str]]) -> ColumnLayout:
    """A layout with the spelling of its tags, and the language before its tokens."""
    sound = [row for row in rows if len(row) >= layout.needed]
    if layout.tag is not None and layout.key is None:
        layout = replace(layout, outside=outside_mark(Counter(map(layout.tag_of, sound))))
    spelling = spelling_of_counts(Counter(map(layout.tag_of, sound)))
    starts = {row[layout.token].partition(":")[0] for row in sound if row[layout.token]}
    lang = next(iter(starts)) if len(starts) == 1 and len(sound) > 1 else None
    if lang is not None and not (
        _LANGUAGE.fullmatch(lang) and all(row[layout.token].startswith(f"{lang}:") for row in sound)
    ):
        lang = None
    return replace(layout, spelling=spelling, lang=lang)


_LANGUAGE = re.compile("[a-z]{2,3}(-[a-z-]{2,12})?")


def _from_header(
    named: Named, separator: str, rows: Sequence[Sequence[str]], blocks: Sequence[int], header: bool
) -> ColumnLayout:
    width = len(named.names)
    values = _values(rows, width)
    sentence = named.sentence
    if sentence is None:
        sentence = named_sentences(named.names, rows, blocks, {named.token, named.tag})
    layout = ColumnLayout(
        separator,
        width,
        named.token,
        named.tag,
        named.id if named.id is not None and numbers_tokens(named.id, rows, blocks, width) else None,
        named.end,
        header,
        sentence=sentence,
        unused=() if named.told else find_unused(values, {named.token, named.tag}, named.names),
    )
    return _spelt(layout, rows)


def _by_looking(
    rows: list[list[str]], blocks: Sequence[int], separator: str, width: int, where: str, tag_column: str | None
) -> ColumnLayout:
    if tag_column is not None:
        if not tag_column.isdigit() or not 0 < int(tag_column) <= width:
            raise OptionError(
                f"there is no column {tag_column!r}", where=where, hint=f"Give its number, from 1 to {width}."
            )
    elif width == 1:
        if tagged_share([row[0] for row in rows if row]) >= _LIKELY_TAGS:
            raise FormatError(
                "the lines end in tags, but are no columns that can be told apart",
                where=where,
                hint="Separate tokens and tags by a tab.",
            )
        return ColumnLayout(separator, width=1, tag=None)
    values = _values(rows, width)
    if any(2 * sum(map(_in_a_row, column.elements())) > len(rows) for column in values):
        raise FormatError(
            "a row holds the tags of many words",
            where=where,
            hint="Write one token and its tag a line, and an empty line after each sentence.",
        )
    found = _TagColumn(int(tag_column) - 1) if tag_column is not None else _tag_column(rows, values, where)
    if found is None:
        return ColumnLayout(separator, width, token=1, tag=None, id=0)
    others = [column for column in range(width) if column != found.column]
    if not others:
        raise OptionError("the tags are in the only column", where=where, hint="Name another column.")
    roles = find_roles(rows, blocks, others, width)
    layout = ColumnLayout(
        separator,
        width,
        roles.token,
        found.column,
        roles.id,
        sure=found.share >= _SURE_TAGS,
        sentence=roles.sentence,
        key=found.key,
        unused=() if tag_column is not None else find_unused(values, {found.column, *range(roles.token + 1)}),
    )
    first = rows[0]
    if len(first) >= layout.needed and not is_tag(layout.tag_of(first)) and same_name(first[layout.token]) == "token":
        layout, rows = replace(layout, header=True), rows[1:]
    return _spelt(layout, rows)


class _TagColumn(NamedTuple):
    """Where the tags are: in a column, or behind a key in it, and what share of it they are."""

    column: int
    share: float = 1.0
    key: str | None = None


def _tag_column(rows: list[list[str]], values: Sequence[Counter[str]], where: str) -> _TagColumn | None:
    """The column of the tags; ``None`` where the columns are known, and none of them has any.

    Raises:
        FormatError: No column has tags.
    """
    tag, share = find_tags(values)
    if share < _SURE_TAGS:
        folded = find_tags([with_outside(counts) for counts in values])
        if folded[0] is not None and folded[1] >= _SURE_TAGS and has_prefixes(values[folded[0]]):
            tag, share = folded
    if tag is not None:
        return _TagColumn(tag, share)
    width = len(values)
    key = key_of_tags(rows, width)
    if key is not None:
        return _TagColumn(key[0], key=key[1])
    if width in (2, 10) and all(map(is_number, values[0])):  # numbered words, or CoNLL-U without entities
        check_keys(rows, where)
        return None
    bare = bare_tags(values)
    if bare is None:
        raise FormatError(
            f"none of the {width} columns holds tags",
            where=where,
            hint="Say what the columns hold, e.g. --columns token,-,tag; or name the format of the file.",
        )
    return _TagColumn(bare)


def _in_a_row(value: str) -> bool:
    """Whether a cell holds several tags."""
    return _SEVERAL.search(value) is not None
