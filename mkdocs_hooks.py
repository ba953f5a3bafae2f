"""What mkdocs asks for when it makes the site: the pages of the manual, those made from the code among them."""

from __future__ import annotations

import html
import re
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from crosspan.cli.manual_pages import PYTHON, public_names, python_lead, whole_manual
from crosspan.manual.contents import START
from crosspan.manual.pages import contents, without_kind

_MANUAL = whole_manual()
_BAR = r"\|"
_TABLE_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
_CODE_WITH_BAR = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
_ROLE = re.compile(r":\w+:(`)~?((?:[\w.]*\.)?\w+`)")


class HouseDocstrings(griffe.Extension):
    """Reads docstrings as this house writes them: one example, and roles of Sphinx before names."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the text of a docstring before it is read."""
        if obj.docstring is not None:
            text = _ROLE.sub(r"\1\2", obj.docstring.value)
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Say which pages there are, by kind."""
    lost = without_kind(_MANUAL)
    if lost:
        raise SystemExit(f"in no kind of crosspan.manual.contents.KINDS: {', '.join(lost)}")
    nav: list[Any] = [{"Start": f"{START}.md"}]
    for kind, pages in contents(_MANUAL):
        nav.append({kind.name: _grouped([(page.name, page.title) for page in pages])})
    config.nav = nav
    return config


def _grouped(pages: list[tuple[str, str]]) -> list[Any]:
    """The pages of a kind; commands and settings are groups of their own."""
    found: list[Any] = []
    groups: dict[str, list[Any]] = {}
    names = {name for name, _ in pages}
    for name, title in pages:
        folder = name.rpartition("/")[0]
        head = {"settings": "Settings"}.get(folder)
        if name == "commands" or folder == "commands":
            head = "Commands"
        if head is None:
            found.append({title: f"{name}.md"})
            continue
        if head not in groups:
            groups[head] = []
            found.append({head: groups[head]})
        short = title.removeprefix("Settings: ").removeprefix("crosspan ")
        groups[head].append(f"{name}.md" if name in names and name == "commands" else {short: f"{name}.md"})
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in the folder of the documentation."""
    for page in _MANUAL:
        if files.get_file_from_path(f"{page.name}.md") is None:
            files.append(File.generated(config, f"{page.name}.md", content=page.text()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """The text of the manual; signatures and docstrings take the place of the lines on public names."""
    name = page.file.src_uri.removesuffix(".md")
    if name == PYTHON:
        return "\n\n".join([python_lead(), *(f"::: crosspan.{one}" for one in public_names())])
    return _TABLE_ROW.sub(_with_bars, _MANUAL[name].text())


def _with_bars(row: re.Match[str]) -> str:
    """A row of a table, in whose code a bar needs no backslash."""
    return _CODE_WITH_BAR.sub(lambda code: f"<code>{html.escape(code[1]).replace(_BAR, '&#124;')}</code>", row[0])
