"""How a pre-trained encoder is fine-tuned as a tagger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crosspan.core.options import Above, AtLeast, AtMost, Below, Within, checked
from crosspan.models.pieces import Marks, WordChoice
from crosspan.models.romanizing import Romanize

Confidence = Literal["soft", "evidence", "none"]
Loss = Literal["cross_entropy", "gce"]
Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClassifierOptions:
    """Settings of :func:`crosspan.train.token_classifier.train_token_classifier`.

    Args:
        encoder: Name on the hub, or a folder: XLM-R, mBERT, mDeBERTa, mT5, umT5, ModernBERT and the like.
        words: Which pieces of a word learn its tag: the "first"; with "average" and "max" all do, and the tagger is to
            be used with the same setting.
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: "skip"
            leaves them out, "keep" takes them as any other, as most programs do. The tagger does the same.
        layers: So many of the encoder's first layers alone; 0 is all of them.
        freeze_layers: So many of the lowest layers, and the embeddings with them, are not trained; 0 is none.
        freeze_embeddings: Whether the embeddings are not trained.
        vocabulary: Which pieces have vectors that are trained: those of the "text" that is learned from, or "all", of
            which the others would only decay. "text" takes a fraction of the memory and of the time.
        epochs: How often the data are gone through.
        max_steps: Most changes of the weights; 0 for no limit.
        batch_size: Sentences of a batch, in all processes together.
        pieces_at_once: Most pieces that go through the model at once, padding included; a batch with more is learned
            from in parts, which changes only what is left out at random. 0 chooses by the device.
        accumulate: Batches that go into one change of the weights.
        learning_rate: The highest rate, after the warm-up; it then falls to 0 in a line. 0 is one that fits the width
            of the encoder: 2e-5 for 768, 2e-4 for 384; ten times that for LoRA.
        warmup: Share of the steps in which the rate rises in a line.
        weight_decay: Of AdamW; not for biases and norms.
        max_norm: Gradients longer than this are cut.
        longest: Most pieces of a window, special ones included; 0 is what the model reads at once.
        overlap: Pieces that neighbouring windows of a long sentence share; -1 is a quarter of a window.
        romanize: Whether the encoder is given words of other scripts in Latin letters: "yes", "no", or "auto": as the
            encoder itself was trained. The tagger does the same with what it labels.
        confidence: What the score c of a span means: "soft" wants its tag with c and O with 1 - c; "evidence" is the
            likelihood that the CRF is trained with; "none" takes every span for sure.
        loss: cross_entropy, or gce: the generalised cross entropy, which wrong labels sway less.
        gce_q: Of gce, above 0 (cross entropy) and up to 1 (mean absolute error).
        label_smoothing: Share of every label that is spread over all tags.
        patience: Training ends after so many looks at the dev sentences without a better score; 0 never does.
        evaluate_every: Steps from one look to the next; 0 looks once an epoch.
        source_lang: Language of the source side; by default that of the sentences learned from.
        dev_is_target: Say that the dev sentences are of the target language; the model's card will show it.
        save_every: Steps from one checkpoint to the next; 0 makes one at each look at the dev sentences.
        precision: float32, bfloat16 for the forward pass, or auto: bfloat16 on a GPU that has it, and on a CPU that
            computes in it, where the encoder is 256 wide or more.
        gradient_checkpointing: Compute inner states twice, to keep fewer of them in memory.
        lora_rank: Train matrices of this rank beside the frozen encoder (LoRA); 0 trains all weights.
        lora_alpha: Their scale; 0 is twice the rank.
        lora_dropout: Share of their input that is left out at random.
        lora_targets: Ends of the names of the layers that get them, such as query,value; all linear ones if empty.
        seed: Where all chance comes from.
        device: Where the model is trained: auto, cpu, cuda, cuda:1, mps.

    Raises:
        OptionError: A value is out of range.

    Example:
        >>> TokenClassifierOptions(encoder="xlm-roberta-base", epochs=3).batch_size
        32
    """

    encoder: str = ""
    words: WordChoice = "first"
    marks: Marks = "skip"
    layers: Annotated[int, AtLeast(0)] = 0
    freeze_layers: Annotated[int, AtLeast(0)] = 0
    freeze_embeddings: bool = False
    vocabulary: Literal["text", "all"] = "text"
    epochs: Annotated[int, AtLeast(1)] = 5
    max_steps: Annotated[int, AtLeast(0)] = 0
    batch_size: Annotated[int, AtLeast(1)] = 32
    pieces_at_once: Annotated[int, AtLeast(0)] = 0
    accumulate: Annotated[int, AtLeast(1)] = 1
    learning_rate: Annotated[float, AtLeast(0)] = 0.0
    warmup: Annotated[float, Within(0, 1)] = 0.1
    weight_decay: Annotated[float, AtLeast(0)] = 0.01
    max_norm: Annotated[float, Above(0)] = 1.0
    longest: Annotated[int, AtLeast(0)] = 0
    overlap: Annotated[int, AtLeast(-1)] = -1
    romanize: Romanize = "auto"
    confidence: Confidence = "soft"
    loss: Loss = "cross_entropy"
    gce_q: Annotated[float, Above(0), AtMost(1)] = 0.7
    label_smoothing: Annotated[float, AtLeast(0), Below(1)] = 0.0
    patience: Annotated[int, AtLeast(0)] = 0
    evaluate_every: Annotated[int, AtLeast(0)] = 0
    source_lang: str = ""
    dev_is_target: bool = False
    save_every: Annotated[int, AtLeast(0)] = 0
    precision: Precision = "auto"
    gradient_checkpointing: bool = False
    lora_rank: Annotated[int, AtLeast(0)] = 0
    lora_alpha: Annotated[int, AtLeast(0)] = 0
    lora_dropout: Annotated[float, AtLeast(0), Below(1)] = 0.0
    lora_targets: tuple[str, ...] = ()
    seed: Annotated[int, AtLeast(0)] = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        checked(self)
