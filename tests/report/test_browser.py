"""The page in Chromium: clicked through, wide and narrow, with right-to-left text and with markup in every field."""

from __future__ import annotations

import functools
import http.server
import json
import threading

import pytest
from tests.browser_texts import EVIL, evil
from tests.browsers import Keys, Select, WebDriverWait, chromium, find, find_all, hover, texts, webdriver

from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.demo import run_demo
from crosspan.project.candidates import RunnerUp
from crosspan.report import Item, write_report


def evil_items():
    """Markup in tokens, text, ids, languages, labels, reasons and errors."""
    for number in range(6):
        words = tuple(evil(number + at) for at in range(4))
        spans = (Span(0, 2, evil(number)), Span(3, 4, evil(number + 1)))
        source = Sentence(words, spans, evil(number), evil(number + 2))
        text = "".join(words)
        ends = [len("".join(words[: at + 1])) for at in range(4)]
        offsets = tuple(zip([0, *ends], ends, strict=False))
        there = Span(1, 3, evil(number), 0.5)
        target = Sentence(words, (there,), evil(number + 3), evil(number + 4), text, offsets)
        projection = Projection(
            target, (ProjectedSpan(spans[0], there, 0.5),), (DroppedSpan(spans[1], f"filtered:{evil(number)}"),)
        )
        gold = Sentence(words, (Span(1, 2, evil(number + 5)),))
        others = {(0, 2): [RunnerUp(0, 1, 0.25)], (3, 4): [RunnerUp(2, 4, 0.125)]}
        yield Item(number, source, projection, Alignment.from_pharaoh("0-1 1-2 3-3:0.5"), gold, others)
    yield Item(6, source, None, error=evil(0), target=target)


def rtl_items():
    words = ("ICANN", "أعلنت", "وزارة", "الصحة", "في", "القاهرة", "عن", "خطة")
    english = ("The", "Ministry", "of", "Health", "in", "Cairo", "spoke")
    source = Sentence(english, (Span(1, 4, "ORG"), Span(5, 6, "LOC")))
    spans = (Span(2, 4, "ORG", 0.8), Span(5, 6, "LOC", 0.9))
    links = tuple(ProjectedSpan(one, span, span.score) for one, span in zip(source.spans, spans, strict=True))
    arabic = Sentence(words, spans, lang="ar")
    yield Item(0, source, Projection(arabic, links), Alignment.from_pharaoh("1-2 3-3 5-5"))
    hebrew = Sentence(("דנה", "גרה", "בחיפה"), (Span(0, 1, "PER"),), lang="he")
    target = Sentence(("Dana", "lives", "in", "Haifa"), (Span(0, 1, "PER", 0.9),))
    yield Item(1, hebrew, Projection(target, (ProjectedSpan(hebrew.spans[0], target.spans[0], 0.9),)))


def labels_items(n):
    """A sentence of each of some labels, all of them confused, with long names; and one that has each reason."""
    names = [f"{'LABEL' * (1 + at % 2)}{at}" for at in range(n)]
    for at, name in enumerate(names):
        source = Sentence(("Accra", "here"), (Span(0, 1, name),))
        target = Sentence(("Accra", "hapa"), (Span(0, 1, name, 0.5),))
        gold = Sentence(target.tokens, (Span(0, 1, names[(at + 1) % n]),))
        yield Item(at, source, Projection(target, (ProjectedSpan(source.spans[0], target.spans[0], 0.5),)), gold=gold)
    for at, reason in enumerate(("no_link", "below_threshold", "overlap", "unobserved", "filtered:comp-src"), n):
        dropped = (DroppedSpan(source.spans[0], reason),)
        yield Item(at, source, Projection(Sentence(target.tokens), (), dropped), gold=Sentence(target.tokens))


def alone_items():
    """Labelled text by itself, of which one label has a confidence and one has none."""
    spans = (Span(0, 2, "PER", 0.75), Span(3, 4, "LOC"))
    words = ("Ada", "Obi", "left", "Accra")
    yield Item(0, Sentence(()), Projection(Sentence(words, spans)), gold=Sentence(words, spans[:1]))
    yield Item(1, Sentence(()), None, error="not a tag", target=Sentence(("Ada",)))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    write_report(folder / "demo.html", run_demo("sw", bootstrap=0).items, title="English to Swahili")
    facts = {evil(0): evil(1)}
    write_report(folder / "evil.html", evil_items(), title=evil(1), facts=facts)
    write_report(folder / "rtl.html", rtl_items())
    write_report(folder / "labels.html", labels_items(10))
    write_report(folder / "alone.html", alone_items())
    return folder


@pytest.fixture
def show(browser, pages):
    """Open a page at a width; at the end of the test the console must be empty."""

    def open_page(name, width=1280, height=900):
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
        browser.get((pages / name).as_uri())
        browser.get_log("performance")
        return browser

    browser.get_log("browser")
    yield open_page
    assert browser.get_log("browser") == []


def count(browser):
    """Sentences that are listed, of how many."""
    words = find(browser, "#count").text.split(",")[0].split()
    return int(words[0]), int(words[2])


def choose(browser, name, value):
    Select(find(browser, f'select[name="{name}"]')).select_by_value(value)


def test_hovering_a_span_shows_its_counterpart_and_details(show):
    page = show("demo.html")
    target = find_all(page, '[data-side="t"] .mark')[1]
    hover(page, target)
    assert texts(page, '[data-side="s"] .mark.on .w') == ["Lena", "Hartmann"]
    assert texts(page, '[data-side="s"] .w.linked') == ["Lena", "Hartmann"]
    details = find(page, "#details").text
    assert details.startswith("PER Lena Hartmann → Lena Hartmann")
    for name in ("Confidence", "Gold", "Links", "Runners-up"):
        assert name in details
    assert len(find_all(page, "#details .others li")) == 5
    webdriver.ActionChains(page).move_to_element(find(page, "#sentences-heading")).perform()
    assert not find(page, "#details").is_displayed()
    assert find_all(page, ".on, .linked") == []


def test_details_stay_open_by_keyboard_and_links_are_drawn(show):
    page = show("demo.html")
    mark = find_all(page, '[data-side="s"] .mark')[0]
    page.execute_script("arguments[0].focus()", mark)
    assert find(page, "#details").is_displayed()
    mark.send_keys(Keys.ENTER)
    assert "pinned" in find(page, "#details").get_attribute("class")
    mark.send_keys(Keys.ESCAPE)
    assert not find(page, "#details").is_displayed()
    mark.send_keys(Keys.TAB)
    assert page.switch_to.active_element.get_attribute("class").startswith("mark")
    summary = find(page, "#list summary")
    page.execute_script("arguments[0].click()", summary)
    WebDriverWait(page, 5).until(lambda page: find_all(page, "svg.matrix .link"))
    assert len(find_all(page, "svg.matrix .box")) == 3


def test_filters_reduce_the_list(show):
    page = show("demo.html")
    assert count(page) == (240, 240)
    find(page, 'input[name="label"]').click()
    with_label = count(page)[0]
    assert 0 < with_label < 240
    choose(page, "gold", "wrong")
    wrong = count(page)[0]
    assert 0 < wrong < with_label
    assert len(find_all(page, ".badge.bad")) == min(wrong, 25)
    find(page, 'button[type="reset"]').click()
    WebDriverWait(page, 5).until(lambda page: count(page) == (240, 240))
    choose(page, "outcome", "dropped")
    dropped = count(page)[0]
    assert dropped == len(find_all(page, "#list .dropped")) > 0
    assert "dropped: " in find(page, "#list .dropped").text
    choose(page, "outcome", "")
    most = find(page, 'input[name="most"]')
    most.clear()
    most.send_keys("0.6")
    assert 0 < count(page)[0] < 60
    assert min(map(float, texts(page, ".tag .sure"))) <= 0.6
    most.clear()
    find(page, 'input[name="words"]').send_keys("nairobi")
    assert 0 < count(page)[0] < 60
    assert "Nairobi" in find(page, '#list [data-side="s"]').text


def test_sentences_are_sorted_and_paged(show):
    page = show("demo.html")
    assert len(find_all(page, "#list .sentence")) == 25
    find(page, '.pager [name="next"]').click()
    assert find(page, ".number").text == "#26"
    find(page, "body").send_keys(Keys.ARROW_RIGHT)
    assert find(page, ".number").text == "#51"
    find(page, '.pager [name="last"]').click()
    assert find(page, '.pager [name="next"]').get_attribute("disabled")
    choose(page, "size", "100")
    assert len(find_all(page, "#list .sentence")) == 100
    choose(page, "order", "unsure")
    lowest = [float(text.split()[1]) for text in texts(page, ".badge") if text.startswith("lowest")]
    assert lowest == sorted(lowest)


def test_totals_and_figures_are_drawn(show):
    page = show("demo.html")
    assert "240 sentences" in " ".join(find(page, "#totals").text.split())
    titles = texts(page, "figcaption")
    for title in ("Labels", "Reliability", "Confusion", "Dropped, by reason", "Length of entities"):
        assert title in titles
    assert len(find_all(page, "svg .point")) > 2


def test_markup_stays_text(show, browser):
    page = show("evil.html")
    for mark in find_all(page, ".mark:not(.gold)"):
        page.execute_script("arguments[0].focus()", mark)
    for summary in find_all(page, "summary"):
        page.execute_script("arguments[0].click()", summary)
    WebDriverWait(page, 5).until(lambda page: len(find_all(page, "svg.matrix")) == 6)
    assert find_all(page, "img, b > script, #list script, #details script, iframe, object, a[href^=javascript]") == []
    assert len(find_all(page, "script")) == 2
    handlers = """
        return [...document.querySelectorAll("*")].flatMap((node) => node.getAttributeNames())
            .filter((name) => name.startsWith("on"))
    """
    assert page.execute_script(handlers) == []
    assert page.title == find(page, "h1").text == evil(1)
    assert texts(page, '[data-side="t"] .w')[:4] == EVIL[:4]
    assert evil(0) in texts(page, ".error")[0]
    assert evil(0) in find(page, "#facts").text
    choose(page, "outcome", "dropped")
    assert count(page) == (6, 7)


def test_nothing_can_be_requested(show, pages):
    """What a script inside the page would try is stopped by its policy, and of itself it requests nothing."""
    page = show("demo.html")
    page.refresh()
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    requests = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert requests == [(pages / "demo.html").as_uri()]
    asked = []
    handler = functools.partial(_Listener, asked)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        script = """
            const [url, done] = arguments;
            document.body.append(Object.assign(document.createElement("img"), { src: url }));
            document.body.append(Object.assign(document.createElement("script"), { src: url }));
            document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: url }));
            fetch(url).then(() => done("sent"), () => done("stopped"));
        """
        assert page.execute_async_script(script, f"http://127.0.0.1:{server.server_port}/") == "stopped"
        server.shutdown()
    assert asked == []
    blocked = page.get_log("browser")  # the attempts above are the only entries
    assert len(blocked) >= 4
    assert all("Content Security Policy" in entry["message"] for entry in blocked)


class _Listener(http.server.BaseHTTPRequestHandler):
    def __init__(self, asked, *args):
        self.asked = asked
        super().__init__(*args)

    def do_GET(self):
        self.asked.append(self.path)


@pytest.mark.parametrize("name", ["demo.html", "evil.html", "rtl.html"])
def test_narrow_pages_do_not_overflow(show, name):
    page = show(name, width=360)
    assert page.execute_script("return document.documentElement.scrollWidth") == 360
    source, target = find(page, '[data-side="s"]').rect, find(page, '[data-side="t"]').rect
    assert target["y"] > source["y"] + source["height"] - 1
    hover(page, find(page, '[data-side="s"] .mark'))
    assert find(page, "#details").rect["x"] >= 0
    assert page.execute_script("return document.documentElement.scrollWidth") == 360


def test_wide_pages_have_the_sides_beside_each_other(show):
    page = show("demo.html")
    source, target = find(page, '[data-side="s"]').rect, find(page, '[data-side="t"]').rect
    assert target["x"] > source["x"] + source["width"] - 1


def test_right_to_left_text(show):
    """Arabic runs from the right though its first letter is Latin; English beside it from the left."""
    page = show("rtl.html")
    directions = [node.value_of_css_property("direction") for node in find_all(page, ".text")]
    assert directions == ["ltr", "rtl", "rtl", "ltr"]
    words = find_all(page, '#list li:first-child [data-side="t"] .w')
    assert words[1].rect["x"] > words[2].rect["x"]
    hover(page, find_all(page, '#list li:first-child [data-side="s"] .mark')[1])
    assert texts(page, '[data-side="t"] .mark.on .w') == ["القاهرة"]


def test_dark_scheme(show, browser):
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    try:
        page = show("demo.html")
        assert find(page, "body").value_of_css_property("background-color") == "rgba(22, 24, 27, 1)"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize(
    ("name", "width"), [("demo.html", 1100), ("demo.html", 1400), ("labels.html", 1280), ("labels.html", 1400)]
)
def test_figures_are_not_cut_off(show, name, width):
    page = show(name, width=width)
    tables = "return [...document.querySelectorAll('#figures .scroll')]"
    most = page.execute_script(f"{tables}.map((node) => node.scrollWidth - node.clientWidth)")
    assert len(most) == 2
    assert most[0] <= 0
    assert most[1] <= 0


def test_reasons_are_in_words(show):
    page = show("labels.html")
    figure = next(one for one in find_all(page, "#figures figure") if one.text.startswith("Dropped"))
    for words in ("no counterpart", "probably not there", "words taken", "label not used", "filter comp-src"):
        assert words in figure.text
        assert f"dropped: {words}" in "\n".join(texts(page, "#list .dropped li"))
    mark = find(page, ".mark.gone")
    hover(page, mark)
    assert "no word of the translation is linked to it" in find(page, "#details").text
    assert "only where the report projects by itself" in find(page, "#details").text


def test_labelled_text_by_itself(show):
    page = show("alone.html")
    assert count(page) == (2, 2)
    assert find_all(page, '[data-side="s"]') == []
    assert "source" not in find(page, "#totals").text
    first, second = find_all(page, '[data-side="t"] .mark')
    hover(page, first)
    assert find(page, "#details").text.split("\n")[0] == "PER Ada Obi"
    assert "0.75" in find(page, "#details").text
    hover(page, second)
    assert "Confidence" not in find(page, "#details").text
    assert "not in gold" in find(page, "#details").text
    choose(page, "outcome", "left-out")
    assert count(page)[0] == 1
    assert "not a tag" in find(page, "#list .error").text
