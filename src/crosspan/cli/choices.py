"""Names of components as values of options; which there are is found out when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from crosspan.core.nearest import did_you_mean

_FAMILIES = {
    "crosspan.aligners": ("aligner", "crosspan.align:ALIGNERS"),
    "crosspan.formats": ("format", "crosspan.io:FORMATS"),
    "crosspan.projectors": ("method", "crosspan.project.projector:PROJECTORS"),
    "crosspan.repairs": ("repair", "crosspan.core.tags:REPAIRS"),
    "crosspan.schemes": ("scheme", "crosspan.core.tags:SCHEMES"),
    "crosspan.trainers": ("trainer", "crosspan.train:TRAINERS"),
    "crosspan.translators": ("translator", "crosspan.translate:TRANSLATORS"),
    "crosspan.units": ("unit", "crosspan.io:UNITS"),
    "crosspan.written-formats": ("format", "crosspan.io:output_names"),
}
"""What a component of a family is called, and where its names are: a family, the names, or what gives them."""


def family_names(family: str) -> list[str]:
    """Names that an option takes.

    Example:
        >>> family_names("crosspan.aligners")[0]
        'statistical'
    """
    module, _, attribute = _FAMILIES[family][1].partition(":")
    found: Any = getattr(import_module(module), attribute)
    if hasattr(found, "names"):
        return list(found.names())
    return list(found() if callable(found) else found)


class AlignerOption(click.Option):
    """The option that chooses an aligner: its help says what would be better than the default, if it is at hand."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option, and what it does."""
        from crosspan.align.at_hand import better_links

        found = super().get_help_record(ctx)
        more = better_links(str(self.default))
        return found if found is None or not more else (found[0], f"{found[1]}  {more}")


class FamilyChoice(click.ParamType[str]):
    """A name of a family; which there are is found out when it is needed, not when the verb is declared.

    Args:
        family: The family, such as ``"crosspan.aligners"``.
        first: Names that stand before those of the family, such as ``"auto"``.
        last: Names that stand after them.

    Example:
        >>> FamilyChoice("crosspan.aligners").convert("awesome", None, None)
        'awesome'
    """

    def __init__(self, family: str, *, first: Sequence[str] = (), last: Sequence[str] = ()) -> None:
        self.family = family
        self.name = _FAMILIES[family][0]
        self.first = tuple(first)
        self.last = tuple(last)

    @property
    def names(self) -> list[str]:
        """All names, each once."""
        return list(dict.fromkeys([*self.first, *family_names(self.family), *self.last]))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check a name; an unknown one is answered with the nearest."""
        known = self.names
        if value not in known:
            self.fail(f"there is no {self.name} {value!r}. {did_you_mean(str(value), known)}", param, ctx)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What ``--help`` shows for a value."""
        return f"[{'|'.join(self.names)}]"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The names that a shell can complete."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self.names if name.startswith(incomplete)]
