"""Word links in Pharaoh form (``0-0 1-2:0.75``), one sentence pair a line; gold links with sure and possible marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from crosspan.core.errors import AlignmentError, FormatError, OptionError, PairError
from crosspan.core.files import PathLike, name_of, open_output, read_lines
from crosspan.core.shown import shown
from crosspan.core.types import Alignment

_HINT = "Write links as i-j or i-j:probability, counted from 0, e.g. 0-0 1-2:0.9; an empty line for no links."
_NUMBER = re.compile("[0-9]{1,18}")
_LINK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})(?::([0-9.eE+-]+))?\Z")
_GOLD_LINK = re.compile(r"([0-9]{1,9})([-p?])([0-9]{1,9})\Z")

Link = tuple[int, int]


@dataclass(frozen=True, slots=True)
class GoldLinks:
    """Hand-made links of one sentence pair, counted from 0.

    Args:
        sure: Links that an aligner must find.
        possible: Links that it may find; all sure links are among them, as alignment error rate wants it.
    """

    sure: frozenset[Link]
    possible: frozenset[Link]


def read_links(
    path: PathLike, *, lengths: Iterable[tuple[int, int]] | None = None, start: int = 0
) -> Iterator[Alignment]:
    """Read word links, one line a sentence pair.

    An empty line is a pair without links. A leading column with the number of the pair, followed by a tab, is allowed;
    the numbers must then count up by one.

    Args:
        path: The file; ``-`` is standard input.
        lengths: Numbers of source and target tokens of each pair, to check the links against.
        start: What the first token counts as, 0 or 1.

    Yields:
        One alignment a line.

    Raises:
        AlignmentError: A link is malformed, or points outside its sentence pair.
        FormatError: The numbers of the pairs do not count up by one.
        PairError: There are more or fewer lines than ``lengths``.
        OptionError: ``start`` is neither 0 nor 1.
    """
    _check_start(start)
    name = name_of(path)
    known: dict[str, tuple[int, int, float]] = {}
    sizes = iter(lengths) if lengths is not None else None
    count = 0
    for count, line in enumerate(_without_numbers(path, name), 1):
        alignment = _alignment(line, known, f"{name}:{count}", start)
        if sizes is not None:
            size = next(sizes, None)
            if size is None:
                raise PairError(
                    f"more lines of links than sentence pairs ({count - 1})", where=f"{name}:{count}", hint=_PAIR_HINT
                )
            _check(alignment, size, f"{name}:{count}")
        yield alignment
    if sizes is not None and next(sizes, None) is not None:
        raise PairError(f"only {count} lines of links, fewer than sentence pairs", where=name, hint=_PAIR_HINT)


_PAIR_HINT = "Links and sentences must belong together line by line."


def _check(alignment: Alignment, size: tuple[int, int], where: str) -> None:
    try:
        alignment.check(*size)
    except AlignmentError as error:
        raise AlignmentError(error.message, where=where, hint=error.hint) from error


def _without_numbers(path: PathLike, name: str) -> Iterator[str]:
    """Lines without the column that numbers the pairs, if the first line has one."""
    due: int | None = None
    for number, line in enumerate(read_lines(path), 1):
        if number == 1:
            index = line.partition("\t")
            due = int(index[0]) if index[1] and _NUMBER.fullmatch(index[0]) else None
        if due is None:
            yield line
            continue
        found, _, rest = line.partition("\t")
        if found != str(due):
            raise FormatError(
                f"pair number {shown(found)}, expected {due}",
                where=f"{name}:{number}",
                hint="The numbers before the tab must count up by one; put the missing lines in, or remove the column.",
            )
        due += 1
        yield rest


def _alignment(line: str, known: dict[str, tuple[int, int, float]], where: str, start: int) -> Alignment:
    items = line.split()
    try:
        links = [known[item] for item in items]
    except KeyError:  # some are new: rare after the first thousand lines
        for item in items:
            if item not in known:
                known[item] = _from_zero(_parse(item, where), start, item, where)
        links = [known[item] for item in items]
    if len(links) > 1:
        links.sort()
        pairs = {(link[0], link[1]) for link in links}
        if len(pairs) < len(links):
            return Alignment.from_links(links)
    return Alignment(
        np.array([link[0] for link in links], dtype=np.int32),
        np.array([link[1] for link in links], dtype=np.int32),
        np.array([link[2] for link in links], dtype=np.float32),
    )


def _check_start(start: int) -> None:
    if start not in (0, 1):
        raise OptionError(f"start is {start}", hint="Tokens count from 0 or from 1.")


def _from_zero(link: tuple[int, int, float], start: int, item: str, where: str) -> tuple[int, int, float]:
    if min(link[0], link[1]) < start:
        raise AlignmentError(
            f"{shown(item)} is below the first token",
            where=where,
            hint="Leave out --one-based: the links count from 0.",
        )
    return link[0] - start, link[1] - start, link[2]


def _parse(item: str, where: str) -> tuple[int, int, float]:
    match = _LINK.match(item)
    if match is None:
        raise AlignmentError(f"{shown(item)} is not a link", where=where, hint=_HINT)
    if match[3] is None:
        return int(match[1]), int(match[2]), 1.0
    try:
        prob = float(match[3])
    except ValueError:
        prob = -1.0
    if not 0.0 <= prob <= 1.0:
        raise AlignmentError(f"{shown(item)} has no probability between 0 and 1", where=where, hint=_HINT)
    return int(match[1]), int(match[2]), prob


def write_links(path: PathLike, alignments: Iterable[Alignment], *, digits: int = 4) -> int:
    """Write word links, one line a sentence pair, all or nothing.

    Args:
        path: The file; ``-`` is standard output.
        alignments: The links. Probabilities of 1 are left out.
        digits: Significant digits of the probabilities; 9 keep them exactly.

    Returns:
        The number of lines written.

    Raises:
        OutputError: The file cannot be written.
    """
    count = 0
    with open_output(path) as stream:
        for alignment in alignments:
            stream.write(alignment.to_pharaoh(digits=digits) + "\n")
            count += 1
    return count


def read_gold_links(path: PathLike, *, start: int = 0) -> list[GoldLinks]:
    """Read hand-made links: ``i-j`` for sure, ``ipj`` or ``i?j`` for possible ones.

    Where a line has tabs, as in XL-WA (``source TAB target TAB links``), the links are the last column.

    Args:
        path: The file.
        start: What the first token counts as: 0, or 1 as in the Hansards gold of the WPT-03 task.

    Returns:
        The links of each pair, counted from 0.

    Raises:
        AlignmentError: A link is malformed or smaller than ``start``.
        OptionError: ``start`` is neither 0 nor 1.
    """
    _check_start(start)
    name = name_of(path)
    known: dict[str, tuple[Link, bool]] = {}
    gold: list[GoldLinks] = []
    for number, line in enumerate(read_lines(path), 1):
        sure: set[Link] = set()
        possible: set[Link] = set()
        for item in line.rpartition("\t")[2].split():
            if item not in known:
                known[item] = _parse_gold(item, start, f"{name}:{number}")
            link, is_sure = known[item]
            possible.add(link)
            if is_sure:
                sure.add(link)
        gold.append(GoldLinks(frozenset(sure), frozenset(possible)))
    return gold


def _parse_gold(item: str, start: int, where: str) -> tuple[Link, bool]:
    match = _GOLD_LINK.match(item)
    if match is None:
        hint = "Write sure links as i-j and possible ones as ipj or i?j."
        raise AlignmentError(f"{shown(item)} is not a gold link", where=where, hint=hint)
    link = (int(match[1]) - start, int(match[3]) - start)
    if min(link) < 0:
        raise AlignmentError(f"{item!r} is below the first token", where=where, hint="This gold counts from 0.")
    return link, match[2] == "-"
