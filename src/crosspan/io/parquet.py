"""Parquet files that HuggingFace ``datasets`` reads as they are.

Columns: ``id``, ``lang``, ``text``, ``tokens``, ``ner_tags`` (strings), ``spans`` and ``offsets`` (lists of structs);
of projections spans have their ``source``, and ``dropped`` holds what was not projected, with the reason.
Needs the package ``pyarrow``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import IO, Any

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError
from crosspan.core.files import PathLike, name_of
from crosspan.core.json_text import parse_json
from crosspan.core.lines import open_input
from crosspan.core.shown import in_short
from crosspan.core.tags import Scheme, to_tags
from crosspan.core.types import Sentence
from crosspan.io.format import Format, Labelled, Reading, Writing, binary_output, sentence_in
from crosspan.io.jsonl import sentences_of
from crosspan.io.record_shapes import KEYS, LABEL_KEYS, may_be_tags
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
    scores = sources = True

    def read(self, path: PathLike, how: Reading) -> Iterator[Located]:
        """Yield sentences, some thousand rows at a time; raises where there is no column ``tokens`` or ``text``."""
        _, parquet = _arrow()
        name = name_of(path)
        with open_input(path) as stream:
            with _readable(name):
                file = parquet.ParquetFile(stream, page_checksum_verification=True)
                columns = columns_of(file.schema_arrow, how.tag_column)
                _check_sizes(file.metadata)
                names = class_names(file.schema_arrow.metadata)
            rows = chain.from_iterable(_batches(file, columns, name))
            yield from rows_of(rows, name, how, names)

    def write(self, path: PathLike, sentences: Iterable[Sentence], how: Writing) -> int:
        """Write sentences, with tags in the column ``ner_tags``."""
        return self._put(path, sentences, how, projected=False)

    def write_projections(self, path: PathLike, items: Iterable[Labelled], how: Writing) -> int:
        """Write sentences, with the source of each span and a column ``dropped``; both are null where not known."""
        return self._put(path, items, how, projected=True)

    def _put(self, path: PathLike, items: Iterable[Labelled], how: Writing, *, projected: bool) -> int:
        arrow, parquet = _arrow()
        schema = _schema(arrow, projected)
        items = iter(items)
        count = 0
        with binary_output(path) as stream, _writer(parquet, stream, schema) as writer:
            while rows := [_row(item, how.scheme) for item in islice(items, _ROWS)]:
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


def rows_of(
    rows: Iterable[Mapping[str, Any]], name: str, how: Reading, names: Mapping[str, list[str]]
) -> Iterator[Located]:
    """The sentences of rows; see :func:`crosspan.io.jsonl.sentences_of`.

    Args:
        rows: The rows as records.
        name: Their file, for messages.
        how: How they are read.
        names: Names of the numbers of each column that has classes.

    Raises:
        EmptyInputError: There is no row.
    """
    numbered = enumerate(rows, 1)
    first = next(numbered, None)
    if first is None:
        raise EmptyInputError("the file holds no row", where=name, hint="Check that it is the right file.")
    yield from sentences_of(chain([first], numbered), name, how, names=names, place="{name}: row {number}")


def columns_of(schema: Any, tag_column: str | None) -> list[str]:
    """Columns in which something of a sentence may stand: those of our names, lists, and what annotators say."""
    known = {*KEYS, "answer", "status", tag_column}
    return [field.name for field in schema if field.name in known or str(field.type).startswith(_MANY)]


_MANY = ("list", "large_list", "fixed_size_list", "struct")


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """Names of the tag numbers of each column, from the metadata that HuggingFace ``datasets`` writes."""
    found = parse_json((metadata or {}).get(b"huggingface", b"{}"))
    for key in ("info", "features"):
        found = found.get(key) if isinstance(found, dict) else None
    named = {}
    for column, feature in found.items() if isinstance(found, dict) else ():
        inner = _inside(feature)
        label = next((_inside(inner[key]) for key in LABEL_KEYS if key in inner), None)  # of spans
        names = (label or inner).get("names")
        if isinstance(names, list) and all(isinstance(name, str) for name in names) and (label or may_be_tags(names)):
            named[column] = names
    return named


def _inside(feature: Any) -> dict[str, Any]:
    """What a feature is a list of, however the version of the package writes lists."""
    while isinstance(feature, dict | list) and feature and not (isinstance(feature, dict) and "names" in feature):
        inner = feature[0] if isinstance(feature, list) else feature.get("feature")
        if inner is None:
            break
        feature = inner
    return feature if isinstance(feature, dict) else {}


def _schema(arrow: Any, projected: bool) -> Any:
    ends = [("start", arrow.int32()), ("end", arrow.int32())]
    place = [*ends, ("label", arrow.string()), ("score", arrow.float64())]
    source = [("source", arrow.struct([*ends, ("score", arrow.float64())]))] if projected else []
    reason = arrow.struct([*place, ("reason", arrow.string())])
    others = [("dropped", arrow.list_(reason)), ("error", arrow.string())] if projected else []
    span = arrow.struct([*place, *source])
    offset = arrow.struct(ends)
    return arrow.schema(
        [
            ("id", arrow.string()),
            ("lang", arrow.string()),
            ("text", arrow.string()),
            ("tokens", arrow.list_(arrow.string())),
            ("ner_tags", arrow.list_(arrow.string())),
            ("spans", arrow.list_(span)),
            ("offsets", arrow.list_(offset)),
            *others,
        ]
    )


def _row(item: Labelled, scheme: Scheme) -> dict[str, Any]:
    sentence, record = sentence_in(item), item.to_dict()
    offsets = sentence.offsets
    return {
        "id": sentence.id,
        "lang": sentence.lang,
        "text": sentence.text,
        "tokens": sentence.tokens,
        "ner_tags": to_tags(sentence.spans, len(sentence.tokens), scheme),
        "spans": record["spans"],
        "offsets": None if offsets is None else [{"start": start, "end": end} for start, end in offsets],
        "dropped": record.get("dropped"),
        "error": record.get("error"),
    }
