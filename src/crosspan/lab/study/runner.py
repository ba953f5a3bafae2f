"""Runs the cells of a study: those that can be run together, again and again, until each has ended somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crosspan.core.errors import OutputError
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.folder import CellState, StudyFolder
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.work import CellWork
from crosspan.pipeline.executor import Executor
from crosspan.pipeline.step import Job


@dataclass(frozen=True, slots=True)
class Ended:
    """A cell that has ended.

    Args:
        cell: The cell.
        state: How it ended.
        done: Cells of the study that have ended, as far as it is known.
        total: Cells of the study.
    """

    cell: Cell
    state: CellState
    done: int
    total: int


def run_cells(
    work: CellWork,
    executor: Executor,
    *,
    fits: Iterable[str] | None = None,
    on_end: Callable[[Ended], None] | None = None,
) -> None:
    """Run cells until each has ended, here or in another process that shares the folder.

    A cell that fails is recorded with its error, and the others go on. On Ctrl-C what is finished stays, and so do the
    checkpoints of the cells that run.

    Args:
        work: The cells, and where they are.
        executor: Does the work.
        fits: Keys of the cells that may be run here; all by default.
        on_end: Called for each cell that ended since the call.

    Raises:
        UnavailableError: A package is missing, the disk is full or the device failed: no other cell would fare better.
        OutputError: The record of a cell cannot be read back.
    """
    folder, cells = StudyFolder(work.folder), work.cells
    ours = {cell.key for cell in cells} if fits is None else {*fits}
    known: set[str] = set()
    wait = False
    while jobs := _next(cells, states := folder.states(cells, ours), ours):
        known |= {key for key, state in states.items() if state.status != "open"}
        ended = 0
        for done in executor.run(work, jobs, {}, folder.cells, wait=wait):
            if done.entry is None:
                continue  # another process is at it
            ended += 1
            cell = cells[done.shard]
            state = folder.state(cell)
            if state.status == "open":  # it would be run again and again
                raise OutputError(
                    "the record of a cell was written, and cannot be read back",
                    where=str(folder.cells.path(cell.key)),
                    hint="Look after the disk, or name another folder with --out.",
                )
            tidy(work.plan, folder, cell, state)
            known.add(cell.key)
            if on_end is not None:
                on_end(Ended(cell, state, len(known), len(cells)))
        # where all that is left is being done elsewhere, its end is waited for
        wait = not ended


def _next(cells: Sequence[Cell], states: Mapping[str, CellState], ours: set[str]) -> list[Job]:
    """The cells that can be run now; of encoders those of one seed at a time, before everything else."""
    ready = [
        at
        for at, cell in enumerate(cells)
        if cell.key in ours
        and states[cell.key].status == "open"
        and (not cell.needs or states[cell.needs].status == "done")
    ]
    encoders = [at for at in ready if cells[at].kind == "pretrain"]
    first = [at for at in encoders if cells[at].seed == cells[encoders[0]].seed]
    return [Job(at, cells[at].key, {}) for at in (*first, *(at for at in ready if at not in encoders))]


def tidy(plan: StudyPlan, folder: StudyFolder, cell: Cell, state: CellState) -> None:
    """Remove what a tagger that is done leaves behind, but for its model where the study keeps that."""
    if cell.kind == "train" and state.status == "done":
        folder.drop_work(cell.key, keep_model=plan.general.keep == "all")


def drop_encoders(plan: StudyPlan, folder: StudyFolder, cells: Sequence[Cell]) -> None:
    """Remove pre-trained encoders that no cell needs any more, where the study does not keep them."""
    if plan.general.keep != "none":
        return
    states = folder.states(cells)
    for cell in cells:
        users = [one for one in cells if one.needs == cell.key]
        if cell.kind == "pretrain" and all(states[one.key].status in ("done", "skipped") for one in users):
            folder.drop_work(cell.key)
