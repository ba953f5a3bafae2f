"""JSON: one record a line, or an array of records; see :mod:`crosspan.io.records` for what a record may hold.

Round trips are exact: tokens, spans with their scores, id, language, text and offsets; of projections also sources and
what was dropped; see :mod:`crosspan.io.projections`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import IO, Any

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, OptionError
from crosspan.core.files import PathLike, open_output
from crosspan.core.tag_forms import Respelt, spelling_of
from crosspan.core.tags import reading_scheme
from crosspan.core.types import Sentence
from crosspan.io.format import Labelled, Reading, TextFormat, Writing
from crosspan.io.json_records import records_or_faults
from crosspan.io.notices import Notices
from crosspan.io.projections import failure_of, is_projection
from crosspan.io.record_reading import RecordReading
from crosspan.io.record_shapes import plain_values, shaped, tags_key
from crosspan.io.records import counting_in, read_record, tags_of
from crosspan.io.rejects import Located
from crosspan.io.span_units import summed

_BEGINS = re.compile(
    r"(?:\[\s*)?\{\s*(?:\}?\s*$|([\"\']).*?\1\s*:|\w+\s*:.*[}\],]$)"  # an object, with quotes or without
    r"|\[\s*(?:\"|\[\s*(?:\"|$)|\]?\s*$)"  # an array
)
_FIRST_LINES = 3
_SAMPLE_RECORDS = 5_000
_HOPELESS = 20
"""So many records that are none at the start of a file, and it is another file."""


class Jsonl(TextFormat):
    """The format ``jsonl``. Blank lines are passed over.

    Example:
        >>> record = '{"tokens": ["Ada"], "ner_tags": ["B-PER"]}'
        >>> [item.sentence.tags() for item in Jsonl().parse([record], "x.jsonl", Reading())]
        [['B-PER']]
    """

    name = "jsonl"
    title = "JSONL"
    endings = (".jsonl", ".ndjson", ".json")
    scores = sources = True

    def recognises(self, lines: Sequence[str]) -> bool:
        """Whether it begins as an array or an object of JSON does, or of what people take for it."""
        first = " ".join(islice((line.strip() for line in lines if line.strip()), _FIRST_LINES))
        return _BEGINS.match(first) is not None

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield sentences; one in place of a record that has neither tokens nor text has a fault."""
        return sentences_of(records_or_faults(lines, name), name, how)

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """Write a record a line.

        Example:
            >>> import io
            >>> stream = io.StringIO()
            >>> Jsonl().put(stream, [Sentence(("Accra",))], Writing())
            1
            >>> stream.getvalue().strip()
            '{"tokens": ["Accra"], "spans": []}'
        """
        return put_records(stream, map(Sentence.to_dict, sentences))

    def write_projections(self, path: PathLike, items: Iterable[Labelled], how: Writing) -> int:
        """Write all of each projection; see :meth:`crosspan.Projection.to_dict`."""
        with open_output(path) as stream:
            return put_records(stream, (item.to_dict() for item in items))


def put_records(stream: IO[str], records: Iterable[Mapping[str, Any]]) -> int:
    """Write each record as a line of JSON, and return how many."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode
    count = 0
    for record in records:
        try:
            stream.write(encode(record) + "\n")
        except ValueError as error:
            raise FormatError(
                f"a number is none of JSON ({error})", where=str(record.get("id") or f"sentence {count + 1}"), hint=_NAN
            ) from error
        count += 1
    return count


_NO_LABELS = (
    "{count} sentences say nothing of labels, where others do; they are read as if they had no entity: label them, or "
    "take them out"
)
_NAN = "Scores are numbers from 0 to 1; leave out those that are not known."


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no value of JSON")


def sentences_of(
    records: Iterable[tuple[int, Mapping[str, Any] | FormatError]],
    name: str,
    how: Reading,
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    place: str = "{name}:{number}",
) -> Iterator[Located]:
    """Make sentences of records.

    Args:
        records: The line and the values of each, or what is wrong with it.
        name: Their file, for messages.
        how: How they are read.
        names: What the numbers under each key stand for, where the file says so.
        place: How a place is written.

    Yields:
        The sentences in order; one whose labels cannot be read has a fault and no spans, and one that cannot be read at
        all no tokens either.

    Raises:
        FormatError: Not one of the records, or of the first many, is a sentence.
        EmptyInputError: There is no record.
    """
    records = iter(records)
    head = list(islice(records, _SAMPLE_RECORDS))
    if not head:
        raise EmptyInputError("the file holds no record", where=name, hint="Check that it is the right file.")
    if how.tag_column is not None and not any(how.tag_column in one for _, one in head if isinstance(one, Mapping)):
        raise OptionError(f"no record of {name} has the key {how.tag_column!r}", hint="Name the key of the labels.")
    seen = Notices(name, how.notices)
    number = 0

    def notice(code: str, what: str, count: int, example: str) -> None:
        seen.add(code, what, number, count, example)

    reading = RecordReading(
        repair=how.repair,
        lang=how.lang,
        names=how.names,
        classes=names,
        tag_key=how.tag_column,
        unit=how.offsets,
        notice=notice,
    )
    reading = _with_scheme(reading, [record for _, record in head if isinstance(record, Mapping)], how)
    good, bad = 0, 0
    bare: list[int] = []
    labelled = False
    first: CrosspanError | None = None
    for number, record in chain(head, records):  # told by notice
        where = place.format(name=name, number=number)
        evidence = tags = None
        try:
            if isinstance(record, FormatError):
                raise record
            evidence = plain_values(record) if is_projection(record) else None
            sentence, fault, tags, has_labels = read_record(record, reading)
            labelled |= has_labels
            if not has_labels and fault is None:
                bare.append(number)
            fault = fault or failure_of(evidence)
        except CrosspanError as error:
            sentence, fault = Sentence((), lang=how.lang), error
        if fault is not None:
            fault = type(fault)(fault.message, where=where, hint=fault.hint)
        good, bad = good + (not isinstance(fault, FormatError)), bad + isinstance(fault, FormatError)
        first = first or (fault if isinstance(fault, FormatError) else None)
        if first is not None and not good and bad >= _HOPELESS:
            raise first
        yield Located(number, sentence, fault, evidence, tags)
    if first is not None and not good:
        raise first
    if bare and labelled:
        seen.add("no-labels", _NO_LABELS, bare[0], len(bare))
    seen.tell()


def _with_scheme(reading: RecordReading, head: Sequence[Mapping[str, Any]], how: Reading) -> RecordReading:
    """How records are read, with the spelling, the scheme and the unit that most of the first ones speak for."""
    corpus = []
    places = []
    for record in head:
        try:
            record = shaped(record)
            if (evidence := counting_in(record, reading)) is not None:
                places.append(evidence)
            key = tags_key(record, reading.tag_key, reading.classes)
            if key is not None:
                corpus.append(tags_of(record, key, reading))
        except CrosspanError:
            continue  # it is a fault of its sentence, and says nothing of the others
    spelling = spelling_of(corpus)
    scheme = reading_scheme(map(Respelt(spelling).all, corpus)) if how.scheme == "auto" else how.scheme
    found = summed(places)
    return replace(reading, spelling=spelling, scheme=scheme, counting=None if found is None else found.counting)
