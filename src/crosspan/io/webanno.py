r"""WebAnno TSV 3, as INCEpTION and WebAnno export it: a token a line, with a column for each feature of each layer.

The layer of the entities is found by its name, or the only one with values; ``tag_column`` names another layer or
feature. Annotations of several tokens carry a number in brackets (``PER[2]``), those of a part of a token stand in a
row of their own (``1-3.1``), and several on one token are separated by ``|``. Places count
UTF-16 units of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, OptionError, SpanError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import NO_NAME, without_invisible
from crosspan.core.types import Sentence, Span
from crosspan.io.format import Reading, TextFormat
from crosspan.io.notices import Notices
from crosspan.io.places import find_offsets, in_code_points, place_spans
from crosspan.io.rejects import Located

_HEAD = "#FORMAT=WebAnno TSV 3"
_PLACE = re.compile(r"(\d+)-(\d+)(\.\d+)?")
_RANGE = re.compile(r"(\d+)-(\d+)")
_VALUE = re.compile(r"(.*?)(?:\[(\d+)\])?", re.DOTALL)
_BETWEEN = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_OTHERS = ("pos", "lemma", "morph", "dependency", "coref", "chunk", "stem", "sentence", "surfaceform")
_ENTITIES = ("namedentity", "entity", "ner")
_VALUES = ("value", "label", "type", "category", "class")


class _Feature(NamedTuple):
    """A column: its layer, its own name, and where it stands."""

    layer: str
    name: str
    column: int


class _Row(NamedTuple):
    """A row of a token, or of a part of one."""

    number: int
    cells: list[str]
    part: bool


@dataclass(slots=True)
class _Block:
    """The lines of a sentence."""

    line: int
    text: list[str] = field(default_factory=list)
    id: str | None = None
    rows: list[_Row] = field(default_factory=list)


class WebAnno(TextFormat):
    r"""The format ``webanno``.

    Example:
        >>> head = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=custom.NamedEntity|value", "", ""]
        >>> rows = ["#Text=Ada Obi left", "1-1\t0-3\tAda\tPER[1]\t", "1-2\t4-7\tObi\tPER[1]\t", "1-3\t8-12\tleft\t_\t"]
        >>> [item.sentence.entities()[0].text for item in WebAnno().parse([*head, *rows], "a.tsv", Reading())]
        ['Ada Obi']
    """

    name = "webanno"
    title = "WebAnno TSV"
    magic = _HEAD.encode()
    writes = False

    def recognises(self, lines: Sequence[str]) -> bool:
        """Whether the first line says so."""
        return bool(lines) and lines[0].startswith(_HEAD)

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield sentences; one whose annotations overlap, or whose rows are none, has a fault."""
        seen = Notices(name, how.notices)
        features: list[_Feature] = []
        chosen: _Feature | None = None
        count = 0
        for item in _blocks(lines, name):
            if isinstance(item, list):
                features = item
                chosen = _entities_of(features, how.tag_column, name)
                continue
            count += 1
            sentence, fault = _sentence(item, chosen, name, how)
            fault = fault or _undeclared(item, 3 + len(features), name)
            if fault is not None:
                sentence = replace(sentence, spans=())
            if how.tag_column is None:
                _notice(item, features, chosen, seen)
            yield Located(item.line, sentence, fault)
        if not count:
            raise EmptyInputError("the file holds no sentence", where=name, hint="Check that it is the right file.")
        seen.tell()


def _blocks(lines: Iterable[str], name: str) -> Iterator[list[_Feature] | _Block]:
    """The features that the head declares, then the sentences."""
    features: list[_Feature] = []
    told = False
    block: _Block | None = None
    for number, line in enumerate(lines, 1):
        if line.startswith("#T_"):
            features += _declared(line, 3 + len(features))
        elif line.startswith("#FORMAT="):
            continue
        elif line.startswith(("#Text=", "#Sentence.id=")):
            if block is None or block.rows:
                if not told:
                    yield features
                    told = True
                if block is not None:
                    yield block
                block = _Block(number)
            key, _, value = line.partition("=")
            if key == "#Text":
                block.text.append(_plain(value))
            else:
                block.id = value
        elif line.strip() and block is not None:
            cells = line.split("\t")
            block.rows.append(_Row(number, cells, "." in cells[0]))
        elif line.strip() and line[0] != "#":
            raise FormatError("the row belongs to no sentence", where=f"{name}:{number}", hint="Export it again.")
    if block is not None:
        yield block


def _declared(line: str, column: int) -> Iterator[_Feature]:
    """The columns of a layer: one for each feature, and one more for the other end of a relation."""
    kind, _, rest = line.partition("=")
    layer, *names = rest.split("|")
    for at, name in enumerate(names or ["*"]):
        yield _Feature(layer if kind == "#T_SP" else "", name, column + at)


def _entities_of(features: Sequence[_Feature], told: str | None, name: str) -> _Feature | None:
    """The column of the labels of entities.

    Raises:
        OptionError: There is no such layer or feature.
    """
    if told is not None:
        if told.isdecimal() and (found := [one for one in features if one.column == int(told) - 1]):
            return found[0]
        named = [one for one in features if told.lower() in (one.name.lower(), _short(one.layer), one.layer.lower())]
        if not named:
            known = ", ".join(f"{_short(one.layer)} ({one.name})" for one in features if one.layer)
            raise OptionError(f"{name} has no layer or feature {told!r}", hint=f"It has {known or 'none'}.")
        return _best(named)
    spans = [one for one in features if one.layer and _short(one.layer) not in _OTHERS]
    return _best([one for one in spans if any(word in _short(one.layer) for word in _ENTITIES)] or spans)


def _best(features: Sequence[_Feature]) -> _Feature | None:
    """The first layer's feature that is called as labels are."""
    layer = [one for one in features if one.layer == features[0].layer]
    return next((one for one in layer if one.name.lower() in _VALUES), layer[0] if layer else None)


def _short(layer: str) -> str:
    return layer.rpartition(".")[2].lower()


def _sentence(block: _Block, chosen: _Feature | None, name: str, how: Reading) -> tuple[Sentence, CrosspanError | None]:
    whole = [row for row in block.rows if not row.part]
    tokens = tuple([_plain(row.cells[2]) for row in whole if len(row.cells) > 2 and row.cells[2]])
    text = "\n".join(block.text) if block.text else None
    offsets = None if text is None else find_offsets(tokens, text)
    plain = Sentence(tokens, (), block.id, how.lang, text, offsets)
    try:
        spans = [] if chosen is None else _spans(block, chosen, name)
        if any(_is_partial(span) for span in spans):
            if text is None or offsets is None:
                raise SpanError("a part of a token is labelled, and the text is not that of the tokens")
            places, placed = place_spans(text, offsets, _in_text(block, spans, offsets, tokens))
            words = tuple([text[start:end] for start, end in places])
            return Sentence(words, tuple(placed), block.id, how.lang, text, places), None
        found = [Span(span.first, span.last + 1, span.label) for span in spans]
        return Sentence(tokens, tuple(found), block.id, how.lang, text, offsets), None
    except (SpanError, FormatError) as error:
        return plain, type(error)(error.message, where=error.where or f"{name}:{block.line}", hint=error.hint)


def _undeclared(block: _Block, width: int, name: str) -> FormatError | None:
    """What is wrong where a row has a value in a column that the head of the file does not name."""
    for row in block.rows:
        if any(cell not in ("", "_") for cell in row.cells[width:]):
            return FormatError(
                f"{len(row.cells)} columns, where the head names {width - 3} features",
                where=f"{name}:{row.number}",
                hint="Export it again, with the lines that begin with #T_SP.",
            )
    return None


class _Labelled(NamedTuple):
    """An annotation: its first and last token, and the rows of its ends where these are parts of tokens."""

    label: str
    first: int
    last: int
    begin: _Row
    end: _Row


def _is_partial(span: _Labelled) -> bool:
    return span.begin.part or span.end.part


def _spans(block: _Block, chosen: _Feature, name: str) -> list[_Labelled]:
    """The annotations of a layer, those of several tokens put together by their numbers."""
    found: dict[tuple[str, str] | int, _Labelled] = {}
    token = -1
    for row in block.rows:
        cells = row.cells
        if len(cells) < 3 or not cells[2] or not _PLACE.fullmatch(cells[0]) or not _RANGE.fullmatch(cells[1]):
            raise FormatError(
                f"{shown(row.cells[0])} begins no row of WebAnno TSV",
                where=f"{name}:{row.number}",
                hint="Export it again.",
            )
        token += not row.part
        if token < 0:
            raise FormatError(
                f"{shown(row.cells[0])} is a part of no token", where=f"{name}:{row.number}", hint="Export it again."
            )
        for value, number in _values(row, chosen.column):
            key = (value, number) if number else len(found)
            before = found.get(key)
            first, begin = (token, row) if before is None else (before.first, before.begin)
            found[key] = _Labelled(value, first, token, begin, row)
    return list(found.values())


def _values(row: _Row, column: int) -> Iterator[tuple[str, str]]:
    """The labels in a cell, and their numbers."""
    cell = row.cells[column] if len(row.cells) > column else "_"
    for piece in _BETWEEN.split(cell):
        if piece in ("_", ""):
            continue
        value = _VALUE.fullmatch(piece)
        assert value is not None
        label = without_invisible(_plain(value[1]))
        yield NO_NAME if label in ("*", "") else label, value[2] or ""


def _in_text(
    block: _Block, spans: Sequence[_Labelled], offsets: Sequence[tuple[int, int]], tokens: Sequence[str]
) -> list[Span]:
    """Annotations as places in the text."""
    starts = [int(row.cells[1].partition("-")[0]) for row in block.rows if not row.part]

    def place(row: _Row, token: int, side: int) -> int:
        if not row.part:
            return offsets[token][side]
        at = int(row.cells[1].split("-")[side]) - starts[token]
        inside = in_code_points([Span(0, at, "part")], tokens[token], "utf16") if at else []
        return offsets[token][0] + (inside[0].end if inside else 0)

    return [Span(place(one.begin, one.first, 0), place(one.end, one.last, 1), one.label) for one in spans]


def _notice(block: _Block, features: Sequence[_Feature], chosen: _Feature | None, seen: Notices) -> None:
    """Name other layers of spans that hold something."""
    used = chosen.layer if chosen is not None else None
    for layer in dict.fromkeys(one.layer for one in features):
        if not layer or layer == used or _short(layer) in _OTHERS:
            continue
        feature = _best([one for one in features if one.layer == layer])
        assert feature is not None
        values = [(row.number, value) for row in block.rows for value in _values(row, feature.column)]
        several = {value for _, value in values if value[1]}
        count = len(several) + sum(not value[1] for _, value in values)
        if count:
            what = f"the layer {_short(layer)} holds {{count}} more labels, which are not used (--tag-column chooses)"
            seen.add("labels-unused", what, values[0][0], count)


def _plain(text: str) -> str:
    """Text without its escapes."""
    return _ESCAPED.sub(lambda found: _SPECIAL.get(found[1], found[1]), text) if "\\" in text else text
