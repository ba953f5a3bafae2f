"""Training of the model that writes T-Projection's candidates, on labelled sentences of the source language."""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence
from crosspan.models.batching import SmallerBatch, device_error, free_memory, out_of_memory, padded
from crosspan.models.checkpoints import Checkpoints
from crosspan.models.device import DTYPES, Placement, device_of
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.models.saving import save_model
from crosspan.project.t_projection_data import Template
from crosspan.project.t_projection_model import check_writes

_WHO = "the training of T-Projection"
_TRAINING = "training"
"""The name of its optimizer in checkpoints."""


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


class Example(NamedTuple):
    """What the model reads and is to write, as pieces."""

    question: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    Args:
        steps: Steps that were made.
        best_step: The step whose model was kept.
        dev_losses: For each look at the dev sentences its step and the mean loss of a piece.
        left_out: Sentences that were too long to learn from.
        stopped_early: Whether the dev sentences ended it.
    """

    steps: int
    best_step: int
    dev_losses: tuple[tuple[int, float], ...]
    left_out: int
    stopped_early: bool


def train_writer(
    folder: str | os.PathLike[str],
    sentences: Sequence[Sentence],
    dev: Sequence[Sentence] = (),
    options: WriterTraining | None = None,
    *,
    advance: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train the model that writes candidates.

    As García-Ferrero et al. (2023) do, on questions and answers made of labelled sentences of the source language,
    with their batch size, learning rate and schedule; with AdamW where they took Adafactor. Sentences without
    entities ask nothing, and are left out. The model that does best on the dev sentences is kept; without any, the
    last one.

    Training that was interrupted goes on where its last checkpoint was made (after each look at the dev sentences):
    call it again with the same folder, sentences and options. On a CPU the result is the same, bit by bit.

    Args:
        folder: Where the model goes, as safetensors with its tokenizer; the checkpoint lies inside, and is removed at
            the end.
        sentences: Labelled sentences to learn from.
        dev: Labelled sentences of the same language to stop by.
        options: How.
        advance: Called with steps done and all there are.

    Raises:
        OptionError: No model is named.
        OutputError: The checkpoint in the folder is of another training, or cannot be written.
        EmptyInputError: No sentence has an entity, or all are too long.
        ModelError: The model cannot be loaded, or the device failed.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    options = options or WriterTraining()
    if not options.model:
        raise OptionError("no model to start from is named", hint="Name one, such as model=google/mt5-large.")
    return _Training(Path(folder), sentences, dev, options).run(advance)


@dataclass(slots=True)
class _Progress:
    """How far a training is.

    Args:
        step: Steps done.
        best_step: The step whose model was kept.
        best_loss: Its loss on the dev sentences.
        worse: Looks at the dev sentences since then.
        stopped: Whether that was too many.
        losses: Step and loss of each look.
    """

    step: int = 0
    best_step: int = 0
    best_loss: float | None = None
    worse: int = 0
    stopped: bool = False
    losses: list[tuple[int, float]] = field(default_factory=list)


class _Training:
    def __init__(
        self, folder: Path, sentences: Sequence[Sentence], dev: Sequence[Sentence], options: WriterTraining
    ) -> None:
        self.options = options
        self.folder = folder
        check_writes(load_config(options.model), options.model)
        self.tokenizer = load_tokenizer(options.model)
        self.examples, self.left_out = examples_of(self.tokenizer, sentences, options)
        self.dev, _ = examples_of(self.tokenizer, dev, options)
        if not self.examples:
            why = "all sentences with entities are too long" if self.left_out else "no sentence has an entity"
            raise EmptyInputError(why, hint="Give labelled sentences of the source language.")
        self.per_epoch = -(-len(self.examples) // options.batch_size)
        self.total = self.per_epoch * options.epochs
        self.at_once = min(options.at_once, options.batch_size)

    def run(self, advance: Callable[[int, int], None] | None) -> Trained:
        torch = neural(_WHO, "torch")
        device = device_of(Placement(device=self.options.device))
        self.model = load_model(
            self.options.model,
            "AutoModelForSeq2SeqLM",
            placement=Placement(device=self.options.device, dtype="float32"),
        )
        check_fit(self.tokenizer, self.model, self.options.model)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.options.learning_rate, weight_decay=self.options.weight_decay
        )
        checkpoints = Checkpoints(self.folder, self._fingerprint())
        kept = checkpoints.restore(self.model, {_TRAINING: self.optimizer})
        progress = _Progress(**kept[0]) if kept is not None else _Progress()
        every = self.options.evaluate_every or self.per_epoch
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            while progress.step < self.total and not progress.stopped:
                self._step(progress.step)
                progress.step += 1
                if progress.step % every == 0 or progress.step == self.total:
                    self._look(progress)
                    checkpoints.write(progress.step, self.model, {_TRAINING: self.optimizer}, asdict(progress))
                if advance is not None:
                    advance(progress.step, self.total)
        checkpoints.remove()
        losses = tuple((step, loss) for step, loss in progress.losses)
        return Trained(progress.step, progress.best_step, losses, self.left_out, progress.stopped)

    def _look(self, progress: _Progress) -> None:
        """Look at the dev sentences, and keep the model if it is the best so far."""
        if self.dev:
            loss = self._dev_loss()
            progress.losses.append((progress.step, loss))
            if progress.best_loss is not None and not loss < progress.best_loss:
                progress.worse += 1
                progress.stopped = 0 < self.options.patience <= progress.worse
                return
            progress.best_loss = loss
        progress.worse = 0
        progress.best_step = progress.step
        save_model(self.model, self.tokenizer, self.folder)

    def _step(self, step: int) -> None:
        options = self.options
        epoch, at = divmod(step, self.per_epoch)
        order = np.random.default_rng([options.seed, epoch]).permutation(len(self.examples))
        chosen = [self.examples[index] for index in order[at * options.batch_size : (at + 1) * options.batch_size]]
        for group in self.optimizer.param_groups:
            group["lr"] = options.learning_rate * _rate(step, options.warmup, self.total)
        self._gradient(chosen, step)
        torch = neural(_WHO, "torch")
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), options.clip)
        self.optimizer.step()

    def _gradient(self, chosen: Sequence[Example], step: int) -> None:
        """The gradient of a batch, in parts that fit into memory."""
        torch = neural(_WHO, "torch")
        pieces = sum(len(one.answer) for one in chosen)
        self.model.train()
        while True:
            # dropout depends on the step alone, so that training can go on in the middle
            torch.manual_seed(int(np.random.SeedSequence([self.options.seed, step]).generate_state(1)[0]))
            self.optimizer.zero_grad(set_to_none=True)
            try:
                for at in range(0, len(chosen), self.at_once):
                    self._loss(chosen[at : at + self.at_once], pieces).backward()
                return
            except Exception as error:
                if not out_of_memory(error) or self.at_once == 1:
                    raise device_error(error) from error
            free_memory()
            self.at_once = -(-self.at_once // 2)
            warnings.warn(f"memory ran out; going on with {self.at_once} sentences at once", SmallerBatch, stacklevel=2)

    def _loss(self, chosen: Sequence[Example], pieces: int) -> Any:
        """The sum of the losses of all pieces of answers, divided by ``pieces``."""
        torch = neural(_WHO, "torch")
        device = next(self.model.parameters()).device
        ids, mask = padded([one.question for one in chosen], int(self.tokenizer.pad_token_id))
        labels, _ = padded([one.answer for one in chosen], -100)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self._halves(torch, device)):
            output = self.model(
                input_ids=torch.from_numpy(ids).to(device),
                attention_mask=torch.from_numpy(mask).to(device),
                labels=torch.from_numpy(labels).to(device),
            )
        return output.loss * (sum(len(one.answer) for one in chosen) / pieces)

    def _halves(self, torch: Any, device: Any) -> bool:
        if self.options.dtype == "auto":
            return device.type == "cuda" and bool(torch.cuda.is_bf16_supported())
        return self.options.dtype == "bfloat16"

    def _dev_loss(self) -> float:
        torch = neural(_WHO, "torch")
        self.model.eval()
        pieces = sum(len(one.answer) for one in self.dev)
        with torch.inference_mode():
            return sum(
                float(self._loss(self.dev[at : at + self.at_once], pieces))
                for at in range(0, len(self.dev), self.at_once)
            )

    def _fingerprint(self) -> str:
        """What a checkpoint belongs to."""
        fixed = {name: value for name, value in asdict(self.options).items() if name not in ("device", "at_once")}
        digest = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode())
        digest.update(repr((self.examples, self.dev)).encode())
        return digest.hexdigest()


def examples_of(tokenizer: Any, sentences: Sequence[Sentence], options: WriterTraining) -> tuple[list[Example], int]:
    """Questions and answers as pieces, of all sentences that have entities, and how many were too long.

    Args:
        tokenizer: Of the model.
        sentences: Labelled sentences.
        options: What labels are called, and how long an example may be.
    """
    template = Template.named(options.names, options.blank)
    labelled = [sentence for sentence in sentences if sentence.spans]
    if not labelled:
        return [], 0
    questions = [template.question(one, [span.label for span in one.spans]) for one in labelled]
    asked = tokenizer(questions, return_attention_mask=False, verbose=False)["input_ids"]
    answers = [template.answer(one) for one in labelled]
    answered = tokenizer(text_target=answers, return_attention_mask=False, verbose=False)["input_ids"]
    found = [Example(tuple(one), tuple(other)) for one, other in zip(asked, answered, strict=True)]
    kept = [one for one in found if max(map(len, one)) <= options.max_pieces]
    return kept, len(found) - len(kept)


def _rate(step: int, warmup: int, total: int) -> float:
    """The share of the highest learning rate at a step: up in a line, then down as a cosine."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))
