"""Pages as Markdown: those that are written, which an installed package brings along, and those made from the code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from crosspan.core.errors import MissingDependencyError, OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.manual.contents import KINDS, START, Kind, kind_of

_ROOT_PAGES = {"README.md": START, "CONTRIBUTING.md": "contributing", "CHANGELOG.md": "changes"}
"""Pages that stand at the top of a checkout, and what they are called here."""

_FENCE = re.compile(r"^(```+).*?^\1[ ]*$\n?", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"^<!--[^\n]*-->\n", re.MULTILINE)
_HEADING = re.compile(r"^(#+) +(.*?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the manual.

    Args:
        name: What it is asked for by, such as ``projection`` or ``commands/tag``.
        title: Its title.
        make: Returns its Markdown; links lead to other pages as ``other.md#heading``, relative to its own place.
    """

    name: str
    title: str
    make: Callable[[], str]

    def text(self) -> str:
        """Its Markdown."""
        return self.make()


class Manual:
    r"""All pages by name.

    Args:
        pages: The pages.

    Example:
        >>> manual = Manual([Page("a", "A page", lambda: "# A page\n\nText.\n\n## More\n\nOf it.\n")])
        >>> page, heading = manual.find("a#more")
        >>> page.title, heading
        ('A page', 'more')
    """

    def __init__(self, pages: list[Page]) -> None:
        self._pages = {page.name: page for page in pages}

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages.values())

    def __contains__(self, name: object) -> bool:
        return name in self._pages

    def __getitem__(self, name: str) -> Page:
        return self._pages[name]

    def of_kind(self, kind: Kind) -> list[Page]:
        """The pages of a kind, in their order."""
        found: list[Page] = []
        for name in kind.pages:
            if name.endswith("/"):
                found += [page for page in self if page.name.startswith(name)]
            elif name in self:
                found.append(self[name])
        return found

    def find(self, topic: str) -> tuple[Page, str]:
        """The page that is asked for, and the heading on it, which is empty for the whole page.

        Args:
            topic: The name of a page, its file (``docs/projection.md``), or either with ``#`` and a heading.

        Raises:
            OptionError: There is no such page or heading; the error names the nearest, and pages with the word.
        """
        name, _, heading = topic.partition("#")
        name = name.strip().replace(" ", "-").removeprefix("docs/").removesuffix(".md").strip("/")
        known = (one for one in (name, name.replace("-", "_")) if one in self)
        ends = (page.name for page in self if page.name.endswith(f"/{name}"))
        found = next(known, None) or next(ends, None)
        if found is None:
            raise OptionError(f"there is no page {topic!r}", hint=self._hint(name))
        page = self[found]
        if heading and heading not in (there := anchors(page.text())):
            raise OptionError(f"{page.name} has no heading {heading!r}", hint=did_you_mean(heading, there))
        return page, heading

    def _hint(self, name: str) -> str:
        """What was meant: a name that is near, or pages on which the word stands in a heading."""
        word = name.rpartition("/")[2].replace("-", " ").replace("_", " ").lower()
        having = [page.name for page in self if word and any(word in one.lower() for _, one in headings(page.text()))]
        if having:
            return f"It stands in headings of {', '.join(having)}."
        return did_you_mean(name, [page.name for page in self], otherwise="'crosspan docs' lists them all.")


def headings(text: str) -> list[tuple[int, str]]:
    r"""The headings of a page: level and words.

    Example:
        >>> headings("# A\n\n```sh\n# none\n```\n\n## `b` c\n")
        [(1, 'A'), (2, 'b c')]
    """
    return [(len(found[1]), found[2].replace("`", "")) for found in _HEADING.finditer(_FENCE.sub("", text))]


def anchor(heading: str) -> str:
    """What a link names a heading by, as GitHub and the site have it.

    Example:
        >>> anchor("Where to add …"), anchor("How sure is a score?")
        ('where-to-add-', 'how-sure-is-a-score')
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings."""
    return [anchor(words) for _, words in headings(text)]


def section(text: str, heading: str) -> str:
    r"""A part of a page: from a heading to the next that is as high.

    Example:
        >>> section("# A\n\n## B\n\nb\n\n### C\n\n## D\n", "b")
        '## B\n\nb\n\n### C\n\n'
    """
    hidden = _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)  # lines of code are no headings
    found = list(_HEADING.finditer(hidden))
    for at, one in enumerate(found):
        if anchor(one[2].replace("`", "")) == heading:
            rest = (other.start() for other in found[at + 1 :] if len(other[1]) <= len(one[1]))
            return text[one.start() : next(rest, len(text))]
    return text


def written_pages() -> list[Page]:
    """The pages that are written, wherever they lie: in a checkout, or in the installed package.

    Raises:
        MissingDependencyError: They are not there.
    """
    return [Page(name, _title(path), _reader(name, path)) for name, path in _files().items()]


@cache
def _files() -> dict[str, Path]:
    """The file of each page by its name."""
    brought = Path(__file__).parent / "written"
    folder = brought if brought.is_dir() else Path(__file__).parents[3] / "docs"
    top = brought if brought.is_dir() else folder.parent
    if not (folder / "tutorial.md").is_file():
        raise MissingDependencyError(
            "the pages of the manual are not here", hint="Install crosspan again, or read them where it comes from."
        )
    found = {name: top / file for file, name in _ROOT_PAGES.items() if (top / file).is_file()}
    for path in sorted(folder.rglob("*.md")):
        if path not in found.values():
            found[path.relative_to(folder).as_posix().removesuffix(".md")] = path
    return found


def _title(path: Path) -> str:
    with open(path, encoding="utf-8") as stream:
        return next((line[2:].strip() for line in stream if line.startswith("# ")), path.stem)


def _reader(name: str, path: Path) -> Callable[[], str]:
    place = next((file for file, one in _ROOT_PAGES.items() if one == name), f"docs/{name}.md")
    return lambda: relinked(_COMMENT.sub("", path.read_text(encoding="utf-8")), place, {*_files()})


def relinked(text: str, place: str, names: set[str]) -> str:
    """Let links lead to pages of the manual; where one leads to another file of a checkout, name that file.

    Args:
        text: A page.
        place: Where it lies in a checkout.
        names: The names of all written pages.

    Example:
        >>> relinked("[a](docs/a.md#b) [code](src/x.py) [c](https://c.org)", "README.md", {"a"})
        '[a](a.md#b) code (`src/x.py`) [c](https://c.org)'
    """
    here = posixpath.dirname(_page_file(place))

    def link(found: re.Match[str]) -> str:
        picture, words, address = found.groups()
        path, _, heading = address.partition("#")
        if not path or "://" in address:
            return found[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
        file = _page_file(target)
        if file.removesuffix(".md") in names or (picture and target.startswith("docs/")):
            return f"{picture}[{words}]({posixpath.relpath(file, here or '.')}{f'#{heading}' if heading else ''})"
        return f"{words} (`{target}`)"

    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(link, text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, _LINK.sub(link, text[at:])])


def _page_file(place: str) -> str:
    """The file of a page in the manual, from where it lies in a checkout."""
    return f"{_ROOT_PAGES[place]}.md" if place in _ROOT_PAGES else place.removeprefix("docs/")


def contents(manual: Manual) -> Iterator[tuple[Kind, list[Page]]]:
    """The kinds with their pages."""
    for kind in KINDS:
        yield kind, manual.of_kind(kind)


def without_kind(manual: Manual) -> list[str]:
    """Names of pages that stand nowhere in the contents."""
    return [page.name for page in manual if page.name != START and kind_of(page.name) is None]
