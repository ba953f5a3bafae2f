"""Published figures, with the papers they are from: data of the package, so that a table can show them beside ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

from crosspan.core.errors import FormatError

Scoring = Literal["strict", "lenient", "unknown", "not-applicable"]
Metric = Literal["f1", "aer"]

_HINT = "The file comes with the package: install crosspan again."


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure is from.

    Args:
        key: Its name in the data.
        citation: Authors, year and title, in short.
        url: The paper or the repository; ``None`` where it is not known.
    """

    key: str
    citation: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published figure.

    Args:
        suite: The suite it belongs to.
        language: The language; ``None`` for a mean over languages.
        languages: The languages that a mean covers; ``None`` where the source at hand does not name them.
        n_languages: How many a mean covers; 1 for a single language.
        system: What was measured.
        pipeline: The kind of transfer, such as ``"translate-test"``.
        metric: ``"f1"`` or ``"aer"``.
        value: The figure as a fraction, 0.921 for 92.1.
        scoring: How tags were read: ``"strict"``, ``"lenient"`` or ``"unknown"``; ``"not-applicable"`` for word links.
        models: Pre-trained models it rests on; ``None`` where that is not recorded.
        source: Where it is from.
        note: What else to know of it.
    """

    suite: str
    language: str | None
    languages: tuple[str, ...] | None
    n_languages: int
    system: str
    pipeline: str
    metric: Metric
    value: float
    scoring: Scoring
    models: tuple[str, ...] | None
    source: Source
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found = asdict(self)
        for name in ("languages", "models"):
            found[name] = None if found[name] is None else list(found[name])
        return found


@dataclass(frozen=True, slots=True)
class LanguageTable:
    """What was published of one system on one data set, language by language.

    Args:
        data: Name of the data set.
        suite: The suite it belongs to; ``None`` where the data set is none of ours.
        encoder: The pre-trained encoder of the tagger, by its name in ``encoders.json``.
        system: What was measured.
        pipeline: The kind of transfer.
        scoring: How tags were read.
        models: Pre-trained models it rests on.
        source: Where it is from.
        read: The file that the figures were read in.
        f1: F1 by language, as fractions.
    """

    data: str
    suite: str | None
    encoder: str
    system: str
    pipeline: str
    scoring: Scoring
    models: tuple[str, ...]
    source: Source
    read: str
    f1: Mapping[str, float]


def language_tables() -> tuple[LanguageTable, ...]:
    """The figures by language that come with the package.

    Raises:
        FormatError: The data are damaged.

    Example:
        >>> [(one.data, one.encoder, len(one.f1)) for one in language_tables() if one.pipeline == "model-transfer"]
        [('MasakhaNER 2', 'xlm-r', 18), ('WikiANN', 'xlm-r', 39), ('MasakhaNER 2', 'mdeberta-v3', 18), ('CoNLL and NoDaLiDa', 'mbert', 4)]
    """  # noqa: E501  # the output of an example cannot be broken
    data = _data()
    sources = _sources(data)
    found = []
    for number, entry in enumerate(data["tables"], 1):
        figures = [_figure(one, sources, f"published table {number}") for one in _rows(entry)]
        first = figures[0]
        assert first.models is not None
        found.append(
            LanguageTable(
                data=entry["data"],
                suite=entry["suite"],
                encoder=entry["encoder"],
                system=first.system,
                pipeline=first.pipeline,
                scoring=first.scoring,
                models=first.models,
                source=first.source,
                read=entry["read"],
                f1={str(one.language): one.value for one in figures},
            )
        )
    return tuple(found)


def published_figures(suite: str | None = None) -> tuple[PublishedFigure, ...]:
    """The figures that come with the package, in the order of the data.

    Args:
        suite: Only those of this suite; all by default.

    Raises:
        FormatError: The data are damaged.

    Example:
        >>> found = [one for one in published_figures("europarl-ner") if one.system == "n-gram greedy, AWESOME"]
        >>> [(one.language or "mean", one.value) for one in found]
        [('de', 0.92), ('es', 0.886), ('it', 0.872), ('mean', 0.893)]
    """
    data = _data()
    rows = [row for table in data["tables"] if table["suite"] for row in _rows(table)]
    found = figures_of({"sources": data["sources"], "figures": [*data["figures"], *rows]})
    return tuple(one for one in found if suite is None or one.suite == suite)


def _data() -> dict[str, Any]:
    """Means and single figures, and the tables by language, with the sources of both."""
    main, tables = (
        json.loads(files("crosspan.lab.bench").joinpath(name).read_text(encoding="utf-8"))
        for name in ("published.json", "published_by_language.json")
    )
    return {
        "sources": {**main["sources"], **tables["sources"]},
        "figures": main["figures"],
        "tables": tables["tables"],
    }


def _rows(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A figure a language of a table."""
    kept = ("system", "pipeline", "metric", "scoring", "models", "source")
    same = {"suite": table["suite"] or table["data"], **{name: table[name] for name in kept}}
    for language, percent in table["percent"].items():
        yield {**same, "language": language, "percent": percent}


def figures_of(data: Mapping[str, Any]) -> tuple[PublishedFigure, ...]:
    """Read figures from plain values and check them.

    Args:
        data: ``sources`` by their keys, and the list of ``figures``.

    Raises:
        FormatError: A figure lacks something, is out of range, or names a source that is not there.

    Example:
        >>> figures_of({"sources": {}, "figures": []})
        ()
    """
    sources = _sources(data)
    found: list[PublishedFigure] = []
    seen: set[tuple[str, str | None, str, str]] = set()
    for number, entry in enumerate(data.get("figures", []), 1):
        figure = _figure(entry, sources, f"published figure {number}")
        key = (figure.suite, figure.language, figure.system, figure.source.key)
        if key in seen:
            raise _wrong(f"{figure.system!r} is there twice", f"published figure {number}")
        seen.add(key)
        found.append(figure)
    return tuple(found)


def _sources(data: Mapping[str, Any]) -> dict[str, Source]:
    return {key: Source(key, value["citation"], value.get("url")) for key, value in data.get("sources", {}).items()}


def _figure(entry: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> PublishedFigure:
    missing = [name for name in ("suite", "system", "pipeline", "metric", "percent", "scoring", "source")
               if entry.get(name) in (None, "")]  # fmt: skip
    if missing:
        raise _wrong(f"no {' and no '.join(missing)}", where)
    if entry["source"] not in sources:
        raise _wrong(f"there is no source {entry['source']!r}", where)
    if entry["scoring"] not in get_args(Scoring) or entry["metric"] not in get_args(Metric):
        raise _wrong(f"scoring {entry['scoring']!r} of {entry['metric']!r}", where)
    percent = entry["percent"]
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 < percent <= 100:
        raise _wrong(f"{percent!r} is not a figure in percent", where)
    language, languages = entry.get("language"), _names(entry.get("languages"))
    n_languages = 1 if language else entry.get("n_languages", 0)
    if not language and (n_languages < 2 or (languages is not None and len(set(languages)) != n_languages)):
        raise _wrong("a mean does not say how many languages it covers", where)
    return PublishedFigure(
        suite=entry["suite"],
        language=language,
        languages=(language,) if language else languages,
        n_languages=n_languages,
        system=entry["system"],
        pipeline=entry["pipeline"],
        metric=entry["metric"],
        value=round(percent / 100, 6),
        scoring=entry["scoring"],
        models=_names(entry.get("models")),
        source=sources[entry["source"]],
        note=entry.get("note"),
    )


def _names(value: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _wrong(message: str, where: str) -> FormatError:
    return FormatError(message, where=where, hint=_HINT)
