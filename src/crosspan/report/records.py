"""Sentences as compact records for the script of the page, and JSON that is safe inside HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from crosspan.core.types import Alignment, Sentence, Span
from crosspan.evaluate.span_errors import KINDS
from crosspan.report.items import Item

if TYPE_CHECKING:
    from crosspan.project.candidates import RunnerUp

_ESCAPES = {code: f"\\u{code:04x}" for code in [*map(ord, "<>&\u2028\u2029"), *range(0xD800, 0xE000)]}
"""What HTML or JavaScript could take for more than a letter, and halves of surrogate pairs, which UTF-8 cannot hold."""


def safe_json(value: Any) -> str:
    r"""Compact JSON without any character that could end or change the element it stands in.

    Example:
        >>> safe_json({"a": "</script>"})
        '{"a":"\\u003c/script\\u003e"}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


class Names:
    """Numbers for names that occur again and again, in the order of their first use.

    Example:
        >>> names = Names()
        >>> names.number("LOC"), names.number("PER"), names.number("LOC"), names.listed()
        (0, 1, 0, ['LOC', 'PER'])
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name."""
        return self._places.setdefault(name, len(self._places))

    def listed(self) -> list[str]:
        """All names by number."""
        return list(self._places)


def record_of_item(item: Item, labels: Names, reasons: Names, *, by_itself: bool = False) -> dict[str, Any]:
    """A sentence pair for the page; keys are short, as there are thousands of them, and what is empty is left out.

    Args:
        item: The pair.
        labels: Gives labels their numbers.
        reasons: Gives reasons why spans were dropped theirs.
        by_itself: Whether the spans of the target stand for themselves, as those of labelled text without a source do.

    Returns:
        ``i`` place from 1, ``id``, ``s`` and ``t`` the sides (:func:`side_record`), ``e`` why it was left out, ``p``
        projected spans ``[label, source start, source end, start, end, confidence in thousandths or null, kind or
        null, runners-up]``, ``d`` dropped spans ``[label, start, end, reason, runners-up]``, ``g`` gold spans ``[label,
        start, end, kind]``, ``a`` links ``i, j, probability in hundredths, i, j, …``. Labels and reasons are numbers
        in their lists, kinds in :data:`crosspan.evaluate.span_errors.KINDS`, runners-up ``start, end, probability in
        thousandths, start, …``.

    Example:
        >>> record_of_item(Item(0, Sentence(("a",)), None, error="empty"), Names(), Names())
        {'i': 1, 's': {'w': ['a']}, 'e': 'empty'}
    """
    record: dict[str, Any] = {"i": item.index + 1}
    identifier = item.source.id or (item.projection.sentence.id if item.projection else None)
    if identifier is not None:
        record["id"] = identifier
    record["s"] = side_record(item.source)
    projection = item.projection
    if projection is None:
        if item.error is not None:
            record["e"] = item.error
        if item.target is not None and item.target.tokens:
            record["t"] = side_record(item.target)
        record.update({"u": _plain_spans(item.source, labels)} if item.source.spans else {})
        return record
    record["t"] = side_record(projection.sentence)
    kinds = {one.pred: KINDS.index(one.kind) for one in item.findings() if one.pred}
    spans = []
    links: Iterable[tuple[Span, Span, float | None]]
    links = ((link.source, link.target, link.confidence) for link in projection.links)
    if by_itself:
        links = ((span, span, span.score) for span in projection.sentence.spans)
    for source, target, confidence in links:
        kind = kinds.get((target.start, target.end, target.label)) if item.gold is not None else None
        row: list[Any] = [labels.number(target.label), source.start, source.end, target.start, target.end]
        sure = None if confidence is None else round(confidence * 1000)
        spans.append([*row, sure, kind, _others(item, source.start, source.end)])
    gone = [
        [
            labels.number(one.source.label),
            one.source.start,
            one.source.end,
            reasons.number(one.reason),
            _others(item, one.source.start, one.source.end),
        ]
        for one in projection.lost
    ]
    record.update({key: rows for key, rows in (("p", spans), ("d", gone)) if rows})
    if item.gold is not None:
        record["g"] = [
            [labels.number(one.gold[2]), one.gold[0], one.gold[1], KINDS.index(one.kind)]
            for one in sorted(item.findings(), key=lambda one: one.gold or (0, 0, ""))
            if one.gold
        ]
    if item.alignment is not None:
        record["a"] = _links(item.alignment)
    return record


def side_record(sentence: Sentence) -> dict[str, Any]:
    """A sentence as its words ``w``; ``x`` tells what stands between them where that is not one blank.

    Returns:
        ``w``, ``l`` the language, and ``x``: ``[place, text, place, text, …]``, where place 0 is before the first word.

    Example:
        >>> side_record(Sentence(("Hi", "!"), text="Hi!", offsets=((0, 2), (2, 3))))
        {'w': ['Hi', '!'], 'x': [1, '']}
    """
    record: dict[str, Any] = {"w": list(sentence.tokens)}
    if sentence.lang:
        record["l"] = sentence.lang
    if sentence.text is not None and sentence.offsets is not None:
        gaps: list[Any] = []
        at = 0
        for place, (start, end) in enumerate([*sentence.offsets, (len(sentence.text), 0)]):
            gap = sentence.text[at:start]
            if gap != (" " if 0 < place < len(sentence.tokens) else ""):
                gaps += [place, gap]
            at = end
        if gaps:
            record["x"] = gaps
    return record


def _plain_spans(sentence: Sentence, labels: Names) -> list[list[int]]:
    return [[labels.number(span.label), span.start, span.end] for span in sentence.spans]


def _others(item: Item, start: int, end: int) -> list[int]:
    found: Sequence[RunnerUp] = item.runners_up.get((start, end), ())
    return [number for one in found for number in (one.start, one.end, round(one.probability * 1000))]


def _links(alignment: Alignment) -> list[int]:
    rows = zip(alignment.source.tolist(), alignment.target.tolist(), alignment.prob.tolist(), strict=True)
    return [number for i, j, prob in rows for number in (i, j, round(prob * 100))]
