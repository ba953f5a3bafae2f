"""The files of a run: what ``crosspan run`` left in its folder, and what it read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.toml_reader import read_toml
from crosspan.io.pairs import SentenceFile
from crosspan.report.reading import ReportFiles

RECIPE = "recipe.resolved.toml"
"""The recipe of a run with every option, which stands among its results."""


def run_files(folder: PathLike) -> tuple[ReportFiles, dict[str, str]]:
    """Find the files of a run.

    Gold is there where the run scored its projection against some. Links are there where it read them from a file.

    Args:
        folder: The folder of results.

    Returns:
        The files, and what to say about the run.

    Raises:
        FormatError: The folder holds no results of a run.
        OptionError: The results are no projection, or keep nothing of it but labels.
    """
    base = Path(folder)
    if not (base / RECIPE).is_file():
        raise FormatError(
            f"there is no {RECIPE} in this folder",
            where=os.fspath(folder),
            hint="Name the folder of results of 'crosspan run', or SOURCE and TARGET.",
        )
    recipe, _ = read_toml(base / RECIPE)
    _check(recipe, base)
    root = base / recipe.get("root", ".")
    gold = recipe.get("evaluate") if recipe["task"] != "translate-train" else None
    links = recipe["align"]["path"] if recipe["align"]["use"] == "links" else None
    files = ReportFiles(
        source=_sentences(root, recipe["source"]),
        projected=base / "labelled.jsonl",
        dropped=base / "dropped.jsonl",
        links=None if links is None else _path(root, links),
        gold=None if gold is None else _sentences(root, gold),
        target=_sentences(root, {**recipe["target"], "repair": "begin"}),
        own_labels="tag" not in recipe,
        limit=recipe["limit"] or None,
    )
    facts = {
        "run": os.fspath(folder),
        "task": recipe["task"],
        "source": recipe["source"]["path"],
        "target": recipe["target"]["path"],
        "aligner": recipe["align"]["use"],
        "method": recipe["project"]["use"],
    }
    return files, facts


def _check(recipe: Mapping[str, Any], base: Path) -> None:
    missing = [
        name for name in ("task", "limit", "source", "target", "align", "project", "output") if name not in recipe
    ]
    if missing:
        raise FormatError(f"it has no {missing[0]!r}", where=str(base / RECIPE), hint="Run it again.")
    if recipe["task"] == "ensemble":
        raise OptionError(
            "the labels of an ensemble are averages and not projected from anywhere",
            where=str(base),
            hint="Look at the translate-test run of the same sentences instead.",
        )
    if recipe["output"]["format"] != "jsonl":
        raise OptionError(
            f"the run wrote {recipe['output']['format']}, which keeps no confidences and sources",
            where=str(base),
            hint="Run it again with --set output.format=jsonl.",
        )


def _path(root: Path, name: str) -> str:
    return os.path.normpath(root / name)


def _sentences(root: Path, table: Mapping[str, Any]) -> SentenceFile:
    return SentenceFile(
        _path(root, table["path"]),
        table["format"],
        table.get("lang") or None,
        table["columns"] or None,
        table.get("scheme", "auto"),
        table.get("repair", "error"),
    )
