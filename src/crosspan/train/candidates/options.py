"""How the model that writes T-Projection's candidates is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crosspan.core.errors import OptionError
from crosspan.models.device import DTYPES
from crosspan.project.t_projection_data import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterTraining:
    """How the model that writes candidates is trained.

    Args:
        model: The model to start from, by its name on the hub or its folder, such as ``"google/mt5-large"``.
        device: Where it runs: ``"auto"``, ``"cpu"``, ``"cuda"`` …
        dtype: What is computed in bfloat16 beside float32 weights: ``"auto"`` on GPUs that have it, ``"bfloat16"``
            always, ``"float32"`` nothing.
        epochs: How often all sentences are read, at most.
        batch_size: Sentences of a step.
        at_once: Sentences that are read at once, if that is fewer; what is learned is the same but for dropout.
        learning_rate: The highest one.
        warmup: Steps until it is reached; then it falls as a cosine to 0 at the last step.
        weight_decay: Of AdamW.
        clip: Longest gradient.
        evaluate_every: Steps between looks at the dev sentences; 0 looks after each epoch.
        patience: Looks without a better one after which training stops; 0 never stops early.
        max_pieces: Sentences whose question or answer has more pieces are left out, and counted.
        seed: Of the order of sentences and of dropout.
        names: What labels are called for the model, such as ``"DIS=Disease"``.
        blank: What stands for an entity in its question.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    device: str = "auto"
    dtype: str = "auto"
    epochs: int = 4
    batch_size: int = 8
    at_once: int = 8
    learning_rate: float = 1e-4
    warmup: int = 500
    weight_decay: float = 0.0
    clip: float = 1.0
    evaluate_every: int = 0
    patience: int = 3
    max_pieces: int = 512
    seed: int = 42
    names: tuple[str, ...] = ()
    blank: str = "[None]"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES or self.dtype == "float16":
            raise OptionError(f"dtype is {self.dtype!r}", hint="Choose auto, float32 or bfloat16.")
        Template.named(self.names, self.blank)
        for name in ("epochs", "batch_size", "at_once", "max_pieces"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Let it be 1 or more.")
        for name in ("warmup", "evaluate_every", "patience", "seed"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Let it be 0 or more.")
        for name, least in (("learning_rate", 0.0), ("clip", 0.0)):
            if not least < getattr(self, name) < math.inf:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Let it be above 0.")
        if not 0.0 <= self.weight_decay < math.inf:
            raise OptionError(f"weight_decay is {self.weight_decay}", hint="Let it be 0 or more.")
