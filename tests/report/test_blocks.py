from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.tables import Table
from crosspan.report.blocks import Code, Figure, Heading, Items, Text, hypertext, markdown, write_page
from crosspan.report.plots import Line, Panel, Point, plot, short_number

DRAWN = plot([Panel("a & b", [Line("<x>", [Point(1e6, 1.0, 0.0, 2.0), Point(1e8, 3.0)])])], x="size", y="F1", zero=True)
BLOCKS = [
    Heading(1, "Title <1>"),
    Text("some `co<de>`, *slanted*, **bold** and [a link](https://example.org)"),
    Items(["one", "two"]),
    Table(("name", "n"), [("a|b", "1")]),
    Figure("f1", DRAWN, "What it shows"),
    Code("sh", "ls < a\n"),
]


def test_a_page_as_markdown():
    assert markdown(BLOCKS, "p") == (
        "# Title <1>\n\nsome `co<de>`, *slanted*, **bold** and [a link](https://example.org)\n\n- one\n- two\n\n"
        "| name | n |\n|:---|---:|\n| a\\|b | 1 |\n\n![What it shows](p.f1.svg)\n\n*What it shows*\n\n"
        "```sh\nls < a\n```\n"
    )


def test_a_page_as_html():
    text = hypertext(BLOCKS)
    assert "<h1>Title &lt;1&gt;</h1>" in text
    assert (
        "<p>some <code>co&lt;de&gt;</code>, <em>slanted</em>, <strong>bold</strong> and "
        '<a href="https://example.org">a link</a></p>' in text
    )
    assert "<tr><td class='text'>a|b</td><td>1</td></tr>" in text
    assert "<pre><code>ls &lt; a</code></pre>" in text
    assert "default-src 'none'" in text


def test_files_of_a_page(tmp_path):
    names = [path.name for path in write_page(tmp_path, "p", BLOCKS)]
    assert names == ["p.md", "p.html", "p.f1.svg"]
    assert (tmp_path / "p.f1.svg").read_text() == DRAWN


def test_a_plot_has_its_points_and_bars_at_their_places():
    root = ET.fromstring(DRAWN)
    space = "{http://www.w3.org/2000/svg}"
    points = [one for one in root.iter(f"{space}circle") if one.find(f"{space}title") is not None]
    assert [one.find(f"{space}title").text for one in points] == ["<x>: 1M, 1.00", "<x>: 100M, 3.00"]
    (x1, y1), (x2, y2) = ((float(one.get("cx")), float(one.get("cy"))) for one in points)
    assert x1 < x2
    assert y2 < y1  # upwards is less in SVG
    labels = {one.text: float(one.get("y")) for one in root.iter(f"{space}text") if one.get("text-anchor") == "end"}
    assert abs(labels["1"] - 4 - y1) < 0.2
    assert abs(labels["3"] - 4 - y2) < 0.2
    (bar,) = (
        one.get("d") for one in root.iter(f"{space}path") if "V" in one.get("d") and one.get("d").count("h6") == 2
    )
    low, high = (float(value) for value in re.match(r"M[\d.]+ ([\d.]+)h6m-3 0V([\d.]+)", bar).groups())
    assert abs(low - (labels["0"] - 4)) < 0.2
    assert abs(high - (labels["2"] - 4)) < 0.2


SPACE = "{http://www.w3.org/2000/svg}"


def ticks_of(root):
    """The numbers of the vertical axis, with their heights."""
    marks = [one for one in root.iter(f"{SPACE}text") if one.get("text-anchor") == "end" and one.get("fill") is None]
    return {float(one.text): float(one.get("y")) - 4 for one in marks}


def test_one_long_bar_does_not_make_all_others_flat():
    bars = [Point(10.0**at, 5.0, 4.0, 6.0) for at in range(1, 6)]
    long = Point(1e6, 5.5, -20.0, 40.0)
    root = ET.fromstring(plot([Panel("p", [Line("l", [*bars, long])])], x="x", y="y"))
    assert set(ticks_of(root)) <= {value / 10 for value in range(35, 70)}
    ends = [one.text for one in root.iter(f"{SPACE}text") if one.get("font-size") == "9"]
    assert ends == ["-20.0", "40.0"]
    same = ET.fromstring(plot([Panel("p", [Line("l", [long, Point(1e7, 5.5, -18.0, 41.0)])])], x="x", y="y"))
    assert [one for one in same.iter(f"{SPACE}text") if one.get("font-size") == "9"] == []


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [((2380, 2730), ["2.38k", "2.73k"]), ((5e6, 2.1e7), ["5M", "10M", "20M"]), ((7e3, 7e3), ["5k", "10k", "20k"])],
)
def test_sizes_can_be_read(sizes, shown):
    points = [Point(size, 1.0) for size in sizes]
    root = ET.fromstring(plot([Panel("p", [Line("l", points)])], x="x", y="y"))
    axis = [one.text for one in root.iter(f"{SPACE}text") if one.get("text-anchor") == "middle"]
    assert [text for text in axis if text[-1] in "kM"] == shown


def test_axes_do_not_go_where_no_value_can_be():
    points = [Point(10, 1.0, -4.0, 6.0), Point(100, 2.0, -3.0, 7.0)]
    root = ET.fromstring(plot([Panel("p", [Line("l", points)])], x="x", y="F1", within=(0.0, 100.0)))
    assert min(ticks_of(root)) == 0.0
    assert [one.text for one in root.iter(f"{SPACE}text") if one.get("font-size") == "9"] == ["-4.0", "-3.0"]


@pytest.mark.parametrize("values", [(10.4, 11.6), (10.0, 10.0), (0.0, 0.0), (-7.0, 3.0)])
def test_axes_fit_the_values(values):
    points = [Point(10.0 ** (at + 1), value) for at, value in enumerate(values)]
    root = ET.fromstring(plot([Panel("p", [Line("l", points)])], x="x", y="y"))
    ticks = ticks_of(root)
    assert len(ticks) >= 3
    heights = [float(one.get("cy")) for one in root.iter(f"{SPACE}circle")][:2]
    if values[0] != values[1]:
        assert abs(heights[0] - heights[1]) > 0.75 * 166  # of the height of a panel


def test_a_line_has_the_colour_of_its_place_in_the_order():
    lines = [Line("b", [Point(1, 1.0), Point(2, 2.0)])]
    alone, second = (plot([Panel("p", lines)], x="x", y="y", order=order) for order in ([], ["a", "b"]))
    both = plot([Panel("p", [Line("a", [Point(1, 1.0)]), *lines])], x="x", y="y")
    colour = r'<circle [^>]*fill="(#\w+)"><title>b:'
    assert re.findall(colour, second) == re.findall(colour, both) != re.findall(colour, alone)


@given(
    st.lists(
        st.tuples(st.floats(1e3, 1e12), st.floats(-1e3, 1e3), st.none() | st.floats(0, 10)), min_size=0, max_size=6
    )
)
def test_any_points_make_a_drawing_inside_its_frame(rows):
    points = [Point(x, y, None if bar is None else y - bar, None if bar is None else y + bar) for x, y, bar in rows]
    root = ET.fromstring(plot([Panel("p", [Line("l", points)])], x="x", y="y"))
    width, height = float(root.get("width")), float(root.get("height"))
    for one in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert -1 <= float(one.get("cx")) <= width + 1
        assert -1 <= float(one.get("cy")) <= height + 1


def test_numbers_in_a_few_characters():
    assert [short_number(value) for value in (560_142_482, 3.48e9, 397_058, 12_834)] == [
        "560M",
        "3.48B",
        "0.397M",
        "12.8k",
    ]
