"""Parquet files that HuggingFace ``datasets`` reads as they are.

Columns: ``id``, ``lang``, ``text``, ``tokens``, ``ner_tags`` (strings), ``spans`` and ``offsets`` (lists of structs).
Needs the package ``pyarrow``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError
from crosspan.core.files import PathLike, name_of, open_input
from crosspan.core.json_text import parse_json
from crosspan.core.shown import in_short
from crosspan.core.tags import Scheme, detect_scheme, to_tags
from crosspan.core.types import Sentence
from crosspan.io.format import Format, Reading, Writing, binary_output
from crosspan.io.records import KEYS, sentence_of
from crosspan.io.rejects import Located

_ROWS = 10_000

_SMALL = 64 << 20
_FEW = 4_000_000
_DENSEST = 250
"""A part of a file may hold so many bytes, and so many values, besides so many times what it takes."""


class Parquet(Format):
    """The format ``parquet``.

    Tags kept as numbers (``ClassLabel``) are read by the names that HuggingFace stores with the file. Rows are counted
    as lines.

    Example:
        >>> Parquet().endings
        ('.parquet',)
    """

    name = "parquet"
    title = "Parquet"
    endings = (".parquet",)
    magic = b"PAR1"
    scores = True

    def read(self, path: PathLike, how: Reading) -> Iterator[Located]:
        """Yield sentences, some thousand rows at a time; raises where there is no column ``tokens`` or ``text``."""
        _, parquet = _arrow()
        name = name_of(path)
        index = 0
        known: Scheme | None = None
        with open_input(path) as stream:
            with _readable(name):
                file = parquet.ParquetFile(stream, page_checksum_verification=True)
                columns = [column for column in file.schema_arrow.names if column in KEYS]
                _check_sizes(file.metadata)
                names = _class_names(file.schema_arrow.metadata)
            for records in _batches(file, columns, name):
                if known is None:
                    known = _detect(records, names) if how.scheme == "auto" else how.scheme
                for record in records:
                    index += 1
                    yield _located(index, f"{name}: row {index}", record, known, names, how)
        if index == 0:
            raise EmptyInputError("the file holds no row", where=name, hint="Check that it is the right file.")

    def write(self, path: PathLike, sentences: Iterable[Sentence], how: Writing) -> int:
        """Write sentences, with tags in the column ``ner_tags``."""
        arrow, parquet = _arrow()
        schema = _schema(arrow)
        sentences = iter(sentences)
        count = 0
        with binary_output(path) as stream, _writer(parquet, stream, schema) as writer:
            while rows := [_row(sentence, how.scheme) for sentence in islice(sentences, _ROWS)]:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                count += len(rows)
        return count


def _arrow() -> tuple[Any, Any]:
    return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")


def _writer(parquet: Any, stream: IO[bytes], schema: Any) -> Any:
    return parquet.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn whatever a damaged file brings about in the package into one clear error."""
    try:
        yield
    except CrosspanError:
        raise
    except MemoryError as error:
        hint = "It is damaged, or has rows that are too long."
        raise FormatError("to read it takes more memory than there is", where=name, hint=hint) from error
    except Exception as error:  # its errors share no class: of the system, of values, of text, of memory
        raise FormatError(
            f"not a Parquet file, or a damaged one ({in_short(error)})",
            where=name,
            hint="Name the format if the ending is wrong; else get the file again.",
        ) from error


def _batches(file: Any, columns: Sequence[str], name: str) -> Iterator[list[dict[str, Any]]]:
    """The rows of a file as records, some thousands at a time."""
    batches = iter(file.iter_batches(batch_size=_ROWS, columns=columns)) if columns else iter(())
    while True:
        with _readable(name):
            batch = next(batches, None)
            if batch is None:
                return
            records = batch.to_pylist()
        yield records


def _check_sizes(about: Any) -> None:
    """Raise where a part of a file says of itself that it is far larger than it can be, before it is unpacked."""
    for group in range(about.num_row_groups):
        row_group = about.row_group(group)
        for at in range(row_group.num_columns):
            column = row_group.column(at)
            packed, plain = column.total_compressed_size, column.total_uncompressed_size
            if plain > _SMALL + _DENSEST * packed or column.num_values > _FEW + _DENSEST * plain:
                raise ValueError(
                    f"the {packed:,} bytes of {column.path_in_schema} would become {plain:,}, "
                    f"with {column.num_values:,} values"
                )


def _located(
    index: int, where: str, record: dict[str, Any], scheme: Scheme, names: list[str] | None, how: Reading
) -> Located:
    try:
        sentence, fault = sentence_of(record, scheme=scheme, repair=how.repair, lang=how.lang, names=names)
    except CrosspanError as error:
        raise type(error)(error.message, where=where, hint=error.hint) from error
    return Located(index, sentence, None if fault is None else type(fault)(fault.message, where=where, hint=fault.hint))


def _detect(records: list[dict[str, Any]], names: list[str] | None) -> Scheme:
    corpus = []
    for record in records:
        tags = record.get("ner_tags") or []
        if names is not None:
            tags = [names[tag] for tag in tags if isinstance(tag, int) and 0 <= tag < len(names)]
        corpus.append([tag for tag in tags if isinstance(tag, str)])
    scheme = detect_scheme(corpus)
    return "IOB1" if scheme == "IO" else scheme


def _class_names(metadata: Mapping[bytes, bytes] | None) -> list[str] | None:
    """Names of the tag numbers in the metadata that HuggingFace ``datasets`` writes."""
    found = parse_json((metadata or {}).get(b"huggingface", b"{}"))
    for key in ("info", "features"):
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return None
    inner = found.get("ner_tags") or found.get("tags")
    if isinstance(inner, list) and inner:
        inner = inner[0]
    if isinstance(inner, dict):
        inner = inner.get("feature", inner)
    names = inner.get("names") if isinstance(inner, dict) else None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _schema(arrow: Any) -> Any:
    span = arrow.struct(
        [("start", arrow.int32()), ("end", arrow.int32()), ("label", arrow.string()), ("score", arrow.float64())]
    )
    offset = arrow.struct([("start", arrow.int32()), ("end", arrow.int32())])
    return arrow.schema(
        [
            ("id", arrow.string()),
            ("lang", arrow.string()),
            ("text", arrow.string()),
            ("tokens", arrow.list_(arrow.string())),
            ("ner_tags", arrow.list_(arrow.string())),
            ("spans", arrow.list_(span)),
            ("offsets", arrow.list_(offset)),
        ]
    )


def _row(sentence: Sentence, scheme: Scheme) -> dict[str, Any]:
    offsets = sentence.offsets
    return {
        "id": sentence.id,
        "lang": sentence.lang,
        "text": sentence.text,
        "tokens": sentence.tokens,
        "ner_tags": to_tags(sentence.spans, len(sentence.tokens), scheme),
        "spans": [{"start": s.start, "end": s.end, "label": s.label, "score": s.score} for s in sentence.spans],
        "offsets": None if offsets is None else [{"start": start, "end": end} for start, end in offsets],
    }
