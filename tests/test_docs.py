"""The code blocks of the documentation run, and say what the documentation says they say.

The blocks of a page run in order, in one temporary folder:

- ``text``, ``json`` and the like with ``title="NAME"`` after the language become the file NAME;
- ``python`` runs; the blocks of a page share their names, and what stands behind ``>>>`` must print what is shown;
- ``console`` runs the lines that begin with ``$``. What is shown below a command must be what it prints, except that
  ``...`` stands for anything, white space does not count, and one number is as good as another: figures move with
  the trained weights.

A comment on the line before a block says what is different: ``<!-- not run -->``, or ``<!-- exit code 3 -->`` for the
last command of a console block. Other languages (``sh``, ``text`` without a title) are for readers only.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from crosspan.cli.main import main

ROOT = Path(__file__).parents[1]
PAGES = [page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")] if page.is_file()]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"(```+)(\w*)\s*(.*)")
TITLE = re.compile(r'title="([^"]+)"')
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    title: str | None
    note: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    found: list[Block] = []
    lines = page.split("\n")
    before, at = "", 0
    while at < len(lines):
        fence = FENCE.fullmatch(lines[at])
        if fence is None:
            before = lines[at] or before
            at += 1
            continue
        end = lines.index(fence[1], at + 1)
        title = TITLE.search(fence[3])
        text = "".join(line + "\n" for line in lines[at + 1 : end])
        note = before.removeprefix("<!--").removesuffix("-->").strip() if before.startswith("<!--") else ""
        found.append(Block(at + 2, fence[2], title and title[1], note, text))
        before, at = "", end + 1
    return found


def commands_of(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what is shown below it."""
    found: list[tuple[str, str]] = []
    goes_on = False
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:].strip(), ""))
        elif goes_on:
            found[-1] = (found[-1][0].removesuffix("\\") + line.strip(), "")
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
        goes_on = not found[-1][1] and found[-1][0].endswith("\\")
    return found


def run(command: str) -> tuple[int, str]:
    """Run a command in the working folder; plain ones of ours in this process, which saves the start of another."""
    if command.startswith("crosspan ") and not re.search(r"[|<>;&*]", command):
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = main(shlex.split(command)[1:])
        return code, raw.getvalue().decode()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def without_figures(text: str) -> str:
    return re.sub(r"\d+", "0", text)


SLOW = re.compile(r"^(crosspan: compiling code .*|[\w ]+: [\d,]+ of [\d,]+(; \d+ s)?)\n", re.MULTILINE)
"""What is said only where something takes long."""


def agree(shown: str, printed: str) -> bool:
    printed = SLOW.sub("", printed)
    shown = re.sub(r"\s*^\.\.\.$\s*", "...", shown, flags=re.MULTILINE)  # what is left out may be nothing
    return doctest.OutputChecker().check_output(without_figures(shown), without_figures(printed), FLAGS)


def run_console(block: Block, page: str) -> None:
    commands = commands_of(block.text)
    last = int(block.note.removeprefix("exit code ")) if block.note.startswith("exit code ") else 0
    for number, (command, shown) in enumerate(commands, 1):
        code, printed = run(command)
        place = f"{page}:{block.line}: {command}"
        assert code == (last if number == len(commands) else 0), f"{place}\nexit code {code}\n{printed}"
        assert not shown.strip() or agree(shown, printed), f"{place}\nprints:\n{printed}"


def run_python(block: Block, names: dict[str, object], page: str) -> None:
    if ">>> " not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, page, page, block.line)
    report = io.StringIO()
    doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(test, out=report.write, clear_globs=False)
    assert not report.getvalue(), report.getvalue()
    names.update(test.globs)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_blocks(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    names: dict[str, object] = {"__name__": "docs"}
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.note == "not run":
            continue
        if block.title is not None:
            Path(block.title).parent.mkdir(parents=True, exist_ok=True)
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            run_python(block, names, page.name)
        elif block.language == "console":
            run_console(block, page.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in LINK.findall(text):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if heading:
            assert heading in headings_of(target), f"{page.name} links to {link}"


def headings_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.strip().lower()).replace(" ", "-") for line in lines}


def test_what_is_shown_is_compared():
    assert agree("a.conll: 2 sentences, 0.5 s", "a.conll:  3 sentences, 12.25 s\n")
    assert agree("left out: ...", "left out: 3 sentences\n")
    assert agree("a\n...\nb\n", "a\nb\n")
    assert not agree("2 sentences", "2 spans\n")
    assert agree("a", "reading features: 135 of 135\nlearn: 1,680 of 1,680; 116 s\na\n")


def test_blocks_are_found():
    page = 'Text\n\n```text title="a.txt"\nx\n```\n<!-- exit code 3 -->\n```console\n$ a \\\n  b\nc\n$ d\n```\n'
    file, console = blocks_of(page)
    assert (file.title, file.text, console.note, console.line) == ("a.txt", "x\n", "exit code 3", 8)
    assert commands_of(console.text) == [("a b", "c\n"), ("d", "")]


FEATURES_FILE = ROOT / "src" / "crosspan" / "project" / "features.py"
PROJECTION_PAGE = ROOT / "docs" / "projection.md"
MARKED_TABLE = re.compile(r"(?<=<!-- features -->\n).*?(?=<!-- /features -->)", re.DOTALL)
UNCOMMENTED = {  # what the names say already where they stand
    "first_mass": "mass of the first word",
    "first_outside": "outside of the first word",
    "last_mass": "mass of the last word",
    "last_outside": "outside of the last word",
    "right_mass": "mass of the word after it",
    "left_outside": "outside of the word before it; 1 at the beginning of the sentence",
    "right_outside": "outside of the word after it; 1 at the end of the sentence",
    "last_punctuation": "the candidate ends with punctuation and the entity does not",
    "last_small": "ends with a word in small letters, the entity does not",
    "last_frequent": "the same for the last word",
    "last_article": "ends with a frequent word in small letters, and the entity has a capitalised word",
    "right_name": "the same for the word after it",
}


def features_table() -> str:
    """The table of the candidates' features: from the comments in the code, with the built-in weights."""
    from crosspan.project.features import FEATURES
    from crosspan.project.weights import learned_weights

    comments = dict(re.findall(r'^    "(\w+)",(?:  # (.*))?$', FEATURES_FILE.read_text(encoding="utf-8"), re.MULTILINE))
    weights = learned_weights().weights
    rows = ["| feature | what | weight |", "|---|---|---:|"]
    for name in FEATURES:
        what = UNCOMMENTED.get(name) or comments[name]
        what = what.replace("|log(|t| / |s|)|", "absolute log of words of the candidate / words of the entity")
        what = what.replace("|s| + |t|", "words of both")
        assert "|" not in what, f"{name}: a bar would break the table"
        rows.append(f"| `{name}` | {what} | {weights.get(name, 0.0):.2f} |")
    return "\n".join(rows) + "\n"


def test_the_table_of_features_is_that_of_the_code():
    table = MARKED_TABLE.search(PROJECTION_PAGE.read_text(encoding="utf-8"))
    assert table is not None
    assert table[0] == features_table(), (
        "the code has changed: run 'python tests/test_docs.py' to write the table again"
    )


if __name__ == "__main__":
    page = PROJECTION_PAGE.read_text(encoding="utf-8")
    PROJECTION_PAGE.write_text(MARKED_TABLE.sub(lambda _: features_table(), page), encoding="utf-8")
