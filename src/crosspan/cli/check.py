"""``crosspan check``: look at data before anyone works with it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_json
from crosspan.cli.places import InFile, verb
from crosspan.io import Reading
from crosspan.io.inspect import FileSummary, Report, check_files


@verb("check")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=InFile())
@click.option(
    "--pair", "pairs", nargs=2, multiple=True, type=InFile(), metavar="SRC TGT", help="Translations, line by line."
)
@options.input_format(of="the files")
@options.tagged_input("the files")
@options.reading("the files", "--offsets")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Findings of one kind shown for a file."
)
@options.as_json
@click.option("--quiet", is_flag=True, help="Show errors only.")
def command(
    files: tuple[str, ...],
    pairs: tuple[tuple[str, str], ...],
    from_format: str,
    columns: str | None,
    scheme: str,
    limit: int,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Look for bad tags, unequal pairs, empty sentences, duplicates and encoding trouble.

    Exit code 1 if there are errors; warnings and notes leave it at 0.
    """
    if not files and not pairs:
        raise click.UsageError("Name a file, or a pair of files with --pair.")
    if "-" in files or any("-" in pair for pair in pairs):
        raise click.UsageError("Standard input can be read only once, and a check reads twice: name a file.")
    report = check_files(
        files,
        pairs=pairs,
        format=from_format,
        how=Reading(columns=columns, scheme=scheme, **options.reading_of(given)),  # type: ignore[arg-type]  # click has checked the choice
        limit=limit,
    )
    if as_json:
        say_json(_as_dict(report), indent=2)
    else:
        _show(report, quiet=quiet)
    if report.total("error"):
        sys.exit(1)


def _as_dict(report: Report) -> dict[str, object]:
    counts = [{"severity": s, "code": code, "count": n} for (s, code), n in sorted(report.counts.items())]
    return {
        "files": [asdict(summary) for summary in report.files],
        "findings": [asdict(finding) for finding in report.findings],
        "counts": counts,
        "errors": report.total("error"),
        "warnings": report.total("warning"),
        "notes": report.total("note"),
    }


def _show(report: Report, *, quiet: bool) -> None:
    for finding in report.findings:
        if finding.severity == "error" or not quiet:
            say(f"{finding.where}: {finding.severity}: {finding.message} [{finding.code}]", err=False)
    hidden = report.counts.total() - len(report.findings)
    if quiet:
        return
    if hidden:
        say(f"... and {hidden} more of the same kinds; --limit shows more of them.", err=False)
    for summary in report.files:
        say(_line_about(summary), err=False)
    counts = (f"{report.total(severity)} {severity}s" for severity in ("error", "warning", "note"))
    say(", ".join(counts), err=False)


def _line_about(summary: FileSummary) -> str:
    if not summary.readable:
        return f"{summary.path}: could not be read to the end"
    labels = ", ".join(f"{label} {count}" for label, count in summary.labels.items())
    entities = f", {summary.spans} entities ({labels})" if summary.spans else ", no entities"
    scheme = f", {summary.scheme}" if summary.scheme else ""
    return f"{summary.path}: {summary.sentences} sentences, {summary.tokens} tokens{entities}{scheme}"
