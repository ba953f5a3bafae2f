"""Backends by name: those of crosspan, and those that other packages bring in by entry points.

A package adds a backend by naming it in its ``pyproject.toml``::

    [project.entry-points."crosspan.taggers"]
    gazetteer = "my_package.gazetteer:make_tagger"

What crosspan brings itself is known without looking at any installed package, so that start-up stays cheap.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError

BUILTIN: dict[str, dict[str, str]] = {
    "crosspan.translators": {
        "ctranslate2": "crosspan.translate.ctranslate2:CTranslate2Translator",
        "transformers": "crosspan.translate.transformers:TransformersTranslator",
        "openai": "crosspan.translate.openai:OpenAITranslator",
        "apertium": "crosspan.translate.apertium:ApertiumTranslator",
        "file": "crosspan.translate.file:FileTranslator",
    },
    "crosspan.taggers": {
        "crf": "crosspan.tag:load_tagger",
        "spacy": "crosspan.tag:load_tagger",
        "transformers": "crosspan.tag.transformers:TransformersTagger",
        "onnx": "crosspan.tag.onnx:OnnxTagger",
        "gliner": "crosspan.tag.gliner:GlinerTagger",
    },
    "crosspan.aligners": {
        "statistical": "crosspan.align.statistical:StatisticalAligner",
        "fast_align": "crosspan.align.fast_align:FastAlign",
        "simalign": "crosspan.align.simalign:SimAlign",
        "awesome": "crosspan.align.awesome:Awesome",
        "transalign": "crosspan.align.translation_encoder:TransAlign",
        "cross_attention": "crosspan.align.cross_attention:CrossAttention",
    },
    "crosspan.projectors": {
        "candidates": "crosspan.project.candidates:CandidateProjector",
        "heuristic": "crosspan.project.projector:HeuristicProjector",
        "codec": "crosspan.project.codec:CodecProjector",
        "t-projection": "crosspan.project.t_projection:TProjection",
        "clap": "crosspan.project.clap:ClapProjector",
    },
    "crosspan.trainers": {
        "crf": "crosspan.train.crf:train_crf",
        "token-classifier": "crosspan.train.token_classifier:train_token_classifier",
    },
    "crosspan.scorers": {
        "ner": "crosspan.project.ner_score:NerScore",
        "nmt": "crosspan.project.nmt_score:NmtScore",
    },
    "crosspan.matchers": {},
}
"""The groups, and in each the backends of crosspan: name and ``module:attribute``."""

_added: dict[tuple[str, str], Callable[..., Any]] = {}


def names(group: str) -> list[str]:
    """Names of all backends of a group, sorted.

    Args:
        group: One of :data:`BUILTIN`, such as ``"crosspan.taggers"``.

    Raises:
        OptionError: There is no such group.

    Example:
        >>> "statistical" in names("crosspan.aligners")
        True
    """
    _check_group(group)
    return sorted({*BUILTIN[group], *(name for of, name in _added if of == group), *_installed(group)})


def find(group: str, name: str) -> Any:
    """The backend of a name: a class or a function that makes one.

    Names of crosspan come first, so that no package can take their place unnoticed; then those that
    :func:`register` added; then those of installed packages.

    Args:
        group: One of :data:`BUILTIN`.
        name: The short name, as a recipe gives it.

    Raises:
        OptionError: There is no such group or name; the error names the nearest.
        MissingDependencyError: The backend needs a package that is not installed.
        ModelError: The package that brings the backend is broken; the error names it.

    Example:
        >>> find("crosspan.aligners", "statistical").__name__
        'StatisticalAligner'
    """
    _check_group(group)
    if name in BUILTIN[group]:
        module, _, attribute = BUILTIN[group][name].partition(":")
        return getattr(import_module(module), attribute)
    if (group, name) in _added:
        return _added[group, name]
    found = _installed(group).get(name)
    if found is None:
        raise OptionError(f"there is no {_kind(group)} {name!r}", hint=_near(name, names(group)))
    return _loaded(found, _kind(group))


def is_builtin(group: str, name: str) -> bool:
    """Whether a backend is one of crosspan's own."""
    return name in BUILTIN.get(group, {})


def register(group: str, name: str, backend: Callable[..., Any]) -> None:
    """Add a backend to this process, without a package around it; the same name again replaces it.

    Worker processes do not see it: give them a package with an entry point.

    Raises:
        OptionError: There is no such group, or crosspan has a backend of that name itself.

    Example:
        >>> register("crosspan.matchers", "first", lambda scores: scores[0])
        >>> find("crosspan.matchers", "first")([3, 4])
        3
    """
    _check_group(group)
    if name in BUILTIN[group]:
        raise OptionError(f"crosspan has a {_kind(group)} {name!r} itself", hint="Choose another name.")
    _added[group, name] = backend


def identity(group: str, name: str) -> str:
    """Name and version of the package that brings a backend; they are part of what a result depends on.

    Example:
        >>> identity("crosspan.aligners", "statistical").split()[0]
        'crosspan'
    """
    from crosspan import __version__

    if is_builtin(group, name):
        return f"crosspan {__version__}"
    if (group, name) in _added:
        return "this process"
    found = _installed(group).get(name)
    return _package(found) if found is not None else "unknown"


def _check_group(group: str) -> None:
    if group not in BUILTIN:
        raise OptionError(f"there is no group {group!r}", hint=_near(group, list(BUILTIN)))


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    """Entry points by name; where two packages bring the same, the first in the order of their names wins."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=_package):
        found.setdefault(point.name, point)
    return found


def _loaded(point: EntryPoint, kind: str) -> Any:
    try:
        return point.load()
    except ModuleNotFoundError as error:
        if error.name and not point.module.startswith(error.name):
            raise MissingDependencyError(
                f"the {kind} {point.name!r} of {_package(point)} needs the package {error.name}",
                hint=f"Install it with: pip install {error.name}.",
            ) from error
        raise _broken(point, kind, error) from error
    except Exception as error:  # whatever a foreign module does when it is imported
        raise _broken(point, kind, error) from error


def _broken(point: EntryPoint, kind: str, error: Exception) -> ModelError:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    return ModelError(
        f"the {kind} {point.name!r} of the package {_package(point)} cannot be loaded ({reason})",
        where=point.value,
        hint="Update or remove that package, or choose another backend.",
    )


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module


def _kind(group: str) -> str:
    return group.rpartition(".")[2].removesuffix("s")


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Choose one of {', '.join(known)}." if known else "None is known."
