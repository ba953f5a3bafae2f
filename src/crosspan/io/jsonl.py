"""JSON lines: one record a line; see :mod:`crosspan.io.records` for what a record may hold.

Round trips are exact: tokens, spans with their scores, id, language, text and offsets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO, Any, cast

from crosspan.core.errors import CrosspanError, EmptyInputError, EncodingError, FormatError
from crosspan.core.tags import Repair, Scheme, SchemeOption, check_repair, check_scheme, detect_scheme
from crosspan.core.types import Sentence
from crosspan.io.records import record_of, sentence_of
from crosspan.io.rejects import Located

_SAMPLE_RECORDS = 5_000


def iter_jsonl(
    blocks: Iterable[list[str]],
    name: str,
    *,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    lang: str | None = None,
) -> Iterator[Located]:
    """Read sentences from JSON lines. Blank lines are passed over.

    Args:
        blocks: The lines, in lists of any length; see :func:`crosspan.core.files.read_blocks`.
        name: The file, for messages.
        scheme: The scheme of the tags, if there are tags; ``"auto"`` finds it in the first records.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language of the sentences, where a record does not say.

    Yields:
        The sentences in order; one whose labels cannot be read has a fault and no spans.

    Raises:
        FormatError: A line is not a JSON object, or has neither tokens nor text.
        EmptyInputError: There is no record.

    Example:
        >>> [item.sentence.tags() for item in iter_jsonl([['{"tokens": ["Ada"], "ner_tags": ["B-PER"]}']], "x.jsonl")]
        [['B-PER']]
    """
    check_repair(repair)
    records = iter_records(blocks, name)
    head = list(islice(records, _SAMPLE_RECORDS))
    if not head:
        raise EmptyInputError("the file holds no record", where=name, hint="Check that it is the right file.")
    known = _detect(head) if scheme == "auto" else scheme
    check_scheme(known)
    for number, record in chain(head, records):
        where = f"{name}:{number}"
        try:
            sentence, fault = sentence_of(record, scheme=known, repair=repair, lang=lang)
        except CrosspanError as error:
            raise _placed(error, where) from error
        yield Located(number, sentence, None if fault is None else _placed(fault, where))


def _placed(error: CrosspanError, where: str) -> CrosspanError:
    return type(error)(error.message, where=where, hint=error.hint)


def iter_records(blocks: Iterable[list[str]], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a JSON lines file with the numbers of their lines, from 1. Blank lines are passed over.

    Args:
        blocks: The lines, in lists of any length; see :func:`crosspan.core.files.read_blocks`.
        name: The file, for messages.

    Raises:
        FormatError: A line is not a JSON object.
        EncodingError: A string holds half of a surrogate pair.

    Example:
        >>> list(iter_records([['{"text": "Accra"}']], "x.jsonl"))
        [(1, {'text': 'Accra'})]
    """
    for number, line in enumerate(chain.from_iterable(blocks), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
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


def _detect(head: list[tuple[int, dict[str, Any]]]) -> Scheme:
    tagged = (record.get("ner_tags") for _, record in head)
    found = detect_scheme(
        cast("list[str]", tags) for tags in tagged if isinstance(tags, list) and all(isinstance(t, str) for t in tags)
    )
    return "IOB1" if found == "IO" else found


def write_jsonl(stream: IO[str], sentences: Iterable[Sentence]) -> int:
    """Write sentences as JSON lines.

    Args:
        stream: Where to write.
        sentences: What to write.

    Returns:
        The number of sentences written.

    Example:
        >>> import io
        >>> stream = io.StringIO()
        >>> write_jsonl(stream, [Sentence(("Accra",))])
        1
        >>> stream.getvalue().strip()
        '{"tokens": ["Accra"], "spans": []}'
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    count = 0
    for sentence in sentences:
        stream.write(encode(record_of(sentence)) + "\n")
        count += 1
    return count
