"""``crosspan docs``: the manual, on the terminal or in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crosspan.cli.messages import say, say_lines, say_markdown
from crosspan.cli.places import verb

if TYPE_CHECKING:
    from crosspan.manual import Manual


@verb("docs")
@click.argument("topic", metavar="[TOPIC]", required=False)
@click.option("--open", "in_browser", is_flag=True, help="Open it in a browser, and print its address.")
def command(topic: str | None, in_browser: bool) -> None:
    """Show a page of the manual; without TOPIC, list them all.

    TOPIC is the name of a page, such as projection, of a command, such as 'review apply', or either with a heading of
    it, such as errors#outages. The pages come with crosspan: nothing is fetched, and they are those of this version.

    In a terminal a page is laid out, else it is written as Markdown. With --open all pages are written as HTML to the
    user's cache, and links between them work.
    """
    from crosspan.cli.manual_pages import whole_manual

    manual = whole_manual()
    if in_browser:
        import webbrowser

        from crosspan.core.digests import user_cache
        from crosspan.manual.hypertext import write_manual

        page, heading = manual.find(topic or "index")
        file = write_manual(manual, user_cache() / "manual") / f"{page.name}.html"
        address = file.absolute().as_uri() + (f"#{heading}" if heading else "")
        webbrowser.open(address)
        say(address, err=False)
    elif topic is None:
        say_lines(_listed(manual), err=False)
    else:
        from crosspan.manual.pages import section

        page, heading = manual.find(topic)
        say_markdown(section(page.text(), heading) if heading else page.text())


def _listed(manual: Manual) -> str:
    from crosspan.core.tables import Table
    from crosspan.manual.pages import contents

    tables = []
    for kind, pages in contents(manual):
        rows = [[f"  {page.name}", page.title] for page in pages if not page.name.startswith("commands/")]
        if len(rows) < len(pages):
            rows.insert(1, ["  VERB", "What a command does, and its options"])
        tables.append(Table((), rows, f"{kind.name}: {kind.about}").text())
    return "\n\n".join([*tables, "'crosspan docs TOPIC' shows one of them, with --open in a browser."])
