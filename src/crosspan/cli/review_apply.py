"""``crosspan review apply``: gold from decisions, and how good the labels are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options, reviewing
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import in_lines, say, say_json, say_lines
from crosspan.cli.places import InFile, InRun, OutFolder, verb
from crosspan.cli.rejects import EXIT_REJECTED, SHOWN_REJECTS

if TYPE_CHECKING:
    from crosspan.review.applying import Applied


@verb("apply", no_args_is_help=True)
@click.argument("base", metavar="FILE | RUN", type=InRun())
@click.argument("decisions", nargs=-1, required=True, type=InFile())
@options.out("DIR", "The folder of the results: gold, rest, and quality.json.", kind=OutFolder)
@click.option(
    "--to",
    "to_format",
    type=FamilyChoice("crosspan.written-formats"),
    default="jsonl",
    show_default=True,
    help="Format of gold and rest.",
)
@options.bootstrap(1000)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Chance that an interval holds the true value.",
)
@options.seed("the resampling")
@reviewing.base()
@options.ending
def command(base: str, decisions: tuple[str, ...], out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Make gold of the sentences of FILE that were decided, and say how good the others are.

    FILE or RUN is what was looked at, DECISIONS what 'crosspan review' wrote: of several people, the latest decision on
    a sentence holds. 'gold' has the sentences as they were decided, 'rest' all others as they were; what was rejected
    is in neither. 'crosspan train DIR/gold.jsonl DIR/rest.jsonl' trains on both.

    Precision, recall and F1 are estimated from the sentences that were drawn by chance, with intervals.
    """
    from crosspan.cli.tables import show
    from crosspan.review.applying import apply_decisions, gather
    from crosspan.review.quality import quality_tables

    how = {name: given[name] for name in ("to_format", "bootstrap", "confidence", "seed")}
    with reviewing.files_of(base, given) as files:
        found = apply_decisions(files, gather(decisions), out, **how)
    for name, reason in found.faults[:SHOWN_REJECTS]:
        say(f"{name}: not applied: {reason}")
    if len(found.faults) > SHOWN_REJECTS:
        say(f"... and {len(found.faults) - SHOWN_REJECTS} more that were not applied")
    if as_json:
        say_json(found.to_dict())
    elif not quiet:
        say_lines(summary_text(out, found))
        if found.quality is not None:
            show(quality_tables(found.quality))
    if found.faults:
        sys.exit(EXIT_REJECTED)


def summary_text(out: str, found: Applied) -> str:
    """The summary for people.

    Args:
        out: The folder of the results.
        found: What became of the sentences.
    """
    counts = ", ".join(f"{count} {kind}" for kind, count in found.changes.items() if count)
    lines = [f"{out}: {found.gold} sentences are gold{f' ({counts})' if counts else ''}, {found.rest} are the rest"]
    if found.rejected:
        lines.append(f"{found.rejected} sentences were rejected, and are in neither")
    if found.skipped:
        lines.append(f"{found.skipped} sentences were skipped, and are in the rest")
    if found.strange:
        lines.append(f"{len(found.strange)} decisions are on sentences that are not there, such as {found.strange[0]}")
    if found.other_labels:
        lines.append(
            f"{found.other_labels} sentences have other labels now than were shown; they are scored as they are"
        )
    if found.disputed:
        lines.append(f"{found.disputed} sentences were decided differently by two people; the later decision holds")
    lines += [f"{place}: the line was not written to its end, and is no decision" for place in found.torn]
    return in_lines(lines)
