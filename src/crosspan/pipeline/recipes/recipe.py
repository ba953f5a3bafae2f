"""Recipes: a TOML file becomes checked settings. A key that is not known is an error that names the nearest."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike
from crosspan.core.options import flat, nested, setting_names, with_settings
from crosspan.core.toml_reader import Place, TomlReader, read_toml
from crosspan.pipeline.recipes.backends import FAMILIES, check_backend, is_free, option_names, resolved_options
from crosspan.pipeline.recipes.file_tables import EvaluateTable, PredictTable, SourceTable, TargetTable
from crosspan.pipeline.recipes.fit import unfit
from crosspan.pipeline.recipes.tables import (
    ONLY_IN,
    OPTIONAL,
    TABLES,
    AlignTable,
    BackTranslateTable,
    BitextTable,
    EnsembleTable,
    General,
    OutputTable,
    ProjectTable,
    TagTable,
    TranslateTable,
)
from crosspan.pipeline.recipes.toml_text import toml_text
from crosspan.pipeline.recipes.train_table import TrainTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe that was read and checked, with every option.

    Args:
        shown: Its file, for messages.
        folder: Where paths start from.
        general: What stands before the tables.
        source, target, translate, bitext, tag, back_translate, align, project, train, predict, ensemble, evaluate,
            output: The tables; ``None`` where one that switches a stage on is not there, or has no place in the task.
    """

    shown: str
    folder: Path
    general: General
    source: SourceTable | None
    target: TargetTable
    translate: TranslateTable | None
    bitext: BitextTable | None
    tag: TagTable | None
    back_translate: BackTranslateTable | None
    align: AlignTable | None
    project: ProjectTable | None
    train: TrainTable | None
    predict: PredictTable | None
    ensemble: EnsembleTable | None
    evaluate: EvaluateTable | None
    output: OutputTable

    @property
    def shown_input(self) -> str:
        """The file that a sentence is named after, in messages."""
        return (self.source.path if self.source is not None else "") or self.target.path

    @property
    def out(self) -> Path:
        """The folder of the results."""
        return self.path(self.general.out)

    def path(self, name: str) -> Path:
        """A path of the recipe."""
        return Path(os.path.normpath(self.folder / name))

    def model(self, name: str) -> str:
        """A model: the path of a file that is there, or that is named as one; else a name that its backend knows."""
        path = self.path(name)
        return str(path) if name and (path.exists() or name.endswith(".crf")) else name

    def resolved(self) -> str:
        """The recipe with every option, as TOML to be kept in the folder of the results.

        Its ``root`` leads back to the folder that the paths start from.
        """
        general = replace(self.general, root=os.path.relpath(self.folder, self.out))
        data: dict[str, Any] = asdict(general)
        for name in TABLES:
            table = getattr(self, name)
            if table is not None:
                values = asdict(table)
                values.update(nested(values.pop("options", {})))
                data[name] = values
        return toml_text(data)


def load_recipe(
    path: PathLike,
    settings: Sequence[str] = (),
    *,
    out: PathLike | None = None,
    limit: int | None = None,
) -> Recipe:
    r"""Read a recipe.

    Args:
        path: The file.
        settings: Changes, as ``table.key=value``. Another backend (``table.use=name``) begins with its own defaults:
            options and model that the file names for the one before it do not count.
        out: Another folder for the results, relative to the working folder.
        limit: Another number of sentences to read.

    Raises:
        FormatError: The file cannot be read, or is not TOML.
        OptionError: A key is unknown, or a value is not possible.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "r.toml"
        ...     _ = path.write_text('task = "project"\n[source]\npath = "a"\n[target]\npath = "b"\n')
        ...     recipe = load_recipe(path, ["align.hmm_iterations=2"])
        >>> recipe.align.options["hmm_iterations"], recipe.project.use
        (2, 'candidates')
    """
    shown = os.fspath(path)
    data, text = read_toml(path)
    change_recipe(data, settings)
    folder = Path(shown).resolve().parent
    root = data.get("root", ".")
    folder = folder / root if isinstance(root, str) else folder
    if out is not None:
        data["out"] = os.path.relpath(os.path.abspath(out), folder)
    if limit is not None:
        data["limit"] = limit
    return _Reader(shown, text).recipe(data, Path(os.path.normpath(folder)))


def change_recipe(data: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Put changes into the values of a recipe; see :func:`load_recipe`.

    Args:
        data: The values; they are changed.
        settings: Changes, as ``table.key=value``.

    Returns:
        The same values.

    Raises:
        OptionError: A change is not of that form.

    Example:
        >>> change_recipe({}, ["align.use=fast_align", "limit=3"])
        {'align': {'use': 'fast_align'}, 'limit': 3}
    """
    for item in sorted(settings, key=lambda one: not _names_a_backend(one)):
        _set(data, item)
    return data


def make_recipe(data: Mapping[str, Any], folder: PathLike = ".") -> Recipe:
    """Make a recipe from values, as a call in Python or a command gives them.

    Args:
        data: What stands before the tables, and the tables by name.
        folder: Where paths start from.

    Raises:
        OptionError: A key is unknown, or a value is not possible.

    Example:
        >>> make_recipe({"source": {"path": "a"}, "target": {"path": "b"}}).align.use
        'statistical'
    """
    return _Reader("", "").recipe(data, Path(folder))


def _names_a_backend(item: str) -> bool:
    return item.partition("=")[0].strip().endswith(".use")


def _forget_backend(data: dict[str, Any], table: str) -> None:
    """Another backend was chosen: what the file says to the one before it, and which model, does not count any more."""
    given = data.get(table)
    if isinstance(given, dict) and table in TABLES:
        own = {field.name for field in fields(TABLES[table])} - {"options", "model", "path", "use"}
        data[table] = {name: value for name, value in given.items() if name.partition(".")[0] in own}


def _set(data: dict[str, Any], item: str) -> None:
    """Put ``table.key=value`` into the values of a recipe."""
    name, equals, value = item.partition("=")
    *outer, last = [part.strip().replace("-", "_") for part in name.split(".")]
    if not equals or not last:
        raise OptionError(
            f"--set {item!r} is not of the form KEY=VALUE", hint="Write, say, --set align.use=fast_align."
        )
    if _names_a_backend(item) and len(outer) == 1 and _use_of(data, outer[0]) not in (None, value.strip()):
        _forget_backend(data, outer[0])
    inside = data
    for part in outer:
        inside = inside.setdefault(part, {})
        if not isinstance(inside, dict):
            raise OptionError(f"--set {item!r}: {part} is one value, no table", hint="Leave out what follows it.")
    inside[last] = _value(value.strip())


def _use_of(data: Mapping[str, Any], table: str) -> str | None:
    given = data.get(table)
    return given.get("use") if isinstance(given, dict) else None


def _value(text: str) -> Any:
    """A value as TOML where that loses nothing, else text."""
    try:
        value = tomllib.loads(f"x = {text}")["x"]
    except (ValueError, RecursionError):  # the first also of numbers with too many digits
        return text
    whole = isinstance(value, list | dict | str)
    return value if whole or (isinstance(value, int | float) and str(value).lower() == text) else text


class _Reader:
    """Turns values into a recipe."""

    def __init__(self, shown: str, text: str) -> None:
        self.shown = shown
        self.read = TomlReader(shown, text)

    def recipe(self, data: Mapping[str, Any], folder: Path) -> Recipe:
        """Check everything."""
        data = {name: value for name, value in data.items() if value is not None}
        top = Place("", {name: value for name, value in data.items() if name not in TABLES})
        self.read.check_keys(top, [*(field.name for field in fields(General)), *TABLES])
        general = self.read.table(top, General)
        tables: dict[str, Any] = {}
        for name, kind in TABLES.items():
            given = Place(name, self.read.inside(data, name))
            tasks = ONLY_IN.get(name)
            if tasks is not None and general.task not in tasks:
                if name in data:
                    error = OptionError(f"[{name}] has no place in the task {general.task}", hint="Remove it.")
                    raise self.read.error(given, "", error)
                tables[name] = None
            elif name not in data and name in OPTIONAL:
                tables[name] = None
            else:
                tables[name] = self._table(given, kind)
        for table, key, error in unfit(general, tables):
            raise self.read.error(Place(table, {}), key, error)
        return Recipe(shown=self.shown, folder=folder, general=general, **tables)

    def _table(self, given: Place, kind: type[Any]) -> Any:
        """A table with its groups, and with the options of the component that it names."""
        table = given.table
        default = kind()
        own = {field.name: getattr(default, field.name) for field in fields(kind) if field.name != "options"}
        groups = {name: value for name, value in own.items() if is_dataclass(value)}
        single = [name for name in own if name not in groups]
        values = {name: value for name, value in given.given.items() if name in single}
        rest = flat({name: value for name, value in given.given.items() if name not in single})
        use = str(values.get("use", own.get("use", "")))
        if table in FAMILIES:
            self.read.guarded(lambda: check_backend(table, use), Place(table, {"use": use}))
        names = option_names(table, use) if table in FAMILIES else []
        grouped = [f"{name}.{inner}" for name, group in groups.items() for inner in setting_names(group)]
        self.read.check_keys(
            Place(table, rest),
            [*single, *(names or ()), *grouped],
            takes=lambda name: names is None or (table in FAMILIES and is_free(table, use, name)),
            of=f"{table} ({use})" if use else table,
        )
        for name, group in groups.items():
            inside = {key.removeprefix(f"{name}."): rest.pop(key) for key in list(rest) if key.startswith(f"{name}.")}
            change = partial(with_settings, group, inside)
            values[name] = self.read.guarded(change, Place(table, inside, inside=name))
        if table in FAMILIES:
            values["options"] = self.read.guarded(lambda: resolved_options(table, use, rest), Place(table, rest))
        return self.read.table(Place(table, values), kind)
