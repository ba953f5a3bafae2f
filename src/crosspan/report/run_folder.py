"""The files of a run: what ``crosspan run`` left in its folder, and what it read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.options import with_settings
from crosspan.core.shown import shown
from crosspan.core.toml_reader import read_toml
from crosspan.io.choice import format_named
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.outputs import RESOLVED, ending_of
from crosspan.pipeline.recipes.file_tables import SentenceTable
from crosspan.pipeline.recipes.tables import TABLES
from crosspan.report.reading import ReportFiles


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
    if not (base / RESOLVED).is_file():
        raise FormatError(
            f"there is no {RESOLVED} in this folder",
            where=os.fspath(folder),
            hint="Name the folder of results of 'crosspan run', or SOURCE and TARGET.",
        )
    values, _ = read_toml(base / RESOLVED)
    recipe = _Tables(values, os.fspath(base / RESOLVED))
    _check(recipe, base)
    root = base / recipe.text("root", default=".")
    scored = recipe.has("evaluate") and recipe.text("task") != "translate-train"
    links = recipe.text("align", "path") if recipe.text("align", "use") == "links" else None
    limit = recipe.value("limit")
    files = ReportFiles(
        source=_sentences(root, recipe, "source"),
        projected=base / f"labelled.{ending_of(recipe.text('output', 'format'))}",
        dropped=base / "dropped.jsonl",
        links=None if links is None else _path(root, links),
        one_based=recipe.value("align", "one_based", default=False) is True,
        gold=_sentences(root, recipe, "evaluate") if scored else None,
        target=replace(_sentences(root, recipe, "target"), repair="begin"),
        own_labels=not recipe.has("tag"),
        limit=limit if type(limit) is int and 0 < limit < sys.maxsize else None,
    )
    facts = {
        "run": os.fspath(folder),
        "task": recipe.text("task"),
        "source": recipe.text("source", "path"),
        "target": recipe.text("target", "path"),
        "aligner": recipe.text("align", "use"),
        "method": recipe.text("project", "use"),
    }
    return files, facts


class _Tables:
    """The values of a resolved recipe, each checked when it is asked for: a later version may have other keys."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._data = data
        self.where = where

    def has(self, name: str) -> bool:
        """Whether there is a key of this name before the tables, or a table."""
        return name in self._data

    def value(self, *names: str, default: Any = None) -> Any:
        """A value by the names of its table and key."""
        found: Any = self._data
        for name in names:
            if not isinstance(found, Mapping) or (name not in found and default is None):
                raise FormatError(f"it has no {'.'.join(names)!r}", where=self.where, hint="Run it again.")
            found = found.get(name, default)
        return found

    def text(self, *names: str, default: str | None = None) -> str:
        """A value that is text."""
        found = self.value(*names, default=default)
        if not isinstance(found, str) or "\0" in found:
            raise FormatError(f"{'.'.join(names)} is {shown(found)}", where=self.where, hint="Run it again.")
        return found


def _check(recipe: _Tables, base: Path) -> None:
    for name in ("task", "limit", "source", "target", "align", "project", "output"):
        recipe.value(name)
    if recipe.text("task") == "ensemble":
        raise OptionError(
            "the labels of an ensemble are averages and not projected from anywhere",
            where=str(base),
            hint="Look at the translate-test run of the same sentences instead.",
        )
    form = recipe.text("output", "format")
    if not format_named(form).sources:
        raise OptionError(
            f"the run wrote {form}, which keeps no confidences and sources",
            where=str(base),
            hint="Run it again with --set output.format=jsonl.",
        )


def _path(root: Path, name: str) -> str:
    return os.path.normpath(root / name)


def _sentences(root: Path, recipe: _Tables, table: str) -> SentenceFile:
    """A file of the run, read as it was read there; keys of a later version are passed over."""
    kind = TABLES[table]
    known = {field.name for field in fields(kind)}
    values = {name: value for name, value in dict(recipe.value(table)).items() if name in known}
    try:
        read: SentenceTable = with_settings(kind(), values)
    except OptionError as error:
        raise FormatError(f"[{table}] is wrong: {error.message}", where=recipe.where, hint="Run it again.") from error
    return SentenceFile(_path(root, recipe.text(table, "path")), **read.reading())
