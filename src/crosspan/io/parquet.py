"""Parquet files that HuggingFace ``datasets`` reads as they are.

Columns: ``id``, ``lang``, ``text``, ``tokens``, ``ner_tags`` (strings), ``spans`` and ``offsets`` (lists of structs).
Needs the package ``pyarrow``.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError
from crosspan.core.files import PathLike, atomic_binary, name_of, open_input
from crosspan.core.tags import Scheme, detect_scheme, to_tags
from crosspan.core.types import Sentence
from crosspan.io.format import Format, Reading, Writing
from crosspan.io.records import sentence_of
from crosspan.io.rejects import Located

_ROWS = 10_000


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
        arrow, parquet = _arrow()
        name = name_of(path)
        index = 0
        known: Scheme | None = None
        with open_input(path) as stream:
            try:
                file = parquet.ParquetFile(stream)
            except (arrow.ArrowException, OSError) as error:
                raise FormatError(
                    f"not a Parquet file ({error})", where=name, hint="Name the format if the ending is wrong."
                ) from error
            names = _class_names(file.schema_arrow.metadata)
            for batch in file.iter_batches(batch_size=_ROWS):
                records = batch.to_pylist()
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
        with atomic_binary(path) as stream, parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
            while rows := [_row(sentence, how.scheme) for sentence in islice(sentences, _ROWS)]:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                count += len(rows)
        return count


def _arrow() -> tuple[Any, Any]:
    return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")


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


def _class_names(metadata: dict[bytes, bytes] | None) -> list[str] | None:
    """Names of the tag numbers in the metadata that HuggingFace ``datasets`` writes."""
    features = json.loads((metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    feature = features.get("ner_tags") or features.get("tags") or {}
    inner = feature.get("feature", feature) if isinstance(feature, dict) else feature[0]
    return inner.get("names") if isinstance(inner, dict) else None


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
