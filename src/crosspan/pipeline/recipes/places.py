"""What a recipe reads, and where it keeps what it worked out: found in its tables, by the names of their keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from crosspan.core.model_options import names_a_cache, names_a_model, with_models
from crosspan.core.options import flat
from crosspan.io.dataset_folder import places_read as files_among
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.recipes.tables import TABLES

FILES = ("path", "files", "gold", "dev", "unlabelled")
"""Keys of tables that name files to be read."""


def places_read(recipe: Recipe) -> list[str]:
    """The files and folders that a recipe reads, itself among them; models of other names are not here.

    Example:
        >>> from crosspan.pipeline.recipes.recipe import make_recipe
        >>> tables = {"source": {"path": "en.conll"}, "target": {"path": "sw.txt"}, "tag": {"model": "no-model"}}
        >>> places_read(make_recipe({"task": "project", **tables}))
        ['en.conll', 'sw.txt']
    """
    found = [recipe.shown] if recipe.shown else []
    for name, value in _values(recipe):
        if name in FILES:
            found += files_among([str(recipe.path(path)) for path in _paths(value)])
        elif names_a_model(name):
            model = with_models({name: value}, recipe.model)[name]
            found += [path for path in (model, model.partition(":")[2]) if path and os.path.exists(path)]
    return found


def places_kept(recipe: Recipe) -> list[str]:
    """The caches that a recipe names, each once, as components may share one: files and folders that are written."""
    return list(dict.fromkeys(str(value) for name, value in _values(recipe) if names_a_cache(name) and value))


def _values(recipe: Recipe) -> Iterator[tuple[str, Any]]:
    """The last part of each key that holds text, and what it holds."""
    for table in TABLES:
        values = getattr(recipe, table)
        for name, value in flat({} if values is None else asdict(values)).items():
            if isinstance(value, str | tuple | list):
                yield name.rpartition(".")[2], value


def _paths(value: object) -> Iterator[str]:
    """The paths of one file, of several with a language before them, or of pairs."""
    if isinstance(value, str):
        if value:
            yield value.rpartition("=")[2]
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _paths(one)
