"""Recipes to start from: every option with a line on what it does, commented out where it has its default."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from crosspan.pipeline.recipes.backends import FAMILIES, default_options, owned
from crosspan.pipeline.recipes.tables import ONLY_IN, OPTIONAL, TABLES, TASKS, General, check_choice
from crosspan.pipeline.recipes.toml_text import toml_value

_FILL_IN = {"source": "SOURCE", "target": "TARGET", "predict": "UNLABELLED", "evaluate": "GOLD"}
_SWITCHED_ON = {"translate-test": ("tag",), "ensemble": ("tag",), "model-transfer": ("tag",)}
_WIDTH = 110


def new_recipe(task: str, given: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    r"""Write a recipe.

    Args:
        task: One of :data:`crosspan.pipeline.recipes.tables.TASKS`.
        given: Values by table and key; the table ``""`` is what stands before the first. ``None`` is not given.

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
        "",
        *_keys(General(), values[""]),
    ]
    for name, kind in TABLES.items():
        if task in ONLY_IN.get(name, (task,)):
            lines += ["", *_table(name, kind, task, values.get(name, {}))]
    return "\n".join(lines) + "\n"


def _table(name: str, kind: type[Any], task: str, given: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a table; one that is off is commented out altogether."""
    off = name in OPTIONAL and not given and name not in _SWITCHED_ON.get(task, ())
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
    header = "# " if off else ""
    yield f"{header}[{name}]"
    for line in _keys(kind(), values):
        yield f"# {line}" if off and not line.startswith("#") else line
    options = default_options(name, str(values["use"])) if name in FAMILIES and "use" in values else None
    if options is not None:
        yield from _options(options, "", owned(name))
    if name == "project":
        yield "# weights.NAME = 0.5  # the weight of one score of candidates"


def _keys(defaults: Any, given: Mapping[str, Any]) -> Iterator[str]:
    about = descriptions(type(defaults))
    for field in fields(defaults):
        if field.name == "options":
            continue
        value = getattr(defaults, field.name)
        if is_dataclass(value):
            yield from _options(value, f"{field.name}.")
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
