"""``crosspan review export``: labels as what a tool for annotators imports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from crosspan.cli import options, reviewing
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import in_lines, say_json, say_lines
from crosspan.cli.places import InRun, OutFile, verb
from crosspan.cli.rejects import EXIT_REJECTED


@verb("export", no_args_is_help=True)
@click.argument("file", metavar="FILE | RUN", type=InRun())
@click.option("--to", "tool", type=click.Choice(reviewing.TOOLS), required=True, help="The tool.")
@options.out("OUT", "What the tool imports; for INCEpTION it ends in .json or .xmi.")
@reviewing.with_source()
@click.option("--random", type=click.IntRange(0), metavar="N", help="So many sentences drawn by chance.")
@click.option("--uncertain", type=click.IntRange(0), metavar="N", help="So many of the others, least sure first.")
@options.seed("the draw")
@options.labels("Labels that can be given besides those that FILE has; may be repeated.")
@click.option(
    "--config",
    metavar="FILE",
    type=OutFile(),
    help="Settings of the labelling page of Label Studio.  [default: OUT with .xml]",
)
@click.option(
    "--offsets",
    type=FamilyChoice("crosspan.units"),
    help="What places count, in doccano.  [default: utf16, as it shows]",
)
@reviewing.base()
@options.ending
def command(file: str, tool: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Write the labels of FILE for a tool in which people correct them.

    FILE is what 'crosspan project' or 'crosspan tag' wrote, or any labelled file; RUN is the folder of 'crosspan run'.
    The tool shows the labels as predictions, with the source sentence where it is known. 'crosspan review import' reads
    what comes back.

    Only what is drawn by chance (--random) says how good the labels are as a whole; what is least sure (--uncertain)
    is where corrections pay. Without either all sentences are written, in their order.
    """
    from crosspan.review.drawing import draw
    from crosspan.review.tasks import read_tasks
    from crosspan.review.tools import tool_by_name
    from crosspan.review.tools.tool import ToolOptions

    config = _config(tool, out, given["config"], file)
    if given["offsets"] is not None and tool != "doccano":
        raise click.UsageError("--offsets is for doccano: the other tools count in one way alone.")
    with reviewing.files_of(file, given) as files:
        faults = reviewing.Faults(read_tasks(files))
        shown = draw(faults, random=given["random"], uncertain=given["uncertain"], seed=given["seed"])
    faults.show()
    how = ToolOptions(config=config, labels=options.split_names(given["labels"]), offsets=given["offsets"])
    tool_by_name(tool).write(out, shown, how)
    spans = sum(len(one.task.sentence.spans) for one in shown)
    drawn = {why: sum(one.drawn == why for one in shown) for why in ("random", "uncertain")}
    if as_json:
        summary = {"sentences": len(shown), "spans": spans, **drawn, "rejected": faults.count, "config": config}
        say_json(summary, err=out == "-")
    elif not quiet:
        name = "<stdout>" if out == "-" else out
        why = ", ".join(f"{count} {what}" for what, count in drawn.items() if count)
        lines = [f"{name}: {len(shown)} sentences{f' ({why})' if why else ''}, {spans} entities, for {tool}"]
        if config is not None:
            lines.append(f"{config}: settings of the labelling page")
        say_lines(in_lines(lines))
    if faults.count:
        sys.exit(EXIT_REJECTED)


def _config(tool: str, out: str, given: str | None, file: str) -> str | None:
    """Where the settings of a labelling page go, if the tool has some; that it can be written is looked at here."""
    from crosspan.core.overwrites import check_writing

    if tool != "label-studio":
        if given is not None:
            raise click.UsageError("--config is for Label Studio: other tools have no such settings.")
        return None
    if given is not None or out == "-":
        return given
    config = str(Path(out).with_suffix(".xml")) if Path(out).suffix != ".xml" else f"{out}.xml"
    check_writing([config, out], InRun().read([file]))
    return config
