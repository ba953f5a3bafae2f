"""How an encoder is tuned for word alignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crosspan.align.embedding import USUAL, layer_number
from crosspan.core.errors import OptionError
from crosspan.core.options import Above, AtLeast, Within, checked
from crosspan.models.pieces import Marks
from crosspan.train.links.losses import OBJECTIVES


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningOptions:
    """Settings of :func:`crosspan.train.links.tuning.tune_aligner`.

    Args:
        model: Name on the hub, or a folder: an encoder that was trained to guess hidden words, such as mBERT.
        layer: The layer whose vectors are compared: its number, or usual: by the depth, as when aligning. Where another
            is named here, name the same one when aligning.
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: skip
            leaves them out of links, keep takes them as any other; name the same when aligning.
        layers: So many of the encoder's first layers alone; 0 is all of them.
        freeze_layers: So many of the lowest layers, and the embeddings with them, are not trained; 0 is none.
        freeze_embeddings: Whether the embeddings are not trained.
        vocabulary: Which pieces have vectors that are trained: those of the "text" that is learned from, or "all", of
            which the others would only decay. Where pieces are guessed (tlm, mlm), all have a say, and all are trained.
        objectives: What is learned: self_training, tlm, mlm, psi, consistency.
        threshold: A link that self_training strengthens is more probable than this in both directions.
        mask_share: How many pieces tlm and mlm hide.
        epochs: How often the text is gone through.
        max_steps: Most changes of the weights; 0 for no limit.
        batch: Pairs of a batch.
        accumulate: Batches that go into one change of the weights.
        learning_rate: The highest rate, after the warm-up; it then falls to 0 in a line.
        warmup: Share of the steps in which the rate rises in a line.
        weight_decay: Of AdamW; not for biases and norms.
        max_norm: Gradients longer than this are cut.
        longest: Most pieces of both sentences together; longer pairs are left out. 0 is what the model reads at once.
        save_every: Steps from one checkpoint to the next.
        seed: Where all chance comes from.
        device: Where the model is trained: auto, cpu, cuda, cuda:1, mps.

    Raises:
        OptionError: A value is out of range.
    """

    model: str = ""
    layer: int | str = USUAL
    marks: Marks = "skip"
    layers: Annotated[int, AtLeast(0)] = 0
    freeze_layers: Annotated[int, AtLeast(0)] = 0
    freeze_embeddings: bool = False
    vocabulary: Literal["text", "all"] = "text"
    objectives: tuple[str, ...] = ("self_training", "tlm", "mlm", "psi")
    threshold: Annotated[float, Within(0, 1)] = 0.001
    mask_share: Annotated[float, Within(0, 1)] = 0.15
    epochs: Annotated[int, AtLeast(1)] = 1
    max_steps: Annotated[int, AtLeast(0)] = 0
    batch: Annotated[int, AtLeast(1)] = 8
    accumulate: Annotated[int, AtLeast(1)] = 1
    learning_rate: Annotated[float, Above(0)] = 2e-5
    warmup: Annotated[float, Within(0, 1)] = 0.1
    weight_decay: Annotated[float, AtLeast(0)] = 0.0
    max_norm: Annotated[float, Above(0)] = 1.0
    longest: Annotated[int, AtLeast(0)] = 0
    save_every: Annotated[int, AtLeast(1)] = 500
    seed: Annotated[int, AtLeast(0)] = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        checked(self)
        if self.layer != USUAL:
            layer_number(self.layer, (USUAL,))
        for name in self.objectives:
            if name not in OBJECTIVES:
                raise OptionError(f"there is no objective {name!r}", hint=f"Choose from {', '.join(OBJECTIVES)}.")
        if not self.objectives:
            raise OptionError("there is nothing to learn", hint=f"Choose from {', '.join(OBJECTIVES)}.")
        if self.batch == 1 and set(self.objectives) == {"psi"}:
            raise OptionError("psi alone needs batches of 2 or more", hint="Set batch=8.")
