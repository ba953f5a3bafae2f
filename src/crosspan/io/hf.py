"""Sentences from and to the ``Dataset`` of HuggingFace ``datasets``, which is imported only where one is made."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from crosspan.core.checks import check_projections, check_sentences
from crosspan.core.errors import ArgumentError, MissingDependencyError, OptionError
from crosspan.core.logs import logger_of
from crosspan.core.shown import shown
from crosspan.core.tags import Repair, Scheme, SchemeOption, check_scheme, tag_names, to_tags
from crosspan.core.types import Projection, Sentence
from crosspan.io.format import Reading
from crosspan.io.jsonl import sentences_of
from crosspan.io.record_shapes import TAG_KEYS, may_be_tags
from crosspan.io.rejects import Located, Reject, settle

_SPANS = ("spans", "entities")

_LOG = logger_of(__name__)


def from_dataset(
    dataset: Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    lang: str | None = None,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    rejects: list[Reject] | None = None,
) -> list[Sentence]:
    """Read all sentences of a HuggingFace dataset.

    Args:
        dataset: A ``datasets.Dataset``, or an ``IterableDataset`` that fits into memory; see :func:`iter_dataset`.
        columns: What its columns are called here, such as ``{"words": "tokens", "labels": "ner_tags"}``. Known are
            ``tokens``, ``ner_tags``, ``spans`` (in tokens), or ``text`` with ``entities`` (in code points), and ``id``,
            ``lang``, ``offsets``; names that common data sets use are understood without this.
        names: Names of tags that are kept as numbers; those of a ``ClassLabel`` are found.
        lang: The language of the sentences, where a row does not say.
        scheme: The tag scheme; ``"auto"`` finds it in the first rows.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        rejects: A list that takes the rows whose labels cannot be read. Such a sentence keeps its place and its tokens,
            without spans. With ``None`` the first one raises.

    Returns:
        The sentences in order.

    Raises:
        ArgumentError: It is no data set, or one of several splits.
        FormatError: A row has neither tokens nor text, or values of the wrong kind.
        TagError, SpanError: Labels cannot be read, and ``rejects`` is ``None``.
        OptionError: ``columns``, ``scheme`` or ``repair`` is not possible.

    Example:
        >>> rows = [{"tokens": ["in", "Accra"], "ner_tags": [0, 1]}]
        >>> from_dataset(rows, names=["O", "B-LOC"])[0].entities()
        [Entity(text='Accra', label='LOC', start=None, end=None, score=None)]
    """
    found = iter_dataset(
        dataset, columns=columns, names=names, lang=lang, scheme=scheme, repair=repair, rejects=rejects
    )
    return list(found)


def iter_dataset(
    dataset: Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    lang: str | None = None,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    rejects: list[Reject] | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of a HuggingFace dataset one by one, in bounded memory.

    Arguments and errors are those of :func:`from_dataset`; errors of rows come when the row is reached.
    """
    how = Reading(lang=lang, scheme=scheme, repair=repair)
    if isinstance(dataset, str | Mapping) or not isinstance(dataset, Iterable):
        splits = f" of the splits {', '.join(map(str, dataset))}" if isinstance(dataset, Mapping) else ""
        raise ArgumentError(
            f"the dataset is a {type(dataset).__name__}{splits}, not a list of rows",
            hint="Choose one split: dataset['train']." if splits else "Load it with datasets.load_dataset.",
        )
    plain = dataset.with_format(None) if hasattr(dataset, "with_format") else dataset  # tensors become lists
    features = getattr(dataset, "features", None) or {}
    how = replace(how, tag_names=names)
    return settle(_located(plain, _Columns(columns or {}, features), how), rejects)


def _located(rows: Iterable[Mapping[str, Any]], columns: _Columns, how: Reading) -> Iterator[Located]:
    records = enumerate(map(columns.record_of, rows), 1)
    first = next(records, None)
    if first is not None:  # a split may be empty
        yield from sentences_of(chain([first], records), "row", how, names=columns.names)


class _Columns:
    """How the rows of a data set become records: columns by our names, and numbers of classes by their names."""

    def __init__(self, columns: Mapping[str, str], features: Mapping[str, Any]) -> None:
        missing = [column for column in columns if features and column not in features]
        if missing:
            raise OptionError(
                f"the dataset has no column {missing[0]!r}", hint=f"It has {', '.join(map(str, features))}."
            )
        self._called = dict(columns)
        shown = {self._called.get(column, column): feature for column, feature in features.items()}
        classes = {column: _class_names(feature) for column, feature in shown.items()}
        self.names = {
            column: names
            for column, names in classes.items()
            if names is not None and (column in TAG_KEYS or may_be_tags(names))
        }
        spans = next((key for key in _SPANS if key in shown), None)
        inside = _inside(shown[spans]) if spans is not None else None
        self._label_names = _class_names(inside["label"]) if isinstance(inside, Mapping) and "label" in inside else None

    def record_of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as :func:`crosspan.io.records.sentence_of` reads it."""
        if not isinstance(row, Mapping):
            raise ArgumentError(f"a row is {shown(row)}, not a record", hint="Load it with datasets.load_dataset.")
        record = {self._called.get(column, column): value for column, value in row.items() if value is not None}
        for key in _SPANS:
            if key in record:
                record[key] = self._span_list(record[key])
        if isinstance(record.get("label"), int):
            del record["label"]  # the class of the whole text
        return record

    def _span_list(self, spans: Any) -> Any:
        """Spans that are kept as lists of starts, ends and labels become records, their classes strings."""
        if isinstance(spans, Mapping):
            spans = [dict(zip(spans, values, strict=True)) for values in zip(*spans.values(), strict=True)]
        if self._label_names is None or not isinstance(spans, Sequence):
            return spans
        return [
            {**span, "label": _named([span["label"]], self._label_names)[0]} if isinstance(span, Mapping) else span
            for span in spans
        ]


def _named(tags: Sequence[Any], names: Sequence[str] | None) -> Sequence[Any]:
    """Numbers as the names they stand for; what has no name stays, and is found out when it is read."""
    if names is None:
        return tags
    return [names[tag] if isinstance(tag, int) and 0 <= tag < len(names) else tag for tag in tags]


def _inside(feature: Any) -> Any:
    """What a feature is a list of, however the version of the package writes lists."""
    while True:
        if isinstance(feature, list) and len(feature) == 1:
            feature = feature[0]
        elif not isinstance(feature, Mapping) and hasattr(feature, "feature"):
            feature = feature.feature
        else:
            return feature


def _class_names(feature: Any) -> list[str] | None:
    names = getattr(_inside(feature), "names", None)
    return None if names is None else list(names)


def to_dataset(
    items: Iterable[Sentence] | Iterable[Projection],
    *,
    scheme: Scheme = "IOB2",
    labels: Sequence[str] | None = None,
) -> Any:
    """Make a HuggingFace ``Dataset``, ready to train on.

    Columns: ``id``, ``lang``, ``text``, ``tokens``, ``ner_tags`` (numbers of a ``ClassLabel``), ``spans`` (``start``,
    ``end``, ``label``, ``score``) and ``offsets``. Of projections, spans have the ``source`` they come from, and
    a column ``dropped`` holds the source spans that were not projected, with reasons, and ``unobserved`` the spans
    whose label is none of the target. :func:`from_dataset` reads it back.

    Args:
        items: Sentences or projections. Projections with an error are left out, as they are unlabelled, and counted in
            the log.
        scheme: The scheme of ``ner_tags``.
        labels: The labels, in the order that the numbers of their tags shall have; by default those that occur, sorted.
            Give them where several data sets must have the same numbers.

    Raises:
        MissingDependencyError: The package ``datasets`` is not installed.
        ArgumentError: Something is neither a sentence nor a projection, or they are mixed.
        OptionError: The scheme is unknown, or a label is not among ``labels``.
    """
    check_scheme(scheme)
    projections, sentences = _parted(items)
    known = sorted({span.label for sentence in sentences for span in sentence.spans})
    if labels is not None:
        unknown = [label for label in known if label not in labels]
        if unknown:
            raise OptionError(f"the label {unknown[0]!r} is not among labels", hint=f"It has {', '.join(labels)}.")
        known = list(dict.fromkeys(labels))
    tags = tag_names(known, scheme)
    datasets = _datasets()
    number = {tag: index for index, tag in enumerate(tags)}
    rows = []
    for index, sentence in enumerate(sentences):
        record = sentence.to_dict() if projections is None else projections[index].to_dict()
        record["ner_tags"] = [number[tag] for tag in to_tags(sentence.spans, len(sentence), scheme)]
        rows.append(record)
    features = _features(datasets, tags, projections is not None)
    return datasets.Dataset.from_dict(
        {name: [_filled(name, row.get(name)) for row in rows] for name in features}, features=features
    )


def _parted(items: Iterable[Sentence] | Iterable[Projection]) -> tuple[list[Projection] | None, list[Sentence]]:
    """Projections and their sentences, without those that have an error; or ``None`` and sentences."""
    given: Any = list(items) if isinstance(items, Iterator) else items
    if not isinstance(given, Sequence) or not given or not isinstance(given[0], Projection):
        return None, list(check_sentences("items", given))
    found = [item for item in check_projections("items", given) if item.error is None]
    if len(found) < len(given):
        _LOG.warning("%d of %d projections have an error and are left out", len(given) - len(found), len(given))
    return found, [projection.sentence for projection in found]


def _filled(name: str, value: Any) -> Any:
    """The value of a column; spans have every field, also where nothing is known."""
    if name not in ("spans", "dropped", "unobserved"):
        return value
    spans = [{"score": None, **span} for span in value or ()]
    for span in spans:
        if "source" in span:
            span["source"] = {"score": None, **span["source"]}
    return spans


def _features(datasets: Any, tags: Sequence[str], projected: bool) -> Any:
    value = datasets.Value
    place = {"start": value("int32"), "end": value("int32"), "score": value("float64")}
    span = {"start": place["start"], "end": place["end"], "label": value("string"), "score": place["score"]}
    columns = {
        "id": value("string"),
        "lang": value("string"),
        "text": value("string"),
        "tokens": [value("string")],
        "ner_tags": [datasets.ClassLabel(names=list(tags))],
        "spans": [{**span, "source": place} if projected else span],
        "offsets": [[value("int32")]],
    }
    if projected:
        columns["dropped"] = [{**span, "reason": value("string")}]
        columns["unobserved"] = [{**span, "source": place}]
    return datasets.Features(columns)


def _datasets() -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise MissingDependencyError(
            "a Dataset needs the package datasets", hint="Install it with: pip install datasets."
        ) from error
