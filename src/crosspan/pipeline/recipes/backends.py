"""Which family the ``use`` of a recipe's table is looked up in, and what a table can use beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from crosspan.align import ALIGNERS
from crosspan.core.components import Component
from crosspan.core.errors import OptionError
from crosspan.core.families import Family
from crosspan.core.nearest import did_you_mean
from crosspan.core.options import flat, is_open, setting_names, with_settings
from crosspan.project.marker_options import MarkerOptions
from crosspan.project.projector import PROJECTORS
from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS
from crosspan.translate import TRANSLATORS

FAMILIES: Mapping[str, Family[Component]] = {
    "translate": TRANSLATORS,
    "tag": TAGGERS,
    "back_translate": TRANSLATORS,
    "align": ALIGNERS,
    "project": PROJECTORS,
    "train": TRAINERS,
    "ensemble": TAGGERS,
}
"""The family of each table that has a ``use``."""

OWN: Mapping[str, Mapping[str, Any]] = {
    "align": {"links": None, "model": None, "none": None},
    "project": {"markers": MarkerOptions()},
}
"""What a table can use beside components, stages of their own, and the options of each."""


def check_backend(table: str, use: str) -> None:
    """Raise unless there is a backend of this name.

    Raises:
        OptionError: There is none; the error names the nearest.
    """
    family = FAMILIES[table]
    if use not in OWN.get(table, ()) and use not in family:
        hint = did_you_mean(use, [*family.names(), *OWN.get(table, ())])
        raise OptionError(f"use is {use!r}, and there is no such {family.noun}", hint=hint)


def default_options(table: str, use: str) -> Any:
    """The options of a backend as it has them by default: a dataclass; ``None`` where there is none.

    Example:
        >>> default_options("align", "statistical").hmm_iterations
        3
    """
    own = OWN.get(table, {})
    return own[use] if use in own else FAMILIES[table].options(use)


def option_names(table: str, use: str) -> list[str] | None:
    """Names of the options of a backend; ``None`` where crosspan does not know them.

    Example:
        >>> option_names("tag", "crf")
        []
    """
    own = OWN.get(table, {})
    if use not in own:
        return FAMILIES[table].option_names(use)
    return [] if own[use] is None else setting_names(own[use])


def owned(table: str) -> tuple[str, ...]:
    """Options of backends that a table has as keys of its own.

    Example:
        >>> owned("tag"), owned("align")
        (('model',), ())
    """
    return FAMILIES[table].given


def resolved_options(table: str, use: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a backend, those not given at their defaults, by dotted names.

    Raises:
        OptionError: An option is unknown, or has a value that it cannot have.

    Example:
        >>> resolved_options("project", "heuristic", {"merge_distance": "2"})["merge_distance"]
        2
    """
    own = OWN.get(table, {})
    if use not in own:
        return FAMILIES[table].resolved(use, given)
    return dict(given) if own[use] is None else flat(asdict(with_settings(own[use], given)))


def is_free(table: str, use: str, name: str) -> bool:
    """Whether an option is one of a group that takes any names, such as the weights of candidates."""
    return table in FAMILIES and is_open(default_options(table, use), name)
