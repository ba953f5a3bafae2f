"""What the columns of a file are for that hold neither tokens nor tags: they number, or name, or tell places.

A column that *names sentences* has the same value in all rows of a sentence, and no value comes back later; one that
*numbers tokens* has not. No column of words is either: words in a row differ, and few have digits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from crosspan.core.errors import OptionError

Use = Literal["number", "sentence", "other"]

_NAMES = ("token", "tag", "id", "sentence", "-", "_")
_MANY_ROWS = 8
_FAULTS = 20  # one row in so many may have a fault
_DIGIT = re.compile("[0-9]")
_DIGITS = re.compile("[0-9]+")
_COUNTED = re.compile(r"(.*?)([0-9]+)(?:\.0)?")
_NAMED_SO = re.compile(
    r"(?:.*[^a-z])?(?:id|ids|idx|index|no|nr|num|number|line|row|key|sent|sentence|doc|document|text)"
)


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is which, of those that hold no tags.

    Args:
        token: Column of the token, from 0.
        id: Column that numbers the tokens, if there is one.
        sentence: Column that names the sentence of each token, if there is one.
    """

    token: int
    id: int | None = None
    sentence: int | None = None


def parse_columns(columns: str | Sequence[str]) -> list[str]:
    """Read the ``columns`` option: what each column holds, from the first.

    Args:
        columns: ``"token"``, ``"tag"``, ``"id"`` (numbers the tokens) or ``"sentence"`` (names the sentence) for
            columns that matter, ``"-"`` or ``"_"`` for others; one string with commas, or a sequence. Columns after
            the last one named are passed over.

    Returns:
        The names, in order.

    Raises:
        OptionError: A name is unknown or used twice, or no column holds the token.

    Example:
        >>> parse_columns("id,token,-,tag")
        ['id', 'token', '-', 'tag']
    """
    names = [name.strip() for name in (columns.split(",") if isinstance(columns, str) else columns)]
    hint = "Say what each column holds, from the first, e.g. token,tag or id,token,-,tag or sentence,token,tag."
    for name in names:
        if name not in _NAMES:
            raise OptionError(f"unknown column {name!r}", hint=hint)
        if name not in ("-", "_") and names.count(name) > 1:
            raise OptionError(f"column {name!r} is named twice", hint=hint)
    if "token" not in names:
        raise OptionError("no column holds the token", hint=hint)
    return names


def find_roles(rows: Sequence[Sequence[str]], blocks: Sequence[int], others: Sequence[int], width: int) -> Roles:
    """Find the column of the tokens: the first that does not number, name sentences or tell places.

    Args:
        rows: Cells of rows.
        blocks: For each row, how many empty lines stand before it.
        others: The columns without tags, at least one, in order.
        width: How many cells most rows have; others are not looked at.

    Returns:
        The roles.

    Example:
        >>> find_roles([["s0", "0", "Ada", "B-PER"], ["s0", "1", "left", "O"]], [0, 0], [0, 1, 2], 4)
        Roles(token=2, id=1, sentence=0)
    """
    columns = {column: _column(column, rows, blocks, width) for column in others}
    found: dict[Use, int] = {}
    rest = list(others)
    while len(rest) > 1:
        if len(rest) > 2 and _are_places(*(columns[column].values for column in rest[:3])):
            del rest[:2]
            continue
        use = use_of(*columns[rest[0]])
        if use is None or (use in found and not _have_letters(columns[rest[1]].values)):
            break
        found.setdefault(use, rest.pop(0))
    return Roles(rest[0], found.get("number"), found.get("sentence"))


def named_sentences(
    names: Sequence[str], rows: Sequence[Sequence[str]], blocks: Sequence[int], used: Collection[int]
) -> int | None:
    """The column that names sentences by its values, and is called as such a column may be.

    Args:
        names: What the columns are called.
        rows: Cells of rows.
        blocks: For each row, how many empty lines stand before it.
        used: The columns of tokens and tags.

    Returns:
        The column from 0, or ``None``.

    Example:
        >>> rows = [["7", "Ada", "O"], ["7", "left", "O"], ["8", "Bo", "O"]]
        >>> named_sentences(["text_id", "token", "ner"], rows, [0, 0, 0], {1, 2})
        0
    """
    for column, name in enumerate(names):
        if column in used or not _NAMED_SO.fullmatch(name.strip("\"' ").lower()):
            continue
        if use_of(*_column(column, rows, blocks, len(names))) == "sentence":
            return column
    return None


def numbers_tokens(column: int, rows: Sequence[Sequence[str]], blocks: Sequence[int], width: int) -> bool:
    """Whether a column that is called as if it numbered tokens does so, and not sentences or documents.

    Args:
        column: The column from 0.
        rows: Cells of rows.
        blocks: For each row, how many empty lines stand before it.
        width: How many cells most rows have; others are not looked at.

    Example:
        >>> numbers_tokens(0, [["1", "Ada"], ["2", "left"]], [0, 0], 2)
        True
    """
    return use_of(*_column(column, rows, blocks, width)) == "number"


class _Column(NamedTuple):
    values: Sequence[str]
    blocks: Sequence[int]


def _column(column: int, rows: Sequence[Sequence[str]], blocks: Sequence[int], width: int) -> _Column:
    """The cells of a column in sound rows, and how many empty lines stand before each."""
    even = [index for index, row in enumerate(rows) if len(row) == width]
    return _Column([rows[index][column].strip() for index in even], [blocks[index] for index in even])


def use_of(values: Sequence[str], blocks: Sequence[int]) -> Use | None:
    """What a column is for that stands before the tokens.

    Args:
        values: Its cells.
        blocks: For each cell, how many empty lines stand before it.

    Returns:
        ``"number"``, ``"sentence"``, ``"other"`` for one that names something larger, ``None`` for one that may hold
        words.

    Example:
        >>> use_of(["1", "2", "3"], [0, 0, 0]), use_of(["a1", "a1", "a2"], [0, 0, 0]), use_of(["Ada", "left"], [0, 0])
        ('number', 'sentence', None)
    """
    few = len(values) // _FAULTS
    numbers = bool(values) and sum(not is_number(value) for value in values) <= few
    if _are_names(values, few):
        places = {(block, value) for block, value in zip(blocks, values, strict=True) if value}
        apart = len(places) <= len({value for _, value in places}) + few
        return "sentence" if apart else "other"
    if numbers and _count_sentences(values, blocks):
        return "sentence"
    return "number" if numbers else None


def is_number(cell: str) -> bool:
    """Whether a cell numbers a token as CoNLL-U does: ``3``, ``3-4`` or ``3.1``.

    Example:
        >>> is_number("3-4"), is_number("3rd")
        (True, False)
    """
    return cell.isascii() and cell[:1].isdigit() and cell.replace("-", "", 1).replace(".", "", 1).isdigit()


def are_alike(name: str, other: str) -> bool:
    """Whether two names of sentences differ in their numbers alone.

    Example:
        >>> are_alike("s9", "s10"), are_alike('Obi"', "10")
        (True, False)
    """
    return _DIGITS.sub("0", name) == _DIGITS.sub("0", other)


def words_alone(ids: Sequence[str]) -> list[bool]:
    """Which rows are words of their own, and neither a range of the two after them nor an empty node.

    Args:
        ids: What numbers the rows: ``3-4`` is a range where 3 follows, ``3.1`` an empty node where 3 went before.

    Example:
        >>> words_alone(["1", "2-3", "2", "3", "3.1"]), words_alone(["1", "0.97"])
        ([True, False, True, True, False], [True, True])
    """
    alone = []
    before, empty = "0", 0
    for index, one in enumerate(ids):
        begin, mark, rest = one.partition("-")
        if mark and begin.isdigit() and rest.isdigit():
            after = next((later for later in ids[index + 1 :] if later.isdigit()), None)
            alone.append(after != begin)
            continue
        is_empty = one == f"{before}.{empty + 1}"
        alone.append(not is_empty)
        empty = empty + 1 if is_empty else 0
        before = one if one.isdigit() else before
    return alone


def _are_names(values: Sequence[str], few: int) -> bool:
    """Whether values stand together, at least some of them in more than one row, and do not come back."""
    given = [value for value in values if value]
    if len(given) < 2 or len(given) < len(values) - few:
        return False
    runs = 1 + sum(one != other for one, other in pairwise(given))
    if runs > len({*given}) + few:
        return False
    n_digits = sum(_DIGIT.search(value) is not None for value in given)
    if any("." in value and not value.endswith(".0") and is_number(value) for value in given):
        return False  # a score, which may be the same in two rows
    if n_digits < len(given) - few:
        return len(given) >= _MANY_ROWS and 2 * runs <= len(given)
    return runs < len(given) or _count_up(given)


def _count_up(values: Sequence[str]) -> bool:
    """Whether values are a name before a number that is one more in each row, as in sentences of one word each."""
    found = [_COUNTED.fullmatch(value) for value in values]
    parts = [(one[1], int(one[2])) for one in found if one is not None]
    if len(parts) < max(3, len(values)) or not parts[0][0]:
        return False
    return all(one[0] == other[0] and other[1] - one[1] in (0, 1) for one, other in pairwise(parts))


def _count_sentences(values: Sequence[str], blocks: Sequence[int]) -> bool:
    """Whether numbers that begin anew, as in each document, are of sentences: others than the first are repeated."""
    whole = [(block, int(value)) for block, value in zip(blocks, values, strict=True) if value.isdigit()]
    if len(whole) < len(values) or blocks[0] != blocks[-1]:
        return False
    least = min(number for _, number in whole)
    steps = [(one[1], other[1]) for one, other in pairwise(whole)]
    if not all(other - one in (0, 1) or other == least for one, other in steps):
        return False
    return any(one == other > least for one, other in steps)


def _are_places(begins: Sequence[str], ends: Sequence[str], words: Sequence[str]) -> bool:
    """Whether two columns are the first and last places of the words beside them."""
    rows = list(zip(begins, ends, words, strict=True))
    if not rows or not all(begin.isdigit() and end.isdigit() for begin, end, _ in rows):
        return False
    places = [(int(begin), int(end), len(word)) for begin, end, word in rows]
    if 10 * sum(end - begin in (length, length - 1) for begin, end, length in places) >= 9 * len(places):
        return not all(word.isdigit() for *_, word in rows)
    going = all(one[1] <= other[0] or other[0] < one[0] for one, other in pairwise(places))
    return len(rows) > 1 and going and all(begin < end for begin, end, _ in places) and _have_letters(words)


def _have_letters(values: Sequence[str]) -> bool:
    return 2 * sum(any(char.isalpha() for char in value) for value in values) >= len(values) > 0
