"""Plots as SVG: lines with error bars over a logarithmic axis, one panel beside the other.

They carry their own colours and a white ground, so that they look the same on any page, and depend on nothing.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WIDTH, HEIGHT = 340, 240
"""Of a panel, in pixels."""

COLUMNS = 3
"""Panels in a row."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 30, 44
_LEGEND = 22
_COLOURS = ("#0b6fa4", "#c8501e", "#3c8a3c", "#8a4fa3", "#9a7b00", "#555555")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_SPREAD = 4.0
_LONG = 3.0
"""Bars that are so many times as long as half of them do not widen the axis: all others would be flat beside them."""
_MARGIN = 0.06
"""Of the range of values, above and below them."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point with an error bar.

    Args:
        x: Above 0.
        y: The value.
        low: Lower end of the bar; ``None`` for no bar.
        high: Upper end.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Points that belong together.

    Args:
        name: What the legend calls them.
        points: In order of x.
    """

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Panel:
    """One field of a plot.

    Args:
        title: What stands above it.
        lines: What is drawn.
    """

    title: str
    lines: Sequence[Line]


def plot(
    panels: Sequence[Panel],
    *,
    x: str,
    y: str,
    zero: bool = False,
    order: Sequence[str] = (),
    within: tuple[float, float] = (-math.inf, math.inf),
    panel_width: int = WIDTH,
) -> str:
    """Draw panels with the same axes, which hold all points, and all error bars but those far longer than most.

    A bar that goes on beyond the axis ends in an arrow, with the value that it would reach.

    Args:
        panels: The fields.
        x: What the horizontal axis shows.
        y: What the vertical axis shows.
        zero: Draw a line at 0.
        order: Names of lines that have the first colours, drawn or not, so that plots side by side agree.
        within: The least and the most that values can be; no axis goes beyond.
        panel_width: Of each, in pixels.

    Returns:
        An SVG document; the same for the same values.

    Example:
        >>> line = Line("plain", [Point(1e6, 20.0), Point(1e7, 30.0, 28.0, 32.0)])
        >>> drawn = plot([Panel("all", [line])], x="parameters", y="F1")
        >>> drawn.startswith("<svg "), drawn.count("<title>")
        (True, 2)
    """
    points = [point for panel in panels for line in panel.lines for point in line.points]
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    colours = list(dict.fromkeys([*order, *names]))
    columns = max(1, min(COLUMNS, len(panels)))
    rows = -(-len(panels) // columns)
    in_a_row = columns * panel_width // WIDTH
    width, height = columns * panel_width, rows * HEIGHT + _LEGEND * -(-len(names) // in_a_row)
    frame = _Frame(points, zero, within, panel_width)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" role="img">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for at, panel in enumerate(panels):
        left, top = (at % columns) * panel_width, (at // columns) * HEIGHT
        out.append(f'<g transform="translate({left} {top})">')
        out += frame.axes(panel.title, x, y)
        for line in panel.lines:
            aside = names.index(line.name) - (len(names) - 1) / 2
            out += frame.drawn(line, colours.index(line.name), _SPREAD * aside)
        out.append("</g>")
    for at, name in enumerate(names):
        colour = colours.index(name)
        left = (at % in_a_row) * WIDTH + _LEFT
        top = rows * HEIGHT + (at // in_a_row) * _LEGEND + 8
        out.append(
            f'<path d="M{left} {top}h24" {_stroke(colour)} stroke-width="2" fill="none"/>'
            f'<circle cx="{left + 12}" cy="{top}" r="3" fill="{_colour(colour)}"/>'
            f'<text x="{left + 30}" y="{top + 4}">{html.escape(name)}</text>'
        )
    out.append("</svg>")
    return "\n".join(out) + "\n"


class _Frame:
    """The axes that all panels share."""

    def __init__(self, points: Sequence[Point], zero: bool, within: tuple[float, float], width: int) -> None:
        xs = [math.log10(point.x) for point in points] or [0.0]
        pad = 0.08 * (max(xs) - min(xs)) or 0.5
        self.x0, self.x1 = min(xs) - pad, max(xs) + pad
        self.marks = _decades(self.x0, self.x1)
        if len(self.marks) < 2:  # all are nearly as large: name the ends
            self.marks = sorted({10.0**end for end in (min(xs), max(xs))})
        self.y0, self.y1 = _range(points, zero, within)
        self.ticks = _ticks(self.y0, self.y1)
        self.zero = zero
        self.width = width

    def at_x(self, value: float) -> float:
        share = (math.log10(value) - self.x0) / (self.x1 - self.x0)
        return _LEFT + share * (self.width - _LEFT - _RIGHT)

    def at_y(self, value: float) -> float:
        share = (value - self.y0) / (self.y1 - self.y0)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    def axes(self, title: str, x: str, y: str) -> list[str]:
        right, bottom = self.width - _RIGHT, HEIGHT - _BOTTOM
        middle = (_LEFT + right) / 2
        out = [f'<text x="{middle:.1f}" y="18" text-anchor="middle" font-weight="bold">{html.escape(title)}</text>']
        for tick in self.ticks:
            at = self.at_y(tick)
            colour = "#444444" if self.zero and tick == 0 else "#dddddd"
            out.append(f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="{colour}" fill="none"/>')
            out.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>')
        for value in self.marks:
            at = self.at_x(value)
            out.append(f'<path d="M{at:.1f} {bottom}v4" stroke="#444444" fill="none"/>')
            out.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{short_number(value)}</text>')
        out.append(f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="#444444" fill="none"/>')
        out.append(f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{html.escape(x)}</text>')
        place = (_TOP + bottom) / 2
        out.append(
            f'<text x="14" y="{place:.1f}" text-anchor="middle" transform="rotate(-90 14 {place:.1f})">'
            f"{html.escape(y)}</text>"
        )
        return out

    def drawn(self, line: Line, number: int, aside: float) -> list[str]:
        """A line, moved a little to the side of others, so that their bars can be told apart."""
        places = [(self.at_x(point.x) + aside, point) for point in line.points]
        path = "L".join(f"{at:.1f} {self.at_y(point.y):.1f}" for at, point in places)
        out = [f'<path d="M{path}" {_stroke(number)} stroke-width="1.6" fill="none"/>'] if len(places) > 1 else []
        for at, point in places:
            if point.low is not None and point.high is not None:
                out += self._bar(at, point.low, point.high, _colour(number))
            said = f"{line.name}: {short_number(point.x)}, {point.y:.2f}"
            out.append(
                f'<circle cx="{at:.1f}" cy="{self.at_y(point.y):.1f}" r="3" fill="{_colour(number)}">'
                f"<title>{html.escape(said)}</title></circle>"
            )
        return out

    def _bar(self, at: float, low: float, high: float, colour: str) -> list[str]:
        """An error bar; an arrow stands for an end that is beyond the axis, with its value."""
        bottom, top = self.at_y(max(low, self.y0)), self.at_y(min(high, self.y1))
        first = f"M{at - 3:.1f} {bottom:.1f}h6m-3 0" if low >= self.y0 else f"M{at:.1f} {bottom:.1f}"
        last = "m-3 0h6" if high <= self.y1 else ""
        out = [f'<path d="{first}V{top:.1f}{last}" stroke="{colour}" fill="none"/>']
        for value, end, way in ((low, bottom, 5 if low < self.y0 else 0), (high, top, -5 if high > self.y1 else 0)):
            if way:
                arrow = f"M{at - 4:.1f} {end - way:.1f}L{at:.1f} {end:.1f}L{at + 4:.1f} {end - way:.1f}"
                out.append(f'<path d="{arrow}" stroke="{colour}" fill="none"/>')
                out.append(
                    f'<text x="{at - 6:.1f}" y="{end - way + 3:.1f}" font-size="9" text-anchor="end" fill="{colour}">'
                    f"{value:.1f}</text>"
                )
        return out


def _range(points: Sequence[Point], zero: bool, within: tuple[float, float]) -> tuple[float, float]:
    """The ends of the vertical axis."""
    bars = [(point.low, point.high) for point in points if point.low is not None and point.high is not None]
    longest = _LONG * median(high - low for low, high in bars) if bars else 0.0
    values = [point.y for point in points] or [0.0]
    values += [0.0] if zero else []
    least, most = min(within[0], *values), max(within[1], *values)
    values += [end for low, high in bars if high - low <= longest for end in (low, high)]
    low, high = max(min(values), least), min(max(values), most)
    margin = _MARGIN * (high - low) or max(abs(high), 1.0) / 2
    return max(low - margin, least), min(high + margin, most)


def short_number(value: float) -> str:
    """A count in a few characters.

    Example:
        >>> short_number(278_043_648), short_number(400_000), short_number(8), short_number(3.5e9)
        ('278M', '0.4M', '8', '3.5B')
    """
    for unit, name in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= unit * (0.1 if unit == 1e6 else 1.0):
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within a range."""
    span = high - low
    step = 10.0 ** math.floor(math.log10(span / 4))
    step = next(step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 6)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _decades(x0: float, x1: float) -> list[float]:
    """Marks of a logarithmic axis: 1, 2 and 5 of each power, fewer where they are many."""
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [
            factor * 10.0**power
            for power in range(math.floor(x0), math.ceil(x1) + 1)
            for factor in factors
            if x0 <= math.log10(factor * 10.0**power) <= x1
        ]
        if len(found) <= 7:
            break
    return found


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _stroke(number: int) -> str:
    dash = _DASHES[number // len(_COLOURS) % len(_DASHES)]
    return f'stroke="{_colour(number)}"' + (f' stroke-dasharray="{dash}"' if dash else "")
