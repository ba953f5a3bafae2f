"""Rows of columns, and the sentences they make.

An empty line ends a sentence, and so does a document mark (``-DOCSTART-``), another name in a column that names
sentences, or a mark of an end in ``MISC``. A row that does not have the form of the others is a fault of its sentence.
A row whose token is empty and whose tag is ``O`` is passed over: it has no character to lose.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, compress, islice, pairwise
from typing import NamedTuple

from crosspan.core.errors import CrosspanError, FormatError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import SPELLINGS, Respelt, is_tag
from crosspan.io.column_names import DOCSTART, separator_told
from crosspan.io.column_roles import are_alike, words_alone
from crosspan.io.conll_layout import ColumnLayout, find_layout
from crosspan.io.format import Reading
from crosspan.io.notices import Notices

_SAMPLE_LINES = 20_000
_BLANK = " \t\ufeff\u200b"
_AFTER_MARK = ("", " ", "\t", ",", "\u00a0", "\u3000")
_LONG = 1_000
_FIRST = ("0", "1")
_ENDS = ("EndOfSentence", "PySBDSegment")
_JOINED = "NoSpaceAfter"
_KEYS = frozenset({"sent_id", "id", "lang", "text", "tokens", "sent_id_json", "lang_json", "text_json"})


class RawSentence(NamedTuple):
    """A sentence before its tags are understood.

    Args:
        line: Where it begins.
        tokens: Its words.
        tags: Their tags, in one spelling.
        numbers: The line of each token.
        comments: What is said of it.
        lang: Its language, where the tokens say it.
        fault: What is wrong with its rows.
    """

    line: int
    tokens: tuple[str, ...]
    tags: Sequence[str]
    numbers: Sequence[int]
    comments: dict[str, str]
    lang: str | None = None
    fault: CrosspanError | None = None


def parse_rows(lines: Iterable[str], name: str, how: Reading, seen: Notices) -> Iterator[RawSentence]:
    """Yield sentences with their tags in one spelling.

    Args:
        lines: The lines of the file.
        name: The file, for messages.
        how: How it is read.
        seen: Takes what is noticed.

    Raises:
        FormatError: No column holds tags.
        OptionError: There is no such column.
    """
    lines = iter(lines)
    first = list(islice(lines, _SAMPLE_LINES))
    layout = find_layout(first, name, how.columns, how.tag_column)
    yield from _Parser(layout, name, seen, how.marks).parse(chain(first, lines))


class _Parser:
    """Turns lines into tokens, tags and comments."""

    def __init__(self, layout: ColumnLayout, name: str, seen: Notices, marks: bool) -> None:
        self.layout = layout
        self.name = name
        self.seen = seen
        self.marks = marks
        self.respelt = Respelt(layout.spelling, layout.outside)

    def parse(self, lines: Iterable[str]) -> Iterator[RawSentence]:
        """Yield what stands between empty lines."""
        rows: list[str] = []
        number = 0
        header_due = self.layout.header
        blank = _BLANK + self.layout.separator
        for number, line in enumerate(lines, 1):
            if line and (line[0] not in blank or not self.layout.is_blank(line)):
                if number == 1 and separator_told(line) is not None:
                    rows.append("#")
                elif header_due and line[0] != "#":
                    header_due = False
                    rows.append("#")  # an empty comment keeps the count of lines right
                else:
                    rows.append(line)
            elif rows:
                yield from self._sentences(rows, number - len(rows))
                rows = []
        if rows:
            yield from self._sentences(rows, number + 1 - len(rows))

    def _sentences(self, rows: list[str], first: int) -> Iterator[RawSentence]:
        """Yield the sentences in rows that begin at line ``first``: none for a document mark, mostly one."""
        layout = self.layout
        comments: dict[str, str] = {}
        numbers: Sequence[int] = range(first, first + len(rows))
        joined = "\n" + "\n".join(rows)
        if "\n#" in joined:
            rows, numbers, comments = self._without_comments(rows, first)
        if layout.separator == "\t":
            cells = [row.split("\t") for row in rows]
        elif layout.separator != " " or _uneven(joined):
            cells = list(map(layout.split, rows))
        else:
            cells = [row.split(" ") for row in rows]
        if not cells:
            if comments.get("tokens") == "0":
                yield RawSentence(first, (), (), (), comments)
            return
        if DOCSTART in joined and "tokens" not in comments:
            for part, is_mark in _between_marks(rows):
                if not is_mark:
                    yield from self._block(cells[part], numbers[part], comments)
                    comments = {}
                elif self.marks:
                    yield RawSentence(numbers[part.start], (DOCSTART,), ("O",), numbers[part], {})
            return
        yield from self._block(cells, numbers, comments)

    def _block(self, cells: list[list[str]], numbers: Sequence[int], comments: dict[str, str]) -> Iterator[RawSentence]:
        """Yield the sentences in rows between which nothing but the rows themselves ends one."""
        layout = self.layout
        if layout.sentence is not None:
            parts = self._at_names(cells, layout.sentence, comments)
        elif layout.end is not None:
            parts = self._at_ends(cells, layout.end, comments)
        elif layout.id is not None:
            parts = _at_first_numbers(cells, layout.id, comments)
        else:
            parts = iter([(slice(None), comments)])
        for part, said in parts:
            yield from self._part(cells[part], numbers[part], said)

    def _part(self, cells: list[list[str]], numbers: Sequence[int], comments: dict[str, str]) -> Iterator[RawSentence]:
        """Yield the sentence of some rows; none where they hold none."""
        layout = self.layout
        if set(map(len, cells)) != {layout.width}:
            fault = self._fault_of_widths(cells, numbers)
            if fault is not None:
                tokens = tuple(_word(cell, layout.token) for cell in cells)
                yield RawSentence(numbers[0], tokens, (), numbers, comments, layout.lang, fault)
                return
        if layout.id is not None and not "".join([cell[layout.id] for cell in cells]).isdigit():
            # Ranges (3-4) and empty nodes (3.1) of CoNLL-U are no tokens of their own.
            cells, numbers = _keep(cells, numbers, words_alone([cell[layout.id] for cell in cells]))
        if cells:
            yield self._raw(cells, numbers, comments)

    def _raw(self, cells: list[list[str]], numbers: Sequence[int], comments: dict[str, str]) -> RawSentence:
        layout, token = self.layout, self.layout.token
        line = numbers[0]
        tokens = tuple([cell[token] for cell in cells])
        tags = self._tags(cells)
        fault = None
        if "" in tokens:
            fault = self._fault_of_empty(tokens, tags, numbers)
            wanted = [word != "" for word in tokens]
            cells, numbers = _keep(cells, numbers, wanted)
            tokens, tags = tuple(compress(tokens, wanted)), list(compress(tags, wanted))
        if layout.lang is not None:
            tokens = tuple([word.removeprefix(f"{layout.lang}:") or word for word in tokens])
        if layout.end is not None and not comments.keys() & {"text", "text_json"}:
            text = _running_text(tokens, [cell[layout.end] if len(cell) > layout.end else "" for cell in cells])
            comments = comments if text is None else {**comments, "text": text}
        self._notice(cells, tokens, numbers)
        return RawSentence(line, tokens, tags, numbers, comments, layout.lang, fault)

    def _tags(self, cells: list[list[str]]) -> list[str]:
        layout = self.layout
        if layout.tag is None:
            return []
        if layout.key is None:
            tag = layout.tag
            return self.respelt.all([cell[tag] for cell in cells])
        return self.respelt.all(list(map(layout.tag_of, cells)))

    def _notice(self, cells: list[list[str]], tokens: tuple[str, ...], numbers: Sequence[int]) -> None:
        for column, called in self.layout.unused:
            at = [i for i, cell in enumerate(cells) if len(cell) > column and self._is_other(cell, column)]
            begins = [i for i in at if not self._goes_on(cells, i, column, at)]
            if begins:
                what = f"column {called} holds {{count}} more entities, which are not used (--tag-column chooses)"
                self.seen.add("labels-unused", what, numbers[begins[0]], len(begins))
        if self.layout.outside and self.layout.spelling == "label":
            n_outside = sum(self.layout.tag_of(cell) == "O" for cell in cells)
            what = f"{{count}} tokens have {shown(self.layout.outside)} for a label, which is taken for O: outside"
            self.seen.add("outside", what, numbers[0], n_outside)
        if len(tokens) > _LONG:
            what = (
                f"{{count}} sentences have more than {_LONG:,} tokens; are the blank lines between sentences missing? "
                "Put one in after each, or name a column that tells them apart in a first row (sentence_id)"
            )
            self.seen.add("long", what, numbers[0])

    def _is_other(self, cell: Sequence[str], column: int) -> bool:
        """Whether a column says of a token what the column of the tags does not."""
        tag, used = cell[column], self.layout.tag_of(cell)
        if tag in ("O", "_", "-", "", used) or tag.casefold() == used.casefold():
            return False
        return any(is_tag(tag, one) for one in SPELLINGS[:-1]) or self.respelt[used].partition("-")[2] != tag

    @staticmethod
    def _goes_on(cells: list[list[str]], index: int, column: int, labelled: Container[int]) -> bool:
        """Whether a tag of another column goes on with the entity before it."""
        tag = cells[index][column]
        if index - 1 not in labelled:
            return False
        return tag[0] in "IEL" if any(is_tag(tag, one) for one in SPELLINGS[:-1]) else tag == cells[index - 1][column]

    def _fault_of_empty(self, tokens: Sequence[str], tags: Sequence[str], numbers: Sequence[int]) -> FormatError | None:
        """What is wrong where a tag stands beside no token."""
        lost = next(
            (i for i, (word, tag) in enumerate(zip(tokens, tags, strict=False)) if not word and tag != "O"), None
        )
        if lost is None:
            return None
        return FormatError(
            f"the tag {shown(tags[lost])} belongs to an empty token",
            where=f"{self.name}:{numbers[lost]}",
            hint="Put the token in, or remove the line.",
        )

    def _without_comments(self, rows: list[str], first: int) -> tuple[list[str], list[int], dict[str, str]]:
        comments: dict[str, str] = {}
        kept: list[str] = []
        numbers: list[int] = []
        for number, row in enumerate(rows, first):
            if row[0] == "#" and self.layout.is_comment(row):
                key, equals, value = row[1:].partition("=")
                key = key.strip()
                if equals and key in _KEYS:
                    comments[key] = value.removeprefix(" ")
            else:
                kept.append(row)
                numbers.append(number)
        return kept, numbers, comments

    def _fault_of_widths(self, cells: list[list[str]], numbers: Sequence[int]) -> FormatError | None:
        """What is wrong with the first row that is narrower or wider than it may be."""
        layout = self.layout
        for cell, number in zip(cells, numbers, strict=True):
            if len(cell) == layout.width or not self._odd(cell):
                continue
            expected = f"at least {layout.needed}" if len(cell) < layout.needed else f"{layout.width}"
            between = {"\t": "tabs", " ": "blanks"}.get(layout.separator, shown(layout.separator))
            return FormatError(
                f"{len(cell)} {'column' if len(cell) == 1 else 'columns'}, expected {expected}",
                where=f"{self.name}:{number}",
                hint=f"Columns are separated by {between} here; mend the line.",
            )
        return None

    def _odd(self, cell: list[str]) -> bool:
        """Whether a row of another width cannot be trusted to have its tag in the right place."""
        layout = self.layout
        if len(cell) < layout.needed:
            return True
        if layout.tag is None or layout.width == 1:
            return layout.width == 1
        if layout.separator == " ":  # a blank inside of a token moves all that follows
            return len(cell) > layout.width or layout.tag + 1 < len(cell) < layout.width
        return any(is_tag(more) and more.strip() != "O" for more in cell[layout.width :])

    def _at_names(
        self, cells: list[list[str]], column: int, comments: dict[str, str]
    ) -> Iterator[tuple[slice, dict[str, str]]]:
        """Cut rows where a column names another sentence; an odd row does so only if its name is like others."""
        names = [cell[column] if len(cell) > column else "" for cell in cells]
        start, before = 0, names[0]
        for index, name in enumerate(names):
            if index and name and name != before:
                odd = len(cells[index]) != self.layout.width and self._odd(cells[index])
                if odd and name not in names[index + 1 : index + 3] and not are_alike(name, before):
                    continue
                yield slice(start, index), {**comments, "sent_id": before} if before else comments
                start, before = index, name
        yield slice(start, len(cells)), {**comments, "sent_id": before} if before else comments

    def _at_ends(
        self, cells: list[list[str]], end: int, comments: dict[str, str]
    ) -> Iterator[tuple[slice, dict[str, str]]]:
        """Cut rows after each marked end of a sentence, but never inside an entity."""
        tag = self.layout.tag
        start = 0
        for index, (cell, after) in enumerate(pairwise(cells), 1):
            if len(cell) <= end or not any(mark in cell[end] for mark in _ENDS):
                continue
            if tag is not None and len(after) > tag and after[tag].startswith("I-"):
                continue
            yield slice(start, index), comments
            start, comments = index, {}
        yield slice(start, len(cells)), comments


def _at_first_numbers(
    cells: list[list[str]], column: int, comments: dict[str, str]
) -> Iterator[tuple[slice, dict[str, str]]]:
    """Cut rows where the numbers of the tokens begin anew."""
    numbers = [cell[column].partition("-")[0] if len(cell) > column else "" for cell in cells]
    start = 0
    if numbers[0] in _FIRST:
        for index, (before, number) in enumerate(pairwise(numbers), 1):
            if number == numbers[0] != before:
                yield slice(start, index), comments
                start, comments = index, {}
    yield slice(start, len(cells)), comments


def _keep(cells: list[list[str]], numbers: Sequence[int], wanted: list[bool]) -> tuple[list[list[str]], Sequence[int]]:
    return list(compress(cells, wanted)), list(compress(numbers, wanted))


def _running_text(tokens: Sequence[str], marks: Sequence[str]) -> str | None:
    """The text where some words are marked as joined to the next; ``None`` where none is, which may mean nothing."""
    if not any(_JOINED in mark for mark in marks[:-1]):
        return None
    ends = ["" if _JOINED in mark else " " for mark in marks[:-1]]
    return "".join(chain.from_iterable(zip(tokens, [*ends, ""], strict=True)))


def _uneven(joined: str) -> bool:
    """Whether more than single blanks stand between and around the cells of some rows."""
    return any(one in joined for one in ("  ", "\t", "\n ", " \n")) or joined.endswith(" ")


def _between_marks(rows: Sequence[str]) -> Iterator[tuple[slice, bool]]:
    """The rows between document marks, and the marks."""
    start = 0
    for index, row in enumerate(rows):
        if row.startswith(DOCSTART) and row[len(DOCSTART) : len(DOCSTART) + 1] in _AFTER_MARK:
            if index > start:
                yield slice(start, index), False
            yield slice(index, index + 1), True
            start = index + 1
    if start < len(rows):
        yield slice(start, len(rows)), False


def _word(cell: Sequence[str], token: int) -> str:
    """The token of a row that may lack it."""
    return (cell[token] if len(cell) > token else "") or " ".join(cell).strip() or "?"
