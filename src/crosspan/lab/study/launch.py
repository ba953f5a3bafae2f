"""Runs a whole study: reads it, checks what it would take, runs its cells in one or more processes, writes its page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.core.files import PathLike, atomic_binary, make_folder
from crosspan.core.progress import Listener
from crosspan.lab.study.budget import Budget, Room, budget_of, encoder_sizes, room_of
from crosspan.lab.study.cells import encoder_folder
from crosspan.lab.study.data import StudyData, load_data
from crosspan.lab.study.grid import Cell, cells_of
from crosspan.lab.study.plan import Plan, load_plan
from crosspan.lab.study.probe import speeds_of
from crosspan.lab.study.runner import Ended, drop_encoders, run_cells
from crosspan.lab.study.store import State, Store

RESOLVED = "study.toml"
"""The study with every option, in the folder of its results."""

_POLL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study that was read, with the folder of its results.

    Args:
        plan: Its settings.
        data: What it reads.
        cells: Its cells.
        store: Its folder.
    """

    plan: Plan
    data: StudyData
    cells: Sequence[Cell]
    store: Store

    def states(self) -> dict[str, State]:
        """How far each cell is, by its key."""
        return self.store.states(self.cells)


def open_study(path: PathLike, out: PathLike, *, limits: Mapping[str, float] | None = None) -> Study:
    """Read a study and its data.

    Args:
        path: Its TOML file.
        out: The folder of its results; it need not be there.
        limits: Other limits than the file names.

    Raises:
        CrosspanError: The file or the data cannot be read.
    """
    plan = load_plan(path, limits)
    data = load_data(plan)
    return Study(plan=plan, data=data, cells=cells_of(plan, data), store=Store(Path(out)))


def prepare(study: Study, *, retry_failed: bool = False) -> None:
    """Make the folder, and write the study with every option into it.

    Args:
        study: The study.
        retry_failed: Forget cells that failed, so that they are run again.

    Raises:
        OutputError: The folder cannot be made.
    """
    folder = study.store.folder
    make_folder(folder, "Name another with --out.")
    with atomic_binary(folder / RESOLVED) as stream:
        stream.write(study.plan.resolved().encode("utf-8"))
    if retry_failed:
        for cell in study.cells:
            if study.store.state(cell).status == "failed":
                study.store.forget(cell)
    # an encoder that was removed is made again where a cell still needs it
    states = study.states()
    wanted = {cell.needs for cell in study.cells if states[cell.key].status == "open"}
    for cell in study.cells:
        if (
            cell.key in wanted
            and states[cell.key].status == "done"
            and not encoder_folder(study.store, cell.key).is_dir()
        ):
            study.store.forget(cell)


def estimate(
    study: Study, *, devices: Sequence[str] = ("auto",), threads: int | None = None, probe: bool = True
) -> tuple[Budget, Room]:
    """Say what a study would take on this machine, and which cells do not fit.

    Args:
        study: The study.
        devices: Where it runs, one for each process.
        threads: Threads of each.
        probe: Time a step of each encoder; without it there are no hours.
    """
    sizes = encoder_sizes(study.plan)
    room = room_of(study.plan, study.store.folder, devices[0], len(devices))
    speeds = {}
    if probe:
        states = study.states()
        left = [cell for cell in study.cells if states[cell.key].status not in ("done", "failed")]
        each = threads or max(1, (os.cpu_count() or 1) // len(devices))
        speeds = speeds_of(study.plan, study.data, left, sizes, room, device=devices[0], threads=each)
    budget = budget_of(study.plan, study.data, study.cells, study.store, sizes, speeds, room, jobs=len(devices))
    return budget, room


def note_skipped(study: Study, budget: Budget) -> None:
    """Write down which cells do not fit, and why, for the page."""
    for cell in study.cells:
        if cell.key in budget.skipped:
            study.store.skip(cell, budget.skipped[cell.key])
        else:
            study.store.unskip(cell)


def run_here(
    study: Study,
    *,
    fits: Sequence[str] | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Listener | None = None,
    on_end: Callable[[Ended], None] | None = None,
) -> None:
    """Run the cells of a study in this process; see :func:`crosspan.lab.study.runner.run_cells`."""
    run_cells(
        study.plan,
        study.data,
        study.store,
        study.cells,
        fits=fits,
        device=device,
        threads=threads,
        progress=progress,
        on_end=on_end,
    )
    drop_encoders(study.plan, study.store, study.cells)


def run_in_processes(
    study: Study,
    command: Sequence[str],
    devices: Sequence[str],
    *,
    threads: int | None = None,
    on_change: Callable[[dict[str, State]], None] | None = None,
) -> None:
    """Run the cells of a study in processes of their own, one for each device named.

    Args:
        study: The study.
        command: What starts one of them, without its device and threads.
        devices: The device of each.
        threads: Threads of each; the cores shared out by default.
        on_change: Called with the states of all cells, whenever one has ended.

    Raises:
        ModelError: A process ended with an error, and no other is left to go on.
    """
    each = threads or max(1, (os.cpu_count() or 1) // len(devices))
    workers = [
        subprocess.Popen([*command, "--device", device, "--threads", str(each)], stdout=subprocess.DEVNULL)
        for device in devices
    ]
    before = -1
    try:
        while any(worker.poll() is None for worker in workers):
            time.sleep(_POLL_S)
            states = study.states()
            ended = sum(state.status != "open" for state in states.values())
            if ended != before and on_change is not None:
                on_change(states)
            before = ended
    except BaseException:
        _end(workers)
        raise
    left = [cell for cell in study.cells if study.states()[cell.key].status == "open"]
    codes = [worker.returncode for worker in workers]
    if left and any(codes):
        raise ModelError(
            f"a process ended with the exit code {next(filter(None, codes))}, and {len(left)} cells are left",
            hint="See its message above, and start the study again: it goes on.",
        )


def _end(workers: Sequence[subprocess.Popen[Any]]) -> None:
    """Let processes give back what they have claimed, and end."""
    for worker in workers:
        if worker.poll() is None:
            with suppress(OSError):
                worker.send_signal(signal.SIGTERM)
    for worker in workers:
        try:
            worker.wait(timeout=30)
        except subprocess.TimeoutExpired:
            worker.kill()


@contextmanager
def worker_command(path: PathLike, out: PathLike, fits: Sequence[str]) -> Iterator[list[str]]:
    """What starts a process that runs cells of a study, and writes no page.

    Args:
        path: The TOML file of the study.
        out: The folder of its results.
        fits: Keys of the cells that fit; they go by a temporary file.
    """
    with tempfile.TemporaryDirectory(prefix="crosspan-study-") as folder:
        keys = Path(folder) / "fits.json"
        keys.write_text(json.dumps(list(fits)), encoding="utf-8")
        here = [sys.executable, "-m", "crosspan.cli.main", "study", os.fspath(path), "--out", os.fspath(out)]
        yield [*here, "--worker", str(keys)]
