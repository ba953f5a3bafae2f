"""``crosspan review import``: what annotators did, as decisions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options, reviewing
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import in_lines, say_json, say_lines
from crosspan.cli.places import InFile, InRun, verb
from crosspan.cli.rejects import EXIT_REJECTED

if TYPE_CHECKING:
    from crosspan.review.decisions import Verdict
    from crosspan.review.importing import Imported
    from crosspan.review.tools.tool import ReviewTool


@verb("import", no_args_is_help=True)
@click.argument("export", type=InFile())
@click.option("--base", metavar="FILE | RUN", type=InRun(), required=True, help="What was exported to the tool.")
@options.out("DECISIONS", "The decisions, as lines of JSON; - stdout.")
@click.option("--from-tool", type=click.Choice(reviewing.TOOLS), help="The tool.  [default: found out]")
@click.option(
    "--looked-at",
    is_flag=True,
    help="Somebody looked at every sentence in EXPORT: of doccano, only approved ones were exported; of INCEpTION, the "
    "document was finished.",
)
@click.option(
    "--offsets",
    type=FamilyChoice("crosspan.units"),
    help="What places count in EXPORT of doccano.  [default: found out for each, and told]",
)
@reviewing.base("the base")
@options.ending
def command(export: str, base: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Read EXPORT, which a tool for annotators wrote, as decisions on the sentences of --base.

    Label Studio: JSON or JSON_MIN. doccano: JSONL, or the archive it is in; --tag-names names its label configuration
    where labels are numbers. INCEpTION: UIMA CAS JSON or XMI, or the
    archive it is in. Prodigy: what db-out writes.

    Says what became of each span: accepted, moved, relabelled, deleted, added, or untouched; and what is no decision:
    not mine (no sentence of the base), text changed, refused. The exit code is 3 where some were changed or refused.
    """
    from crosspan.core.files import open_output
    from crosspan.io.jsonl import put_records
    from crosspan.io.label_names import numbered
    from crosspan.review.decision_file import check_kept
    from crosspan.review.importing import import_decisions
    from crosspan.review.tasks import read_tasks
    from crosspan.review.tools import find_tool, tool_by_name
    from crosspan.review.tools.tool import ToolOptions

    tool = tool_by_name(given["from_tool"] or find_tool(export))
    names = options.reading_of(given)["tag_names"]
    how = ToolOptions(offsets=given["offsets"], label_names=None if names is None else numbered(names))
    with reviewing.files_of(base, given) as files:
        found = import_decisions(export, tool.name, read_tasks(files), looked=given["looked_at"], options=how)
    check_kept(out, found.decisions)
    with open_output(out) as stream:
        put_records(stream, [one.to_dict() for one in found.decisions])
    if as_json:
        say_json({"tool": tool.name, **found.to_dict()}, err=out == "-")
    elif not quiet:
        say_lines(summary_text("<stdout>" if out == "-" else out, found, tool))
    if found.refused:
        sys.exit(EXIT_REJECTED)


def summary_text(name: str, found: Imported, tool: ReviewTool) -> str:
    """The summary for people.

    Args:
        name: Where the decisions are.
        found: What was read.
        tool: Where it came from.
    """
    verdicts = [one.verdict for one in found.decisions]
    counts = [f"{verdicts.count(one)} {word}" for one, word in _VERDICTS.items() if verdicts.count(one)]
    lines = [f"{name}: {len(verdicts)} decisions from {tool.title}{' (' + ', '.join(counts) + ')' if counts else ''}"]
    width = max(map(len, found.tallies))
    for what, tally in found.tallies.items():
        first = f"  first: {tally.first}" if tally.first else ""
        reason = f": {tally.reason}" if tally.reason else ""
        lines.append(f"  {what:<{width}}  {tally.count:>6}{first}{reason}")
    lines += notes_on(found, tool)
    return in_lines(lines)


_VERDICTS: dict[Verdict, str] = {"done": "done", "reject": "rejected", "skip": "skipped"}


def notes_on(found: Imported, tool: ReviewTool) -> list[str]:
    """What else must be known of an import, in sentences."""
    notes = []
    if not found.decisions:
        not_mine = found.tallies["not mine"].count
        if not_mine:
            notes.append(f"{not_mine} records are of no sentence of the base: --base names the file that was exported")
        if found.unanswered:
            notes.append(f"{found.unanswered} records have no answer: in {tool.title} nobody has decided them yet")
    if found.unlooked:
        notes.append(
            f"{found.unlooked} sentences are as they were, and {tool.title} does not say whether somebody looked at "
            "them: they are no decisions, and nothing can be said of quality; --looked-at says that all were"
        )
    for unit, count in found.units.items():
        notes.append(
            f"{count} entities behind characters beyond U+FFFF were read as counting {unit}; --offsets settles it"
        )
    if found.by_text:
        notes.append(f"{found.by_text} sentences had lost their names, and were found by their text")
    if found.several:
        notes.append(f"{found.several} decisions are on sentences that have one already; the last holds")
    return notes
