"""How an encoder that is fine-tuned is kept from telling languages apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crosspan.core.errors import OptionError
from crosspan.core.options import Above, AtLeast, Below, checked

Mode = Literal["none", "reversal", "alternating"]
Level = Literal["token", "sentence"]
Schedule = Literal["dann", "constant"]
Classes = Literal["binary", "each"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialOptions:
    """Settings of language-adversarial training.

    A small network, the discriminator, learns to tell the languages by the encoder's vectors, and the encoder learns to
    make that hard, beside its task. Published settings: Keung et al. (2019) take ``mode="alternating"`` on whole
    sentences with a much smaller rate for the generator. AdvPicker (Chen et al. 2021) takes ``mode="alternating"``,
    ``level="token"``, ``hidden=500``, ``discriminator_rate=5e-3``, ``generator_rate=6e-7``, ``schedule="constant"``,
    beside ``learning_rate=6e-5``, ``freeze_layers=3`` and ``epochs=10`` of the task.

    Args:
        mode: "reversal": one step in which the discriminator's gradient enters the encoder with its sign turned (Ganin
            et al. 2016). "alternating": a step of the task, one of the discriminator, and one of the encoder against
            it, with the labels turned (Keung et al. 2019). "none": neither.
        level: What the discriminator judges: each piece of a word ("token"), or the mean of a sentence's pieces
            ("sentence").
        layer: The hidden states that it reads: -1 is the last layer, 0 the embeddings.
        hidden: Width of its inner layer.
        weight: The largest λ. With "reversal" it scales the turned gradient; with "alternating" the generator's rate,
            as its optimizer does not see the length of a gradient.
        schedule: "dann": λ rises over the training as 2 / (1 + exp(-10 p)) - 1, p from 0 to 1; "constant": it does not.
        classes: "binary": the source against all other languages; "each": one class a language.
        discriminator_rate: Learning rate of the discriminator; it stays the same throughout.
        generator_rate: Of "alternating": the encoder's rate against the discriminator; it warms up and falls as that
            of the task.
        discriminator_steps: Changes of the discriminator in each step, each with sentences of its own.
        batch_size: Sentences that the discriminator sees in a step, half of them (or a class's share) of the source; 0
            is as many as the task sees.
        held_out: Share of the sentences of each language that the discriminator never learns from, and is measured on.
        keep: Whether the discriminator is written beside the model, as ``discriminator.safetensors``.

    Raises:
        OptionError: A value is out of range.

    Example:
        >>> AdversarialOptions(mode="reversal", level="sentence").weight
        1.0
    """

    mode: Mode = "none"
    level: Level = "token"
    layer: Annotated[int, AtLeast(-1)] = -1
    hidden: Annotated[int, AtLeast(1)] = 500
    weight: Annotated[float, Above(0)] = 1.0
    schedule: Schedule = "dann"
    classes: Classes = "binary"
    discriminator_rate: Annotated[float, Above(0)] = 1e-3
    generator_rate: Annotated[float, Above(0)] = 2e-6
    discriminator_steps: Annotated[int, AtLeast(1)] = 1
    batch_size: Annotated[int, AtLeast(0)] = 0
    held_out: Annotated[float, Above(0), Below(1)] = 0.1
    keep: bool = False

    def __post_init__(self) -> None:
        checked(self, "adversarial.")
        if self.batch_size == 1:
            raise OptionError("adversarial.batch_size is 1", hint="Two languages need at least 2, or 0 for the task's.")
