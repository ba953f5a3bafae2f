"""Translators: texts in one language in, the same in another out. Backends load only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core.components import Component
from crosspan.core.families import Family

Advance = Callable[[int, int], None]

TRANSLATORS = Family(
    "crosspan.translators",
    "translator",
    {
        "ctranslate2": Component(
            target="crosspan.translate.ctranslate2:CTranslate2Translator",
            options="crosspan.translate.ctranslate2:CTranslate2Options",
            about="A translation model converted for CTranslate2, fast on a CPU.",
            packages=("ctranslate2", "transformers", "tokenizers"),
            extra="ctranslate2",
            model="model",
            downloads=True,
            scores=True,
        ),
        "transformers": Component(
            target="crosspan.translate.transformers:TransformersTranslator",
            options="crosspan.translate.transformers:TransformersOptions",
            about="A translation model: NLLB-200, M2M100, MarianMT, MADLAD-400.",
            packages=("transformers", "tokenizers", "torch"),
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
            scores=True,
        ),
        "openai": Component(
            target="crosspan.translate.openai:OpenAITranslator",
            options="crosspan.translate.openai:OpenAIOptions",
            about="A language model behind a server that speaks as OpenAI's does.",
            model="model",
        ),
        "firefox": Component(
            target="crosspan.translate.firefox:FirefoxTranslator",
            options="crosspan.translate.firefox:FirefoxOptions",
            about="The small models of Firefox Translations, to and from English; offline.",
            packages=("fxtranslate", "sentencepiece", "{model}"),
            extra="firefox",
            model="model",
        ),
        "apertium": Component(
            target="crosspan.translate.apertium:ApertiumTranslator",
            options="crosspan.translate.apertium:ApertiumOptions",
            about="Rules for related languages; offline.",
            programs=("apertium",),
            model="model",
        ),
        "file": Component(
            target="crosspan.translate.file:FileTranslator",
            options="crosspan.translate.file:FileOptions",
            about="Translations that were made elsewhere, line by line.",
            model="model",
        ),
    },
    given=("model",),
    context=("threads",),
    unknown=Component(model="model"),
)
"""Translators by name: factories ``(model, *, threads, **options)`` of a :class:`Translator`."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The translation of one text.

    Args:
        text: The translation; empty where there is none.
        score: Mean log probability of its pieces; ``None`` where the backend tells none.
        problem: Why it should not be trusted, such as ``"empty"``, ``"looping"`` or ``"too long"``; ``None`` if sound.
        final: Whether it is of no use to try again, in other ways or in parts.
    """

    text: str
    score: float | None = None
    problem: str | None = None
    final: bool = False


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
            UnavailableError: The device or the server failed.
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
        use: One of :data:`TRANSLATORS`, those of other packages included.
        model: What it loads: a name on the hub, a folder, the name of a model on a server, a mode of Apertium, or a
            file of translations.
        threads: Threads to use; all cores by default.
        options: Of the backend.

    Raises:
        OptionError: There is no such backend or option.
        ModelError: The model cannot be loaded.
        MissingDependencyError: The backend needs a package or a program that is not installed.
    """
    made: Translator = TRANSLATORS.make(use, model, threads=threads, settings=options)
    return made
