"""A translator around a pre-trained model, whatever runs it: from texts to its pieces, in batches, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.options import with_settings
from crosspan.translate import Advance, Translation
from crosspan.translate.families import Int32Array, ModelFamily
from crosspan.translate.preparation import check_same_number, translated


class CheckpointTranslator(ABC):
    """What translators of pre-trained models share. A class sets the attributes, and translates a batch."""

    fixed: ClassVar[frozenset[str]]
    """Settings that belong to loading."""
    options: Any
    """Its settings: a dataclass with ``max_ratio`` and ``budget`` among them."""
    family: ModelFamily
    """How its tokenizer is told of languages."""
    longest: int
    """Most pieces that it reads."""
    longest_target: int
    """Most pieces that it writes."""

    def varied(self, **settings: Any) -> Self:
        """The same model with other settings of decoding; nothing is loaded again.

        Raises:
            OptionError: There is no such setting, or it belongs to loading.
        """
        loading = sorted(self.fixed & set(settings))
        if loading:
            raise OptionError(f"{loading[0]} cannot change once a model is loaded", hint="Load another.")
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.options = with_settings(self.options, settings)
        return other

    def source_ids(self, texts: Sequence[str], source: str, target: str = "") -> list[Int32Array]:
        """The pieces that the encoder reads; see :meth:`crosspan.translate.families.ModelFamily.source_ids`.

        Args:
            texts: The texts.
            source: Their language.
            target: Language to translate to; models that do not need it here do not ask for it.

        Raises:
            OptionError: The model does not know a language, or must be told that of the target.
        """
        if not target and self.family.kind != "codes":
            raise OptionError("the target language is not named", hint="This model reads it on the source side.")
        return self.family.source_ids(texts, source, target or source)

    def target_ids(self, texts: Sequence[str], target: str) -> list[Int32Array]:
        """The pieces that the decoder is to produce; see :meth:`crosspan.translate.families.ModelFamily.target_ids`."""
        return self.family.target_ids(texts, target)

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts; see :class:`crosspan.translate.Translator`.

        A text that is longer than what the model reads at once is not translated, and not cut off: its ``problem``
        says so, and :class:`crosspan.translate.guard.Guarded` splits such texts.
        """
        given = self.family.given(target)
        with self._at_work():
            return translated(
                texts,
                self.source_ids(texts, source, target),
                lambda rows, limit: self._translated(rows, given, limit),
                frame=len(self.source_ids([""], source, target)[0]),
                longest=self.longest,
                most=self.longest_target - len(given) - 2,
                max_ratio=self.options.max_ratio,
                budget=self.options.budget,
                advance=advance,
            )

    def score(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        *,
        source: str,
        target: str,
        advance: Advance | None = None,
    ) -> npt.NDArray[np.float64]:
        """Mean natural-log probability of the pieces of each target, its end included, given its source: ``[n]``.

        The code of the language is given, and does not count.

        Raises:
            OptionError: The model does not know a language, or the two lists differ in length.
        """
        check_same_number(sources, targets)
        return self.score_ids(self.source_ids(sources, source, target), self.target_ids(targets, target), advance)

    @abstractmethod
    def score_ids(
        self, sources: Sequence[Int32Array], targets: Sequence[Int32Array], advance: Advance | None = None
    ) -> npt.NDArray[np.float64]:
        """Like :meth:`score`, for pieces as :meth:`source_ids` and :meth:`target_ids` give them."""

    def _at_work(self) -> AbstractContextManager[Any]:
        """What is to hold while the model runs."""
        return nullcontext()

    @abstractmethod
    def _translated(self, rows: Sequence[Int32Array], given: Sequence[int], limit: int) -> list[Translation]:
        """Translate a batch.

        Args:
            rows: The pieces of each text.
            given: Pieces that each translation begins with.
            limit: Most pieces of a translation beyond those.
        """
