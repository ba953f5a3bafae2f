"""Which tables of a recipe go together: what one needs of another, and what none can do with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosspan.align import ALIGNERS
from crosspan.core.components import Component
from crosspan.core.errors import OptionError
from crosspan.pipeline.recipes.tables import MADE, General
from crosspan.project.projector import PROJECTORS
from crosspan.train import TRAINERS

Unfit = tuple[str, str, OptionError]
"""Table, key, and what is wrong."""


def unfit(general: General, tables: Mapping[str, Any]) -> Iterator[Unfit]:
    """What of a recipe does not go together, the first thing first.

    Args:
        general: What stands before the tables.
        tables: The tables, each checked by itself; ``None`` where one is not there.
    """
    yield from _paths(general, tables)
    if tables["translate"] is not None or tables["back_translate"] is not None:
        yield from _languages(tables)
    if tables["back_translate"] is not None and made_side(general, tables) == "target":
        hint = "Back-translation needs target sentences of their own: remove one of the two."
        error = OptionError("[translate] makes the target, and [back_translate] would bring it back", hint=hint)
        yield "back_translate", "", error
    if tables["ensemble"] is not None and not tables["ensemble"].model:
        hint = 'Add model = "FILE.crf"; the task translate-train makes one.'
        yield "ensemble", "", OptionError("[ensemble] has no model", hint=hint)
    if general.task == "model-transfer" and tables["tag"] is None:
        hint = 'Add [tag] with use = "transformers" and model = "FOLDER", say.'
        yield "target", "", OptionError("model-transfer needs a tagger for the sentences", hint=hint)
    if tables["train"] is not None:
        yield from _training(tables)
    if tables["project"] is not None:
        yield from _markers(general, tables)
        yield from _links(tables)


def made_side(general: General, tables: Mapping[str, Any]) -> str | None:
    """The side that [translate] makes; ``None`` without it."""
    return None if tables["translate"] is None else MADE.get(general.task)


def links_are_made(method: Component, aligner: str, *, changed: bool = False, looked_at: bool = False) -> bool:
    """Whether words are linked: where the method needs links, or somebody asked for some.

    Args:
        method: What is known of the method.
        aligner: The name of the aligner.
        changed: Whether it has settings of its own.
        looked_at: Whether something else looks at links, such as filters.

    Example:
        >>> links_are_made(PROJECTORS.component("codec"), ALIGNERS.default)
        False
        >>> links_are_made(PROJECTORS.component("codec"), "fast_align")
        True
    """
    return method.links or looked_at or changed or aligner != ALIGNERS.default


def _paths(general: General, tables: Mapping[str, Any]) -> Iterator[Unfit]:
    made = made_side(general, tables)
    for name in ("source", "target", "evaluate", "predict"):
        table = tables[name]
        if table is None:
            continue
        if name == made and table.path:
            hint = "Leave out the path, or [translate]."
            yield name, "path", OptionError(f"[translate] makes the {name}, but [{name}] has a path", hint=hint)
        elif name != made and not table.path:
            hint = 'Add path = "FILE".'
            if name == MADE.get(general.task):
                hint += " Or add [translate], which makes it."
            yield name, "", OptionError(f"[{name}] has no path", hint=hint)


def _languages(tables: Mapping[str, Any]) -> Iterator[Unfit]:
    for name in ("source", "target"):
        if not tables[name].lang:
            hint = 'Add lang = "lug", say: a code or an English name.'
            yield name, "lang", OptionError(f"[{name}] has no lang, and a translator must know it", hint=hint)


def _training(tables: Mapping[str, Any]) -> Iterator[Unfit]:
    train = tables["train"]
    if not TRAINERS.facts(train.use, train.options).unlabelled:
        return
    for name in ("source", "target"):
        if not tables[name].lang:
            hint = 'Add lang = "lug", say.'
            what = f"[{name}] has no lang, and a trainer that learns not to tell languages apart must know it"
            yield name, "lang", OptionError(what, hint=hint)


def _markers(general: General, tables: Mapping[str, Any]) -> Iterator[Unfit]:
    if tables["project"].use != "markers":
        return
    if MADE.get(general.task) != "target":
        hint = "Choose the task project or translate-train; labelled back-translation is [back_translate]."
        yield "project", "use", OptionError(f"markers cannot carry labels in the task {general.task}", hint=hint)
    if tables["translate"] is None:
        hint = "Add [translate] with the translator to use."
        yield "project", "use", OptionError("markers go through a translator, and there is none", hint=hint)
    if tables["project"].filters:
        yield "project", "filters", OptionError("filters need word links, and markers make none", hint="Remove them.")


def _links(tables: Mapping[str, Any]) -> Iterator[Unfit]:
    if tables["align"].use != "none" or tables["project"].use == "markers":
        return
    if PROJECTORS.facts(tables["project"].use, tables["project"].options).links:
        without = [name for name, one in PROJECTORS.builtin.items() if not one.links]
        hint = f"Choose an aligner, or one of {', '.join(without)} in [project]."
        error = OptionError(f"{tables['project'].use} needs word links, and [align] makes none", hint=hint)
        yield "align", "use", error
    if tables["project"].filters:
        hint = "Remove them, or choose an aligner."
        yield "project", "filters", OptionError("filters need word links, and [align] makes none", hint=hint)
