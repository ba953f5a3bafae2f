"""The result of a suite for readers: a table of ours beside theirs, as text, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.core.tables import Column, Table, words
from crosspan.lab.bench.kinds import KINDS, ahead, kind_of
from crosspan.lab.bench.means import Mean
from crosspan.lab.bench.published import PublishedFigure
from crosspan.lab.bench.runner import LanguageResult, SuiteResult

TableFormat = Literal["text", "markdown", "json"]
TABLE_FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)

_NONE = "-"
_MANY = 4
"""A mean over more languages than this is shown by their number."""
_WIDE = 8
"""Where more languages than this have published figures, those that were not run have no column."""


def render(result: SuiteResult, form: str = "text") -> str:
    """Write the result of a suite.

    Args:
        result: What :func:`crosspan.lab.bench.run_suite` returned.
        form: One of :data:`TABLE_FORMATS`.

    Returns:
        The text, with a line feed at its end.

    Raises:
        OptionError: There is no such form.
    """
    if form == "json":
        return json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n"
    if form not in TABLE_FORMATS:
        raise OptionError(f"there is no format {form!r}", hint=f"Choose from {', '.join(TABLE_FORMATS)}.")
    tables = [ours_table(result), theirs_table(result)]
    if form == "markdown":
        return "\n\n".join([f"## {result.about.title}", *(table.markdown() for table in tables)]) + "\n"
    return "\n\n".join([result.about.title, *(table.text() for table in tables)]) + "\n"


def ours_table(result: SuiteResult) -> Table:
    """A line a language and the mean: ours, its interval, the baseline and the best published figure."""
    is_links = result.system.pipeline == "alignment"
    metric = "AER" if is_links else "F1"
    interval = f"{100 * result.scoring.confidence:g} % interval"
    beside = ["precision", "recall"] if is_links else ["lenient F1"]
    header: list[str | Column] = ["language", "sentences", metric]
    header += [*([interval] if result.scoring.bootstrap else []), *beside]
    if result.baseline is not None:
        header += ["baseline", "difference", "p"]
    header += words(*(name for name, _ in _published_columns(result)), "remarks")
    places: dict[str, str] = {}
    rows = [_line(result, one, places, len(header)) for one in result.languages]
    mean = result.mean()
    if mean is not None and len(mean.languages) > 1:
        rows.append(_mean_line(result, mean))
    if all(row[-1] == "" for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    notes = [f"[{mark}] download: {url}" for url, mark in places.items()]
    if result.baseline is not None:
        test = "paired approximate randomisation of sentences"
        notes.append(f"baseline: {result.baseline.label}; p: {test}, {result.scoring.samples} samples")
        notes += [*_kinds_apart(result), *_said_beforehand(result)]
    return Table(header, rows, f"{result.system.label}: {_what(result, metric)}", [*notes, result.signature])


def _what(result: SuiteResult, metric: str) -> str:
    if metric == "AER":
        noise = f", OCR noise at {100 * result.ocr_noise:g} %" if result.ocr_noise else ""
        return f"alignment error rate in percent (lower is better){noise}"
    ignored = f", without {', '.join(result.scoring.ignore)}" if result.scoring.ignore else ""
    noise = f", OCR noise at {100 * result.ocr_noise:g} %" if result.ocr_noise else ""
    return f"strict micro F1 in percent{ignored}{noise}"


def _line(result: SuiteResult, one: LanguageResult, places: dict[str, str], width: int) -> list[str]:
    if one.status != "done":
        remark = f"{one.status}: {one.message}"
        if one.status == "missing" and one.hint:
            mark = places.setdefault(one.hint, "abcdefghijklmnopqrstuvwxyz"[len(places) % 26])
            remark += f" [{mark}]"
        elif one.hint:
            remark += f". {one.hint}"
        return [one.language, *[_NONE] * (width - 2), remark]
    row, found = [one.language, f"{one.result['n']:,}"], one.result
    if found["metric"] == "aer":
        score = found["scores"]["links"]
        row += [_percent(score["aer"]), *_interval(result, score.get("interval"))]
        row += [_percent(score["precision"]), _percent(score["recall"])]
    else:
        score = found["scores"]["strict"]
        row += [_percent(score["micro"]["f1"]), *_interval(result, score.get("intervals", {}).get("micro"))]
        row.append(_percent(found["scores"]["lenient"]["micro"]["f1"]))
    if result.baseline is not None:
        test = found["comparison"]["randomization"]
        row += [_percent(test["score_b"]), f"{100 * test['difference']:+.1f}", _p(test["p_value"])]
    for _, figures in _published_columns(result):
        row.append(_best([figure for figure in figures if figure.language == one.language]))
    return [*row, "; ".join(found["notes"])]


def _mean_line(result: SuiteResult, mean: Mean) -> list[str]:
    row = [f"mean of {len(mean.languages)}", "", _percent(mean.value)]
    if result.scoring.bootstrap:
        row.append(f"{_percent(mean.low)} to {_percent(mean.high)}")
    lenient = result.mean(mode="lenient")
    is_links = result.system.pipeline == "alignment"
    row += ["", ""] if is_links else [_percent(lenient.value if lenient else None)]
    if result.baseline is not None:
        assert mean.baseline is not None
        row += [_percent(mean.baseline), f"{100 * (mean.value - mean.baseline):+.1f}", _p(mean.p_value)]
    for _, figures in _published_columns(result):
        same = [one for one in figures if one.language is None and set(one.languages or ()) == {*mean.languages}]
        row.append(_best(same))
    return [*row, ""]


def _published_columns(result: SuiteResult) -> list[tuple[str, list[PublishedFigure]]]:
    """Columns for the best published figure: one for each kind of transfer where there are both."""
    kinds = {kind: [one for one in result.figures if kind_of(one.pipeline) == kind] for kind in KINDS}
    if all(kinds.values()):
        return [(f"best published {kind}", figures) for kind, figures in kinds.items()]
    return [("best published", list(result.figures))] if result.figures else []


def _kinds_apart(result: SuiteResult) -> list[str]:
    """Where model transfer is ahead and where data transfer is, for a run that has both."""
    assert result.baseline is not None
    kinds = kind_of(result.system.pipeline), kind_of(result.baseline.pipeline)
    if kinds[0] is None or kinds[0] == kinds[1] or not result.done:
        return []
    found = ahead(result.languages)
    parts = [f"{kind} in {' '.join(langs)}" for kind, langs in zip(kinds, found[:2], strict=True) if langs]
    parts += [f"not told apart: {' '.join(found.neither)}"] if found.neither else []
    return [f"ahead (p < {found.alpha:.2g}, 0.05 shared among the languages): {'; '.join(parts)}"]


def _said_beforehand(result: SuiteResult) -> list[str]:
    """What the rule for new languages says of these, where model transfer rests on an encoder with a known list."""
    assert result.baseline is not None
    models = [one for one in (result.system, result.baseline) if one.pipeline == "tagger"]
    if len(models) != 1 or kind_of(result.system.pipeline) is None:
        return []
    encoders = {}
    for one in result.done:
        kind, _, name = models[0].tagger_for(result.about.code(one.language), of="sentences").partition(":")
        if kind == "transformers":
            encoders[one.language] = name
    if not encoders:
        return []
    from crosspan.lab.advise.choice import first_by_language

    return first_by_language({lang: result.about.code(lang) for lang in encoders}, encoders)


def _best(figures: Sequence[PublishedFigure]) -> str:
    if not figures:
        return _NONE
    best = (min if figures[0].metric == "aer" else max)(figures, key=lambda figure: figure.value)
    return f"{_percent(best.value)} {best.system}"


def theirs_table(result: SuiteResult) -> Table:
    """The published figures, with ours over the same languages beside each."""
    if not result.figures:
        note = "There are no published figures to show beside it."
        return Table([], [], "Published figures", [note, *_caveats(result)])
    single = [lang for lang in result.about.languages if any(one.language == lang for one in result.figures)]
    means = [one for one in result.figures if one.language is None]
    done = [one.language for one in result.done]
    # where the languages of a published mean were not all run, theirs over those that were is what compares
    partly = len(done) > 1 and set(done) < set(single) and bool(means)
    if len(single) > _WIDE:
        single = [lang for lang in single if lang in done]
    header: list[str | Column] = ["system", *single, *([f"mean of {_over(done)}"] if partly else [])]
    header += ["mean", *words("over"), "ours over the same"] if means else []
    header += words("scoring", "pre-trained models", "source")
    sources: dict[str, int] = {}
    groups: dict[tuple[str, str], list[PublishedFigure]] = {}
    for figure in result.figures:
        sources.setdefault(figure.source.key, len(sources) + 1)
        groups.setdefault((figure.system, figure.source.key), []).append(figure)
    rows = _ours_rows(result, single, partly, bool(means))
    for group in groups.values():
        rows.append(_theirs_row(result, group, single, done if partly else (), bool(means)))
        rows[-1][-1] = f"[{sources[group[0].source.key]}]{rows[-1][-1]}"
    cited = {one.source.key: one.source for one in result.figures}
    notes = [
        f"[{number}] {cited[key].citation}{f', {cited[key].url}' if cited[key].url else ''}"
        for key, number in sources.items()
    ]
    return Table(header, rows, "Published figures, in percent", [*notes, *_caveats(result)])


def _ours_rows(result: SuiteResult, single: Sequence[str], partly: bool, has_mean: bool) -> list[list[str]]:
    """Ours as a line; a second one where lenient scores differ."""
    known = {one.language: one.result for one in result.done}
    is_links = result.system.pipeline == "alignment"
    taggers = sorted({f"tagger {name}" for name in result.system.taggers.values() if name != "en"})
    rows = []
    for mode in ("strict",) if is_links else ("strict", "lenient"):
        row = ["ours", *(_percent(_value(known[lang], mode) if lang in known else None) for lang in single)]
        mean = result.mean(mode=mode)
        shown = _percent(mean.value if mean else None)
        row += [shown] if partly else []
        beside = has_mean and not partly and len(known) > 1
        row += [shown if beside else _NONE, _over([*known]) if beside else _NONE, ""] if has_mean else []
        rows.append([*row, "" if is_links else mode, ", ".join(taggers) or "none", ""])
    same = all(_value(one, "strict") == _value(one, "lenient") for one in known.values())
    if len(rows) > 1 and same:
        rows = [[*rows[0][:-3], "both", *rows[0][-2:]]]
    return rows


def _value(result: Mapping[str, Any], mode: str) -> float:
    scores = result["scores"]
    return float(scores["links"]["aer"] if "links" in scores else scores[mode]["micro"]["f1"])


def _theirs_row(
    result: SuiteResult, group: Sequence[PublishedFigure], single: Sequence[str], done: Sequence[str], has_mean: bool
) -> list[str]:
    """A published system; ``done`` are the languages to take its mean over, where that is shown."""
    by_lang = {figure.language: figure for figure in group}
    first = group[0]
    row = [first.system, *(_percent(by_lang[lang].value if lang in by_lang else None) for lang in single)]
    if done:
        all_there = all(lang in by_lang for lang in done)
        row.append(_percent(sum(by_lang[lang].value for lang in done) / len(done) if all_there else None))
    mean = by_lang.get(None)
    if mean is not None:
        over = _over(mean.languages) if mean.languages else f"{mean.n_languages} languages, not named"
        ours = result.mean(mean.languages, mode=_mode(mean)) if mean.languages else None
        row += [_percent(mean.value), over, _percent(ours.value if ours else None)]
    elif has_mean:
        row += [_NONE, _NONE, _NONE]
    models = "not recorded" if first.models is None else ", ".join(first.models) or "none"
    scoring = "" if first.scoring == "not-applicable" else first.scoring
    return [*row, scoring, models, f" ({first.note})" if first.note else ""]


def _mode(figure: PublishedFigure) -> str:
    return "lenient" if figure.scoring == "lenient" else "strict"


def _caveats(result: SuiteResult) -> list[str]:
    found = list(result.about.caveats)
    seen = _seen(result)
    if seen:
        found.append(
            f"The weights that come with crosspan were trained on {_over(seen)} of this corpus, among others; "
            "'crosspan docs benchmarks' has figures of weights that never saw it."
        )
    means = [one for one in result.figures if one.language is None]
    done = [one.language for one in result.done]
    if means and not any(set(one.languages or ()) <= set(done) for one in means):
        found.append("No published mean is over languages that were all run here: do not compare ours with one.")
    if any(one.scoring == "lenient" for one in result.figures):
        found.append(
            "Figures marked lenient are scored like conlleval. Ours is valid IOB2, so its two scores differ only where "
            "gold tags are ill-formed. Ours over the same languages is scored as theirs, or strictly where that is not "
            "known."
        )
    return found


def _seen(result: SuiteResult) -> list[str]:
    """The languages that the weights of the method were trained on."""
    if result.system.pipeline != "projection" or result.system.method != "candidates":
        return []
    from crosspan.project.weights import learned_weights

    trained_on = learned_weights().trained_on
    return [one.language for one in result.done if f"{result.about.family}-{one.language}" in trained_on]


def _over(languages: Sequence[str] | None) -> str:
    if not languages:
        return _NONE
    return " ".join(languages) if len(languages) <= _MANY else f"{len(languages)} languages"


def _percent(value: float | None) -> str:
    return _NONE if value is None else f"{100 * value:.1f}"


def _interval(result: SuiteResult, interval: dict[str, Any] | None) -> list[str]:
    if not result.scoring.bootstrap:
        return []
    return [f"{_percent(interval['low'])} to {_percent(interval['high'])}" if interval else _NONE]


def _p(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"
