"""The folder of a study: a file for each cell that ended, and a place for each that runs."""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crosspan.lab.bench.cache import ResultCache
from crosspan.lab.study.grid import Cell

Status = Literal["done", "failed", "skipped", "blocked", "open"]


@dataclass(frozen=True, slots=True)
class State:
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


class Store:
    """The folder of a study.

    ``cells/`` has a file of every cell that is done or failed, ``skipped/`` of those that do not fit, ``claims/`` of
    those that run, and ``work/`` the models and checkpoints.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cells = ResultCache(folder / "cells")
        self._skipped = ResultCache(folder / "skipped")

    @property
    def claims(self) -> Path:
        """Where claims are."""
        return self.folder / "claims"

    def work(self, key: str) -> Path:
        """Where a cell keeps its models and checkpoints."""
        return self.folder / "work" / key

    def put(self, cell: Cell, record: Mapping[str, Any]) -> None:
        """Keep the record of a cell, all or nothing."""
        self._cells.put(cell.key, record)

    def forget(self, cell: Cell) -> None:
        """Remove the record of a cell, so that it is run again."""
        with suppress(FileNotFoundError):
            (self._cells.folder / f"{cell.key}.json").unlink()

    def skip(self, cell: Cell, why: str) -> None:
        """Note that a cell does not fit."""
        self._skipped.put(cell.key, {"why": why})

    def unskip(self, cell: Cell) -> None:
        """Note that a cell fits after all."""
        with suppress(FileNotFoundError):
            (self._skipped.folder / f"{cell.key}.json").unlink()

    def has(self, key: str) -> bool:
        """Whether a cell has ended."""
        return (self._cells.folder / f"{key}.json").is_file()

    def state(self, cell: Cell) -> State:
        """How far a cell is, by itself."""
        record = self._cells.get(cell.key)
        if record is not None and record.get("status") in ("done", "failed"):
            return State(record["status"], str(record.get("error", "")), record)
        skipped = self._skipped.get(cell.key)
        if skipped is not None:
            return State("skipped", str(skipped.get("why", "")))
        return State("open")

    def states(self, cells: Iterable[Cell], ours: Container[str] = ()) -> dict[str, State]:
        """How far all cells are, those that wait in vain among them.

        Args:
            cells: The cells.
            ours: Keys of cells that fit here, so that it does not count where another machine skips them.
        """
        cells = list(cells)
        found = {cell.key: self.state(cell) for cell in cells}
        for key, state in found.items():
            if state.status == "skipped" and key in ours:
                found[key] = State("open")
        for cell in cells:
            first = found.get(cell.needs)
            if first is not None and found[cell.key].status == "open" and first.status in ("failed", "skipped"):
                found[cell.key] = State("blocked", f"its encoder was not made: {first.why}")
        return found

    def strangers(self, cells: Iterable[Cell]) -> int:
        """How many results in the folder are of other settings or data."""
        known = {cell.key for cell in cells}
        return sum(path.stem not in known for path in self._cells.folder.glob("*.json"))

    def drop_work(self, key: str) -> None:
        """Remove the models and checkpoints of a cell."""
        shutil.rmtree(self.work(key), ignore_errors=True)
