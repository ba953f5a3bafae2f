"""``crosspan backends``: what can be named as a tagger, an aligner and so on, and what it needs."""

from __future__ import annotations

import click

from crosspan.cli.messages import say_json, say_lines
from crosspan.cli.places import verb

# as crosspan.pipeline.backends.FAMILIES, which must not be loaded for --help
FAMILIES = (
    *("translators", "taggers", "aligners", "projectors", "scorers", "matchers", "trainers", "formats", "suites"),
)


@verb("backends")
@click.argument("families", metavar="[FAMILY]...", nargs=-1, type=click.Choice(FAMILIES))
@click.option("--json", "as_json", is_flag=True, help="Write all that is known as JSON.")
def command(families: tuple[str, ...], as_json: bool) -> None:
    """List what can be named as a translator, tagger, aligner, projector and so on, and what each needs.

    A FAMILY is one of translators, taggers, aligners, projectors, scorers, matchers, trainers, formats and suites; all
    are listed by default. What other packages bring is listed too, with the package it comes from. A model is "hub"
    where it can be named and is fetched then, and "own" where a file, folder or server must be there.
    """
    from crosspan.core.tables import Table, words
    from crosspan.pipeline.backends import backends

    found = backends(families)
    if as_json:
        say_json([one.to_dict() for one in found], indent=2)
        return
    header = words("name", "here", "model", "GPU", "needs", "from", "what it is")
    tables = []
    for family in dict.fromkeys(one.family for one in found):
        rows = [
            (
                one.name,
                "yes" if one.installed else "no",
                ("hub" if one.downloads else "own") if one.model else "",
                "yes" if one.gpu else "",
                one.needs,
                one.brought_by,
                one.about,
            )
            for one in found
            if one.family == family
        ]
        notes = [f"{one.name}: {one.missing} is not here" for one in found if one.family == family and one.missing]
        tables.append(Table(header, rows, family, notes).text())
    say_lines("\n\n".join(tables), err=False)
