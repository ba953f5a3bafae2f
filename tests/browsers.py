"""A headless Chromium for tests of pages, and how they look into it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="the package selenium is not installed")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

__all__ = [
    "Keys",
    "Select",
    "WebDriverWait",
    "chromium",
    "find",
    "find_all",
    "hover",
    "texts",
    "webdriver",
]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def find_chromium():
    named = os.environ.get("CROSSPAN_CHROMIUM")
    browser = named or shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if browser is None or not os.path.exists(browser) or driver is None:
        pytest.skip("no Chromium with its driver (Debian: chromium chromium-driver); CROSSPAN_CHROMIUM may name one")
    return browser, driver


@contextmanager
def chromium(profile):
    """A browser whose settings are in a folder of its own."""
    path, driver_path = find_chromium()
    options = webdriver.ChromeOptions()
    options.binary_location = path
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
    try:
        yield driver
    finally:
        driver.quit()


def find(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def find_all(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def texts(browser, selector):
    """Text of all elements, in one call."""
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector
    )


def hover(browser, node):
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", node)
    webdriver.ActionChains(browser).move_to_element(node).perform()
