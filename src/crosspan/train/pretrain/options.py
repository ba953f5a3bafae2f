"""How an encoder learns from raw text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.models.romanizing import Romanize, check_romanize

TaskName = Literal["auto", "masked", "spans"]
Units = Literal["running", "words"]
Precision = Literal["auto", "float32", "bfloat16"]

_CHOICES = {"objective": TaskName, "units": Units, "precision": Precision}


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainOptions:
    """Settings of :func:`crosspan.train.pretrain.language_model.train_language_model`.

    The defaults are for going on with a model that is trained already (language-adaptive pre-training, Chau and Smith
    2021); a new model takes a rate of about 1e-3.

    Args:
        objective: "masked" guesses hidden pieces (BERT, RoBERTa), "spans" writes what was cut out (T5); "auto" is the
            one that the model was made for.
        share: How much of the text is hidden.
        span: Mean pieces of a span that is cut out, for "spans".
        units: "running" reads lines as they are; "words" finds the words first, punctuation apart, as a tagger reads
            them.
        romanize: Whether text of other scripts is learned from in Latin letters: "yes", "no", or "auto": as the model
            was trained until then. The model remembers it, and taggers made of it do the same.
        epochs: How often the text is gone through.
        max_steps: Most changes of the weights; 0 for no limit.
        batch_size: Windows of a batch, in all processes together.
        longest: Pieces of a window, special ones included; at most what the model reads.
        learning_rate: The highest rate, after the warm-up; it then falls to 0 in a line.
        warmup: Share of the steps in which the rate rises in a line.
        weight_decay: Of AdamW; not for biases and norms.
        max_norm: Gradients longer than this are cut.
        held_out: Share of the lines that are not learned from but measured on, where no others are given.
        evaluate_every: Steps from one measurement to the next; 0 measures before and after only.
        save_every: Steps from one checkpoint to the next.
        precision: float32, bfloat16 for the forward pass, or auto: bfloat16 on a GPU that has it.
        seed: Where all chance comes from.
        device: Where the model is trained: auto, cpu, cuda, cuda:1, mps.

    Raises:
        OptionError: A value is out of range.

    Example:
        >>> PretrainOptions(max_steps=1000).objective
        'auto'
    """

    objective: TaskName = "auto"
    share: float = 0.15
    span: float = 3.0
    units: Units = "running"
    romanize: Romanize = "auto"
    epochs: int = 1
    max_steps: int = 0
    batch_size: int = 32
    longest: int = 128
    learning_rate: float = 5e-5
    warmup: float = 0.06
    weight_decay: float = 0.01
    max_norm: float = 1.0
    held_out: float = 0.01
    evaluate_every: int = 0
    save_every: int = 500
    precision: Precision = "auto"
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, kinds in _CHOICES.items():
            if getattr(self, name) not in get_args(kinds):
                raise OptionError(
                    f"{name} is {getattr(self, name)!r}", hint=f"Choose one of {', '.join(get_args(kinds))}."
                )
        check_romanize(self.romanize)
        for name, least in (("epochs", 1), ("batch_size", 1), ("longest", 8), ("save_every", 1)):
            if getattr(self, name) < least:
                raise OptionError(f"{name} is {getattr(self, name)}", hint=f"Use at least {least}.")
        for name in ("max_steps", "weight_decay", "evaluate_every", "seed"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Use 0 or more.")
        for name in ("learning_rate", "max_norm"):
            if not (getattr(self, name) > 0.0 and math.isfinite(getattr(self, name))):
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Use a number above 0.")
        for name in ("warmup", "held_out"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Use a share from 0 to below 1.")
        if not 0.0 < self.share < 1.0:
            raise OptionError(f"share is {self.share}", hint="Use a share between 0 and 1, such as 0.15.")
        if not self.span >= 1.0:
            raise OptionError(f"span is {self.span}", hint="Use a mean length of at least 1 piece.")
