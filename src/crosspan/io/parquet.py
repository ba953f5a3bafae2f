"""Parquet files that HuggingFace ``datasets`` reads as they are.

Columns: ``id``, ``lang``, ``text``, ``tokens``, ``ner_tags`` (strings), ``spans`` and ``offsets`` (lists of structs);
of projections spans have their ``source``, and ``dropped`` holds what was not projected, with the reason.
Needs the package ``pyarrow``.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import IO, Any, BinaryIO

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError
from crosspan.core.files import PathLike, name_of
from crosspan.core.json_text import parse_json
from crosspan.core.lines import open_input
from crosspan.core.shown import in_short, shown
from crosspan.core.tags import Scheme, to_tags
from crosspan.core.types import Sentence
from crosspan.io.format import Format, Labelled, Reading, Writing, binary_output, sentence_in
from crosspan.io.jsonl import sentences_of
from crosspan.io.record_shapes import KEYS, LABEL_KEYS, TEXT_KEYS, TOKEN_KEYS, may_be_tags
from crosspan.io.rejects import Located

_ROWS = 10_000

_SMALL = 64 << 20
_DENSEST = 250
"""A file may hold so many bytes besides so many times its own size."""

_ENDING = 1 << 16
"""Bytes beyond the end that readers of a sound file may ask for."""

_MOST = 1 << 30
"""Bytes that some thousand rows may take; as objects of Python they take ten times as many."""


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
            with readable(name):
                held = Bounded(stream)
                file = parquet.ParquetFile(held, page_checksum_verification=True)
                _check_names(file)
                columns = columns_of(file.schema_arrow, how.tag_column)
                check_columns(columns, file.schema_arrow, name)
                _check_parts(file.metadata, held.size)
                names = class_names(file.schema_arrow.metadata)
            rows = chain.from_iterable(_batches(file, columns, name))
            yield from rows_of(rows, name, how, names)

    def write(self, path: PathLike, sentences: Iterable[Sentence], how: Writing) -> int:
        """Write sentences; the column ``ner_tags`` has strings, or a ``ClassLabel`` where classes are given."""
        return self._put(path, sentences, how, projected=False)

    def write_projections(self, path: PathLike, items: Iterable[Labelled], how: Writing) -> int:
        """Write sentences, with the source of each span and a column ``dropped``; both are null where not known."""
        return self._put(path, items, how, projected=True)

    def _put(self, path: PathLike, items: Iterable[Labelled], how: Writing, *, projected: bool) -> int:
        arrow, parquet = _arrow()
        schema = _schema(arrow, projected, how.classes)
        numbers = None if how.classes is None else {tag: number for number, tag in enumerate(how.classes)}
        items = iter(items)
        count = 0
        with binary_output(path) as stream, _writer(parquet, stream, schema) as writer:
            while rows := [_row(item, how.scheme, numbers) for item in islice(items, _ROWS)]:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                count += len(rows)
        return count


def _arrow() -> tuple[Any, Any]:
    return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")


def _writer(parquet: Any, stream: IO[bytes], schema: Any) -> Any:
    return parquet.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True)


@contextmanager
def readable(name: str, what: str = "not a Parquet file, or a damaged one") -> Iterator[None]:
    """Turn whatever a damaged file brings about in the package into one clear error.

    Args:
        name: The file, for the error.
        what: What it is, which the reason follows.

    Raises:
        FormatError: What the block raised was an error of the package.
    """
    try:
        yield
    except CrosspanError:
        raise
    except MemoryError as error:
        hint = "It is damaged, or has rows that are too long."
        raise FormatError("to read it takes more memory than there is", where=name, hint=hint) from error
    except Exception as error:  # its errors share no class: of the system, of values, of text, of memory
        hint = "Name the format if the ending is wrong; else get the file again."
        raise FormatError(f"{what} ({in_short(error)})", where=name, hint=hint) from error


class Bounded(io.RawIOBase):
    """A file of which nobody can ask for more than there is.

    In a damaged file the length of a part may be any number, and as much memory would be taken before it is read.

    Args:
        stream: The file.

    Attributes:
        size: Its bytes.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.size = stream.seek(0, os.SEEK_END)
        stream.seek(0)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """Any part of it."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go somewhere."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Where it is read."""
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        """Read some bytes.

        Raises:
            ValueError: There are not as many.
        """
        left = self.size - self._stream.tell()
        if size > left + _ENDING:
            raise ValueError(f"{size:,} bytes should follow, and there are {max(0, left):,}")
        return self._stream.read(size)


def records_of(batch: Any) -> list[dict[str, Any]]:
    """The rows of a batch as records.

    Args:
        batch: What the package has read. Nothing in it has been looked at: in a damaged one, a row can begin beyond the
            end of its column, and to ask for it would end the process.

    Raises:
        ValueError: It is damaged, or would take more memory than any rows need.
    """
    batch.validate(full=True)  # before anything else is asked of it
    if batch.nbytes > _MOST:
        raise ValueError(f"{len(batch):,} of its rows take {batch.nbytes:,} bytes")
    found: list[dict[str, Any]] = batch.to_pylist()
    return found


def _batches(file: Any, columns: Sequence[str], name: str) -> Iterator[list[dict[str, Any]]]:
    """The rows of a file as records, some thousands at a time."""
    batches = iter(file.iter_batches(batch_size=_ROWS, columns=columns)) if columns else iter(())
    while True:
        with readable(name):
            batch = next(batches, None)
            if batch is None:
                return
            records = records_of(batch)
        yield records


def check_size(size: int, plain: int) -> None:
    """Raise where a file says of itself that it is far larger than it can be.

    Args:
        size: Its bytes.
        plain: What they become when they are unpacked.

    Raises:
        ValueError: It does.

    Example:
        >>> check_size(1_000, 100_000)
    """
    if plain > _SMALL + _DENSEST * size:
        raise ValueError(f"its {size:,} bytes would become {plain:,}")


def _check_names(file: Any) -> None:
    """Raise where a file names its columns in two ways.

    Pages have checksums, and what is said of them has none; but Arrow writes its schema beside that of Parquet.
    """
    encoded = (file.metadata.metadata or {}).get(b"ARROW:schema")
    if encoded is None:
        return
    arrow, _ = _arrow()
    names = arrow.ipc.read_schema(arrow.py_buffer(base64.b64decode(encoded))).names
    if names != file.schema_arrow.names:
        raise ValueError(f"its columns are {shown(file.schema_arrow.names)} and also {shown(names)}")


def _check_parts(about: Any, size: int) -> None:
    """Raise where the groups of rows are not what the file has, or cannot be, before anything is unpacked.

    Groups are asked, and not their columns: where a bit of what is said of a column is wrong, to ask ends the process.
    """
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    check_size(size, sum(group.total_byte_size for group in groups))
    rows = sum(group.num_rows for group in groups)
    if rows != about.num_rows:
        raise ValueError(f"its parts have {rows:,} rows, and it says {about.num_rows:,}")


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


def check_columns(columns: Sequence[str], schema: Any, name: str) -> None:
    """Raise where no column can hold anything of a sentence.

    Args:
        columns: The columns in which something may stand.
        schema: All columns.
        name: The file, for the error.

    Raises:
        FormatError: There is none.
    """
    if not {*columns} & {*TOKEN_KEYS, *TEXT_KEYS}:
        raise FormatError(
            "no column holds tokens or text",
            where=name,
            hint=f"It has {', '.join(schema.names[:20]) or 'none'}: call one 'tokens' or 'text'.",
        )


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


def _schema(arrow: Any, projected: bool, classes: Sequence[str] | None) -> Any:
    ends = [("start", arrow.int32()), ("end", arrow.int32())]
    place = [*ends, ("label", arrow.string()), ("score", arrow.float64())]
    source = [("source", arrow.struct([*ends, ("score", arrow.float64())]))] if projected else []
    reason = arrow.struct([*place, ("reason", arrow.string())])
    span = arrow.struct([*place, *source])
    others = [("dropped", arrow.list_(reason)), ("unobserved", arrow.list_(span)), ("error", arrow.string())]
    offset = arrow.struct(ends)
    schema = arrow.schema(
        [
            ("id", arrow.string()),
            ("lang", arrow.string()),
            ("text", arrow.string()),
            ("tokens", arrow.list_(arrow.string())),
            ("ner_tags", arrow.list_(arrow.string() if classes is None else arrow.int64())),
            ("spans", arrow.list_(span)),
            ("offsets", arrow.list_(offset)),
            *(others if projected else ()),
        ]
    )
    if classes is None:
        return schema
    features = {field.name: _feature(arrow, field.type) for field in schema}
    features["ner_tags"] = [{"names": list(classes), "_type": "ClassLabel"}]
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)})


def _feature(arrow: Any, kind: Any) -> Any:
    """A type as HuggingFace ``datasets`` writes it down; lists in the form that all its versions read."""
    if arrow.types.is_list(kind):
        return [_feature(arrow, kind.value_type)]
    if arrow.types.is_struct(kind):
        return {field.name: _feature(arrow, field.type) for field in kind}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind)), "_type": "Value"}


def _row(item: Labelled, scheme: Scheme, numbers: Mapping[str, int] | None) -> dict[str, Any]:
    sentence, record = sentence_in(item), item.to_dict()
    tags: Sequence[str | int] = to_tags(sentence.spans, len(sentence.tokens), scheme)
    offsets = sentence.offsets
    return {
        "id": sentence.id,
        "lang": sentence.lang,
        "text": sentence.text,
        "tokens": sentence.tokens,
        "ner_tags": tags if numbers is None else [numbers[str(tag)] for tag in tags],
        "spans": record["spans"],
        "offsets": None if offsets is None else [{"start": start, "end": end} for start, end in offsets],
        "dropped": record.get("dropped"),
        "unobserved": record.get("unobserved"),
        "error": record.get("error"),
    }
