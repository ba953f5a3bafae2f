"""Options that name models: which they are, where they lie, and what a result depends on of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crosspan.core.carried import model_identity

Content = Callable[[Path], str]
"""Gives the digest of a model that lies at a path."""

_MODEL_ENDINGS = ("model", "adapter", "tagger", "encoder")

UNSEEN = frozenset(
    (
        *("device", "threads", "processes", "concurrency", "batch", "batch_size", "batch_tokens", "budget"),
        *("requests_per_minute", "cache", "key_variable"),
    )
)
"""Options that change how fast a result is there, and not the result. Limits of what is waited for are none: what is
missing because of one is there with another."""


def names_a_model(option: str) -> bool:
    """Whether an option holds the name or the folder of a model.

    Example:
        >>> names_a_model("model"), names_a_model("nmt.model"), names_a_model("layer")
        (True, True, False)
    """
    return option.rpartition(".")[2].rpartition("_")[2] in _MODEL_ENDINGS


def with_models(options: Mapping[str, Any], find: Callable[[str], str]) -> dict[str, Any]:
    """The options with the paths of models as ``find`` gives them; a backend's name before a colon stays.

    Example:
        >>> with_models({"model": "a", "ner_tagger": "transformers:b", "layer": 8}, lambda name: f"/x/{name}")
        {'model': '/x/a', 'ner_tagger': 'transformers:/x/b', 'layer': 8}
    """
    return {name: _found(value, find) if names_a_model(name) else value for name, value in options.items()}


def with_languages(options: Mapping[str, Any], source: str, target: str) -> dict[str, Any]:
    """The options with the languages of a recipe where they ask for some and none is named.

    Example:
        >>> with_languages({"source_lang": "", "nmt.target_lang": "", "layer": 8}, "en", "lug")
        {'source_lang': 'en', 'nmt.target_lang': 'lug', 'layer': 8}
    """
    known = {"source_lang": source, "target_lang": target}
    return {name: value or known.get(name.rpartition(".")[2], value) for name, value in options.items()}


def _found(value: Any, find: Callable[[str], str]) -> Any:
    if not isinstance(value, str) or not value:
        return value
    before, colon, after = value.partition(":")
    if colon and before.isidentifier() and len(before) > 1:  # not the letter of a drive
        return f"{before}:{find(after)}"
    return find(value)


SETTLED = frozenset(("device", "threads", "save_every"))
"""The same of what is trained: there the size of a batch changes the result."""


def seen_options(options: Mapping[str, Any], content: Content, unseen: frozenset[str] = UNSEEN) -> dict[str, Any]:
    """The options that a result depends on: models by their content, and none that only change how fast it is there.

    Args:
        options: All options by name.
        content: Gives the digest of a model that lies at a path; one that does not lie here stays a name.
        unseen: Last parts of the names of options that a result does not depend on.

    Example:
        >>> seen_options({"model": "nobody/nothing", "device": "cpu", "layer": 8}, content=str)
        {'model': 'nobody/nothing', 'layer': 8}
    """
    return {
        name: _content(value, content) if names_a_model(name) else value
        for name, value in options.items()
        if name.rpartition(".")[2] not in unseen
    }


def _content(value: Any, content: Content) -> Any:
    """A model by what it is; a backend's name before a colon stays."""
    if not isinstance(value, str) or not value:
        return value
    before, colon, after = value.partition(":")
    if colon and after and not Path(value).exists():
        return f"{before}:{model_identity(after, content)}"
    return model_identity(value, content)
