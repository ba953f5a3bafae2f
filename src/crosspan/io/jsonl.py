"""JSON lines: one record a line; see :mod:`crosspan.io.records` for what a record may hold.

Round trips are exact: tokens, spans with their scores, id, language, text and offsets; of projections also sources and
what was dropped; see :mod:`crosspan.io.projections`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import IO, Any, cast

from crosspan.core.errors import CrosspanError, EmptyInputError, EncodingError, FormatError
from crosspan.core.files import PathLike, name_of, open_output, read_lines
from crosspan.core.json_text import parse_json
from crosspan.core.tags import Scheme, detect_scheme
from crosspan.core.types import Projection, Sentence
from crosspan.io.format import Reading, TextFormat, Writing
from crosspan.io.projections import is_projection, projections_of
from crosspan.io.records import sentence_of
from crosspan.io.rejects import Located, Reject

_SAMPLE_RECORDS = 5_000


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
        """Whether the first line that is not blank stands in braces."""
        first = next((line.strip() for line in lines if line.strip()), "")
        return first.startswith("{") and first.endswith("}")

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield sentences; raises where a line is no JSON object, or has neither tokens nor text."""
        return sentences_of(iter_records(lines, name), name, how)

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

    def write_projections(self, path: PathLike, projections: Iterable[Projection], how: Writing) -> int:
        """Write all of each projection; see :meth:`crosspan.Projection.to_dict`."""
        with open_output(path) as stream:
            return put_records(stream, map(Projection.to_dict, projections))

    def holds_projections(self, path: PathLike) -> bool:
        """Whether the first record is one of a projection."""
        return any(is_projection(record) for _, record in islice(iter_records(read_lines(path), name_of(path)), 1))

    def read_projections(self, path: PathLike, rejects: list[Reject] | None = None) -> Iterator[Projection]:
        """See :func:`crosspan.io.read_projections`."""
        name = name_of(path)
        return projections_of(iter_records(read_lines(path), name), name, rejects)


def put_records(stream: IO[str], records: Iterable[Mapping[str, Any]]) -> int:
    """Write each record as a line of JSON, and return how many."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    count = 0
    for record in records:
        stream.write(encode(record) + "\n")
        count += 1
    return count


def sentences_of(records: Iterable[tuple[int, Mapping[str, Any]]], name: str, how: Reading) -> Iterator[Located]:
    """Make sentences of records.

    Args:
        records: The line and the values of each.
        name: Their file, for messages.
        how: How they are read.

    Yields:
        The sentences in order; one whose labels cannot be read has a fault and no spans.

    Raises:
        FormatError: A record has neither tokens nor text.
        EmptyInputError: There is no record.
    """
    records = iter(records)
    head = list(islice(records, _SAMPLE_RECORDS))
    if not head:
        raise EmptyInputError("the file holds no record", where=name, hint="Check that it is the right file.")
    known = _detect(head) if how.scheme == "auto" else how.scheme
    for number, record in chain(head, records):
        where = f"{name}:{number}"
        try:
            sentence, fault = sentence_of(record, scheme=known, repair=how.repair, lang=how.lang)
        except CrosspanError as error:
            raise _placed(error, where) from error
        yield Located(number, sentence, None if fault is None else _placed(fault, where))


def _placed(error: CrosspanError, where: str) -> CrosspanError:
    return type(error)(error.message, where=where, hint=error.hint)


def iter_records(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a JSON lines file with the numbers of their lines, from 1. Blank lines are passed over.

    Args:
        lines: The lines, without their ends.
        name: The file, for messages.

    Raises:
        FormatError: A line is not a JSON object.
        EncodingError: A string holds half of a surrogate pair.

    Example:
        >>> list(iter_records(['{"text": "Accra"}'], "x.jsonl"))
        [(1, {'text': 'Accra'})]
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
        except ValueError as error:
            raise FormatError(
                f"not valid JSON ({error})", where=f"{name}:{number}", hint="Write one JSON object a line."
            ) from error
        if not isinstance(record, dict):
            raise FormatError("not a JSON object", where=f"{name}:{number}", hint="Write one JSON object a line.")
        if "\\ud" in line or "\\uD" in line:
            _check_surrogates(record, f"{name}:{number}")
        yield number, record


def _check_surrogates(record: dict[str, Any], where: str) -> None:
    """Raise for half a surrogate pair, which JSON can spell and no text file can keep."""
    try:
        json.dumps(record, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError(
            "half of a surrogate pair is no character", where=where, hint="Mend the \\u escape."
        ) from error


def _detect(head: list[tuple[int, Mapping[str, Any]]]) -> Scheme:
    tagged = (record.get("ner_tags") for _, record in head)
    found = detect_scheme(
        cast("list[str]", tags) for tags in tagged if isinstance(tags, list) and all(isinstance(t, str) for t in tags)
    )
    return "IOB1" if found == "IO" else found
