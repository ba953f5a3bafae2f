"""What a fine-tuning reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WHO = "fine-tuning"


@dataclass(frozen=True, slots=True)
class GamePart:
    """Means of one part of an adversarial training.

    Args:
        task: Loss of the task.
        adversarial: Loss of the discriminator; by guessing it is the logarithm of the number of classes.
        weight: λ, as it counts.
        task_norm: Length of the gradient of the task at the encoder.
        adversarial_norm: Length of the gradient that works against the discriminator there; with "reversal" as it is
            added to the task's, with "alternating" λ is in the rate.
    """

    task: float
    adversarial: float
    weight: float
    task_norm: float
    adversarial_norm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GameReport:
    """How an adversarial training went.

    Args:
        settings: The options, see :class:`crosspan.train.adversarial_options.AdversarialOptions`.
        classes: The names of its classes.
        windows: Of each language, the windows that it learned from, and those it was measured on.
        chance: The accuracy of guessing.
        parts: Up to 100 parts of the training.
        looks: The step of each look, and the discriminator's accuracy on text that it did not learn from.
    """

    settings: Mapping[str, Any]
    classes: tuple[str, ...]
    windows: Mapping[str, Mapping[str, int]]
    chance: float
    parts: tuple[GamePart, ...]
    looks: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClassifierReport:
    """What a training did.

    Args:
        folder: Where the model is; ``crosspan.tag.load_tagger(f"transformers:{folder}")`` loads it.
        labels: The kinds of entity that it knows.
        sentences: Sentences learned from.
        windows: Parts of sentences that were read at once.
        entities: Entities of each kind learned from.
        steps: Changes of the weights.
        best_step: The step whose weights were kept.
        stopped: Whether the training ended early.
        collapsed: Where what was learned was lost again, which ended the training: the step, and what was seen; else
            empty. The weights are then the best from before.
        losses: Mean loss of a word, of up to 100 parts of the training.
        looks: Step, F1 and loss of each look at the dev sentences.
        dev: Precision, recall and F1 of the weights that were kept (exact spans, micro average).
        dev_side: Which side the dev sentences are of: ``"source"``, ``"target"``, ``"unstated"`` where they name no
            language, or ``"none"`` where there were none.
        signature: One line that says how the model was made.
        resumed_at: The step at which a training that was killed went on; 0 where it began anew.
        game: How the discriminator of languages fared, where there was one.
    """

    folder: str
    labels: tuple[str, ...]
    sentences: int
    windows: int
    entities: Mapping[str, int]
    steps: int
    best_step: int
    stopped: bool
    collapsed: str
    losses: tuple[float, ...]
    looks: tuple[tuple[int, float, float], ...]
    dev: Mapping[str, float] | None
    dev_side: str
    signature: str
    resumed_at: int = 0
    game: GameReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)
