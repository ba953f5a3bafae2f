"""Runs a whole study: reads it, checks what it would take, runs its cells, here or in processes of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosspan.core.files import PathLike, atomic_binary, make_folder
from crosspan.core.progress import Listener
from crosspan.lab.study.budget import Budget, Room, budget_of, encoder_sizes, room_of
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData, load_data
from crosspan.lab.study.folder import CellState, StudyFolder
from crosspan.lab.study.grid import cells_of
from crosspan.lab.study.old_folder import old_records, old_states
from crosspan.lab.study.plan import StudyPlan, load_plan
from crosspan.lab.study.probe import speeds_of
from crosspan.lab.study.runner import Ended, drop_encoders, run_cells, tidy
from crosspan.lab.study.work import CellWork
from crosspan.pipeline.executor import Executor, LocalExecutor

RESOLVED = "study.toml"
"""The study with every option, in the folder of its results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study that was read, with the folder of its results.

    Args:
        plan: Its settings.
        data: What it reads.
        cells: Its cells.
        folder: Its folder.
    """

    plan: StudyPlan
    data: StudyData
    cells: Sequence[Cell]
    folder: StudyFolder

    def states(self) -> dict[str, CellState]:
        """How far each cell is, by its key."""
        return self.folder.states(self.cells)

    def old_states(self) -> dict[str, CellState] | None:
        """How far each cell is by the files of an older crosspan, in a folder that has nothing else; else ``None``."""
        if any(state.record is not None for state in self.states().values()) or not self.n_old:
            return None
        return old_states(self.folder.path, self.cells)

    @property
    def n_old(self) -> int:
        """Results of an older crosspan in the folder, which are read and never counted as done."""
        return len(old_records(self.folder.path))


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
    # the checkpoints of a training know the encoder by its path
    return Study(plan=plan, data=data, cells=cells_of(plan, data), folder=StudyFolder(Path(os.path.abspath(out))))


def prepare(study: Study, *, retry_failed: bool = False) -> None:
    """Make the folder, and write the study with every option into it.

    Args:
        study: The study.
        retry_failed: Forget cells that failed, so that they are run again. Those that an outage made fail are always
            forgotten.

    Raises:
        OutputError: The folder cannot be made.
    """
    folder = study.folder
    make_folder(folder.path, "Name another with --out.")
    with atomic_binary(folder.path / RESOLVED) as stream:
        stream.write(study.plan.resolved().encode("utf-8"))
    for cell in study.cells:
        state = folder.state(cell)
        if state.passes or (retry_failed and state.status == "failed"):
            folder.forget(cell)
        tidy(study.plan, folder, cell, state)  # what a run left that was killed before it came to that


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
    room = room_of(study.plan, study.folder.path, devices[0], len(devices))
    speeds = {}
    if probe:
        states = study.states()
        left = [cell for cell in study.cells if states[cell.key].status not in ("done", "failed")]
        each = threads or max(1, (os.cpu_count() or 1) // len(devices))
        speeds = speeds_of(study.plan, study.data, left, sizes, room, device=devices[0], threads=each)
    budget = budget_of(study.plan, study.data, study.cells, study.folder, sizes, speeds, room, jobs=len(devices))
    return budget, room


def note_skipped(study: Study, budget: Budget) -> None:
    """Write down which cells do not fit, and why, for the page."""
    for cell in study.cells:
        if cell.key in budget.skipped:
            study.folder.skip(cell, budget.skipped[cell.key])
        else:
            study.folder.unskip(cell)


def run_study(
    study: Study,
    *,
    fits: Sequence[str] | None = None,
    devices: Sequence[str] = ("auto",),
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Listener | None = None,
    on_end: Callable[[Ended], None] | None = None,
) -> None:
    """Run the cells of a study that are not done yet; see :func:`crosspan.lab.study.runner.run_cells`.

    Args:
        study: The study.
        fits: Keys of the cells that may be run here; all by default.
        devices: Where models run: one process for each; with one, this process does the work.
        threads: Threads of each; the cores shared out by default.
        executor: Does the work, in place of processes on this machine.
        progress: Is told how far a cell is that runs in this process.
        on_end: Called for each cell that ended since the call.

    Raises:
        CrosspanError: A package is missing, a worker process was killed, or the folder cannot be written.
    """
    work = CellWork(
        plan=study.plan,
        data=study.data,
        cells=study.cells,
        folder=study.folder.path,
        devices=devices,
        listener=progress,
    )
    used = executor or LocalExecutor(len(devices), threads)
    try:
        run_cells(work, used, fits=fits, on_end=on_end)
    finally:
        if executor is None:
            used.close()
    drop_encoders(study.plan, study.folder, study.cells)
