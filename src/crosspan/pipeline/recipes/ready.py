"""Ready recipes: one for each pipeline of the reference paper, and one for each of its rivals.

They lie in ``pipelines/`` with the models that the papers used; names in capitals stand for what a user fills in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.pipeline.recipes.toml_text import toml_value

PLACES = ("SOURCE", "TARGET", "SOURCE_LANG", "TARGET_LANG", "OUT")
"""What is to be filled in: files, languages, and the folder of the results."""


@cache
def ready_names() -> tuple[str, ...]:
    """Names of the ready recipes, sorted.

    Example:
        >>> "align-source" in ready_names()
        True
    """
    folder = resources.files("crosspan.pipeline.recipes") / "pipelines"
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def ready_recipe(name: str, given: Mapping[str, str | None] | None = None, *, gold: str | None = None) -> str:
    r"""The text of a ready recipe.

    Args:
        name: One of :func:`ready_names`.
        given: What to fill in, by :data:`PLACES`; ``None`` leaves a name in capitals.
        gold: Right labels, to score the result.

    Raises:
        OptionError: There is no such recipe.

    Example:
        >>> text = ready_recipe("codec", {"TARGET": "lug.txt", "TARGET_LANG": "lug", "SOURCE_LANG": "en", "OUT": "out"})
        >>> [line for line in text.split("\n") if line.startswith(("path", "lang"))]
        ['lang = "en"', 'path = "lug.txt"', 'lang = "lug"']
    """
    if name not in ready_names():
        raise OptionError(f"there is no ready recipe {name!r}", hint=did_you_mean(name, ready_names()))
    text = (resources.files("crosspan.pipeline.recipes") / "pipelines" / f"{name}.toml").read_text(encoding="utf-8")
    for place in PLACES:
        value = (given or {}).get(place)
        if value is not None:
            text = text.replace(f'"{place}"', toml_value(value))
    if gold is not None:
        text += f"\n[evaluate]\npath = {toml_value(gold)}\n"
    return text


def about_recipe(name: str) -> str:
    """The first line of a ready recipe: what it does.

    Example:
        >>> about_recipe("codec")
        'Insert markers into the target sentence by constrained decoding.'
    """
    return ready_recipe(name).partition("\n")[0].removeprefix("# ")
