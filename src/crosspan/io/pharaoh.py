"""Word links in Pharaoh form (``0-0 1-2:0.75``), one sentence pair a line; gold links with sure and possible marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import ge

import numpy as np

from crosspan.core.errors import AlignmentError, FormatError, OptionError, PairError
from crosspan.core.files import PathLike, name_of, open_output
from crosspan.core.lines import read_lines
from crosspan.core.shown import shown
from crosspan.core.types import Alignment

_HINT = "Write links as i-j or i-j:probability, counted from 0, e.g. 0-0 1-2:0.9; an empty line for no links."
_PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})\Z")
_PROBABILITY = re.compile(r"[0-9.eE+-]+\Z")
_MOST = 100_000
"""Different places, and different probabilities, that are remembered while links are read."""

_NUMBER = re.compile("[0-9]{1,18}")
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
    """Read word links, one line a sentence pair, in bounded memory.

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
    name = name_of(path)
    parser = _Parser(_checked_start(start))
    sizes = iter(lengths) if lengths is not None else None
    count = 0
    for count, line in enumerate(_without_numbers(path, name), 1):
        alignment = parser.alignment(line, f"{name}:{count}")
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


class _Parser:
    """Turns lines into alignments. What it has read before it need not read again: places and probabilities repeat."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._places: dict[str, Link] = {}
        self._probs: dict[str, float] = {}

    def alignment(self, line: str, where: str) -> Alignment:
        """The links of a line.

        Raises:
            AlignmentError: One is malformed.
        """
        items = line.split()
        parts = [item.partition(":") for item in items]
        try:
            return self._known(parts)
        except KeyError:  # some are new: where they have no probabilities, rare after the first thousand lines
            for known in (self._places, self._probs):
                if len(known) > _MOST:
                    known.clear()
            for item, (place, colon, prob) in zip(items, parts, strict=True):
                if place not in self._places:
                    self._places[place] = _place(place, item, where, self._start)
                if colon and prob not in self._probs:
                    self._probs[prob] = _probability(prob, item, where)
            return self._known(parts)

    def _known(self, parts: list[tuple[str, str, str]]) -> Alignment:
        places = [self._places[place] for place, _, _ in parts]
        probs = [self._probs[prob] if colon else 1.0 for _, colon, prob in parts]
        if any(map(ge, places, places[1:])):  # out of order, or one twice
            return Alignment.from_links([(i, j, prob) for (i, j), prob in zip(places, probs, strict=True)])
        table = np.array(places, np.int32).reshape(-1, 2).T.copy()
        return Alignment(table[0], table[1], np.array(probs, np.float32))


def _checked_start(start: int) -> int:
    if start not in (0, 1):
        raise OptionError(f"start is {start}", hint="Tokens count from 0 or from 1.")
    return start


def _place(text: str, item: str, where: str, start: int) -> Link:
    match = _PLACE.match(text)
    if match is None:
        raise AlignmentError(f"{shown(item)} is not a link", where=where, hint=_HINT)
    link = int(match[1]) - start, int(match[2]) - start
    if min(link) < 0:
        raise AlignmentError(
            f"{shown(item)} is below the first token",
            where=where,
            hint="These links count from 0: say so, or mend them.",
        )
    return link


def _probability(text: str, item: str, where: str) -> float:
    if not _PROBABILITY.match(text):
        raise AlignmentError(f"{shown(item)} is not a link", where=where, hint=_HINT)
    try:
        prob = float(text)
    except ValueError:
        prob = -1.0
    if not 0.0 <= prob <= 1.0:
        raise AlignmentError(f"{shown(item)} has no probability between 0 and 1", where=where, hint=_HINT)
    return prob


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
    _checked_start(start)
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
