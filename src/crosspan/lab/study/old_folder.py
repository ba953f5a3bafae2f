"""Reads the results of studies that were run before cells were steps: a JSON file each, found by what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crosspan.lab.study.cell import Cell
from crosspan.lab.study.folder import CellState, blocked

_WHICH = ("kind", "encoder", "mode", "target", "seed")


def old_records(folder: Path) -> list[Path]:
    """The files of an old study, those that were written first before the others.

    Args:
        folder: Of the study.

    Example:
        >>> old_records(Path("a folder that is not there"))
        []
    """
    return sorted((folder / "cells").glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def old_states(folder: Path, cells: Iterable[Cell]) -> dict[str, CellState]:
    """How far each cell was in an old study, by its key of today.

    A record is that of the cell with the same encoder, mode, language and seed. Whether it was made with the same
    settings and data cannot be told any more; of several the last counts.

    Args:
        folder: Of the study.
        cells: Its cells.
    """
    found: dict[tuple[Any, ...], CellState] = {}
    for path in old_records(folder):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            which = tuple(record[name] for name in _WHICH)
            found[which] = CellState(record["status"], str(record.get("error", "")), record)
        except (OSError, ValueError, KeyError, TypeError):  # no record, or a damaged one
            continue
    cells = list(cells)
    states = {cell.key: found.get(tuple(getattr(cell, name) for name in _WHICH), CellState("open")) for cell in cells}
    return blocked(cells, states)
