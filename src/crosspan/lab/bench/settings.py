"""Settings of a system: which table of which recipe each belongs to, and where it has an effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

from crosspan.pipeline.recipes.tables import ONLY_IN, TABLES, ProjectTable
from crosspan.suites.suite import Pipeline

PIPELINES: tuple[Pipeline, ...] = get_args(Pipeline)

TASKS_OF: Mapping[str, tuple[str, ...]] = {
    "projection": ("project",),
    "translate-test": ("translate-test",),
    "tagger": ("model-transfer",),
    "translate-train": ("translate-train",),
    "ensemble": ("translate-train", "ensemble"),
    "alignment": ("project",),
}
"""The tasks of recipes that a pipeline is made of."""

_SET = ("tag", "align", "project", "train", "ensemble")
"""Tables that settings may name."""

CHOSEN: Mapping[str, str] = {
    "project.use": "--method",
    "align.use": "--aligner",
    "tag.use": "--tagger",
    "tag.model": "--tagger",
}
"""Settings that an option stands for."""

OF_ANY_METHOD: frozenset[str] = frozenset(one.name for one in fields(ProjectTable)) - {"use", "options"}
"""Settings of projection that do not belong to a method."""


def place_of(setting: str) -> tuple[str, str]:
    """The table of a recipe that a setting belongs to, and its key there.

    Example:
        >>> place_of("reach"), place_of("aligner.p_null"), place_of("noise.missing"), place_of("tag.adapt")
        (('project', 'reach'), ('align', 'p_null'), ('train', 'noise.missing'), ('tag', 'adapt'))
    """
    group, dot, rest = setting.partition(".")
    if dot and group == "aligner":
        return "align", rest
    if dot and group == "noise":
        return "train", setting
    return (group, rest) if dot and group in _SET else ("project", setting)


def tables_of(task: str) -> frozenset[str]:
    """The tables that a task has a place for."""
    return frozenset(name for name in TABLES if task in ONLY_IN.get(name, (task,)))


def belongs_to(setting: str) -> str:
    """What a setting goes with: ``"aligner"``, ``"method"``, or nothing that another name takes the place of.

    Example:
        >>> belongs_to("reach"), belongs_to("align.p_null"), belongs_to("min_confidence")
        ('method', 'aligner', '')
    """
    table, key = place_of(setting)
    if table == "align":
        return "aligner"
    return "method" if table == "project" and key not in OF_ANY_METHOD else ""


def has_effect(pipeline: str, setting: str) -> bool:
    """Whether a setting changes anything in a pipeline; never so in a ready recipe, which has its own.

    Example:
        >>> has_effect("translate-test", "tag.adapt"), has_effect("tagger", "tag.adapt")
        (True, False)
    """
    if pipeline not in TASKS_OF:
        return False
    table, key = place_of(setting)
    if pipeline == "alignment":
        return table == "align"
    if pipeline == "tagger" and table == "tag" and key.partition(".")[0] in ("adapt", "adaptation"):
        return False  # there is no translation to adapt to
    if table == "ensemble" and key in ("use", "model"):
        return False  # the tagger is the one that was trained
    return any(table in tables_of(task) for task in TASKS_OF[pipeline]) and (table != "tag" or pipeline != "projection")
