"""The page in Chromium: a corpus corrected by keyboard and mouse, and what came of it in the file of decisions."""

from __future__ import annotations

import pytest
from tests.browser_texts import EVIL
from tests.browsers import Keys, Select, WebDriverWait, chromium, find, find_all, texts, webdriver
from tests.review.desk.corpora import evil_pairs, pair, write_corpus
from tests.review.desk.serving import served

from crosspan.io.pairs import SentenceFile
from crosspan.review.decision_file import read_decisions
from crosspan.review.decisions import applied
from crosspan.review.tasks import ReviewFiles, read_tasks

pytest.importorskip("uvicorn", reason="crosspan[review] is not installed")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


class Reader:
    """Somebody at the page, and what is in the file of decisions."""

    def __init__(self, browser, server, folder):
        self.browser, self.server, self.folder = browser, server, folder

    def open(self, width=1280):
        shape = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
        self.browser.get(self.server.address)
        self.wait(lambda: find_all(self.browser, "#target"))
        return self

    def wait(self, until):
        return WebDriverWait(self.browser, 30, 0.02).until(lambda _: until())

    def press(self, *keys, hold=()):
        for key in keys:
            chain = webdriver.ActionChains(self.browser, duration=0)
            for one in hold:
                chain.key_down(one)
            chain.send_keys(key)
            for one in hold:
                chain.key_up(one)
            chain.perform()

    def go(self, words):
        """Go to the sentence of a number."""
        self.press("/")
        field = find(self.browser, "#find input")
        field.clear()
        field.send_keys(words, Keys.ENTER)
        self.wait(lambda: self.number == words)
        self.wait(lambda: self.browser.switch_to.active_element.get_attribute("id") == "target")

    @property
    def number(self):
        return "".join(texts(self.browser, ".number"))

    def save(self):
        count = len(self.decisions)
        self.press(Keys.ENTER)
        self.wait(lambda: len(self.decisions) > count)
        self.wait(lambda: "saved" in texts(self.browser, "#status")[0])
        return self.decisions[-1]

    def spans(self):
        """The spans that the page shows, with what stands in them."""
        script = """
            return [...document.querySelectorAll("#target .mark")].map((mark) => {
                const copy = mark.cloneNode(true);
                copy.querySelector(".tag").remove();
                return mark.querySelector(".tag").firstChild.textContent + " " + copy.textContent;
            })
        """
        return self.browser.execute_script(script)

    @property
    def decisions(self):
        return read_decisions(self.folder / "decisions.jsonl", missing=True).every


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    write_corpus(folder)
    return folder


WORDS = ("projected.jsonl", "--source", "source.jsonl", "--links", "links.txt", "--decisions", "decisions.jsonl")


@pytest.fixture(scope="module")
def server(folder):
    with served(folder, *WORDS, "--who", "ada", "--order", "uncertain") as server:
        yield server


@pytest.fixture
def reader(browser, server, folder):
    """Somebody who opened the page; at the end of the test the console must be empty."""
    reader = Reader(browser, server, folder).open()
    browser.get_log("browser")
    yield reader
    assert browser.get_log("browser") == []


def text_of(decision, folder):
    """The spans of a decision with their words, put on the sentence that it is of."""
    task = next(
        one for one in read_tasks(ReviewFiles(target=SentenceFile(folder / "projected.jsonl"))) if one.id == decision.id
    )
    assert decision.hash == task.hash
    assert applied(task.sentence, decision).text == task.text
    return [f"{span.label} {task.text[span.start : span.end]}" for span in decision.after]


def test_a_file_corrected_by_keyboard(reader, folder):
    """The least sure sentence comes first, its least sure span is selected; Enter saves, and the next one comes up."""
    page = reader.browser
    assert reader.number == "#1"
    assert texts(page, "#target .selected .w") == ["Wizara"]
    assert texts(page, '[data-side="s"] .mark.on .w') == ["Ministry", "of", "Health"]
    reader.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, hold=[Keys.SHIFT])
    assert reader.spans() == ["PER Lena Hartmann", "ORG Wizara ya Afya", "LOC Nairobi"]
    reader.press(Keys.ARROW_DOWN, "x")
    assert reader.spans() == ["PER Lena Hartmann", "ORG Wizara ya Afya"]
    reader.press("u")
    assert reader.spans() == ["PER Lena Hartmann", "ORG Wizara ya Afya", "LOC Nairobi"]
    reader.press(Keys.ARROW_UP, "1")
    assert reader.spans()[1] == "PER Wizara ya Afya"
    reader.press("u")
    first = reader.save()
    assert (first.id, first.who, first.drawn, first.verdict) == ("names", "ada", "uncertain", "done")
    assert 0 < first.seconds < 60
    assert text_of(first, folder) == ["PER Lena Hartmann", "ORG Wizara ya Afya", "LOC Nairobi"]

    # a dropped entity is added by keyboard, in a text with emoji and decomposed letters
    assert reader.number == "#2"
    assert "no counterpart" in find(page, ".dropped").text
    reader.press("a", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "2")
    assert reader.spans() == ["PER Ada Lovelace", "LOC Accra"]
    second = reader.save()
    assert text_of(second, folder) == ["PER Ada Lovelace", "LOC Accra"]

    # from the right to the left: the arrow that points to the left goes on in the text
    assert reader.number == "#3"
    assert texts(page, "#target .selected .w") == ["القاهرة"]
    reader.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT, hold=[Keys.SHIFT])
    reader.press("e")
    reader.press(Keys.ARROW_RIGHT, hold=[Keys.SHIFT])
    third = reader.save()
    assert text_of(third, folder) == ["ORG وزارة الصحة", "LOC في القاهرة عن خطة"]
    assert "3 of 12 sentences decided" in find(page, "#progress").text


def test_boundaries_by_character_do_not_cut_letters_or_emoji(reader, folder):
    page = reader.browser
    reader.go("#2")
    reader.press("b")
    assert reader.spans() == ["PER Ada Lovelace"]
    reader.press(Keys.ARROW_DOWN, "e")
    reader.press(Keys.ARROW_LEFT, hold=[Keys.SHIFT])  # by a word: over both emoji
    assert reader.spans() == ["PER 😀👩‍👩‍👧‍👦 Ada Lovelace"]
    reader.press(Keys.ARROW_RIGHT, hold=[Keys.CONTROL, Keys.SHIFT])
    assert reader.spans() == ["PER 👩‍👩‍👧‍👦 Ada Lovelace"]
    reader.press("c")
    reader.press(Keys.ARROW_RIGHT, hold=[Keys.SHIFT])  # the blank is passed as well
    assert reader.spans() == ["PER Ada Lovelace"]
    reader.press(Keys.ARROW_LEFT, hold=[Keys.SHIFT])
    reader.press("c", Keys.ESCAPE, *[Keys.ARROW_RIGHT] * 3, "3")
    assert reader.spans() == ["PER 👩‍👩‍👧‍👦 Ada Lovelace", "ORG Ọlọ́run"]
    reader.press("e")
    for left in ("Ọlọ́ru", "Ọlọ́r", "Ọlọ́", "Ọl"):
        reader.press(Keys.ARROW_LEFT, hold=[Keys.CONTROL, Keys.SHIFT])
        assert reader.spans()[1] == f"ORG {left}"
    assert texts(page, "#target .w")[-5:] == ["alitembelea", "Ọl", "ọ́run", "Accra", "."]
    found = reader.save()
    assert text_of(found, folder) == ["PER 👩‍👩‍👧‍👦 Ada Lovelace", "ORG Ọl"]


def test_words_are_marked_with_the_mouse_and_labels_written(reader, folder):
    page = reader.browser
    reader.go("#4")
    words = find_all(page, "#target .w")
    webdriver.ActionChains(page, duration=50).click_and_hold(words[1]).move_to_element(words[2]).release().perform()
    assert texts(page, "#target .cursor .w") == ["anaishi"]  # the other word has a span
    find(page, '[data-do="choose"]').click()
    field = find(page, "#chooser-form input")
    field.send_keys("A B", Keys.ENTER)
    reader.wait(lambda: "cannot be called" in find(page, "#chooser-note").text)
    field.clear()
    field.send_keys("PLACE", Keys.ENTER)
    reader.wait(lambda: reader.spans() == ["PER Bo", "PLACE anaishi Accra"])
    assert "takes the place of 1 span" in texts(page, "#status")[0]
    find_all(page, "#target .mark")[0].click()
    assert texts(page, "#target .selected .w") == ["Bo"]
    find(page, '[data-do="edge"][data-edge="end"][data-way="1"]').click()
    assert "There the span" in texts(page, "#status")[0]
    found = reader.save()  # the mouse was used, and Enter still saves
    assert text_of(found, folder) == ["PER Bo", "PLACE anaishi Accra"]
    page.get_log("browser")  # the browser itself writes down that the server refused a label


def test_skipping_rejecting_taking_back_and_looking_again(reader):
    page = reader.browser
    for number, (key, verdict) in enumerate([("s", "skip"), ("r", "reject"), (Keys.ENTER, "done")], 5):
        reader.go(f"#{number}")
        count = len(reader.decisions)
        reader.press(key)
        reader.wait(lambda count=count: len(reader.decisions) > count)
        assert (reader.decisions[-1].id, reader.decisions[-1].verdict) == (f"n{number - 4}", verdict)
        reader.wait(lambda number=number: reader.number != f"#{number}")
    reader.press("u")  # nothing to undo here: back to what was decided last
    reader.wait(lambda: reader.number == "#7")
    assert "decided by ada" in find(page, ".badge.decided").text
    reader.press("o")
    reader.wait(lambda: reader.decisions[-1].verdict == "open")
    reader.wait(lambda: not find_all(page, ".badge.decided"))
    assert reader.number == "#7"


def test_two_windows_with_the_same_sentence(reader, server):
    page = reader.browser
    reader.go("#8")
    reader.press(Keys.ARROW_DOWN, "x")
    server.decide(7, [[0, 2, "PER"]])
    count = len(reader.decisions)
    reader.press(Keys.ENTER)
    reader.wait(lambda: find(page, "#banner").is_displayed())
    assert "Not saved: this sentence was decided meanwhile by 'ada'" in find(page, "#banner").text
    assert len(reader.decisions) == count
    reader.wait(lambda: page.get_log("browser"))  # the browser itself writes down that the server refused
    reader.press(Keys.ENTER)  # once more: it chooses nothing
    reader.wait(lambda: page.get_log("browser"))
    assert find(page, "#banner").is_displayed()
    assert len(reader.decisions) == count
    find_all(page, "#banner button")[1].click()
    reader.wait(lambda: len(reader.decisions) == count + 1)
    assert [span.label for span in reader.decisions[-1].after] == ["LOC"]
    reader.go("#8")
    server.decide(7, [[0, 2, "PER"]])
    reader.press(Keys.ARROW_DOWN, "x", Keys.ENTER)
    reader.wait(lambda: find(page, "#banner").is_displayed())
    find_all(page, "#banner button")[0].click()
    reader.wait(lambda: reader.spans() == ["PER Bo"])
    page.get_log("browser")


def test_the_end_of_the_server_is_told_and_what_was_edited_stays(browser, folder):
    with served(folder, *WORDS[:-1], "other.jsonl") as server:
        reader = Reader(browser, server, folder).open()
        reader.press(Keys.ARROW_DOWN, "x")
        left = reader.spans()
        server.process.kill()
        server.process.wait()
        reader.press(Keys.ENTER)
        reader.wait(lambda: find(browser, "#banner").is_displayed())
        assert "The server does not answer" in find(browser, "#banner").text
        assert reader.spans() == left
    browser.get("about:blank")
    browser.switch_to.alert.accept() if False else None
    browser.get_log("browser")


@pytest.mark.parametrize("dark", [False, True])
def test_help_fits_and_shows_every_key(reader, dark):
    page = reader.browser
    scheme = [{"name": "prefers-color-scheme", "value": "dark"}] if dark else []
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    try:
        reader.open(width=420)
        reader.press("?")
        assert find(page, "#help").is_displayed()
        assert {"Enter", "n", "a", "u", "e"} <= set(texts(page, "#help kbd"))
        assert page.execute_script("return document.documentElement.scrollWidth") == 420
        colour = find(page, "body").value_of_css_property("background-color")
        assert colour == ("rgba(22, 24, 27, 1)" if dark else "rgba(246, 246, 243, 1)")
        reader.press(Keys.ESCAPE)
        reader.wait(lambda: not find(page, "#help").is_displayed())
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_another_order(reader):
    page = reader.browser
    Select(find(page, "#order")).select_by_value("random")
    reader.wait(lambda: texts(page, ".heading .badge")[0] == "drawn by chance")


def test_markup_stays_text_and_long_sentences_fit(browser, tmp_path):
    words = " ".join(f"word{number}" for number in range(400))
    long = pair("long", f"Ada {words}", f"Ada {words}", [(0, 1, 0, 1, "PER", 0.2)], "0-0")
    write_corpus(tmp_path, [long, *evil_pairs()])
    with served(tmp_path, *WORDS, "--who", EVIL[0], "--order", "uncertain") as server:
        reader = Reader(browser, server, tmp_path).open(width=420)
        assert reader.number == "#1"
        assert browser.execute_script("return document.documentElement.scrollWidth") == 420
        reader.save()
        for number in range(len(EVIL)):
            reader.press(Keys.ARROW_DOWN, "x", "u", "l", Keys.ESCAPE)
            reader.wait(lambda: not find(browser, "#chooser").is_displayed())
            assert find_all(browser, "img, iframe, object, #card script, #card svg[onload], dialog script") == []
            name = reader.number
            assert texts(browser, "#target")[0].startswith(EVIL[(int(name[1:]) - 2) % len(EVIL)])
            assert reader.save().who == EVIL[0]
            if number < len(EVIL) - 1:
                reader.wait(lambda name=name: reader.number != name)
        assert "All 7 sentences are decided" in find(browser, "#card").text
        handlers = """
            return [...document.querySelectorAll("*")].flatMap((node) => node.getAttributeNames())
                .filter((name) => name.startsWith("on"))
        """
        assert browser.execute_script(handlers) == []
        assert len(find_all(browser, "script")) == 2
        assert browser.get_log("browser") == []
