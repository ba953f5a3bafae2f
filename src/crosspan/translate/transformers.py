"""Translation with models of ``transformers``: NLLB-200, M2M100, mBART-50, MarianMT, MADLAD-400, T5 and their kin.

The slower and the more open of the two backends for such models: it gives everything that other parts of crosspan ask
a translation model for. For plain translation on a CPU take :mod:`crosspan.translate.ctranslate2`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import Above, AtLeast, checked, with_settings
from crosspan.core.threads import torch_threads
from crosspan.models.batching import padded
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.translate import Advance, Translation
from crosspan.translate.checkpoint import CheckpointTranslator
from crosspan.translate.families import Int32Array, ModelFamily
from crosspan.translate.preparation import (
    longest_source,
    longest_target,
    quiet_warnings,
    scored,
)
from crosspan.translate.soundness import TOO_LONG

_LOGITS = 1 << 27
"""Most numbers that the probabilities of a batch may take: half a gigabyte in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersOptions:
    """Settings of :class:`TransformersTranslator`.

    Args:
        model: Name of the model on the hub, or its folder.
        device: Where it runs: auto takes a GPU where there is one; else cpu, cuda, cuda:1, mps.
        dtype: Its precision: auto, float32, float16 or bfloat16.
        beams: Translations that are kept in mind at each step; 1 takes the most probable piece each time.
        length_penalty: Above 1 prefers longer translations, below 1 shorter ones.
        no_repeat: No sequence of so many pieces may occur twice in a translation; 0 allows all.
        repetition_penalty: Above 1 makes pieces that were used already less probable.
        max_ratio: A translation may have at most so many pieces for each piece of its source, and 16 more.
        budget: Most pieces of a batch, padding included.
        prefix: For T5 and its kin: a phrase before each text, such as "translate {source} to {target}: ".

    Raises:
        OptionError: A number is out of its range.
    """

    model: str = ""
    device: str = "auto"
    dtype: str = "auto"
    beams: Annotated[int, AtLeast(1)] = 4
    length_penalty: float = 1.0
    no_repeat: Annotated[int, AtLeast(0)] = 0
    repetition_penalty: Annotated[float, Above(0)] = 1.0
    max_ratio: Annotated[float, Above(0)] = 3.0
    budget: Annotated[int, AtLeast(1)] = 4_096
    prefix: str = ""

    def __post_init__(self) -> None:
        checked(self)
        Placement(device=self.device, dtype=self.dtype)


class TransformersTranslator(CheckpointTranslator):
    """A :class:`~crosspan.translate.ScoringTranslator` that is a model of ``transformers``.

    Many threads may use one; it works for one of them at a time.

    Args:
        model: Name on the hub, or a folder.
        threads: Threads of a CPU to use; PyTorch's choice by default.
        options: Settings; ``model`` above comes first where both name one.
        settings: Single settings by name, instead of ``options``.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        ModelError: The model cannot be loaded, or is no translation model.
        OptionError: There is no such setting or device.
    """

    fixed = frozenset({"model", "device", "dtype", "prefix"})
    options: TransformersOptions

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: TransformersOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or TransformersOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        self.threads = threads
        self.name = self.options.model
        if not self.name:
            raise OptionError("no model is named", hint="Give the name of a model on the hub, or its folder.")
        self.config = load_config(self.name)
        if not getattr(self.config, "is_encoder_decoder", False):
            raise ModelError(
                f"this is a model of the type {self.config.model_type}, which does not translate",
                where=self.name,
                hint="Take a model such as NLLB-200, M2M100, MarianMT or MADLAD-400.",
            )
        with quiet_warnings():
            self.tokenizer = load_tokenizer(self.name)
        self.family = ModelFamily(self.tokenizer, name=self.name, prefix=self.options.prefix)
        placement = Placement(device=self.options.device, dtype=self.options.dtype)
        self.network = load_model(self.name, "AutoModelForSeq2SeqLM", placement=placement)
        check_fit(self.tokenizer, self.network, self.name)
        self.network.generation_config = self._decoding((), 1)  # what a checkpoint brings would fill what is left open
        self._turn = Lock()
        self.longest = longest_source(self.tokenizer, self.config)
        self.longest_target = longest_target(self.config)

    @property
    def device(self) -> Any:
        """Where the model is."""
        return next(self.network.parameters()).device

    @property
    def start(self) -> int:
        """The piece that the decoder begins with, before all pieces of a target."""
        return int(self.config.decoder_start_token_id)

    def score_ids(
        self, sources: Sequence[Int32Array], targets: Sequence[Int32Array], advance: Advance | None = None
    ) -> npt.NDArray[np.float64]:
        """Like :meth:`score`, for pieces as :meth:`source_ids` and :meth:`target_ids` give them."""
        budget = max(1, min(self.options.budget, _LOGITS // int(self.config.vocab_size)))

        def compute(chosen: list[int]) -> list[float]:
            ids, mask = self._padded([sources[at] for at in chosen])
            return self._scores({"input_ids": ids}, mask, [targets[at] for at in chosen])

        with self._at_work():
            return scored(sources, targets, compute, budget=budget, advance=advance)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        torch = neural("this translator", "torch")
        with self._turn, torch.inference_mode(), torch_threads(self.threads):
            yield

    def _translated(self, rows: Sequence[Int32Array], given: Sequence[int], limit: int) -> list[Translation]:
        ids, mask = self._padded(rows)
        encoded = self.network.get_encoder()(input_ids=ids, attention_mask=mask)
        with quiet_warnings():
            output = self.network.generate(
                # a copy, as the search repeats its content for every beam
                encoder_outputs=type(encoded)(last_hidden_state=encoded.last_hidden_state),
                attention_mask=mask,
                generation_config=self._decoding(given, limit),
            )
        end, pad = int(self.tokenizer.eos_token_id), int(self.tokenizer.pad_token_id)
        targets, problems = [], []
        for row in output[:, 1:].tolist():
            ended = end in row
            pieces = row[: row.index(end) + 1] if ended else [piece for piece in row if piece != pad]
            targets.append(np.array(pieces, np.int32))
            problems.append(None if ended else TOO_LONG)
        scores = self._scores({"encoder_outputs": encoded}, mask, targets)
        return [
            Translation(self.family.text_of(pieces), score, problem)
            for pieces, score, problem in zip(targets, scores, problems, strict=True)
        ]

    def _decoding(self, given: Sequence[int], most: int) -> Any:
        options = self.options
        transformers = neural("this translator")
        pad = int(self.tokenizer.pad_token_id)
        return transformers.GenerationConfig(
            num_beams=options.beams,
            do_sample=False,
            max_new_tokens=most + len(given) + 1,
            length_penalty=options.length_penalty if options.beams > 1 else None,
            no_repeat_ngram_size=options.no_repeat,
            repetition_penalty=options.repetition_penalty,
            forced_bos_token_id=given[0] if given else None,
            decoder_start_token_id=self.start,
            eos_token_id=int(self.tokenizer.eos_token_id),
            pad_token_id=pad,
            bad_words_ids=[[self._barred]] if self._barred is not None else None,
            use_cache=True,
            early_stopping=options.beams > 1 or None,  # as CTranslate2 does
        )

    @property
    def _barred(self) -> int | None:
        """The piece that is never a translation: Marian's padding, which its own program does not even have."""
        return self.start if self.config.model_type == "marian" else None

    def _scores(self, source: dict[str, Any], mask: Any, targets: Sequence[Int32Array]) -> list[float]:
        """Mean log probability of the pieces of each target that are the model's choice."""
        torch = neural("this translator", "torch")
        labels, there = self._padded(targets)
        before = torch.cat([torch.full_like(labels[:, :1], self.start), labels[:, :-1]], dim=1)
        logits = self.network(
            **source, attention_mask=mask, decoder_input_ids=before, decoder_attention_mask=None, use_cache=False
        ).logits
        n_given, barred = self.family.n_given, self._barred
        found = []
        for row, label, present in zip(logits, labels, there.bool(), strict=True):  # a row at a time saves memory
            chosen = row[present].float()[n_given:]
            if barred is not None:
                chosen[:, barred] = -torch.inf
            wanted = label[present][n_given:]
            probs = torch.log_softmax(chosen, dim=-1).gather(1, wanted[:, None])
            found.append(float(probs.double().mean()))
        return found

    def _padded(self, rows: Sequence[Int32Array]) -> tuple[Any, Any]:
        torch = neural("this translator", "torch")
        ids, mask = padded(rows, int(self.tokenizer.pad_token_id))
        return torch.from_numpy(ids).to(self.device), torch.from_numpy(mask).to(self.device)
