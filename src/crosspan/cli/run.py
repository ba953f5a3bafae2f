"""``crosspan run``: a recipe in, a folder of results out; a run that was stopped goes on where it was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from crosspan.cli import options
from crosspan.cli.messages import in_lines, say, say_json, say_lines
from crosspan.cli.places import FilledFolder, InFile, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import EXIT_REJECTED

if TYPE_CHECKING:
    from crosspan.pipeline import RunReport
    from crosspan.pipeline.engine import StepReport


@verb("run", no_args_is_help=True)
@click.argument("recipe", type=InFile())
@options.settings("Change the recipe for this run", "TABLE.KEY=VALUE")
@options.out("DIR", "Folder of the results.  [default: as the recipe says]", kind=FilledFolder, required=False)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="Read only the first N sentences of every file.")
@click.option("--dry-run", is_flag=True, help="Check and count, show what would be done, and write nothing.")
@options.cache(".cache in the folder of the results")
@click.option("--clean-cache", is_flag=True, help="At the end, remove from the cache what this run did not use.")
@options.workplace
@options.working
def command(
    recipe: str,
    settings: tuple[str, ...],
    out: str | None,
    limit: int | None,
    dry_run: bool,
    cache: str | None,
    clean_cache: bool,
    on: str,
    workers: int | None,
    gpus_per_worker: float,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run RECIPE, a TOML file that 'crosspan new recipe' begins for you.

    What is finished is kept shard by shard. A run that was stopped goes on where it was, a changed option works out
    anew only what depends on it, and the results are the same to the byte however they came about.

    Sentences that cannot be worked on are listed in rejected.jsonl; the exit code is 3 then.
    """
    from crosspan.pipeline import load_recipe, plan_recipe, run_recipe

    found = load_recipe(recipe, settings, out=out, limit=limit)
    with progress_bars(quiet=quiet) as progress:
        if dry_run:
            report = plan_recipe(found, cache=cache, progress=progress)
        else:
            report = run_recipe(
                found,
                cache=cache,
                on=on,
                workers=workers,
                threads=threads,
                gpus_per_worker=gpus_per_worker,
                clean_cache=clean_cache,
                progress=progress,
            )
    if as_json:
        say_json(report.to_dict())
    if dry_run and not as_json:
        say_lines(plan_text(report), err=False)
    elif not dry_run and not quiet:
        for where, reason in report.written.first if report.written else ():
            say(f"{where}: left out: {reason}")
        if not as_json:
            say_lines(summary_text(report))
    if report.written is not None and report.written.rejected:
        sys.exit(EXIT_REJECTED)


def plan_text(report: RunReport) -> str:
    """What would be done, for people.

    Example:
        >>> from pathlib import Path
        >>> from crosspan.pipeline import RunReport
        >>> from crosspan.pipeline.engine import StepReport
        >>> stages = [StepReport("learn", 1, 1, 0), StepReport("align", 3, 3, 0, waits_for="learn")]
        >>> print(plan_text(RunReport("project", Path("out"), Path("out/.cache"), {"pairs": 9}, stages)))
        project: 9 sentence pairs, results in out, cache in out/.cache
        stage  shards  in cache
        learn       1         0
        align       3         ?  known after learn
    """
    from crosspan.core.tables import Table, words

    read = [f"{report.counts['pairs']} sentence pairs"]
    if "unlabelled" in report.counts:
        read.append(f"{report.counts['unlabelled']} sentences to predict")
    if report.counts.get("rejected_when_read"):
        read.append(f"{report.counts['rejected_when_read']} that cannot be worked on")
    lines = [f"{report.task}: {', '.join(read)}, results in {report.out}, cache in {report.cache}"]
    stages = Table(("stage", "shards", "in cache", *words("")), [_plan_row(stage) for stage in report.stages])
    return "\n".join([in_lines(lines), stages.text()])


def _plan_row(stage: StepReport) -> list[str]:
    cached = "?" if stage.waits_for else str(stage.cached)
    return [stage.name, str(stage.shards), cached, f"known after {stage.waits_for}" if stage.waits_for else ""]


def _named(files: list[str], stem: str) -> str:
    return next(name for name in files if name.startswith(f"{stem}."))


def summary_text(report: RunReport) -> str:
    """What was done, for people."""
    from crosspan.cli.project import summary_text as projection_text

    written = report.written
    assert written is not None
    computed = sum(stage.computed for stage in report.stages)
    cached = sum(stage.cached for stage in report.stages)
    written.summary.seconds = report.seconds
    lines = projection_text(str(report.out / _named(written.files, "labelled")), written.summary).split("\n")
    if written.predicted is not None:
        lines.append(
            f"{report.out / _named(written.files, 'predicted')}: {written.predicted['sentences']} sentences, "
            f"{written.predicted['spans']} entities"
        )
    if written.scores is not None:
        strict = written.scores["strict"]
        lines.append(f"F1 {100 * strict['micro']['f1']:.1f}  {strict['signature']}")
    removed = f", {report.removed} old ones removed" if report.removed else ""
    lines.append(f"{computed} results computed, {cached} taken from the cache{removed}")
    return in_lines(lines)
