"""Pages made from the code: the tables of a recipe, and the settings of every component."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from crosspan.core.options import what_fits
from crosspan.core.tables import Table, words
from crosspan.manual.pages import Page
from crosspan.manual.prose import as_markdown

if TYPE_CHECKING:
    from crosspan.core.components import Component

FAMILIES: Mapping[str, tuple[str, str]] = {
    "translators": ("Translators", "[translate] of a recipe, `crosspan translate --use`"),
    "taggers": ("Taggers", "[tag] of a recipe, `crosspan tag --tagger NAME:MODEL`"),
    "aligners": ("Aligners", "[align] of a recipe, `--aligner`"),
    "projectors": ("Methods of projection", "[project] of a recipe, `--method`"),
    "scorers": ("Scores of candidates", "the weights of candidates: `--set weights.NAME=1`"),
    "matchers": ("Matchers", "the setting `matcher` of candidates"),
    "trainers": ("Trainers", "[train] of a recipe"),
    "formats": ("Formats", "the endings of files, `--to`, `--source-format`"),
    "suites": ("Suites", "`crosspan bench SUITE`"),
}
"""The page of each family of :data:`crosspan.pipeline.backends.FAMILIES`: its title, and where its names are used."""

_COLUMNS = words("setting", "default", "takes", "what it does")


def setting_pages() -> list[Page]:
    """The page of recipes' tables, and a page for each family of components.

    Example:
        >>> [page.name for page in setting_pages()][:2]
        ['recipe_tables', 'settings/translators']
    """
    families = [
        Page(f"settings/{name}", f"Settings: {title[0].lower()}{title[1:]}", partial(_family_page, name))
        for name, (title, _) in FAMILIES.items()
    ]
    return [Page("recipe_tables", "Recipes, table by table", _recipe_page), *families]


def _recipe_page() -> str:
    from crosspan.pipeline.recipes.ready import about_recipe, ready_names
    from crosspan.pipeline.recipes.tables import ONLY_IN, OPTIONAL, TABLES, TASKS, General

    parts = [
        "# Recipes, table by table",
        "Made from the code. What a recipe is, and how it is run, stands in [recipes](recipes.md); the settings of "
        "components, which are keys of the same tables, in the pages of settings. `crosspan new recipe --all` writes a "
        "recipe with all of it.",
        "## Tasks",
        Table(words("task", "what it does"), [(f"`{name}`", about) for name, about in TASKS.items()]).markdown(),
        "## Before the first table",
        *_settings(General()),
    ]
    for name, kind in TABLES.items():
        tasks = ONLY_IN.get(name)
        notes = ["It is done where this table is there."] if name in OPTIONAL else []
        notes += [f"Only in {', '.join(f'`{task}`' for task in tasks)}."] if tasks else []
        parts += [f"## [{name}]", as_markdown(inspect.getdoc(kind) or "", lead=True), *notes, *_settings(kind())]
    parts += [
        "## Ready recipes",
        "`crosspan new recipe --pipeline NAME` writes one:",
        Table(words("name", "what it does"), [(f"`{name}`", about_recipe(name)) for name in ready_names()]).markdown(),
    ]
    return "\n\n".join(parts) + "\n"


def _family_page(name: str) -> str:
    from crosspan.pipeline.backends import FAMILIES as ALL

    family = ALL[name]
    title, where = FAMILIES[name]
    names = list(family.builtin)  # what other packages bring differs from one installation to the next
    parts = [
        f"# {title}",
        f"Made from the code. Names of this family are used in {where}. `crosspan backends {name}` lists them with "
        "those that other packages bring, and says what is here.",
        Table(
            words("name", "what it is", "needs"),
            [(f"`{one}`", family.builtin[one].about, _needs(family.builtin[one]) or "–") for one in names],
        ).markdown(),
    ]
    for one in names:
        options = family.options(one)
        if options is not None:
            parts += [f"## {one}", family.builtin[one].about, *_settings(options, family.given)]
    return "\n\n".join(parts) + "\n"


def _needs(component: Component) -> str:
    packages = [f"`crosspan[{component.extra}]`"] if component.extra else [f"`{one}`" for one in component.packages]
    return ", ".join([*packages, *(f"`{one}`" for one in component.programs)])


def _settings(options: Any, without: tuple[str, ...] = ()) -> Iterator[str]:
    """The settings of a dataclass of options as a table; nested ones have a dot in their names."""
    rows = list(_rows(options, "", without))
    if rows:
        yield Table(_COLUMNS, rows).markdown()
    else:
        yield "It has no settings."


def _rows(options: Any, prefix: str, without: tuple[str, ...] = ()) -> Iterator[tuple[str, str, str, str]]:
    from crosspan.pipeline.recipes.template import descriptions
    from crosspan.pipeline.recipes.toml_text import toml_value

    about, takes = descriptions(type(options)), what_fits(type(options))
    for field in fields(options):
        value = getattr(options, field.name)
        name = f"{prefix}{field.name}"
        if field.name in without or (field.name == "options" and isinstance(value, Mapping)):
            continue
        if is_dataclass(value):
            yield from _rows(value, f"{name}.")
        else:
            default = "none" if value is None else f"`{toml_value(value)}`"
            yield f"`{name}`", default, takes[field.name], as_markdown(about.get(field.name, ""))
