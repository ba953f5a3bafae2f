"""What a model learns from text: to guess hidden pieces, or to write spans that were cut out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.models.batching import padded
from crosspan.models.loading import neural
from crosspan.models.pieces import special_pieces
from crosspan.train.pretrain.corruption import IGNORED, Marks, cut_out, hidden

Int64Array = npt.NDArray[np.int64]
Windows = Sequence[npt.NDArray[np.int32]]
Autocast = Callable[[], Any]

_HEADS = ("lm_head", "cls")
"""What turns vectors into pieces in RoBERTa's and BERT's kin."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A batch with something missing.

    Args:
        read: What the model reads, ``[n, n_pieces]``.
        there: Where that is no filler, the same shape.
        missing: What it is to say, :data:`~crosspan.train.pretrain.corruption.IGNORED` elsewhere, ``[n, …]``.
        n_missing: How many pieces those are, at least 1.
    """

    read: Int64Array
    there: npt.NDArray[np.bool_]
    missing: Int64Array
    n_missing: int


class TextTask(Protocol):
    """What is learned from text.

    Attributes:
        name: ``"masked"`` or ``"spans"``.
        model: The model that learns it.
        n_special: Special pieces around a window.
    """

    name: str
    model: Any
    n_special: int

    def prepared(self, windows: Windows, rng: np.random.Generator) -> Prepared:
        """Take something away from some windows."""

    def loss(self, batch: Prepared, rows: Int64Array, autocast: Autocast) -> Any:
        """The sum of the losses of all missing pieces of some rows, in nats."""


class Guessing:
    """Masked language modelling (Devlin et al. 2019)."""

    name = "masked"

    def __init__(self, model: Any, tokenizer: Any, marks: Marks, share: float) -> None:
        self.model, self.marks, self.share = model, marks, share
        self.before, self.after = special_pieces(tokenizer, model.config.model_type)
        self.n_special = len(self.before) + len(self.after)
        self.torch = neural("training on text", "torch")
        self._head = next((name for name in _HEADS if hasattr(model, name)), None)

    def prepared(self, windows: Windows, rng: np.random.Generator) -> Prepared:
        """See :class:`TextTask`."""
        rows = [np.concatenate([self.before, window, self.after]).astype(np.int64) for window in windows]
        ids, mask = padded(rows, self.marks.pad)
        there, may = mask > 0, np.zeros(mask.shape, np.bool_)
        for number, window in enumerate(windows):
            may[number, len(self.before) : len(self.before) + len(window)] = window != self.marks.end
        read, missing = hidden(ids, may, self.share, self.marks.mask, self.marks.size, rng)
        return Prepared(read, there, missing, max(1, int((missing != IGNORED).sum())))

    def loss(self, batch: Prepared, rows: Int64Array, autocast: Autocast) -> Any:
        """See :class:`TextTask`. The vocabulary is gone through for missing pieces only: most of its cost is saved."""
        torch, device = self.torch, self.model.device
        missing = torch.from_numpy(batch.missing[rows]).to(device)
        wanted = missing != IGNORED
        given = {
            "input_ids": torch.from_numpy(batch.read[rows]).to(device),
            "attention_mask": torch.from_numpy(batch.there[rows].astype(np.int64)).to(device),
        }
        with autocast():
            if self._head is None:
                logits = self.model(**given).logits[wanted]
            else:
                vectors = getattr(self.model, self.model.base_model_prefix)(**given)[0]
                logits = getattr(self.model, self._head)(vectors[wanted])
        return torch.nn.functional.cross_entropy(logits.float(), missing[wanted], reduction="sum")


class WritingTask:
    """Span corruption (Raffel et al. 2020): the decoder writes what was cut out of what the encoder reads."""

    name = "spans"

    def __init__(self, model: Any, tokenizer: Any, marks: Marks, share: float, span: float) -> None:
        self.model, self.marks, self.share, self.span = model, marks, share, span
        self.end = np.array([tokenizer.eos_token_id], np.int64)
        self.n_special = 1
        self.torch = neural("training on text", "torch")

    def prepared(self, windows: Windows, rng: np.random.Generator) -> Prepared:
        """See :class:`TextTask`."""
        read, written = [], []
        for window in windows:
            one, other = cut_out(window.astype(np.int64), self.share, self.span, self.marks.sentinels, rng)
            read.append(np.concatenate([one, self.end]))
            written.append(np.concatenate([other, self.end]))
        ids, mask = padded(read, self.marks.pad)
        return Prepared(ids, mask > 0, padded(written, IGNORED)[0], max(1, sum(map(len, written))))

    def loss(self, batch: Prepared, rows: Int64Array, autocast: Autocast) -> Any:
        """See :class:`TextTask`."""
        torch, device = self.torch, self.model.device
        missing = torch.from_numpy(batch.missing[rows]).to(device)
        with autocast():
            logits = self.model(
                input_ids=torch.from_numpy(batch.read[rows]).to(device),
                attention_mask=torch.from_numpy(batch.there[rows].astype(np.int64)).to(device),
                decoder_input_ids=self.model._shift_right(missing),
            ).logits
        return torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), missing.flatten(), ignore_index=IGNORED, reduction="sum"
        )
