"""Markers around entities, so that a translator carries them along (EasyProject, Chen et al. 2023).

*Frustratingly Easy Label Projection for Cross-lingual Transfer* puts square brackets or XML tags around the entities
of a sentence and translates that. Here a sentence is marked such that its marks can be told from its text, whatever
brackets or tags the text itself holds: names of tags are chosen that do not occur in it, and the brackets of a text
are remembered (:mod:`crosspan.project.marker_recovery` sorts them out). Nothing of the text is changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import regex

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.text.mentions import text_of

MarkerStyle = Literal["brackets", "xml", "classes", "tags"]
"""``[Accra]``, ``<a>Accra</a>``, ``<LOC>Accra</LOC>`` and ``<n0>Accra</n0>``."""

OPENING = {"[": 0, "［": 1, "〚": 1, "⟦": 1, "【": 1, "〔": 1, "{": 2, "(": 2, "（": 2, "「": 3, "『": 3, "«": 3}
CLOSING = {"]": 0, "］": 1, "〛": 1, "⟧": 1, "】": 1, "〕": 1, "}": 2, ")": 2, "）": 2, "」": 3, "』": 3, "»": 3}
"""Brackets, and how unlikely each is to be what a translator made of a square one; 3 are quotes in some languages."""

_QUOTES = frozenset("\"'“”„‟‘’‚‛«»‹›「」『』＂＇")
_BRACKET = regex.compile("[" + regex.escape("".join([*OPENING, *CLOSING])) + "]")
_TAG = regex.compile(
    r"(?:<|＜|〈|&lt;)\s*(?P<slash>/?)\s*(?P<name>[A-Za-z][A-Za-z0-9_-]*)\s*(?P<alone>/?)\s*(?P<end>>|＞|〉|&gt;)?"
)
_NO_NAME = regex.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """An opening or closing mark in a text.

    Args:
        start: Its first character.
        end: One past its last.
        opens: Whether it opens.
        name: Of a tag, in small letters; empty for a bracket.
        rank: 0 for a mark as it was put, more for what a translator may have made of one.
    """

    start: int
    end: int
    opens: bool
    name: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class MarkedEntity:
    """An entity of a marked sentence.

    Args:
        span: The entity in the sentence, in tokens.
        start: Its first character in the text without marks.
        end: One past its last.
        name: Of its tag; empty for brackets.
        marks: Which marks of the marked text are its own: opening and closing, counted from 0.
    """

    span: Span
    start: int
    end: int
    name: str
    marks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence with marks around its entities.

    Args:
        text: With marks.
        plain: The same without.
        style: How the entities are marked.
        entities: The entities, in order.
        shape: Kind of each mark in ``text``, in order; brackets that belong to the text are among them.
    """

    text: str
    plain: str
    style: MarkerStyle
    entities: tuple[MarkedEntity, ...]
    shape: tuple[tuple[str, bool], ...]

    def surface(self, index: int) -> str:
        """The words of an entity as they stand in the text."""
        entity = self.entities[index]
        return self.plain[entity.start : entity.end]


def check_style(style: str) -> None:
    """Raise unless there is such a style of markers.

    Raises:
        OptionError: There is not.
    """
    if style not in get_args(MarkerStyle):
        raise OptionError(f"there are no markers {style!r}", hint=f"Use one of: {', '.join(get_args(MarkerStyle))}.")


def insert_markers(sentence: Sentence, style: MarkerStyle = "brackets") -> Marked:
    """Put marks around the entities of a sentence.

    Args:
        sentence: A labelled sentence; its text as written is used where it has one, else its tokens with blanks.
        style: ``"brackets"``: ``[ ]`` around each; ``"xml"``: ``<a>``, ``<b>`` and so on; ``"classes"``: the label as
            the name of a tag; ``"tags"``: ``<n0>``, ``<n1>`` and so on. Names that the text holds as tags already are
            left out.

    Returns:
        The marked sentence.

    Raises:
        OptionError: There is no such style.

    Example:
        >>> sentence = Sentence(("Ada", "left", "Accra"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
        >>> insert_markers(sentence).text
        '[Ada] left [Accra]'
        >>> insert_markers(sentence, "classes").text
        '<PER>Ada</PER> left <LOC>Accra</LOC>'
    """
    check_style(style)
    plain, offsets = text_of(sentence)
    ranges = [(offsets[span.start][0], offsets[span.end - 1][1]) for span in sentence.spans]
    if style == "brackets":
        text = _inserted(plain, ranges, [("[", "]")] * len(ranges))
        return _marked(text, plain, style, sentence.spans, ranges, [""] * len(ranges))
    for names in _namings(sentence.spans, style):
        text = _inserted(plain, ranges, [(f"<{name}>", f"</{name}>") for name in names])
        keys = [name.lower() for name in names]
        if len(find_marks(text, style, keys)) == 2 * len(keys):  # no more than were put: the text holds none itself
            return _marked(text, plain, style, sentence.spans, ranges, keys)
    raise AssertionError("there is always another name")  # pragma: no cover


def _inserted(plain: str, ranges: Sequence[tuple[int, int]], marks: Sequence[tuple[str, str]]) -> str:
    parts: list[str] = []
    done = 0
    for (start, end), (opening, closing) in zip(ranges, marks, strict=True):
        parts += [plain[done:start], opening, plain[start:end], closing]
        done = end
    return "".join([*parts, plain[done:]])


def _marked(
    text: str,
    plain: str,
    style: MarkerStyle,
    spans: Sequence[Span],
    ranges: Sequence[tuple[int, int]],
    names: Sequence[str],
) -> Marked:
    found = find_marks(text, style, names)
    at = {mark.start: index for index, mark in enumerate(found)}
    entities: list[MarkedEntity] = []
    shift = 0
    for span, (start, end), name in zip(spans, ranges, names, strict=True):
        opening = at[start + shift]
        width = found[opening].end - found[opening].start
        closing = at[end + shift + width]
        shift += width + found[closing].end - found[closing].start
        entities.append(MarkedEntity(span, start, end, name, (opening, closing)))
    return Marked(text, plain, style, tuple(entities), tuple([(mark.name, mark.opens) for mark in found]))


def _namings(spans: Sequence[Span], style: MarkerStyle) -> Iterator[list[str]]:
    """Ever other names for the tags of a sentence, the plainest first."""
    n = len(spans)
    if style == "classes":
        names: dict[str, str] = {}
        for label in dict.fromkeys(span.label for span in spans):
            name = _NO_NAME.sub("_", label).strip("_-")
            name = name if name[:1].isalpha() else f"x{name}"
            while name.lower() in {other.lower() for other in names.values()}:
                name += "x"
            names[label] = name
        for suffix in itertools.chain([""], map(str, itertools.count(1))):
            yield [names[span.label] + suffix for span in spans]
    letters = _letters() if style == "xml" else (f"n{number}" for number in itertools.count())
    window = list(itertools.islice(letters, n))
    while True:
        yield window
        window = list(itertools.islice(letters, n))


def _letters() -> Iterator[str]:
    for length in itertools.count(1):
        for letters in itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=length):
            yield "".join(letters)


def find_marks(text: str, style: MarkerStyle, names: Iterable[str] = ()) -> list[Mark]:
    """All marks of a text, also those that a translator has changed.

    Args:
        text: A marked text or its translation.
        style: How its entities were marked.
        names: Names of the tags, in small letters; other tags are text.

    Returns:
        In order. For brackets all that could be some, those of the text included; whether they are is for
        :mod:`crosspan.project.marker_recovery` to find out.

    Example:
        >>> [(mark.name, mark.opens) for mark in find_marks("< A > Ada < / a> <b>", "xml", ["a"])]
        [('a', True), ('a', False)]
    """
    if style == "brackets":
        return [
            Mark(match.start(), match.end(), match[0] in OPENING, "", OPENING.get(match[0], CLOSING.get(match[0], 0)))
            for match in _BRACKET.finditer(text)
        ]
    known = set(names)
    found = []
    for match in _TAG.finditer(text):
        name = match["name"].lower()
        if name in known:
            closes = bool(match["slash"] or match["alone"])
            end = match.end() if match["end"] else match.end("alone") if match["alone"] else match.end("name")
            found.append(Mark(match.start(), end, not closes, name, 0 if match["end"] else 1))
    return found


def has_quotes(text: str) -> bool:
    """Whether a text holds quotation marks of any language.

    Example:
        >>> has_quotes("«Ada»"), has_quotes("[Ada]")
        (True, False)
    """
    return not _QUOTES.isdisjoint(text)
