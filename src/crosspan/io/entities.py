"""Text with the entities in it: a JSON object for each line of text, with places in characters.

``text`` is the line as it was. Each of the ``entities`` has ``start`` and ``end`` in that text, ``label``, ``score``
where it is known, and ``text``, which is exactly what stands between the two. Where they do not count code points,
``unit`` says what. Sentences that were cut out of one line (see :mod:`crosspan.io.plain`) become one object again.
Where something went wrong with a line, ``error`` takes the place of ``entities``.

Sentences come back as from JSONL, by which such a file is recognised: crosspan finds the tokens anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

from crosspan.core.files import PathLike, open_output
from crosspan.core.types import Projection, Sentence
from crosspan.io.format import Labelled, Marked, Reading, TextFormat, Unit, Writing, sentence_in
from crosspan.io.json_records import records_or_faults
from crosspan.io.jsonl import put_records, sentences_of
from crosspan.io.places import PlacesInUnit, written
from crosspan.io.plain import part_of_line
from crosspan.io.rejects import Located


class Entities(TextFormat):
    """The format ``entities``.

    Example:
        >>> import io
        >>> from crosspan.core.types import Span
        >>> sentence = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),), text="in Accra", offsets=((0, 2), (3, 8)))
        >>> stream = io.StringIO()
        >>> Entities().put(stream, [sentence], Writing())
        1
        >>> stream.getvalue().strip()
        '{"text": "in Accra", "entities": [{"start": 3, "end": 8, "label": "LOC", "text": "Accra"}]}'
    """

    name = "entities"
    scores = faults = True

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield the sentence of each object; raises where one is none."""
        return sentences_of(records_or_faults(lines, name), name, how)

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """Write an object for each line of text, and return the number of sentences.

        Raises:
            FormatError: A sentence has entities whose place in its text is not known.
        """
        return _put(stream, ((one, None) for one in sentences), how.offsets)

    def write_marked(self, path: PathLike, marked: Iterable[Marked], how: Writing) -> int:
        """As :meth:`put`, with what is wrong with a sentence."""
        with open_output(path) as stream:
            return _put(stream, marked, how.offsets)

    def write_projections(self, path: PathLike, items: Iterable[Labelled], how: Writing) -> int:
        """As :meth:`put`, with what is wrong with a sentence."""
        marked = ((sentence_in(one), one.error if isinstance(one, Projection) else None) for one in items)
        return self.write_marked(path, marked, how)


def _put(stream: IO[str], items: Iterable[Marked], unit: Unit) -> int:
    count = 0

    def records() -> Iterator[dict[str, Any]]:
        nonlocal count
        for line in _lines(items):
            count += len(line)
            yield _record(line, unit)

    put_records(stream, records())
    return count


def _lines(items: Iterable[Marked]) -> Iterator[list[Marked]]:
    """The sentences of each line together."""
    line: list[Marked] = []
    before: tuple[int, int] | None = None
    for item in items:
        part = part_of_line(item[0])
        if line and (part is None or before is None or part[0] != before[0] or part[1] <= before[1]):
            yield line
            line = []
        line.append(item)
        before = part
    if line:
        yield line


def _record(line: list[Marked], unit: Unit) -> dict[str, Any]:
    record: dict[str, Any] = {}
    first = line[0][0]
    if first.id is not None and part_of_line(first) is None:
        record["id"] = first.id
    if first.lang is not None:
        record["lang"] = first.lang
    parts = [written(sentence) for sentence, _ in line]
    record["text"] = text = "".join([one for one, _ in parts])
    error = next((error for _, error in line if error is not None), None)
    if error is not None:
        return {**record, "error": error}
    entities = []
    place = PlacesInUnit(text, unit)
    begin = 0
    for (sentence, _), (piece, offsets) in zip(line, parts, strict=True):
        for span in sentence.spans:
            start, end = begin + offsets[span.start][0], begin + offsets[span.end - 1][1]
            entity: dict[str, Any] = {"start": place.of(start), "end": place.of(end), "label": span.label}
            if span.score is not None:
                entity["score"] = round(span.score, 4)
            entity["text"] = text[start:end]
            entities.append(entity)
        begin += len(piece)
    record["entities"] = entities
    if unit != "codepoints":
        record["unit"] = unit
    return record
