"""``crosspan convert``: from one format to another."""

from __future__ import annotations

import sys
from typing import Any

import click

from crosspan.cli import options
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import say, say_json
from crosspan.cli.places import InFile, OutFile, verb
from crosspan.cli.rejects import EXIT_REJECTED
from crosspan.io import SentenceFile, Writing
from crosspan.io.convert import convert
from crosspan.io.losses import losses_text


@verb("convert")
@click.argument("source", metavar="IN", type=InFile())
@click.argument("target", metavar="OUT", type=OutFile())
@options.input_format(of="IN")
@options.output_format("OUT", convert=True)
@options.columns(of="IN")
@click.option(
    "--scheme",
    type=FamilyChoice("crosspan.schemes"),
    default="IOB2",
    show_default=True,
    help="Tag scheme of OUT.",
)
@options.scheme("--from-scheme", "IN")
@options.reading("IN")
@click.option(
    "--offsets",
    type=FamilyChoice("crosspan.units"),
    default="codepoints",
    show_default=True,
    help="What character offsets of OUT count, in --to entities.",
)
@options.repair("IN", "'error' goes by --on-error")
@options.language()
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="Stop at a sentence with bad labels, or leave it out (exit code 3).",
)
@options.ending
def command(
    source: str,
    target: str,
    from_format: str,
    to_format: str,
    columns: str | None,
    scheme: str,
    from_scheme: str,
    repair: str,
    lang: str | None,
    on_error: str,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Convert labelled data between CoNLL columns, JSONL, Parquet and plain text.

    A dash stands for standard input or output. OUT appears only once it is complete.
    """
    how: dict[str, Any] = {"columns": columns, "scheme": from_scheme, "repair": repair, "lang": lang}
    result = convert(
        SentenceFile(source, from_format, **how, **options.reading_of(given)),
        target,
        to_format=to_format,
        how=Writing(scheme=scheme, offsets=given["offsets"]),  # type: ignore[arg-type]  # click has checked the choice
        on_error=on_error,  # type: ignore[arg-type]
    )
    for reject in result.rejects:
        say(f"{reject.where}: left out: {reject.reason}")
    if as_json:
        rejects = [{"index": r.index, "where": r.where, "reason": r.reason} for r in result.rejects]
        summary = {"sentences": result.sentences, "spans": result.spans, "rejects": rejects, "lost": dict(result.lost)}
        say_json(summary, err=target == "-")
    elif not quiet:
        left_out = f", {len(result.rejects)} left out" if result.rejects else ""
        say(f"{target}: {result.sentences} sentences, {result.spans} entities{left_out}")
        if lost := losses_text(result.lost):
            say(lost)
    if result.rejects:
        sys.exit(EXIT_REJECTED)
