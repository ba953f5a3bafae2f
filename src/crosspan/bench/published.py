"""Published figures, with the papers they are from: data of the package, so that a table can show them beside ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

from crosspan.errors import FormatError

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
class Figure:
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


def published_figures(suite: str | None = None) -> tuple[Figure, ...]:
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
    text = files("crosspan.bench").joinpath("published.json").read_text(encoding="utf-8")
    return tuple(one for one in figures_of(json.loads(text)) if suite is None or one.suite == suite)


def figures_of(data: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Read figures from plain values and check them.

    Args:
        data: ``sources`` by their keys, and the list of ``figures``.

    Raises:
        FormatError: A figure lacks something, is out of range, or names a source that is not there.

    Example:
        >>> figures_of({"sources": {}, "figures": []})
        ()
    """
    sources = {key: Source(key, value["citation"], value.get("url")) for key, value in data.get("sources", {}).items()}
    found: list[Figure] = []
    seen: set[tuple[str, str | None, str, str]] = set()
    for number, entry in enumerate(data.get("figures", []), 1):
        figure = _figure(entry, sources, f"published figure {number}")
        key = (figure.suite, figure.language, figure.system, figure.source.key)
        if key in seen:
            raise _wrong(f"{figure.system!r} is there twice", f"published figure {number}")
        seen.add(key)
        found.append(figure)
    return tuple(found)


def _figure(entry: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> Figure:
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
    return Figure(
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
