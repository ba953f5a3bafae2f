"""Recipes: stages by name, in shards, with a cache, so that a run that was stopped goes on where it was.

Names load when they are first used, so that importing this package is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosspan.run.recipe import Recipe as Recipe
    from crosspan.run.recipe import load_recipe as load_recipe
    from crosspan.run.runner import RunReport as RunReport
    from crosspan.run.runner import plan_recipe as plan_recipe
    from crosspan.run.runner import run_recipe as run_recipe
    from crosspan.run.template import new_recipe as new_recipe

__all__ = ["Recipe", "RunReport", "load_recipe", "new_recipe", "plan_recipe", "run_recipe"]

_HOMES = {
    "Recipe": "recipe",
    "RunReport": "runner",
    "load_recipe": "recipe",
    "new_recipe": "template",
    "plan_recipe": "runner",
    "run_recipe": "runner",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"crosspan.run.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
