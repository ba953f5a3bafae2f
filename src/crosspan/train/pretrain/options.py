"""How an encoder learns from raw text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crosspan.core.options import Above, AtLeast, Below, checked
from crosspan.models.romanizing import Romanize

TaskName = Literal["auto", "masked", "spans"]
Units = Literal["running", "words"]
Precision = Literal["auto", "float32", "bfloat16"]


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
    share: Annotated[float, Above(0), Below(1)] = 0.15
    span: Annotated[float, AtLeast(1)] = 3.0
    units: Units = "running"
    romanize: Romanize = "auto"
    epochs: Annotated[int, AtLeast(1)] = 1
    max_steps: Annotated[int, AtLeast(0)] = 0
    batch_size: Annotated[int, AtLeast(1)] = 32
    longest: Annotated[int, AtLeast(8)] = 128
    learning_rate: Annotated[float, Above(0)] = 5e-5
    warmup: Annotated[float, AtLeast(0), Below(1)] = 0.06
    weight_decay: Annotated[float, AtLeast(0)] = 0.01
    max_norm: Annotated[float, Above(0)] = 1.0
    held_out: Annotated[float, AtLeast(0), Below(1)] = 0.01
    evaluate_every: Annotated[int, AtLeast(0)] = 0
    save_every: Annotated[int, AtLeast(1)] = 500
    precision: Precision = "auto"
    seed: Annotated[int, AtLeast(0)] = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        checked(self)
