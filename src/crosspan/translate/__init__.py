"""Translators: texts in one language in, the same in another out. Backends load only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core import registry
from crosspan.core.errors import OptionError

Advance = Callable[[int, int], None]

TRANSLATORS = "crosspan.translators"


_OPTIONS = {
    "ctranslate2": "ctranslate2:CTranslate2Options",
    "transformers": "transformers:TransformersOptions",
    "openai": "openai:OpenAIOptions",
    "apertium": "apertium:ApertiumOptions",
    "file": "file:FileOptions",
}


@dataclass(frozen=True, slots=True)
class Translation:
    """The translation of one text.

    Args:
        text: The translation; empty where there is none.
        score: Mean log probability of its pieces; ``None`` where the backend tells none.
        problem: Why it should not be trusted, such as ``"empty"``, ``"looping"`` or ``"too long"``; ``None`` if sound.
    """

    text: str
    score: float | None = None
    problem: str | None = None


class Translator(Protocol):
    """Translates. Languages are named in any way :mod:`crosspan.translate.languages` understands."""

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts, one line each.

        Args:
            texts: What to translate; an empty text stays empty.
            source: Language of the texts, such as ``"en"``, ``"English"`` or ``"eng_Latn"``.
            target: Language to translate to.
            advance: Called with texts done and all there are.

        Returns:
            One translation a text, in order.

        Raises:
            OptionError: The model does not know a language.
            ModelError: The device or the server failed.
        """


class ScoringTranslator(Translator, Protocol):
    """A translator that tells how probable a given translation is."""

    def score(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        *,
        source: str,
        target: str,
        advance: Advance | None = None,
    ) -> npt.NDArray[np.float64]:
        """Mean natural-log probability of the pieces of each target, its end included, given its source: ``[n]``."""


def make_translator(use: str, model: str = "", *, threads: int | None = None, **options: Any) -> Translator:
    """Load a translator.

    Args:
        use: Name of the backend: ``"ctranslate2"``, ``"transformers"``, ``"openai"``, ``"apertium"``, ``"file"``, or
            one that another package brings.
        model: What it loads: a name on the hub, a folder, the name of a model on a server, a mode of Apertium, or a
            file of translations.
        threads: Threads to use; all cores by default.
        options: Of the backend.

    Raises:
        OptionError: There is no such backend or option.
        ModelError: The model cannot be loaded.
        MissingDependencyError: The backend needs a package or a program that is not installed.
    """
    factory = registry.find(TRANSLATORS, use)
    try:
        made: Translator = factory(model, threads=threads, **options)
    except TypeError as error:
        raise OptionError(f"the translator {use!r} does not take these options ({error})") from error
    return made


def default_options(use: str) -> object | None:
    """The options of a translator of crosspan as it has them by default.

    Returns:
        A frozen dataclass; ``None`` for a translator of another package.

    Example:
        >>> default_options("ctranslate2").beams
        4
    """
    place = _OPTIONS.get(use)
    if place is None:
        return None
    module, _, kind = place.partition(":")
    options: object = getattr(import_module(f"crosspan.translate.{module}"), kind)()
    return options
