"""What the page of a study says, section by section. Nothing in it depends on when or where the cells were run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crosspan.core.tables import Table, words
from crosspan.lab.study.analysis import EFFECT, Analysis, Gain
from crosspan.lab.study.results import ALL, Scores, Slice
from crosspan.lab.study.statistics import ALPHA, POWER, Estimate
from crosspan.lab.study.tables import PLAIN
from crosspan.lab.study.training_sections import SIZE, training
from crosspan.report.blocks import Block, Figure, Heading, Items, Text
from crosspan.report.plots import WIDTH, Line, Panel, Point, plot, short_number

_GAIN_COLUMNS = (
    *("gain over seeds", "p (t)", "Holm", "p (sign-flip)"),
    *("interval over sentences", "p (sentences)", "Holm"),
)


def picture(results: Scores, analysis: Analysis) -> list[Block]:
    """The one picture of a study: what each mode gains over plain fine-tuning, against the size of the encoder.

    A study without modes has F1 in its place.

    Args:
        results: The scores.
        analysis: What was worked out of them.
    """
    plan = results.plan
    families = dict.fromkeys(one.kind for one in plan.encoders)
    modes = [one.name for one in plan.modes if one.name != PLAIN] or [PLAIN]
    points, y = (_score_points, "F1") if modes == [PLAIN] else (_gain_points, "gain in F1")
    lines = []
    for mode in modes:
        for family in families:
            members = [one.name for one in plan.encoders if one.kind == family]
            name = " ".join([mode, *([f"({family})"] if len(families) > 1 else [])])
            line = _line(analysis, name, members, mode, analysis.whole, points)
            lines += [] if line is None else [line]
    confidence = f"{100 * plan.general.confidence:g} %"
    shown = "F1" if modes == [PLAIN] else "Gain over plain fine-tuning in points of F1"
    caption = f"{shown} against {SIZE}, mean over all test sets. Bars: {confidence} t-intervals over seeds."
    return _drawn("answer", [Panel("", lines)], caption, y=y, panel_width=2 * WIDTH)


def findings(results: Scores, analysis: Analysis) -> list[Block]:
    """The sections with scores: F1, gains, slopes, power, each test set, and how the training went.

    Args:
        results: The scores.
        analysis: What was worked out of them.
    """
    if not analysis.scores:
        return [Heading(2, "Scores"), Text("No cell has been scored yet.")]
    blocks = _f1(results, analysis)
    if len(results.plan.modes) > 1:
        blocks += [*_gains(results, analysis), *_slopes(analysis), *_power(analysis), *_parts(results, analysis)]
    else:
        blocks += _parts(results, analysis)
    return [*blocks, *_tests(results), *training(results)]


def _f1(results: Scores, analysis: Analysis) -> list[Block]:
    """F1 of each encoder and mode on all test sets."""
    modes = [one.name for one in results.plan.modes]
    rows = []
    for encoder in results.plan.encoders:
        cells = [analysis.score(encoder.name, mode, analysis.whole) for mode in modes]
        if any(cells):
            rows.append([encoder.name, _size(analysis, encoder.name), *(_estimate(one) for one in cells)])
    confidence = f"{100 * results.plan.general.confidence:g} %"
    return [
        Heading(2, "F1 by size"),
        Text(
            f"F1 of exact spans, in percent: the mean over the test sets, each of which counts the same, then the mean "
            f"over the seeds with its {confidence} t-interval, and in brackets the number of seeds."
        ),
        Table(("encoder", SIZE, *modes), rows),
        *_drawn(
            "f1",
            _by_family(results, analysis, _score_points),
            f"F1 against {SIZE}, all test sets. Bars: {confidence} t-intervals over seeds.",
            y="F1",
        ),
    ]


def _gains(results: Scores, analysis: Analysis) -> list[Block]:
    rows = [_gain_row(one) for one in analysis.gains if one.part == analysis.whole]
    confidence = f"{100 * results.plan.general.confidence:g} %"
    floor = 2 / 2 ** len(results.plan.general.seeds)
    return [
        Heading(2, "What adversarial training gains"),
        Text(
            "The difference to plain fine-tuning of the same encoder with the same seed on the same test sets, in "
            f"points of F1. **Over seeds**: the mean with its {confidence} t-interval, the p-value of the paired "
            "t-test and of the exact sign-flip test. **Over sentences**: the interval of the paired bootstrap and the "
            f"p-value of approximate randomisation ({results.plan.general.samples:,} samples each), with the counts "
            "of each sentence added up over the seeds: they tell whether *these* models differ on other sentences, "
            "and say nothing of other seeds. p-values in *Holm* columns are corrected for all rows of the table. "
            f"With {len(results.plan.general.seeds)} seeds no sign-flip test can give less than {floor:g}."
        ),
        Table((*words("encoder", "mode"), *_GAIN_COLUMNS), rows),
        *_drawn(
            "gain",
            _by_family(results, analysis, _gain_points),
            f"Gain over plain fine-tuning against {SIZE}. Bars: {confidence} t-intervals over seeds.",
            y="gain in F1",
            order=[one.name for one in results.plan.modes],
        ),
    ]


def _slopes(analysis: Analysis) -> list[Block]:
    rows = [
        [
            one.family or "all",
            one.mode,
            one.part.name,
            str(one.slope.n),
            f"{one.slope.slope:+.2f} [{one.slope.low:+.2f}, {one.slope.high:+.2f}]",
            _p(one.slope.p_value),
        ]
        for one in analysis.trends
    ]
    if not rows:
        return [
            Heading(2, "Does the gain change with size?"),
            Text("A line needs at least three encoders that were scored with and without."),
        ]
    return [
        Heading(2, "Does the gain change with size?"),
        Text(
            "The slope of the gain: points of F1 for ten times as many parameters (least squares; an encoder is a "
            "point, at the mean of its seeds; embeddings do not count as parameters). A slope below 0 says that the "
            "gain shrinks as encoders grow. The p-values are not corrected for their number."
        ),
        Table((*words("family", "mode", "test sets"), "encoders", "slope", "p"), rows),
    ]


def _power(analysis: Analysis) -> list[Block]:
    items = []
    for one in analysis.powers:
        least = "no gain at all" if one.detectable is None else f"a gain of at least {one.detectable:.2f} points"
        needed = "more seeds than can be run" if one.needed is None else f"{one.needed} seeds"
        items.append(
            f"`{one.mode}`: the gain of an encoder varies from seed to seed with a standard deviation of {one.sd:.2f} "
            f"points. With {one.seeds} seeds, a paired t-test at the level {ALPHA:g} finds {least} with a chance of "
            f"{100 * POWER:.0f} %; to find a gain of {EFFECT:g} point so, it takes {needed}."
        )
    if not items:
        items = ["At least two seeds are needed to say what could have been found."]
    return [
        Heading(2, "What could have been found"),
        Text("A gain that was not found may still be there. This is how large it must have been to be found likely:"),
        Items(items),
    ]


def _parts(results: Scores, analysis: Analysis) -> list[Block]:
    """Scores and gains by group of languages and by domain."""
    blocks: list[Block] = []
    for kind, title in (("group", "By group of languages"), ("domain", "By domain")):
        parts = [one for one in analysis.slices if one.kind == kind]
        if not parts:
            continue
        encoders = [one.name for one in results.plan.encoders]
        modes = [one.name for one in results.plan.modes]
        scores = [
            [encoder, mode, *(_estimate(analysis.score(encoder, mode, part)) for part in parts)]
            for encoder in encoders
            for mode in modes
            if any(analysis.score(encoder, mode, part) for part in parts)
        ]
        blocks += [
            Heading(2, title),
            Items([f"**{part.name}**: {', '.join(f'`{test}`' for test in part.tests)}" for part in parts]),
            Text("F1 with its interval over seeds:"),
            Table((*words("encoder", "mode"), *(part.name for part in parts)), scores),
            *_drawn(
                f"f1-{kind}",
                [_panel(results, analysis, part, _score_points, PLAIN) for part in parts],
                f"F1 of plain fine-tuning against {SIZE}, {title[0].lower()}{title[1:]}.",
                y="F1",
            ),
        ]
        rows = [[one.part.name, *_gain_row(one)] for one in analysis.gains if one.part.kind == kind]
        if not rows:
            continue
        panels = [
            _panel(results, analysis, part, _gain_points, mode, f"{part.name}, {mode}")
            for part in parts
            for mode in modes[1:]
        ]
        blocks += [
            Text("Gains, as above; the *Holm* columns are corrected for all rows of this table:"),
            Table((*words("test sets", "encoder", "mode"), *_GAIN_COLUMNS), rows),
            *_drawn(
                f"gain-{kind}",
                panels,
                f"Gain over plain fine-tuning against {SIZE}, {title[0].lower()}{title[1:]}.",
                y="gain in F1",
            ),
        ]
    return blocks


def _tests(results: Scores) -> list[Block]:
    """Each test set, plain and with its gains, without tests: there are too many for them."""
    blocks: list[Block] = [
        Heading(2, "Each test set"),
        Text("Means over the seeds. For the modes, the gain over plain fine-tuning in points; no row is tested here."),
    ]
    encoders = [one.name for one in results.plan.encoders]
    for mode in (one.name for one in results.plan.modes):
        rows = []
        for test in results.data.tests:
            cells = []
            for encoder in encoders:
                seeds = results.seeds(encoder, mode, (test.key,))
                if mode != PLAIN:
                    seeds = [seed for seed in seeds if seed in results.seeds(encoder, PLAIN, (test.key,))]
                values = [
                    results.f1(encoder, mode, seed, (test.key,))
                    - (0.0 if mode == PLAIN else results.f1(encoder, PLAIN, seed, (test.key,)))
                    for seed in seeds
                ]
                shown = "{:.1f}" if mode == PLAIN else "{:+.1f}"
                cells.append(shown.format(sum(values) / len(values)) if values else "–")
            rows.append([f"`{test.key}`", *cells])
        blocks += [
            Text(f"**{mode}**{': F1' if mode == PLAIN else ': gain'}"),
            Table(("test set", *encoders), rows),
        ]
    return blocks


def _gain_row(one: Gain) -> list[str]:
    low, high = one.sentences
    return [
        *(one.encoder, one.mode, _estimate(one.gain, signed=True)),
        *(_p(one.p_seeds), _p(one.holm_seeds), _p(one.p_flip)),
        *(f"[{low:+.2f}, {high:+.2f}]", _p(one.p_sentences), _p(one.holm_sentences)),
    ]


Points = Callable[[Analysis, str, str, Slice], Point | None]


def _score_points(analysis: Analysis, encoder: str, mode: str, part: Slice) -> Point | None:
    return _point(analysis, encoder, analysis.score(encoder, mode, part))


def _gain_points(analysis: Analysis, encoder: str, mode: str, part: Slice) -> Point | None:
    found = analysis.gain(encoder, mode, part)
    return None if found is None else _point(analysis, encoder, found.gain)


def _point(analysis: Analysis, encoder: str, found: Estimate | None) -> Point | None:
    """An estimate at the size of its encoder; a tagger without an encoder has no place."""
    size = analysis.bodies.get(encoder)
    return None if found is None or size is None else Point(size, found.mean, found.low, found.high)


def _drawn(name: str, panels: Sequence[Panel], caption: str, *, y: str, **how: Any) -> list[Block]:
    """A figure over sizes, if there is anything to be drawn."""
    if not any(panel.lines for panel in panels):
        return []
    how |= {"within": (0.0, 100.0)} if y == "F1" else {"zero": True}
    return [Figure(name, plot(panels, x=SIZE, y=y, **how), caption)]


def _by_family(results: Scores, analysis: Analysis, points: Points) -> list[Panel]:
    """A panel for each family, a line for each mode."""
    plan = results.plan
    panels = []
    for family in dict.fromkeys(one.kind for one in plan.encoders):
        members = [one.name for one in plan.encoders if one.kind == family]
        lines = [
            line
            for mode in plan.modes
            if (line := _line(analysis, mode.name, members, mode.name, analysis.whole, points)) is not None
        ]
        panels.append(Panel(family or ALL, lines))
    return panels


def _panel(results: Scores, analysis: Analysis, part: Slice, points: Points, mode: str, title: str = "") -> Panel:
    """A panel of one mode, a line for each family."""
    plan = results.plan
    lines = []
    for family in dict.fromkeys(one.kind for one in plan.encoders):
        members = [one.name for one in plan.encoders if one.kind == family]
        line = _line(analysis, family or "encoders", members, mode, part, points)
        if line is not None:
            lines.append(line)
    return Panel(title or part.name, lines)


def _line(
    analysis: Analysis, name: str, encoders: Sequence[str], mode: str, part: Slice, points: Points
) -> Line | None:
    found = [point for encoder in encoders if (point := points(analysis, encoder, mode, part)) is not None]
    return Line(name, sorted(found, key=lambda point: point.x)) if found else None


def _size(analysis: Analysis, encoder: str) -> str:
    body = analysis.bodies.get(encoder)
    return "–" if body is None else short_number(body)


def _estimate(found: Estimate | None, signed: bool = False) -> str:
    """A mean with its interval; of a single seed without one.

    Example:
        >>> _estimate(Estimate(1.0, 0.5, 1.5, 0.2, 3), signed=True), _estimate(Estimate(1.0, None, None, None, 1))
        ('+1.00 [+0.50, +1.50] (3)', '1.00 (1)')
    """
    if found is None:
        return "–"
    one = "{:+.2f}" if signed else "{:.2f}"
    text = one.format(found.mean)
    if found.low is not None and found.high is not None:
        text += f" [{one.format(found.low)}, {one.format(found.high)}]"
    return f"{text} ({found.n})"


def _p(value: float | None) -> str:
    """A p-value.

    Example:
        >>> _p(0.0004), _p(0.25), _p(None)
        ('<0.001', '0.250', '–')
    """
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
