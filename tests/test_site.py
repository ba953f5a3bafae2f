"""The documentation site: built strictly, and clicked through in Chromium, from disk and from a server."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.browsers import WebDriverWait, chromium, find, find_all, texts

from crosspan.cli.manual_pages import public_names

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What ``make docs`` has built just now, or, without it, a site of our own."""
    if "CROSSPAN_SITE" in os.environ:
        return Path(os.environ["CROSSPAN_SITE"])
    pytest.importorskip("material", reason="the packages of the documentation site are not installed")
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def addresses(site):
    """Where the site is: on disk, and at a server on this machine."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield {"disk": site.as_uri(), "server": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser(tmp_path_factory, site):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def shape(browser, width, scheme="light"):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def requests(browser):
    """Every address that was asked for since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]


@pytest.mark.parametrize("place", ["disk", "server"])
def test_search_finds_a_page_and_nothing_leaves_for_elsewhere(browser, addresses, place):
    shape(browser, 1280)
    requests(browser)
    browser.get(f"{addresses[place]}/index.html")
    field = find(browser, "input.md-search__input")
    field.click()
    field.send_keys("outages")
    found = ".md-search-result__link"
    WebDriverWait(browser, 30).until(lambda page: find_all(page, found))
    first = find(browser, found)
    assert "errors.html" in first.get_attribute("href")
    browser.get(first.get_attribute("href"))
    assert "Errors" in browser.title
    for name in ("python.html", "commands/project.html", "studies/scale-small/study.html"):
        browser.get(f"{addresses[place]}/{name}")
    asked = requests(browser)
    assert len(asked) > 8
    here = (addresses[place], "data:", "blob:", "about:")
    assert [url for url in asked if not url.startswith(here)] == []
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_kinds_are_told_apart(browser, addresses):
    shape(browser, 1280)
    browser.get(f"{addresses['disk']}/index.html")
    tabs = [text.strip() for text in texts(browser, ".md-tabs__link")]
    assert tabs == ["Start", "Tutorial", "How-to", "Reference", "Explanation"]
    find_all(browser, ".md-tabs__link")[2].click()
    WebDriverWait(browser, 10).until(lambda page: "Label a new language" in page.title)


def test_reference_is_made_from_the_code(browser, addresses):
    browser.get(f"{addresses['disk']}/python.html")
    heads = [head.split()[0] for head in texts(browser, "h2.doc-heading")]
    assert [name for name in public_names() if name not in heads] == []
    signature = next(text for text in texts(browser, ".doc-signature") if text.strip().startswith("project_labels"))
    assert "min_confidence: float = 0.0" in signature
    assert ":func:" not in browser.page_source
    browser.get(f"{addresses['disk']}/settings/aligners.html")
    assert "hmm_iterations" in "\n".join(texts(browser, "td code"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_those_of_the_system(browser, addresses, scheme):
    shape(browser, 1280, scheme)
    browser.get(f"{addresses['server']}/projection.html")
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    lightness = sum(map(float, ground.partition("(")[2].rstrip(")").split(",")[:3]))
    assert (lightness > 600) == (scheme == "light")


@pytest.mark.parametrize("name", ["index", "benchmarks", "commands/project", "settings/trainers", "python"])
def test_narrow_screens_do_not_scroll_sideways(browser, addresses, name):
    shape(browser, 400)
    browser.get(f"{addresses['server']}/{name}.html")
    wide, seen = browser.execute_script(
        "return [document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= seen
    assert find(browser, ".md-header__button[for='__drawer']").is_displayed()
