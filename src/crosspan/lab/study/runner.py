"""Runs the cells of a study, beside other processes that do the same."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crosspan.core.errors import CrosspanError, MissingDependencyError
from crosspan.core.progress import Listener
from crosspan.lab.study.cells import facts_of, run_cell
from crosspan.lab.study.claims import ClaimLost, Claims
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.grid import Cell
from crosspan.lab.study.plan import Plan
from crosspan.lab.study.store import State, Store

POLL_S = 2.0
"""Seconds to wait where every cell that is left runs elsewhere or waits for one that does."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A cell that has ended in this process.

    Args:
        cell: The cell.
        state: How it ended.
        done: Cells of the study that have ended, in all processes.
        total: Cells of the study.
    """

    cell: Cell
    state: State
    done: int
    total: int


def run_cells(
    plan: Plan,
    data: StudyData,
    store: Store,
    cells: Sequence[Cell],
    *,
    fits: Iterable[str] | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Listener | None = None,
    on_end: Callable[[Ended], None] | None = None,
    claims: Claims | None = None,
    poll_s: float = POLL_S,
) -> None:
    """Run cells until each has ended, here or in another process that shares the folder.

    A cell that fails is recorded with its error, and the others go on. On Ctrl-C the claim of the running cell is given
    back, and its checkpoints stay.

    Args:
        plan: The study.
        data: What it reads.
        store: Its folder.
        cells: Its cells, those that others need before them.
        fits: Keys of the cells that this process may run; all by default.
        device: Where they run.
        threads: Threads to use on a CPU.
        progress: Told how far the work is.
        on_end: Called for each cell that ended here.
        claims: The claims in the folder.
        poll_s: Seconds to wait where nothing can be done.

    Raises:
        MissingDependencyError: A package is missing, which no other cell would find either.
    """
    claims = claims or Claims(store.claims)
    ours = {cell.key for cell in cells} if fits is None else {*fits}
    while True:
        states = store.states(cells, ours)
        left = [cell for cell in cells if cell.key in ours and _may_run(states[cell.key], states, cell)]
        waiting = [cell for cell in cells if states[cell.key].status == "open" and cell.key in ours]
        if not waiting:
            return
        for cell in left:
            if _try(plan, data, store, cell, claims, device, threads, progress):
                if on_end is not None:
                    states = store.states(cells)
                    ended = sum(state.status != "open" for state in states.values())
                    on_end(Ended(cell, states[cell.key], ended, len(cells)))
                break
        else:
            time.sleep(poll_s)


def _may_run(state: State, states: dict[str, State], cell: Cell) -> bool:
    return state.status == "open" and (not cell.needs or states[cell.needs].status == "done")


def _try(
    plan: Plan,
    data: StudyData,
    store: Store,
    cell: Cell,
    claims: Claims,
    device: str,
    threads: int | None,
    progress: Listener | None,
) -> bool:
    """Run a cell if nobody else does; tell whether it ended here."""
    claim = claims.take(cell.key)
    if claim is None:
        return False
    with claim:
        if store.has(cell.key):  # it ended after we looked and before we claimed it
            return False
        try:
            record = run_cell(plan, data, store, cell, claim, device=device, threads=threads, progress=progress)
        except ClaimLost:
            return False
        except MissingDependencyError:
            raise
        except Exception as error:  # whatever a cell raises, the others go on
            store.put(cell, {**facts_of(cell), "status": "failed", "error": _told(error)})
            return True
        store.put(cell, record)
        if cell.kind == "train" and plan.general.keep != "all":
            store.drop_work(cell.key)
    return True


def drop_encoders(plan: Plan, store: Store, cells: Sequence[Cell]) -> None:
    """Remove pre-trained encoders that no cell needs any more, where the study does not keep them."""
    if plan.general.keep != "none":
        return
    states = store.states(cells)
    for cell in cells:
        users = [one for one in cells if one.needs == cell.key]
        if cell.kind == "pretrain" and all(states[one.key].status in ("done", "skipped") for one in users):
            store.drop_work(cell.key)


def _told(error: Exception) -> str:
    if isinstance(error, CrosspanError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({last[0].name}, line {last[0].lineno})" if last else ""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}{place}"
