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

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, MissingDependencyError
from crosspan.core.files import PathLike, atomic_binary, name_of, open_input
from crosspan.core.tags import Repair, Scheme, SchemeOption, check_repair, check_scheme, detect_scheme, to_tags
from crosspan.core.types import Sentence
from crosspan.io.records import sentence_of
from crosspan.io.rejects import Located

_ROWS = 10_000


def _arrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingDependencyError(
            "Parquet needs the package pyarrow", hint="Install it with: pip install 'crosspan[parquet]'."
        ) from error


def iter_parquet(
    path: PathLike,
    *,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    lang: str | None = None,
) -> Iterator[Located]:
    """Read sentences from a Parquet file, some thousand rows at a time.

    Tags kept as numbers (``ClassLabel``) are read by the names that HuggingFace stores with the file.

    Args:
        path: The file.
        scheme: The scheme of the tags, if there are no spans; ``"auto"`` finds it in the first rows.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language of the sentences, where a row does not say.

    Yields:
        The sentences in order, their rows counted as lines; one whose labels cannot be read has a fault and no spans.

    Raises:
        MissingDependencyError: pyarrow is not installed.
        FormatError: The file is not Parquet, or has neither a column ``tokens`` nor ``text``.
        EmptyInputError: There is no row.
    """
    check_repair(repair)
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
                known = _detect(records, names) if scheme == "auto" else scheme
                check_scheme(known)
            for record in records:
                where = f"{name}: row {index + 1}"
                try:
                    sentence, fault = sentence_of(record, scheme=known, repair=repair, lang=lang, names=names)
                except CrosspanError as error:
                    raise type(error)(error.message, where=where, hint=error.hint) from error
                index += 1
                placed = None if fault is None else type(fault)(fault.message, where=where, hint=fault.hint)
                yield Located(index, sentence, placed)
    if index == 0:
        raise EmptyInputError("the file holds no row", where=name, hint="Check that it is the right file.")


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


def write_parquet(path: PathLike, sentences: Iterable[Sentence], *, scheme: Scheme = "IOB2") -> int:
    """Write sentences as a Parquet file, all or nothing.

    Args:
        path: The file to write.
        sentences: What to write.
        scheme: The scheme of the column ``ner_tags``.

    Returns:
        The number of sentences written.

    Raises:
        MissingDependencyError: pyarrow is not installed.
        OutputError: The file cannot be written.
    """
    check_scheme(scheme)
    arrow, parquet = _arrow()
    schema = _schema(arrow)
    sentences = iter(sentences)
    count = 0
    with atomic_binary(path) as stream, parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        while rows := [_row(sentence, scheme) for sentence in islice(sentences, _ROWS)]:
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


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
