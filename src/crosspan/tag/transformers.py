"""Taggers made with transformers: any token-classification model, on words. Needs ``crosspan[neural]``.

How words become pieces and pieces become words again is in :mod:`crosspan.tag.word_classifier`. One model serves three
ways: as the tagger of the source side, as the finder of candidates and their scores on the target side
(:mod:`crosspan.project.scorers.ner`), and as the baseline of model transfer, where a multilingual model that has
learned from one language labels another.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.options import with_settings
from crosspan.core.threads import torch_threads
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, neural
from crosspan.models.pieces import word_tokenizer
from crosspan.tag.word_classifier import Float32Array, Int64Array, WordClassifier, WordClassifierOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersTaggerOptions(WordClassifierOptions):
    """How a token-classification model labels words, and where it runs.

    Args:
        model, words, labels, others, needed, scheme, romanize, overlap, budget: See
            :class:`~crosspan.tag.word_classifier.WordClassifierOptions`.
        device: Where the model runs: auto, cpu, cuda, cuda:1 and so on.
        dtype: Precision of the model: auto, float32, float16 or bfloat16.

    Raises:
        OptionError: A value is outside what it can be.
    """

    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        WordClassifierOptions.__post_init__(self)  # super() does not know a class with slots
        Placement(dtype=self.dtype)


class TransformersTagger(WordClassifier):
    """A :class:`~crosspan.tag.Tagger` that is a token-classification model; see its base class.

    Args:
        model: Name on the hub, or a folder.
        threads: Threads to use; all cores by default.
        options: How it labels words.
        settings: Single options by name; they go before ``options``.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        ModelError: There is no such model, it is damaged, was not trained to label words, does not name its labels, or
            lacks one that is needed.
        OptionError: An option is unknown or has a value that it cannot take.
    """

    _other_precision = "Use another precision, such as dtype=float32; if that does not help, its weights are damaged."

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: TransformersTaggerOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or TransformersTaggerOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        name = self.options.model
        if not name:
            raise OptionError("no model is named", hint="Give the name of a token-classification model, or its folder.")
        config = load_config(name)
        super().__init__(self.options, config, word_tokenizer(name, config), threads)
        placement = Placement(device=self.options.device, dtype=self.options.dtype)
        self._model = load_model(name, "AutoModelForTokenClassification", placement=placement)
        check_fit(self._tokenizer, self._model, name)

    @classmethod
    def around(
        cls, model: Any, tokenizer: Any, options: TransformersTaggerOptions, threads: int | None = None
    ) -> TransformersTagger:
        """A tagger of a model that is in memory already, such as one that is being trained.

        Args:
            model: The model; it must be in evaluation mode when the tagger is used.
            tokenizer: Its tokenizer.
            options: How it labels words.
            threads: Threads to use; all cores by default.
        """
        made = cls.__new__(cls)
        WordClassifier.__init__(made, options, model.config, tokenizer, threads)
        made.options, made._model = options, model
        return made

    def _at_work(self) -> AbstractContextManager[None]:
        return torch_threads(self.threads)

    def _computed(self, ids: Int64Array, mask: Int64Array, row: Int64Array, at: Int64Array) -> Float32Array:
        torch = neural("this model", "torch")
        device = next(self._model.parameters()).device
        with torch.inference_mode():
            logits = self._model(
                input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
            ).logits
            picked = logits[torch.from_numpy(row).to(device), torch.from_numpy(at).to(device)]
            found: Float32Array = torch.log_softmax(picked.float(), dim=-1).exp().cpu().numpy()
        return found
