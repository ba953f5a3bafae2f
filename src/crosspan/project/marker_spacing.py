"""Takes marks out of a translation, with the blanks that a translator put beside them and no others."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crosspan.project.markers import Mark
from crosspan.text.scripts import is_unspaced

_AFTER = frozenset(".,)]}'’")
_BEFORE = frozenset("([{'’\"“‘¿¡")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A translation without its marks.

    Args:
        text: The clean text.
        place: For each character of the translation, and for its end, where it is in the clean text.
    """

    text: str
    place: tuple[int, ...]


def without_marks(text: str, marks: Iterable[Mark], neighbours: Mapping[int, str] | None = None) -> Cleaned:
    """Take marks out of a translation.

    Blanks *inside* marks (``[ Accra ]``) were put by the translator, as marks are put right beside words: they go,
    unless words would grow together. Blanks *outside* stay, except between a mark and the punctuation that stood right
    beside it in the source: ``[Accra] .`` for ``[Accra].``

    Args:
        text: The translation.
        marks: What to take out, in order.
        neighbours: By the start of a mark, the character that stood right outside of it in the source.

    Example:
        >>> marks = [Mark(0, 1, True), Mark(6, 7, False)]
        >>> without_marks("[ Ada ] left", marks).text
        'Ada left'
    """
    keep = bytearray(b"\x01") * len(text)
    marks = list(marks)
    for mark in marks:
        keep[mark.start : mark.end] = bytes(mark.end - mark.start)
    for mark in marks:
        if mark.opens:
            inner, outer = _blanks(text, keep, mark.end, 1), _blanks(text, keep, mark.start - 1, -1)
        else:
            inner, outer = _blanks(text, keep, mark.start - 1, -1), _blanks(text, keep, mark.end, 1)
        if inner.places and (outer.places or not _needs_blank(outer.beyond, opens=mark.opens)):
            _drop(keep, inner.places)
        known = (neighbours or {}).get(mark.start, "")
        if outer.places and known and known == outer.beyond and known in (_BEFORE if mark.opens else _AFTER):
            _drop(keep, outer.places)
    place = tuple(itertools.accumulate(keep, initial=0))
    return Cleaned("".join(itertools.compress(text, keep)), place)


@dataclass(frozen=True, slots=True)
class _Blanks:
    """White space from a place on, and the first character beyond it; empty at the end of the text."""

    places: list[int]
    beyond: str


def _blanks(text: str, keep: Sequence[int], at: int, step: int) -> _Blanks:
    places: list[int] = []
    while 0 <= at < len(text) and (not keep[at] or text[at].isspace()):
        if keep[at]:
            places.append(at)
        at += step
    return _Blanks(places, text[at] if 0 <= at < len(text) else "")


def _drop(keep: bytearray, places: Iterable[int]) -> None:
    for place in places:
        keep[place] = 0


def _needs_blank(beyond: str, *, opens: bool) -> bool:
    """Whether a word and what stands on the other side of a mark would wrongly grow together without a blank."""
    if not beyond:
        return False
    category = unicodedata.category(beyond)
    if category[0] in "LMN":
        return not is_unspaced(beyond)
    if opens:  # a comma before a word is followed by a blank, an apostrophe or an opening bracket is not
        return category in ("Pe", "Pf") or beyond in ".,;:!?"
    return category in ("Ps", "Pi")
