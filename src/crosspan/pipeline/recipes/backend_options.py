"""The options of the backends that a recipe can name: those of crosspan are checked, others go to their package."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from typing import Any

from crosspan.core import registry
from crosspan.core.errors import OptionError
from crosspan.core.settings import setting_names, with_settings
from crosspan.project.projector import METHODS, make_projector

GROUPS = {
    "translate": "crosspan.translators",
    "tag": "crosspan.taggers",
    "back_translate": "crosspan.translators",
    "align": "crosspan.aligners",
    "project": "crosspan.projectors",
    "train": "crosspan.trainers",
    "ensemble": "crosspan.taggers",
}
"""The group in which the ``use`` of a table is looked up."""

OWN = {"align": ("links", "model", "none"), "project": ("markers",)}
"""What a table can use beside backends: stages of their own."""

_OPTIONS = {
    ("align", "statistical"): "crosspan.align.statistical:StatisticalOptions",
    ("align", "fast_align"): "crosspan.align.fast_align:FastAlignOptions",
    ("align", "simalign"): "crosspan.align.simalign:SimAlignOptions",
    ("align", "awesome"): "crosspan.align.awesome:AwesomeOptions",
    ("align", "transalign"): "crosspan.align.translation_encoder:TransAlignOptions",
    ("align", "cross_attention"): "crosspan.align.cross_attention:CrossAttentionOptions",
    ("project", "heuristic"): "crosspan.project.heuristic:HeuristicOptions",
    ("project", "candidates"): "crosspan.project.candidates:CandidateOptions",
    ("project", "codec"): "crosspan.project.codec:CodecOptions",
    ("project", "t-projection"): "crosspan.project.t_projection:TProjectionOptions",
    ("project", "clap"): "crosspan.project.clap:ClapOptions",
    ("project", "markers"): "crosspan.project.marker_options:MarkerOptions",
    ("tag", "transformers"): "crosspan.tag.transformers:TransformersTaggerOptions",
    ("tag", "onnx"): "crosspan.tag.onnx:OnnxTaggerOptions",
    ("tag", "gliner"): "crosspan.tag.gliner:GlinerOptions",
    ("translate", "ctranslate2"): "crosspan.translate.ctranslate2:CTranslate2Options",
    ("translate", "transformers"): "crosspan.translate.transformers:TransformersOptions",
    ("translate", "openai"): "crosspan.translate.openai:OpenAIOptions",
    ("translate", "apertium"): "crosspan.translate.apertium:ApertiumOptions",
    ("train", "crf"): "crosspan.train.crf:CrfOptions",
    ("train", "token-classifier"): "crosspan.train.token_options:TokenClassifierOptions",
}
"""The options of crosspan's own backends: a frozen dataclass each."""

_SAME = {"ensemble": "tag", "back_translate": "translate"}
"""Tables whose backends are those of another."""

_FREE = "weights."


def check_backend(table: str, use: str) -> None:
    """Raise unless there is a backend of this name.

    Raises:
        OptionError: There is none; the error names the nearest.
    """
    group = GROUPS[table]
    known = registry.names(group) + list(OWN.get(table, ()))
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
    found = _OPTIONS.get((_SAME.get(table, table), use))
    if found is None:
        return None
    module, _, name = found.partition(":")
    made: object = getattr(import_module(module), name)()
    return made


def option_names(table: str, use: str) -> list[str] | None:
    """Names of the options of a backend; ``None`` where crosspan does not know them.

    Example:
        >>> option_names("tag", "crf")
        []
    """
    if use not in OWN.get(table, ()) and not registry.is_builtin(GROUPS[table], use):
        return None
    options = default_options(table, use)
    return [name for name in setting_names(options) if name not in owned(table)] if options is not None else []


def owned(table: str) -> tuple[str, ...]:
    """Options of backends that a table has as keys of its own.

    Example:
        >>> owned("tag"), owned("align")
        (('model',), ())
    """
    return () if table in ("align", "project", "train") else ("model",)


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
    if table == "project" and use in METHODS:
        return flat(asdict(make_projector(use, given).options))  # type: ignore[attr-defined]
    found = flat(asdict(with_settings(defaults, given)))  # type: ignore[call-overload]
    return {name: value for name, value in found.items() if name not in owned(table)}


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
