"""Out to the real Label Studio and back: ``make review-tools``. It is no test of the suite: it needs a gigabyte.

Starts Label Studio on this machine alone, imports an export of ours, annotates in a browser and through the API,
exports what it has, imports that, and looks whether everything is as it was annotated. ``--write`` keeps the exports
in ``tests/data/review``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from crosspan.cli.main import main as crosspan

DATA = Path(__file__).parents[1] / "data" / "review"
EXPORTS = {"JSON": "label_studio.json", "JSON_MIN": "label_studio_min.json"}
EXPECTED = {"accepted": 3, "moved": 1, "relabelled": 1, "deleted": 1, "added": 2, "untouched": 3, "not_mine": 1}
PLACES = {
    "both": [(2, 14, "PER"), (24, 26, "LOC")],
    "moved": [(12, 17, "LOC")],
    "relabelled": [(0, 2, "PER"), (11, 16, "LOC")],
    "deleted": [],
    "added": [(2, 7, "PER"), (16, 21, "LOC")],
    "none": [],
}
PATIENCE = 600
SUBMIT = "[data-testid=bottombar-submit-button]"
FIND_WORD = """
const box = [...document.querySelectorAll(".lsf-htx-richtext")].at(-1);
const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
for (let node = walk.nextNode(); node; node = walk.nextNode()) {
  const at = node.data.indexOf(arguments[0]);
  if (at < 0) continue;
  const range = document.createRange();
  range.setStart(node, at);
  range.setEnd(node, at + arguments[0].length);
  const place = range.getBoundingClientRect();
  return [place.x, place.y + place.height / 2, place.width];
}
return null;
"""
"""Where a word of the sentence stands, which is the last text of the page."""


class Server:
    """A Label Studio with one user.

    Args:
        program: Its command.
        folder: Where it keeps its data.
    """

    user, password = "ada@example.org", "password1"

    def __init__(self, program: Path, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.token = secrets.token_hex(20)
        words = [
            "start",
            "--no-browser",
            "--internal-host",
            "127.0.0.1",
            "--port",
            str(port),
            "--data-dir",
            str(folder),
        ]
        words += ["--username", self.user, "--password", self.password, "--user-token", self.token]
        # Without the first of these a token is refused, if it is not set when the folder of the data is new.
        quiet = {"LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "LATEST_VERSION_CHECK": "false"}
        quiet |= {"COLLECT_ANALYTICS": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}
        with open(folder.with_suffix(".log"), "wb") as log:
            self.process = subprocess.Popen([str(program), *words], env={**os.environ, **quiet}, stdout=log, stderr=log)

    def ask(self, path: str, data: Any = None) -> Any:
        """Call its API."""
        return json.loads(self.raw(path, None if data is None else json.dumps(data).encode()))

    def raw(self, path: str, data: bytes | None = None) -> bytes:
        """What its API answers."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, data, headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=PATIENCE) as answer:
            return bytes(answer.read())

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(PATIENCE):
            assert self.process.poll() is None, "Label Studio ended"
            with contextlib.suppress(OSError):
                self.raw("/api/version")
                return
            time.sleep(2)
        raise AssertionError("Label Studio does not answer")


class Page:
    """The labelling page in a browser.

    Args:
        server: The server.
        tasks: Numbers of tasks by the names of their sentences.
        project: Number of the project.
        profile: A folder for the browser.
    """

    def __init__(self, server: Server, tasks: dict[str, int], project: int, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = os.environ.get("CROSSPAN_CHROMIUM") or shutil.which("chromium") or ""
        for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1500,1100"):
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={profile}")
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))
        self.server, self.tasks, self.project = server, tasks, project
        self.driver.get(f"{server.url}/user/login/")
        self.find("input[name=email]").send_keys(server.user)
        self.find("input[name=password]").send_keys(server.password)
        self.find("button[type=submit]").click()
        time.sleep(3)

    def find(self, selector: str) -> Any:
        """An element, once it is there."""
        for _ in range(2 * PATIENCE):
            if found := self.driver.find_elements(By.CSS_SELECTOR, selector):
                return found[0]
            time.sleep(0.5)
        raise AssertionError(f"no {selector} on {self.driver.current_url}")

    @contextlib.contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Open a task, and submit it at the end."""
        self.driver.get(f"{self.server.url}/projects/{self.project}/data?task={self.tasks[name]}")
        self.find(SUBMIT)
        time.sleep(5)
        yield
        self.find(SUBMIT).click()
        time.sleep(4)

    def key(self, key: str) -> None:
        """Press a key."""
        ActionChains(self.driver).send_keys(key).perform()
        time.sleep(0.5)

    def click(self, word: str) -> None:
        """Click on a word of the sentence."""
        x, y, width = self.driver.execute_script(FIND_WORD, word)
        self._pointer(("move_to_location", int(x + width / 2), int(y)), ("click",))

    def mark(self, word: str) -> None:
        """Drag the pointer over some characters of the sentence."""
        x, y, width = self.driver.execute_script(FIND_WORD, word)
        stops = [("move_to_location", int(x + share * width), int(y)) for share in (0.5, 1)]
        self._pointer(("move_to_location", int(x) + 1, int(y)), ("pointer_down",), *stops, ("pointer_up",))

    def _pointer(self, *steps: tuple[Any, ...]) -> None:
        chain = ActionChains(self.driver)
        for name, *where in steps:
            getattr(chain.w3c_actions.pointer_action, name)(*where)
        chain.perform()
        time.sleep(1)


def rows(tasks: Path) -> list[dict[str, Any]]:
    """What is imported: the tasks, one of them with another text, and one of another corpus."""
    found = {task["data"]["crosspan_id"]: task for task in json.loads(tasks.read_text(encoding="utf-8"))}
    found["changed"]["data"]["text"] = "Mji  wa Kano."
    found["changed"]["predictions"] = []
    strange = {"text": "Wa mtu mwingine.", "crosspan_source": "", "crosspan_id": "stranger", "crosspan_hash": "0" * 16}
    return [*found.values(), {"data": {**found["none"]["data"], **strange}}]


def annotate(server: Server, project: int, folder: Path) -> None:
    """Do the work of an annotator: in the browser what depends on characters, the rest through the API."""
    listed = server.ask(f"/api/tasks?project={project}&fields=all&page_size=50")["tasks"]
    tasks = {task["data"]["crosspan_id"]: task["id"] for task in listed}
    page = Page(server, tasks, project, folder / "browser")
    try:
        with page.task("both"):
            pass
        with page.task("added"):
            page.key("3")
            page.mark("Amina")
            page.key("1")
            page.mark("Lagos")
        with page.task("moved"):
            page.click("Kenyani")
            page.key(Keys.BACKSPACE)
            page.key("1")
            page.mark("Kenya")
    finally:
        page.driver.quit()
    texts = {task["data"]["crosspan_id"]: task["data"]["text"] for task in listed}
    for name, spans in {**PLACES, "changed": [(8, 12, "LOC")], "stranger": []}.items():
        if name in ("both", "added", "moved"):
            continue
        values = [{"start": a, "end": b, "text": texts[name][a:b], "labels": [label]} for a, b, label in spans]
        result = [{"from_name": "label", "to_name": "text", "type": "labels", "value": value} for value in values]
        server.ask(f"/api/tasks/{tasks[name]}/annotations/", {"result": result, "lead_time": 4.25})
    server.ask(f"/api/tasks/{tasks['skipped']}/annotations/", {"result": [], "was_cancelled": True, "lead_time": 1.5})


def compare(export: Path, out: Path) -> None:
    """Import an export, and look whether it says what was done."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = crosspan(["review", "import", str(export), "--base", str(DATA / "base.jsonl"), "-o", str(out), "--json"])
    found = json.loads(said.getvalue())
    assert code == 3, found
    assert {name: found[name]["count"] for name in EXPECTED} == EXPECTED, found
    assert found["text_changed"]["count"] == 1, found
    decisions = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    places = {
        one["id"]: [(span["start"], span["end"], span["label"]) for span in one["after"]]
        for one in decisions
        if one["verdict"] == "done"
    }
    assert places == PLACES, places


def main() -> None:
    """Do it, and say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="the command label-studio")
    parser.add_argument("--write", action="store_true", help="keep the exports as data of tests")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        words = ["review", "export", str(DATA / "base.jsonl"), "--source", str(DATA / "source.jsonl"), "--quiet"]
        assert crosspan([*words, "--to", "label-studio", "--random", "9", "-o", str(folder / "tasks.json")]) == 0
        server = Server(given.program.absolute(), folder / "data")
        try:
            server.wait()
            settings = (folder / "tasks.xml").read_text(encoding="utf-8")
            project = server.ask("/api/projects", {"title": "crosspan", "label_config": settings})["id"]
            server.ask(f"/api/projects/{project}/import", rows(folder / "tasks.json"))
            annotate(server, project, folder)
            for kind, file in EXPORTS.items():
                export = folder / file
                export.write_bytes(
                    server.raw(f"/api/projects/{project}/export?exportType={kind}&download_all_tasks=true")
                )
                compare(export, folder / f"{kind}.jsonl")
                print(f"Label Studio, {kind}: everything came back as it was annotated")
                if given.write:
                    shutil.copy(export, DATA / file)
        finally:
            server.process.terminate()
            server.process.wait(30)


if __name__ == "__main__":
    main()
