"""The sequence-to-sequence model of T-Projection: it reads a sentence with blanks and writes entities, many times."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.models.batching import in_batches
from crosspan.models.device import Placement, device_of, dtype_of
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.text.characters import encodable

_WHO = "T-Projection"


class Writer(Protocol):
    """What fills the blanks of questions (:meth:`crosspan.project.t_projection_data.Template.question`)."""

    def write(self, questions: Sequence[str]) -> list[list[str] | None]:
        """Several answers to each question, the best first; ``None`` where a question is too long to be read."""


class BeamWriter:
    """A :class:`Writer` that is a sequence-to-sequence model with beam search, such as mT5.

    Args:
        name: Name on the hub, or a folder.
        beams: How many answers to give.
        placement: Device and precision. On GPUs that have no bfloat16, ``"auto"`` is float32, as mT5 overflows in
            float16.
        longest: Most pieces of an answer.
        budget: Most pieces that are read and written at once, each counted for every beam.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        ModelError: The model cannot be loaded, or has no encoder with a decoder behind it.
    """

    def __init__(
        self,
        name: str | os.PathLike[str],
        *,
        beams: int = 15,
        placement: Placement | None = None,
        longest: int = 256,
        budget: int = 16_384,
    ) -> None:
        self.name = os.fspath(name)
        self.beams = beams
        self.longest = longest
        self.budget = budget
        config = load_config(self.name)
        check_writes(config, self.name)
        self.tokenizer = load_tokenizer(self.name)
        self.network = load_model(self.name, "AutoModelForSeq2SeqLM", placement=_sound(placement or Placement()))
        check_fit(self.tokenizer, self.network, self.name)
        self.limit = int(getattr(config, "max_position_embeddings", 0) or 0)

    def write(self, questions: Sequence[str]) -> list[list[str] | None]:
        """Several answers to each question, the best first; ``None`` where a question is too long to be read.

        Raises:
            UnavailableError: Memory is too small for one question, or the device failed.
        """
        if not questions:
            return []
        rows = self.tokenizer(list(encodable(questions)), return_attention_mask=False, verbose=False)["input_ids"]
        work = [index for index, row in enumerate(rows) if not self.limit or len(row) <= self.limit]

        def compute(batch: npt.NDArray[np.int64]) -> list[list[str]]:
            return self._written([rows[work[at]] for at in batch.tolist()])

        lengths = [len(rows[index]) * self.beams for index in work]
        answers: list[list[str] | None] = [None] * len(rows)
        found = in_batches(lengths, compute, budget=self.budget, what="sentences")
        for index, some in zip(work, found, strict=True):
            answers[index] = some
        return answers

    def _written(self, rows: Sequence[list[int]]) -> list[list[str]]:
        torch, transformers = neural(_WHO, "torch"), neural(_WHO)
        device = next(self.network.parameters()).device
        batch = self.tokenizer.pad({"input_ids": list(rows)}, return_tensors="pt").to(device)
        # an answer repeats the tags of its question and takes its words from it
        most = min(self.longest, max(map(len, rows)) + 16)
        with torch.inference_mode():
            output = self.network.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                generation_config=transformers.GenerationConfig(
                    num_beams=self.beams,
                    num_return_sequences=self.beams,
                    do_sample=False,
                    max_new_tokens=most,
                    decoder_start_token_id=self.network.config.decoder_start_token_id,
                    eos_token_id=self.tokenizer.eos_token_id,
                    pad_token_id=self.tokenizer.pad_token_id,
                ),
            )
        texts = self.tokenizer.batch_decode(output, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return [texts[at : at + self.beams] for at in range(0, len(texts), self.beams)]


def check_writes(config: Any, name: str) -> None:
    """Raise unless a model has an encoder with a decoder behind it.

    Raises:
        ModelError: It has not.
    """
    if not getattr(config, "is_encoder_decoder", False):
        raise ModelError(
            f"this is a model of the type {config.model_type}, which does not write",
            where=name,
            hint="T-Projection needs a sequence-to-sequence model such as google/mt5-large.",
        )


def _sound(placement: Placement) -> Placement:
    torch = neural(_WHO, "torch")
    if placement.dtype == "auto" and dtype_of(placement, device_of(placement)) == torch.float16:
        return Placement(device=placement.device, dtype="float32")
    return placement
