"""Places in text: what they count, which tokens they stand for, and whether they are where a span says it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosspan.core.errors import FormatError, SpanError
from crosspan.core.shown import shown
from crosspan.core.types import Sentence, Span
from crosspan.io.format import UNITS, Unit
from crosspan.io.record_shapes import END_KEYS, OWN_TEXT_KEYS, START_KEYS, first, is_list

Offsets = tuple[tuple[int, int], ...]


def find_offsets(tokens: Sequence[str], text: str) -> tuple[tuple[int, int], ...] | None:
    """Find the tokens in their text, with nothing but white space between them.

    Returns:
        ``(start, end)`` of each token in code points; ``None`` where the text is not made of these tokens.

    Example:
        >>> find_offsets(["a", "b", "."], "a b.")
        ((0, 1), (2, 3), (3, 4))
        >>> find_offsets(["de", "a"], "da") is None
        True
    """
    offsets: list[tuple[int, int]] = []
    place = 0
    for token in tokens:
        while not text.startswith(token, place):
            if place >= len(text) or not text[place].isspace():
                return None
            place += 1
        offsets.append((place, place + len(token)))
        place += len(token)
    return tuple(offsets)


def written(sentence: Sentence) -> tuple[str, Offsets]:
    """The text of a sentence and where its tokens stand in it; of tokens alone, with blanks between them.

    Where only the text is known and its words are not found in it, there are no offsets, as long as no span needs them.

    Args:
        sentence: The sentence.

    Raises:
        FormatError: It has spans, and it is not known where its words stand.

    Example:
        >>> written(Sentence(("in", "Accra")))
        ('in Accra', ((0, 2), (3, 8)))
    """
    if sentence.text is None:
        ends = [0]
        for token in sentence.tokens:
            ends.append(ends[-1] + len(token) + 1)
        offsets = tuple([(start, start + len(token)) for start, token in zip(ends, sentence.tokens, strict=False)])
        return " ".join(sentence.tokens), offsets
    found = sentence.offsets or find_offsets(sentence.tokens, sentence.text)
    if found is None and sentence.spans:
        raise FormatError(
            "it is not known where the words stand in the text",
            where=sentence.id or sentence.text,
            hint="Leave the text out, or write JSONL, which keeps both.",
        )
    return sentence.text, found or ()


def in_code_points(spans: list[Span], text: str, unit: object) -> list[Span]:
    """Turn spans that count bytes or UTF-16 units into spans that count code points.

    Args:
        spans: The spans.
        text: What they count in.
        unit: What they count: ``"codepoints"``, ``"utf16"`` or ``"bytes"``; ``None`` is code points.

    Raises:
        SpanError: A span begins or ends inside of a character or beyond the last, or there is no such unit.

    Example:
        >>> in_code_points([Span(2, 7, "LOC")], "é Ho", "bytes")
        Traceback (most recent call last):
        ...
        crosspan.core.errors.SpanError: span [2, 7) LOC is none of whole characters of the text in bytes. Mend the span, or 'unit'.
    """  # noqa: E501
    if unit in (None, "codepoints") or not spans:
        return spans
    if unit not in ("bytes", "utf16"):
        raise SpanError(f"places cannot count {shown(unit)}", hint="Write codepoints, utf16 or bytes under 'unit'.")
    places = {0: 0}
    at = 0
    for index, character in enumerate(text, 1):
        at += len(character.encode("utf-8", "surrogatepass")) if unit == "bytes" else 1 + (ord(character) > 0xFFFF)
        places[at] = index
    for span in spans:
        if span.start not in places or span.end not in places:
            raise SpanError(
                f"span [{span.start}, {span.end}) {span.label} is none of whole characters of the text in {unit}",
                hint="Mend the span, or 'unit'.",
            )
    return [Span(places[span.start], places[span.end], span.label, span.score) for span in spans]


class PlacesInUnit:
    """Turns places in code points into another unit; places must come in ascending order.

    Args:
        text: What they count in.
        unit: The unit.

    Example:
        >>> PlacesInUnit("😀 Ada", "utf16").of(2)
        3
    """

    def __init__(self, text: str, unit: Unit) -> None:
        self.text = text
        self.unit = unit
        self.seen = self.counted = 0

    def of(self, place: int) -> int:
        """The same place in the unit.

        Args:
            place: In code points, not before the last that was asked for.
        """
        if self.unit == "codepoints":
            return place
        piece = self.text[self.seen : place]
        self.counted += len(piece.encode("utf-8")) if self.unit == "bytes" else len(piece.encode("utf-16-le")) // 2
        self.seen = place
        return self.counted


def place_spans(text: str, offsets: Offsets, spans: Sequence[Span]) -> tuple[Offsets, list[Span]]:
    """Turn character spans into token spans; a token that a span cuts is split there, so that nothing is lost.

    Args:
        text: The sentence as written.
        offsets: ``(start, end)`` of each token in code points.
        spans: Spans in code points, half-open; white space at their ends does not count.

    Returns:
        The offsets after splitting, and the spans in tokens.

    Raises:
        SpanError: A span reaches past the end of the text or holds no token.

    Example:
        >>> place_spans("non-EU citizen", ((0, 6), (7, 14)), [Span(4, 6, "ORG")])[0]
        ((0, 4), (4, 6), (7, 14))
    """
    if not spans:
        return offsets, []
    trimmed: list[Span] = []
    for span in spans:
        inside = text[span.start : span.end]
        if span.end > len(text) or not inside.strip():
            what = "ends after the last character" if span.end > len(text) else "holds white space only"
            raise SpanError(f"span [{span.start}, {span.end}) {span.label} {what}", hint="Mend the span.")
        start = span.start + len(inside) - len(inside.lstrip())
        trimmed.append(Span(start, start + len(inside.strip()), span.label, span.score))
    cuts = sorted({edge for span in trimmed for edge in (span.start, span.end)})
    pieces: list[tuple[int, int]] = []
    for start, end in offsets:
        for cut in cuts:
            if start < cut < end:
                pieces.append((start, cut))
                start = cut
        pieces.append((start, end))
    placed: list[Span] = []
    for span in trimmed:
        inner = [index for index, (start, end) in enumerate(pieces) if span.start <= start and end <= span.end]
        if not inner:
            raise SpanError(f"span [{span.start}, {span.end}) {span.label} holds no token", hint="Mend the span.")
        placed.append(Span(inner[0], inner[-1] + 1, span.label, span.score))
    return tuple(pieces), placed


def own_texts(items: Any) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The spans that carry a text of their own, with it.

    Example:
        >>> [own for _, own in own_texts([{"start": 0, "end": 3, "text": "Ada"}, [4, 7, "PER"]])]
        ['Ada']
    """
    for item in items if is_list(items) else ():
        if isinstance(item, Mapping) and isinstance(own := first(item, OWN_TEXT_KEYS), str):
            yield item, own


def own_texts_fit(items: Any, text: str, unit: str = "codepoints") -> bool:
    """Whether each text that a span carries is what stands at its place.

    Args:
        items: The spans as they were written.
        text: Where they stand.
        unit: What their places count.

    Example:
        >>> own_texts_fit([{"start": 2, "end": 5, "text": "Ada"}], "é Ada"), own_texts_fit([], "é Ada")
        (True, True)
    """
    try:
        places = [(Span(first(item, START_KEYS), first(item, END_KEYS), "x"), own) for item, own in own_texts(items)]
        found = in_code_points([span for span, _ in places], text, unit)
    except Exception:  # places that are none fit nothing
        return False
    pairs = zip(found, places, strict=True)
    return all(_same(text[span.start : span.end], own) for span, (_, own) in pairs)


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def check_own_texts(items: Any, spans: Sequence[Span], text: str, unit: str) -> None:
    """Raise where a span carries another text than stands at its place.

    Args:
        items: The spans as they were written.
        spans: The same in code points.
        text: Where they stand.
        unit: What their places count as written.

    Raises:
        SpanError: There is one; the error says in which unit they fit.
    """
    for item, span in zip(items, spans, strict=True):
        own = first(item, OWN_TEXT_KEYS) if isinstance(item, Mapping) else None
        if not isinstance(own, str) or _same(text[span.start : span.end], own):
            continue
        fits = next((one for one in UNITS if one != unit and own_texts_fit(items, text, one)), None)
        hint = "Mend the span, or its text."
        if fits is not None:
            hint = f"They fit where places count {fits}: add --from-offsets {fits}."
        elif "\r\n" in text and own_texts_fit(items, text.replace("\r\n", "\n")):
            hint = "They fit where a line end counts as one character: replace CR LF by LF in the text."
        raise SpanError(
            f"the span [{span.start}, {span.end}) {span.label} is {shown(text[span.start : span.end])}, "
            f"but says that it is {shown(own)}",
            hint=hint,
        )


def cuts_of_words(text: str, offsets: Offsets, spans: Sequence[Span]) -> Iterator[str]:
    """The words inside of which a span begins or ends, between letters or digits, with a bar where.

    Example:
        >>> list(cuts_of_words("in Accra", ((0, 2), (3, 8)), [Span(4, 8, "LOC")]))
        ['A|ccra']
    """
    if not spans:
        return
    edges = {edge for span in spans for edge in (span.start, span.end)}
    for start, end in offsets:
        for cut in sorted(edge for edge in edges if start < edge < end):
            if text[cut - 1].isalnum() and text[cut].isalnum():
                yield f"{text[start:cut]}|{text[cut:end]}"
