"""``crosspan study``: a grid of models, run cell by cell, and a page about what came out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli.progress import progress_bars

if TYPE_CHECKING:
    from crosspan.study.launch import Study
    from crosspan.study.runner import Ended
    from crosspan.study.store import State

EXIT_FAILED = 3
"""Some cells failed, were skipped, or are left."""


@click.command("study", no_args_is_help=True)
@click.argument("file", metavar="FILE")
@click.option(
    "--out", "-o", required=True, metavar="DIR", help="The folder of the results; many machines can share it."
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes.  [default: one for each device]")
@click.option(
    "--device",
    "devices",
    default="auto",
    show_default=True,
    metavar="A,B",
    help="Where models run: cpu, cuda:0,cuda:1 …; one process for each.",
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads of each process.  [default: all cores]")
@click.option("--dry-run", is_flag=True, help="Say what would be run and what it would take, and run nothing.")
@click.option("--page-only", is_flag=True, help="Write the page of what is there, and run nothing.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed.")
@click.option("--max-memory-gb", type=click.FloatRange(0), metavar="GB", help="Skip cells that take more.")
@click.option("--max-hours", type=click.FloatRange(0), metavar="H", help="Skip cells that would make it longer.")
@click.option("--max-disk-gb", type=click.FloatRange(0), metavar="GB", help="Skip cells that would fill more.")
@click.option("--worker", is_flag=True, hidden=True, help="Run cells and write no page: one of --jobs.")
@click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
def command(file: str, out: str, **options: Any) -> None:
    """Run the study of FILE, and write a page about it.

    Each cell of the grid (an encoder, a way of training, a seed) ends as a file in DIR. A study that was ended goes on
    when it is started again. Start it on many machines with the same FILE and a shared DIR, and they share the cells.

    The page is DIR/study.md and DIR/study.html. 'crosspan new study' writes studies to start from.

    The exit code is 3 where cells failed or do not fit.
    """
    from crosspan.study import launch

    limits = {
        name: options[name] for name in ("max_memory_gb", "max_hours", "max_disk_gb") if options[name] is not None
    }
    quiet = options["quiet"]
    study = launch.open_study(file, out, limits=limits)
    if options["worker"]:
        launch.run_here(study, device=options["devices"], threads=options["threads"])
        return
    devices = [name.strip() for name in options["devices"].split(",") if name.strip()]
    jobs = options["jobs"] or len(devices)
    if not options["page_only"]:
        launch.prepare(study, retry_failed=options["retry_failed"])
        if jobs > 1:
            places = [devices[number % len(devices)] for number in range(jobs)]
            shown = None if quiet else _Shown(study)
            launch.run_in_processes(
                study, launch.worker_command(file, out), places, threads=options["threads"], on_change=shown
            )
        else:
            with progress_bars(quiet=quiet) as progress:
                launch.run_here(
                    study,
                    device=devices[0],
                    threads=options["threads"],
                    progress=progress,
                    on_end=None if quiet else _told,
                )
    states = study.states()
    if not quiet:
        click.echo(summary_text(states, study), err=True)
    if any(state.status != "done" for state in states.values()):
        sys.exit(EXIT_FAILED)


def summary_text(states: dict[str, State], study: Study) -> str:
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


class _Shown:
    """Tells of cells that ended in other processes."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.known = {key for key, state in study.states().items() if state.status != "open"}

    def __call__(self, states: dict[str, State]) -> None:
        for cell in self.study.cells:
            state = states[cell.key]
            if state.status != "open" and cell.key not in self.known:
                self.known.add(cell.key)
                click.echo(f"[{len(self.known)}/{len(states)}] {cell.label}: {_outcome(state)}", err=True)


def _told(ended: Ended) -> None:
    click.echo(f"[{ended.done}/{ended.total}] {ended.cell.label}: {_outcome(ended.state)}", err=True)


def _outcome(state: State) -> str:
    if state.record is None or state.status != "done":
        return f"{state.status}: {state.why}"
    seconds = f"{state.record['seconds']:.0f} s"
    scores = state.record["result"].get("scores")
    if not scores:
        return seconds
    mean = sum(score["f1"] for score in scores.values()) / len(scores)
    return f"mean F1 {mean:.2f}, {seconds}"
