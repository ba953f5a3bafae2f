"""How the model that writes T-Projection's candidates is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crosspan.core.options import Above, AtLeast, checked
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
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    epochs: Annotated[int, AtLeast(1)] = 4
    batch_size: Annotated[int, AtLeast(1)] = 8
    at_once: Annotated[int, AtLeast(1)] = 8
    learning_rate: Annotated[float, Above(0)] = 1e-4
    warmup: Annotated[int, AtLeast(0)] = 500
    weight_decay: Annotated[float, AtLeast(0)] = 0.0
    clip: Annotated[float, Above(0)] = 1.0
    evaluate_every: Annotated[int, AtLeast(0)] = 0
    patience: Annotated[int, AtLeast(0)] = 3
    max_pieces: Annotated[int, AtLeast(1)] = 512
    seed: Annotated[int, AtLeast(0)] = 42
    names: tuple[str, ...] = ()
    blank: str = "[None]"

    def __post_init__(self) -> None:
        checked(self)
        Template.named(self.names, self.blank)
