from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.report import Item, write_report
from crosspan.report.colours import hues
from crosspan.report.page import embedded, page
from crosspan.report.records import Names, record_of_item, safe_json, side_record

SOURCE = Sentence(("in", "Accra", "Ada"), (Span(1, 2, "LOC"), Span(2, 3, "PER")), id="s1", lang="en")
TARGET = Sentence(("Accra", "mjini"), (Span(0, 1, "LOC", 0.75),), lang="sw")
PROJECTION = Projection(
    TARGET,
    (ProjectedSpan(SOURCE.spans[0], TARGET.spans[0], 0.75),),
    (DroppedSpan(SOURCE.spans[1], "no_link"),),
)


class _Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def write(path, items, **options):
    write_report(path, items, **options)
    return path.read_text(encoding="utf-8")


def test_a_record_holds_what_is_known_of_a_sentence():
    labels, reasons = Names(), Names()
    gold = Sentence(TARGET.tokens, (Span(0, 2, "LOC"),))
    item = Item(4, SOURCE, PROJECTION, Alignment.from_pharaoh("0-1:0.5 1-0"), gold)
    assert record_of_item(item, labels, reasons) == {
        "i": 5,
        "id": "s1",
        "s": {"w": ["in", "Accra", "Ada"], "l": "en"},
        "t": {"w": ["Accra", "mjini"], "l": "sw"},
        "p": [[0, 1, 2, 0, 1, 750, 2, []]],  # 2: boundary
        "d": [[1, 2, 3, 0, []]],
        "g": [[0, 0, 2, 2]],
        "a": [0, 1, 50, 1, 0, 100],
    }
    assert (labels.listed(), reasons.listed()) == (["LOC", "PER"], ["no_link"])


@given(
    st.lists(st.tuples(st.sampled_from(["", " ", "  ", "\t"]), st.text("aé😀ب", min_size=1, max_size=3)), max_size=5)
)
def test_text_between_words_is_kept(pieces):
    text, offsets = "", []
    for gap, word in pieces:
        text += gap
        offsets.append((len(text), len(text) + len(word)))
        text += word
    record = side_record(Sentence(tuple(word for _, word in pieces), text=text, offsets=tuple(offsets)))
    gaps = dict(zip(record.get("x", [])[::2], record.get("x", [])[1::2], strict=True))
    again = "".join(gaps.get(at, " " if at else "") + word for at, word in enumerate(record["w"]))
    assert again + gaps.get(len(pieces), "") == text


@given(st.text())
def test_embedded_json_has_nothing_that_html_could_read(text):
    found = safe_json([text])
    assert not set("<>&\u2028\u2029") & set(found)
    found.encode("utf-8")
    assert embedded(page("x", {"a": text}, [safe_json({"b": text})])) == {
        "meta": {"a": text},
        "sentences": [{"b": text}],
    }


def test_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else(tmp_path):
    text = write(tmp_path / "a.html", [Item(0, SOURCE, PROJECTION)])
    policy = next(a["content"] for tag, a in _Elements(text).found if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_page_names_no_address_and_sets_no_markup(tmp_path):
    """No element of the page has a source, and its script never makes elements from text."""
    text = write(tmp_path / "a.html", [Item(0, SOURCE, PROJECTION)])
    elements = _Elements(text).found
    assert not [a for _, a in elements if "src" in a or "action" in a or a.get("href", "#").startswith("#") is False]
    assert re.findall(r"https?://[^\s\"']*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_title_is_escaped(tmp_path):
    text = write(tmp_path / "a.html", [Item(0, SOURCE, PROJECTION)], title="</title><script>alert(1)</script>")
    assert sum(tag == "script" for tag, _ in _Elements(text).found) == 2
    assert "&lt;/title&gt;" in text


def test_same_input_gives_the_same_bytes(tmp_path):
    items = [Item(at, SOURCE, PROJECTION) for at in range(50)]
    assert write(tmp_path / "a.html", items, sample=9) == write(tmp_path / "b.html", iter(items), sample=9)


def test_nothing_to_report(tmp_path):
    with pytest.raises(EmptyInputError, match="no sentence to report on"):
        write_report(tmp_path / "a.html", [])
    with pytest.raises(OptionError, match="a sample of 0 sentences"):
        write_report(tmp_path / "a.html", [Item(0, SOURCE, PROJECTION)], sample=0)
    assert list(tmp_path.iterdir()) == []


def test_colours_do_not_depend_on_other_labels_and_differ_while_they_last():
    known = hues(["PER", "LOC", "ORG", *map(str, range(20))])
    assert len(set(known.values())) == 23
    assert {name: known[name] for name in ("PER", "LOC", "ORG")} == hues(["ORG", "PER", "LOC"])
    many = hues(map(str, range(500)))
    assert len(many) == 500
    assert set(many.values()) == set(range(0, 360, 10))
