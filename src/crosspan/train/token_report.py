"""What a fine-tuning reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

StageProgress = Callable[[str, int, int], None]

WHO = "fine-tuning"


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
        losses: Mean loss of a word, of up to 100 parts of the training.
        looks: Step, F1 and loss of each look at the dev sentences.
        dev: Precision, recall and F1 of the weights that were kept (exact spans, micro average).
        dev_side: Which side the dev sentences are of: ``"source"``, ``"target"``, ``"unstated"`` where they name no
            language, or ``"none"`` where there were none.
        signature: One line that says how the model was made.
        resumed_at: The step at which a training that was killed went on; 0 where it began anew.
    """

    folder: str
    labels: tuple[str, ...]
    sentences: int
    windows: int
    entities: Mapping[str, int]
    steps: int
    best_step: int
    stopped: bool
    losses: tuple[float, ...]
    looks: tuple[tuple[int, float, float], ...]
    dev: Mapping[str, float] | None
    dev_side: str
    signature: str
    resumed_at: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)
