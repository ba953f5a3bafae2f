"""Recipes to start from: options with a line on what each does, commented out where they have their defaults."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from crosspan.align.at_hand import better_links
from crosspan.pipeline.recipes.backends import FAMILIES, default_options, owned
from crosspan.pipeline.recipes.file_tables import check_choice
from crosspan.pipeline.recipes.tables import ONLY_IN, OPTIONAL, TABLES, TASKS, General
from crosspan.pipeline.recipes.toml_text import toml_value

_FILL_IN = {"source": "SOURCE", "target": "TARGET", "predict": "UNLABELLED", "evaluate": "GOLD"}
_SWITCHED_ON = {"translate-test": ("tag",), "ensemble": ("tag",), "model-transfer": ("tag",)}
_SELDOM = ("bitext", "output")
"""Tables that a recipe does without where nothing is given for them."""
_SELDOM_KEYS = ("tag_column", "tag_names", "encoding", "offsets", "one_based")
"""Keys that say how a file is read where that is not found out; they are written where they are given."""
_WIDTH = 110


def new_recipe(task: str, given: Mapping[str, Mapping[str, Any]] | None = None, *, everything: bool = False) -> str:
    r"""Write a recipe.

    Args:
        task: One of :data:`crosspan.pipeline.recipes.tables.TASKS`.
        given: Values by table and key; the table ``""`` is what stands before the first. ``None`` is not given.
        everything: Whether to write every table and option of the task; else only the tables that the recipe uses,
            with the options that they have whatever backend does the work.

    Raises:
        OptionError: There is no such task.

    Example:
        >>> text = new_recipe("project", {"source": {"path": "en.conll"}, "target": {"path": "sw.txt"}})
        >>> [line for line in text.split("\n") if line and line[0] != "#"][:5]
        ['task = "project"', '[source]', 'path = "en.conll"', '[target]', 'path = "sw.txt"']
    """
    check_choice("task", task, tuple(TASKS))
    values = {
        table: {key: value for key, value in keys.items() if value is not None} for table, keys in (given or {}).items()
    }
    values.setdefault("", {})["task"] = task
    lines = [
        f"# Recipe for crosspan: {TASKS[task]}.",
        "# Run it with: crosspan run THIS_FILE        (--dry-run shows what would be done)",
        "# Paths start from the folder of this file. What is commented out is the default.",
    ]
    tables = {name: kind for name, kind in TABLES.items() if task in ONLY_IN.get(name, (task,))}
    used = [name for name in tables if everything or _is_used(name, task, values.get(name, {}))]
    if not everything:
        lines += _rest(task, [name for name in tables if name not in used])
    lines += ["", *_keys(General(), values[""], everything)]
    for name in used:
        lines += ["", *_table(name, tables[name], task, values.get(name, {}), everything)]
    return "\n".join(lines) + "\n"


def _is_used(name: str, task: str, given: Mapping[str, Any]) -> bool:
    """Whether a recipe that has these values does something with a table."""
    return bool(given) or name in _SWITCHED_ON.get(task, ()) or name not in (*OPTIONAL, *_SELDOM)


def _rest(task: str, unused: Sequence[str]) -> list[str]:
    """Where what is not written can be found."""
    tables = f"the tables {', '.join(f'[{name}]' for name in unused)}, and " if unused else ""
    return [
        *_comment(f"Not here: {tables}options of the backends that are used, and of how files are read."),
        f"## Write every option with: crosspan new recipe --task {task} --all",
        "## See what use can name with: crosspan backends",
    ]


def _table(name: str, kind: type[Any], task: str, given: Mapping[str, Any], everything: bool) -> Iterator[str]:
    """The lines of a table; one that is off is commented out altogether."""
    off = name in OPTIONAL and not _is_used(name, task, given)
    values = dict(given)
    if "path" not in values and name in _FILL_IN:
        values["path"] = _FILL_IN[name]
    if name == "ensemble":
        values.setdefault("model", "MODEL.crf")
    if name in ("translate", "tag", "back_translate", "align", "project", "train"):
        values.setdefault("use", kind().use)
    if name in ("translate", "tag", "back_translate"):
        values.setdefault("model", kind().model or "MODEL")
    lead = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    yield from _comment(" ".join(lead.split()))
    if name == "align":
        yield from _comment(better_links(str(values["use"])))
    header = "# " if off else ""
    yield f"{header}[{name}]"
    for line in _keys(kind(), values, everything):
        yield f"# {line}" if off and not line.startswith("#") else line
    options = default_options(name, values.get("use", kind().use)) if everything and name in FAMILIES else None
    if options is not None:
        yield from _options(options, "", owned(name))
    if name == "project" and everything:
        yield "# weights.NAME = 0.5  # the weight of one score of candidates"


def _keys(defaults: Any, given: Mapping[str, Any], everything: bool) -> Iterator[str]:
    """The keys of a table, and what its groups of options hold where everything is to be written."""
    about = descriptions(type(defaults))
    for field in fields(defaults):
        seldom = field.name in _SELDOM_KEYS and field.name not in given and not everything
        if field.name == "options" or seldom:
            continue
        value = getattr(defaults, field.name)
        if is_dataclass(value):
            yield from _options(value, f"{field.name}.") if everything else ()
        elif field.name in given:
            yield from _comment(about.get(field.name, ""))
            yield f"{field.name} = {toml_value(given[field.name])}"
        else:
            yield from _option(field.name, value, about.get(field.name, ""))


def _options(options: Any, prefix: str, without: tuple[str, ...] = ()) -> Iterator[str]:
    about = descriptions(type(options))
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name in without:
            continue
        if is_dataclass(value):
            yield from _options(value, f"{prefix}{field.name}.")
        elif not isinstance(value, Mapping):
            yield from _option(prefix + field.name, value, about.get(field.name, ""))


def _option(name: str, value: Any, about: str) -> Iterator[str]:
    yield from _comment(about)
    yield f"# {name} = {toml_value(value)}"


def _comment(text: str) -> list[str]:
    """Text behind two signs, so that it differs from what is commented out."""
    return textwrap.wrap(text, _WIDTH, initial_indent="## ", subsequent_indent="##   ", break_on_hyphens=False)


def descriptions(kind: type[Any]) -> dict[str, str]:
    """What the docstrings of a dataclass and of those it derives from say of each field, on one line.

    Example:
        >>> descriptions(General)["limit"]
        'Read only so many sentences of every file; 0 reads all.'
    """
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if is_dataclass(one):
            found.update(_described(inspect.getdoc(one) or ""))
    return found


def _described(text: str) -> dict[str, str]:
    section = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)*)", text, re.MULTILINE)
    found: dict[str, str] = {}
    name = ""
    for line in section[1].split("\n") if section else []:
        head = re.match(r"    (\w+): (.*)", line)
        if head:
            name = head[1]
            found[name] = head[2].strip()
        elif name and line.strip():
            found[name] += " " + line.strip()
    return {key: value.replace("``", "").replace(":data:", "").replace(":func:", "") for key, value in found.items()}
