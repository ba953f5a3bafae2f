"""One engine for every door: plans of steps, in shards, against a store, so that a run that was stopped goes on.

Names load when they are first used, so that importing this package is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosspan.pipeline.recipes.recipe import Recipe as Recipe
    from crosspan.pipeline.recipes.recipe import load_recipe as load_recipe
    from crosspan.pipeline.recipes.template import new_recipe as new_recipe
    from crosspan.pipeline.runner import RunReport as RunReport
    from crosspan.pipeline.runner import plan_recipe as plan_recipe
    from crosspan.pipeline.runner import run_recipe as run_recipe

__all__ = ["Recipe", "RunReport", "load_recipe", "new_recipe", "plan_recipe", "run_recipe"]

_HOMES = {
    "Recipe": "recipes.recipe",
    "RunReport": "runner",
    "load_recipe": "recipes.recipe",
    "new_recipe": "recipes.template",
    "plan_recipe": "runner",
    "run_recipe": "runner",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"crosspan.pipeline.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
