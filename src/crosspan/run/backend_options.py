"""The options of the backends that a recipe can name: those of crosspan are checked, others go to their package."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from crosspan import registry
from crosspan.errors import OptionError
from crosspan.project.projector import METHODS, make_projector
from crosspan.settings import setting_names, with_settings

GROUPS = {
    "tag": "crosspan.taggers",
    "align": "crosspan.aligners",
    "project": "crosspan.projectors",
    "train": "crosspan.trainers",
    "ensemble": "crosspan.taggers",
}
"""The group in which the ``use`` of a table is looked up."""

_FREE = "weights."


def check_backend(table: str, use: str) -> None:
    """Raise unless there is a backend of this name.

    Raises:
        OptionError: There is none; the error names the nearest.
    """
    group = GROUPS[table]
    known = registry.names(group) + (["links", "model"] if table == "align" else [])
    if use not in known:
        near = difflib.get_close_matches(use.lower(), known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of {', '.join(known)}."
        raise OptionError(f"use is {use!r}, and there is no such {group.rpartition('.')[2][:-1]}", hint=hint)


def default_options(table: str, use: str) -> object | None:
    """The options of a backend of crosspan as it has them by default.

    Returns:
        A dataclass; ``None`` where the backend has no options, or where they are not known to crosspan.

    Example:
        >>> default_options("align", "statistical").hmm_iterations
        3
    """
    if table == "align" and use == "statistical":
        from crosspan.align.statistical import StatisticalOptions

        return StatisticalOptions()
    if table == "align" and use == "fast_align":
        from crosspan.align.fast_align import FastAlignOptions

        return FastAlignOptions()
    if table == "project" and use in METHODS:
        options: object = make_projector(use).options  # type: ignore[attr-defined]
        if options is None:
            from crosspan.project.heuristic import HeuristicOptions

            options = HeuristicOptions()
        return options
    if table == "train" and use == "crf":
        from crosspan.train.crf import CrfOptions

        return CrfOptions()
    return None


def option_names(table: str, use: str) -> list[str] | None:
    """Names of the options of a backend; ``None`` where crosspan does not know them.

    Example:
        >>> option_names("tag", "crf")
        []
    """
    if use not in ("links", "model") and not registry.is_builtin(GROUPS[table], use):
        return None
    options = default_options(table, use)
    return setting_names(options) if options is not None else []


def resolved_options(table: str, use: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a backend, those not given at their defaults, by dotted names.

    Raises:
        OptionError: An option is unknown, or has a value that it cannot have.

    Example:
        >>> resolved_options("project", "heuristic", {"merge_distance": "2"})["merge_distance"]
        2
    """
    defaults = default_options(table, use)
    if defaults is None:
        return dict(given)
    if table == "project":
        return flat(asdict(make_projector(use, given).options))  # type: ignore[attr-defined]
    return flat(asdict(with_settings(defaults, given)))  # type: ignore[call-overload]


def is_free(table: str, name: str) -> bool:
    """Whether an option is one of a family that its backend checks itself: the weights of candidates."""
    return table == "project" and name.startswith(_FREE)


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted names.

    Example:
        >>> flat({"a": {"b": 1, "c": {"d": 2}}, "e": 3})
        {'a.b': 1, 'a.c.d': 2, 'e': 3}
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`flat` was made from.

    Example:
        >>> nested({"a.b": 1, "a.c.d": 2, "e": 3})
        {'a': {'b': 1, 'c': {'d': 2}}, 'e': 3}
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        *outer, last = name.split(".")
        inside = found
        for part in outer:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return found
