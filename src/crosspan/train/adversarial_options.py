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
Balance = Literal["task", "fixed"]
Reach = Literal["shared", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialOptions:
    """Settings of language-adversarial training.

    A small network, the discriminator, learns to tell the languages by the encoder's vectors, and the encoder learns to
    make that hard, beside its task. Published settings: Keung et al. (2019) take ``mode="alternating"`` on whole
    sentences with a much smaller rate for the generator. AdvPicker (Chen et al. 2021) takes ``mode="alternating"``,
    ``level="token"``, ``hidden=500``, ``discriminator_rate=5e-3``, ``generator_rate=6e-7``, ``schedule="constant"``,
    beside ``learning_rate=6e-5``, ``freeze_layers=3`` and ``epochs=10`` of the task. What they had of the rest is
    ``balance="fixed"``, ``reach="all"``, ``begin=0``, ``longest=-1`` and ``weight=1``.

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
        balance: What λ is a share of. "task": with "reversal" the turned gradient of each weight is made λ times as
            long as the task's there, so that λ means the same for every encoder; and λ counts less the closer the
            discriminator is to guessing, and nothing once it is there, so that the encoder does not run ahead of it.
            "fixed": λ multiplies what is, as in the papers.
        reach: Which weights the game moves: "shared", those that work on every language, or "all", with the vectors of
            pieces, of which many occur in the other languages alone.
        begin: Share of the training in which the discriminator learns and the encoder does not play yet.
        schedule: "dann": λ rises over the rest of the training as 2 / (1 + exp(-10 p)) - 1, p from 0 to 1; "constant":
            it does not.
        classes: "binary": the source against all other languages; "each": one class a language.
        discriminator_rate: Learning rate of the discriminator; it stays the same throughout.
        generator_rate: Of "alternating": the encoder's rate against the discriminator where λ is 1; it warms up and
            falls as that of the task. 0 is that of the task.
        discriminator_steps: Changes of the discriminator in each step, each with sentences of its own.
        batch_size: Sentences that the discriminator sees in a step, half of them (or a class's share) of the source; 0
            is as many as the task sees.
        longest: Most pieces of a window that the discriminator sees. 0 is what nine of ten windows of the source stay
            below, so that neither time nor length tells the languages apart; -1 is as long as those of the task may be.
        held_out: Share of the sentences of each language that the discriminator never learns from, and is measured on.
        tolerated: The training ends where the task loses more than this share again of what it had learned, by its loss
            or by the F1 of the dev sentences.
        keep: Whether the discriminator is written beside the model, as ``discriminator.safetensors``.

    Raises:
        OptionError: A value is out of range.

    Example:
        >>> AdversarialOptions(mode="reversal", level="sentence").balance
        'task'
    """

    mode: Mode = "none"
    level: Level = "token"
    layer: Annotated[int, AtLeast(-1)] = -1
    hidden: Annotated[int, AtLeast(1)] = 500
    weight: Annotated[float, Above(0)] = 0.3
    balance: Balance = "task"
    reach: Reach = "shared"
    begin: Annotated[float, AtLeast(0), Below(1)] = 0.1
    schedule: Schedule = "dann"
    classes: Classes = "binary"
    discriminator_rate: Annotated[float, Above(0)] = 1e-3
    generator_rate: Annotated[float, AtLeast(0)] = 0.0
    discriminator_steps: Annotated[int, AtLeast(1)] = 1
    batch_size: Annotated[int, AtLeast(0)] = 0
    longest: Annotated[int, AtLeast(-1)] = 0
    held_out: Annotated[float, Above(0), Below(1)] = 0.1
    tolerated: Annotated[float, Above(0), Below(1)] = 0.5
    keep: bool = False

    def __post_init__(self) -> None:
        checked(self, "adversarial.")
        if self.batch_size == 1:
            raise OptionError("adversarial.batch_size is 1", hint="Two languages need at least 2, or 0 for the task's.")
