"""The folder of a study: results of cells, notes of those that do not fit, and a place for each that runs."""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crosspan.core.folders import is_complete
from crosspan.lab.study.cell import Cell
from crosspan.models.archive import unpack
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.parts import Facts, Model

Status = Literal["done", "failed", "skipped", "blocked", "open"]

RECORD = "record"
"""The part of a cell's result that is its record."""

PASSES = "passes"
"""Whether what made a cell fail may pass, as memory that is short does; in its record."""

_MODEL = "model"


@dataclass(frozen=True, slots=True)
class CellState:
    """How far a cell is.

    Args:
        status: ``"done"``; ``"failed"``: it ended with an error; ``"skipped"``: it does not fit; ``"blocked"``: its
            encoder failed or was skipped; ``"open"``: it is still to be run, or runs.
        why: The error, or what it does not fit.
        record: What a cell that is done or failed left.
    """

    status: Status
    why: str = ""
    record: Mapping[str, Any] | None = None

    @property
    def passes(self) -> bool:
        """Whether it failed of something that may pass."""
        return self.status == "failed" and bool((self.record or {}).get(PASSES))


class StudyFolder:
    """The folder of a study.

    ``cells/`` has a result of every cell that is done or failed, ``skipped/`` notes of those that do not fit, and
    ``work/`` the models and checkpoints of each cell, with the results of the steps inside it.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cells = FolderStore(path / "cells")
        self._skipped = FolderStore(path / "skipped")

    def place(self, key: str) -> Path:
        """Where a cell has its models and checkpoints."""
        return self.path / "work" / key

    def steps(self, key: str) -> FolderStore:
        """The results of the steps inside a cell, while they are needed."""
        return FolderStore(self.place(key))

    def put(self, cell: Cell, record: Mapping[str, Any]) -> None:
        """Keep the record of a cell, all or nothing."""
        self.cells.put(cell.key, {RECORD: Facts(record)}, {"status": record["status"]}, replace=True)

    def forget(self, cell: Cell) -> None:
        """Remove the record of a cell, so that it is run again."""
        with suppress(FileNotFoundError):
            self.cells.path(cell.key).unlink()

    def skip(self, cell: Cell, why: str) -> None:
        """Note that a cell does not fit."""
        self._skipped.put(cell.key, {}, {"why": why}, replace=True)

    def unskip(self, cell: Cell) -> None:
        """Note that a cell fits after all."""
        with suppress(FileNotFoundError):
            self._skipped.path(cell.key).unlink()

    def state(self, cell: Cell) -> CellState:
        """How far a cell is, by itself."""
        entry = self.cells.find(cell.key)
        if entry is not None:
            record = self.cells.part(entry, RECORD).values
            return CellState(record["status"], str(record.get("error", "")), record)
        skipped = self._skipped.find(cell.key)
        return CellState("open") if skipped is None else CellState("skipped", str(skipped.facts["why"]))

    def states(self, cells: Iterable[Cell], ours: Container[str] = ()) -> dict[str, CellState]:
        """How far all cells are, those that wait in vain among them.

        Args:
            cells: The cells.
            ours: Keys of cells that fit here, so that it does not count where another machine skips them.
        """
        cells = list(cells)
        return blocked(cells, {cell.key: self.state(cell) for cell in cells}, ours)

    def strangers(self, cells: Iterable[Cell]) -> int:
        """How many results in the folder are of other settings, data or code."""
        known = {self.cells.path(cell.key) for cell in cells}
        return sum(path not in known for path in self.cells.folder.glob("??/*") if path.is_file())

    def unpacked(self, key: str, model: Model) -> Path:
        """The folder of a model that a cell made, written if it is not there."""
        place = self.place(key) / _MODEL
        with self.steps(key).claim(_MODEL, wait=True):
            if not is_complete(place):
                unpack(model.value, place)
        return place

    def drop_work(self, key: str, *, keep_model: bool = False) -> None:
        """Remove the models and checkpoints of a cell.

        Args:
            key: Of the cell.
            keep_model: Whether the folder of its model stays.
        """
        place = self.place(key)
        if not keep_model:
            shutil.rmtree(place, ignore_errors=True)
        elif place.is_dir():
            for path in place.iterdir():
                if path.is_dir() and path.name != _MODEL:
                    shutil.rmtree(path, ignore_errors=True)


def blocked(cells: Iterable[Cell], states: Mapping[str, CellState], ours: Container[str] = ()) -> dict[str, CellState]:
    """States in which cells are blocked whose encoder failed or was skipped; see :meth:`StudyFolder.states`."""
    found = {
        key: CellState("open") if state.status == "skipped" and key in ours else state for key, state in states.items()
    }
    for cell in cells:
        first = found.get(cell.needs)
        if first is not None and found[cell.key].status == "open" and first.status in ("failed", "skipped"):
            found[cell.key] = CellState("blocked", f"its encoder was not made: {first.why}")
    return found
