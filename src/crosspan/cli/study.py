"""``crosspan study``: a grid of models, run cell by cell, and a page about what came out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_lines
from crosspan.cli.places import FilledFolder, InFile, verb
from crosspan.cli.progress import progress_bars

if TYPE_CHECKING:
    from crosspan.core.tables import Table
    from crosspan.lab.study.budget import Budget, Room
    from crosspan.lab.study.cell import Cell
    from crosspan.lab.study.folder import CellState
    from crosspan.lab.study.launch import Study
    from crosspan.lab.study.runner import Ended

EXIT_FAILED = 3
"""Some cells failed, were skipped, or are left."""

_LIMITS = ("max_memory_gb", "max_hours", "max_disk_gb")


@verb("study", no_args_is_help=True)
@click.argument("file", metavar="FILE", type=InFile())
@options.out("DIR", "The folder of the results; many machines can share it.", kind=FilledFolder)
@options.on
@click.option(
    "--jobs",
    "--workers",
    "jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Processes.  [default: one for each device; on a cluster as many as it has room for]",
)
@click.option(
    "--gpus-per-worker",
    type=click.FloatRange(0),
    metavar="G",
    help="GPUs of each worker of a cluster.  [default: 1 where the cluster has some]",
)
@click.option(
    "--device",
    "devices",
    default="auto",
    show_default=True,
    metavar="A,B",
    help="Where models run: cpu, cuda:0,cuda:1 …; one process for each.",
)
@options.threads
@click.option("--dry-run", is_flag=True, help="Say what would be run and what it would take, and run nothing.")
@click.option("--page-only", is_flag=True, help="Write the page of what is there, and run nothing.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed.")
@click.option("--max-memory-gb", type=click.FloatRange(0), metavar="GB", help="Skip cells that take more.")
@click.option("--max-hours", type=click.FloatRange(0), metavar="H", help="Skip cells that would make it longer.")
@click.option("--max-disk-gb", type=click.FloatRange(0), metavar="GB", help="Skip cells that would fill more.")
@options.quiet
def command(file: str, out: str, **given: Any) -> None:
    """Run the study of FILE, and write a page about it.

    Each cell of the grid (an encoder, a way of training, a seed) ends as a file in DIR. A study that was ended goes on
    when it is started again. Start it on many machines with the same FILE and a shared DIR, and they share the cells.

    The page is DIR/study.md and DIR/study.html. 'crosspan new study' writes studies to start from.

    The exit code is 3 where cells failed or do not fit.
    """
    from crosspan.core.overwrites import try_folder
    from crosspan.lab.study import launch
    from crosspan.lab.study.story import write_story

    _check_use(given)
    limits = {name: given[name] for name in _LIMITS if given[name] is not None}
    devices = options.split_names([given["devices"]])
    places = [devices[number % len(devices)] for number in range(given["jobs"] or len(devices))]
    if not (given["dry_run"] or given["page_only"]):
        try_folder(out)
    study = launch.open_study(file, out, limits=limits)
    if not given["page_only"]:
        if not given["dry_run"]:
            launch.prepare(study, retry_failed=given["retry_failed"])
        budget, room = launch.estimate(study, devices=places, threads=given["threads"])
        if given["dry_run"] or not given["quiet"]:
            say_lines(budget_text(study, budget, room, len(places)), err=not given["dry_run"])
        if given["dry_run"]:
            return
        launch.note_skipped(study, budget)
        _run(study, budget.fits(study.cells), places, given)
    old = study.old_states() if given["page_only"] else None
    states = old or study.states()
    pages = write_story(study.folder.path, study.plan, study.data, study.cells, states)
    if not given["quiet"]:
        say_lines(summary_text(states, study))
        if old is not None:
            say("the page is of results that an older crosspan made: a new run begins anew")
        say(f"written: {', '.join(str(path) for path in pages if path.suffix != '.svg')}")
    if any(state.status != "done" for state in states.values()):
        sys.exit(EXIT_FAILED)


def _run(study: Study, fits: Sequence[str], places: Sequence[str], given: Mapping[str, Any]) -> None:
    from crosspan.lab.study import launch
    from crosspan.pipeline.workplace import HERE, executor_on

    quiet, elsewhere = given["quiet"], given["on"] != HERE
    executor = executor_on(
        given["on"],
        workers=given["jobs"] if elsewhere else len(places),
        threads=given["threads"],
        gpus_per_worker=given["gpus_per_worker"] if elsewhere else 0.0,
    )
    with closing(executor), progress_bars(quiet=quiet or elsewhere or len(places) > 1) as progress:
        launch.run_study(
            study,
            fits=fits,
            devices=places,
            executor=executor,
            progress=progress,
            on_end=None if quiet else _told,
        )


def _check_use(given: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other."""
    if given["dry_run"] and given["page_only"]:
        raise click.UsageError("--dry-run writes nothing: leave out --page-only.")
    if given["on"] != "local" and "," in given["devices"]:
        raise click.UsageError("A cluster gives out its GPUs itself: leave out --device, and say --gpus-per-worker.")
    if given["gpus_per_worker"] and given["on"] == "local":
        raise click.UsageError("On this machine --device says where models run: leave out --gpus-per-worker.")
    if given["page_only"] and given["retry_failed"]:
        raise click.UsageError("--page-only runs nothing: leave out --retry-failed.")


def budget_text(study: Study, budget: Budget, room: Room, jobs: int) -> str:
    """What the study takes, encoder by encoder, and what does not fit."""
    lines = [
        f"{len(study.cells)} cells of {len(study.plan.encoders)} encoders; estimates for {jobs} "
        f"process{'es' if jobs > 1 else ''} on this machine:",
        _costs(study, budget).text(),
    ]
    states = study.states()
    ended = sum(state.status in ("done", "failed") for state in states.values())
    left = len(study.cells) - ended - len(_left_out(study, budget))
    lines.append(
        f"still to run: {left} cells, about {budget.hours:.2f} hours, "
        f"{budget.disk_gb:.1f} GB of disk, {budget.memory_gb:.1f} GB of memory for each process "
        f"(of {room.memory_gb:.1f})"
    )
    lines += [f"does not fit: {cell.label}: {budget.skipped[cell.key]}" for cell in _left_out(study, budget)]
    lines += [f"not there: {key}: {why}" for key, why in study.data.missing.items()]
    lines += [
        f"left out of {name}: {one.same + one.shared:,} of {one.lines:,} lines, which are in a test set"
        for name, one in study.data.overlaps.items()
        if one.same + one.shared
    ]
    if study.n_old:
        lines.append(
            f"not counted: {study.n_old} cells of an older crosspan, which begin anew; --page-only reads what is there"
        )
    strangers = study.folder.strangers(study.cells)
    if strangers:
        lines.append(f"not counted: {strangers} cells in the folder that are of other settings or other code")
    return "\n".join(lines)


def _costs(study: Study, budget: Budget) -> Table:
    """A line an encoder."""
    from crosspan.core.tables import Table

    rows = []
    for encoder in study.plan.encoders:
        size = budget.sizes.get(encoder.name)
        mine = [cell for cell in study.cells if cell.encoder == encoder.name]
        costs = [budget.costs[cell.key] for cell in mine if cell.key in budget.costs]
        if size is None or not costs:
            rows.append([encoder.name, "not at hand", *[""] * 5])
            continue
        rows.append(
            [
                *(encoder.name, f"{size.parameters:,}", f"{size.body:,}", f"{len(mine):,}"),
                f"{max(cost.memory_gb for cost in costs):.1f}",
                f"{sum(cost.seconds for cost in costs) / 3600:.2f}",
                f"{max(cost.working_gb + cost.kept_gb for cost in costs):.2f}",
            ]
        )
    return Table(["encoder", "parameters", "no embeddings", "cells", "GB memory", "hours", "GB disk"], rows)


def _left_out(study: Study, budget: Budget) -> list[Cell]:
    return [cell for cell in study.cells if cell.key in budget.skipped]


def summary_text(states: dict[str, CellState], study: Study) -> str:
    """How many cells ended how, and why not."""
    counts = {
        name: sum(state.status == name for state in states.values())
        for name in ("done", "failed", "skipped", "blocked", "open")
    }
    lines = [", ".join(f"{count} {name}" for name, count in counts.items() if count) + f" of {len(states)} cells"]
    for cell in study.cells:
        state = states[cell.key]
        if state.status in ("failed", "skipped"):
            lines.append(f"{cell.label}: {state.status}: {state.why}")
    return "\n".join(lines)


def _told(ended: Ended) -> None:
    say(f"[{ended.done}/{ended.total}] {ended.cell.label}: {_outcome(ended.state)}")


def _outcome(state: CellState) -> str:
    if state.record is None or state.status != "done":
        return f"{state.status}: {state.why}"
    seconds = f"{state.record['seconds']:.0f} s"
    scores = state.record["result"].get("scores")
    if not scores:
        return seconds
    mean = sum(score["f1"] for score in scores.values()) / len(scores)
    return f"mean F1 {mean:.2f}, {seconds}"
