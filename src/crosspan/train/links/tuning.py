"""Tuning an encoder for word alignment on translated text, after AWESOME (Dou & Neubig 2021)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from crosspan.align.embedding import check_probability, readable
from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError, PairError
from crosspan.core.types import Alignment
from crosspan.models.batching import device_error
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.models.pieces import longest_input
from crosspan.models.saving import write_finished
from crosspan.models.schedule import rate_at
from crosspan.models.threads import torch_threads
from crosspan.train.links.data import Example, Frame, examples_of, frame_of, order_of
from crosspan.train.links.losses import OBJECTIVES, Learner, make_head
from crosspan.train.links.state import RECORD, Checkpoints

TokenPair = tuple[Sequence[str], Sequence[str]]
Progress = Callable[[int, int], None]

_PARTS = 100
"""Into how many parts the course of the losses is divided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningOptions:
    """Settings of :func:`tune_aligner`.

    Args:
        model: Name on the hub, or a folder: an encoder that was trained to guess hidden words, such as mBERT.
        layer: The layer whose vectors are compared; name the same one when aligning.
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
    layer: int = 8
    objectives: tuple[str, ...] = ("self_training", "tlm", "mlm", "psi")
    threshold: float = 0.001
    mask_share: float = 0.15
    epochs: int = 1
    max_steps: int = 0
    batch: int = 8
    accumulate: int = 1
    learning_rate: float = 2e-5
    warmup: float = 0.1
    weight_decay: float = 0.0
    max_norm: float = 1.0
    longest: int = 0
    save_every: int = 500
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in self.objectives:
            if name not in OBJECTIVES:
                raise OptionError(f"there is no objective {name!r}", hint=f"Choose from {', '.join(OBJECTIVES)}.")
        if not self.objectives:
            raise OptionError("there is nothing to learn", hint=f"Choose from {', '.join(OBJECTIVES)}.")
        for name in ("threshold", "mask_share", "warmup"):
            check_probability(name, getattr(self, name))
        for name in ("epochs", "batch", "accumulate", "save_every"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Use at least 1.")
        for name in ("max_steps", "longest", "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Use 0 or more.")
        for name in ("learning_rate", "max_norm"):
            value = getattr(self, name)
            if not (value > 0.0 and math.isfinite(value)):
                raise OptionError(f"{name} is {value}", hint="Use a number above 0.")
        if self.batch == 1 and set(self.objectives) == {"psi"}:
            raise OptionError("psi alone needs batches of 2 or more", hint="Set batch=8.")


@dataclass(frozen=True, slots=True)
class TuningReport:
    """What a training did.

    Args:
        folder: Where the model is.
        steps: Changes of the weights.
        pairs: Pairs that were learned from.
        left_out: Pairs that were not, as a side is empty or they are longer than the model reads at once.
        losses: The course of each objective: means over up to 100 parts of the training.
        resumed_at: The step at which a training that was interrupted went on; 0 where it began anew.
    """

    folder: str
    steps: int
    pairs: int
    left_out: int
    losses: dict[str, list[float]] = field(default_factory=dict)
    resumed_at: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return dataclasses.asdict(self)


def tune_aligner(
    pairs: Iterable[TokenPair],
    out: str | os.PathLike[str],
    options: TuningOptions,
    *,
    links: Iterable[Alignment] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TuningReport:
    """Tune an encoder on sentence pairs, so that its vectors align words better.

    The objectives are those of Dou & Neubig (2021): *self-training* makes the links that the model finds itself more
    probable; *translation* and *masked language modelling*; *parallel sentence identification*; and *consistency* of
    the two directions. Unlike their code, psi draws wrong translations from the same batch, and tlm puts source and
    target in one random order a batch. With ``links``, such as those of the statistical aligner, self-training follows
    them instead of the model's own.

    A training that was interrupted goes on from its last checkpoint when it is called again with the same text and
    settings, and ends with the same weights, on the same machine.

    Args:
        pairs: Words of both sides.
        out: Folder for the tuned model, for the ``model`` of :class:`~crosspan.align.awesome.Awesome` or
            :class:`~crosspan.align.simalign.SimAlign`. It appears complete; until then only checkpoints are there.
        options: Settings.
        links: Word links of each pair to learn from.
        threads: Threads to use on a CPU; all cores by default.
        progress: Called with steps done and all there are.

    Raises:
        OptionError: No model is named, or it has no such layer.
        EmptyInputError: There is no pair to learn from.
        PairError: There are more or fewer links than pairs.
        ModelError: The model cannot be loaded or tuned, a loss is not a number, or a checkpoint is damaged.
        OutputError: The folder holds something else.
    """
    folder = Path(out)
    if not options.model:
        raise OptionError("no model is named", hint="Name one with model=…, such as bert-base-multilingual-cased.")
    if (folder / RECORD).is_file():
        raise OutputError("there is a tuned model already", where=str(folder), hint="Name another folder.")
    config = load_config(options.model)
    if config.is_encoder_decoder:
        raise ModelError(
            f"a model of the type {config.model_type} cannot be tuned this way",
            where=options.model,
            hint="Choose an encoder that was trained to guess hidden words, such as mBERT or XLM-R.",
        )
    tokenizer = load_tokenizer(options.model)
    n_layers = int(config.num_hidden_layers)
    layer = options.layer + n_layers + 1 if options.layer < 0 else options.layer
    if not 1 <= layer <= n_layers:
        raise OptionError(
            f"layer is {options.layer}, but {options.model} has {n_layers} layers", hint=f"Choose 1 to {n_layers}."
        )
    frame = frame_of(tokenizer, options.model)
    special = len(frame.before) + len(frame.after)
    most = longest_input(tokenizer, config) - special
    pairs = list(pairs)
    given = None if links is None else list(links)
    if given is not None and len(given) != len(pairs):
        raise PairError(f"{len(given)} lines of links for {len(pairs)} pairs", hint="Give the links of these pairs.")
    examples, left_out = examples_of(tokenizer, pairs, given, min(most, options.longest or most), readable)
    if not examples:
        raise EmptyInputError(
            "there is no sentence pair to learn from",
            hint="Give pairs with words on both sides that are not longer than the model reads at once.",
        )
    training = _Training(options, examples, left_out, folder, tokenizer, frame, layer)
    with torch_threads(threads):
        return training.run(progress)


class _Training:
    def __init__(
        self,
        options: TuningOptions,
        examples: list[Example],
        left_out: int,
        folder: Path,
        tokenizer: Any,
        frame: Frame,
        layer: int,
    ) -> None:
        self.options = options
        self.examples = examples
        self.left_out = left_out
        self.folder = folder
        self.tokenizer = tokenizer
        self.checkpoints = Checkpoints(folder)
        self.torch = neural("tuning", "torch")
        placement = Placement(device=options.device, dtype="float32")
        model = load_model(options.model, "AutoModelForMaskedLM", placement=placement)
        check_fit(tokenizer, model, options.model)
        self.torch.manual_seed(options.seed)
        width = int(model.config.hidden_size)
        with self.torch.random.fork_rng(devices=[]):
            self.torch.manual_seed(options.seed)
            head = make_head(width).to(next(model.parameters()).device)
        self.learner = Learner(model, head, frame, layer, options.threshold, options.mask_share)
        self.per_epoch = -(-len(examples) // (options.batch * options.accumulate))
        self.total = self.per_epoch * options.epochs
        if options.max_steps:
            self.total = min(self.total, options.max_steps)
        self.optimizer = self._optimizer()
        self.parameters = [value for group in self.optimizer.param_groups for value in group["params"]]
        self.losses: dict[str, list[list[float]]] = {name: [] for name in options.objectives}

    def run(self, progress: Progress | None) -> TuningReport:
        begin = self._resume()
        self.learner.model.train()
        for step in range(begin, self.total):
            self._step(step)
            if progress is not None:
                progress(step + 1, self.total)
            if (step + 1) % self.options.save_every == 0 and step + 1 < self.total:
                self._save(step + 1)
        return self._finish(begin)

    def _step(self, step: int) -> None:
        """One change of the weights."""
        options, torch = self.options, self.torch
        rate = options.learning_rate * rate_at(step, self.total, options.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        epoch, within = divmod(step, self.per_epoch)
        order = order_of(len(self.examples), options.seed, epoch)
        size = options.batch
        begin = within * size * options.accumulate
        batches = [order[at : at + size] for at in range(begin, begin + size * options.accumulate, size)]
        batches = [batch for batch in batches if len(batch)]
        self.optimizer.zero_grad(set_to_none=True)
        for number, batch in enumerate(batches):
            rng = np.random.default_rng([options.seed, 2, step, number])
            chosen = [self.examples[index] for index in batch.tolist()]
            devices = [self.learner.head[0].weight.device] if self.learner.head[0].weight.is_cuda else []
            with torch.random.fork_rng(devices=devices):
                torch.manual_seed(int(rng.integers(1 << 62)))  # what the model leaves out at random
                for name in options.objectives:
                    self._learn(name, chosen, rng, step, len(batches))
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, options.max_norm)
        if not bool(torch.isfinite(norm)):
            raise self._no_number("a gradient", step)
        self.optimizer.step()

    def _learn(self, name: str, batch: Sequence[Example], rng: np.random.Generator, step: int, share: int) -> None:
        if name == "psi" and len(batch) == 1:
            return  # nothing to tell a lone sentence from
        try:
            loss = OBJECTIVES[name](self.learner, batch, rng)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise self._no_number(f"the loss of {name}", step)
            (loss / share).backward()
        except RuntimeError as error:
            if "out of memory" in str(error).lower():
                raise ModelError(
                    f"memory is too small for {len(batch)} pairs at once",
                    hint="Set a smaller batch, and accumulate in its place; or leave out long pairs with longest.",
                ) from error
            raise device_error(error) from error
        part = step * min(_PARTS, self.total) // self.total
        course = self.losses[name]
        while len(course) <= part:
            course.append([0.0, 0.0])
        course[part][0] += value
        course[part][1] += 1

    def _no_number(self, what: str, step: int) -> ModelError:
        kept = self.checkpoints.newest()
        return ModelError(
            f"{what} is not a number at step {step + 1}",
            hint=(f"The model of the last checkpoint is in {kept}. " if kept else "")
            + "Train again into another folder, with a smaller learning_rate or a longer warmup.",
        )

    def _optimizer(self) -> Any:
        plain: list[Any] = []
        rest: list[Any] = []
        for module in (self.learner.model, self.learner.head):
            for name, value in module.named_parameters():
                (plain if value.ndim < 2 or name.endswith("bias") else rest).append(value)
        groups = [{"params": rest, "weight_decay": self.options.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        return self.torch.optim.AdamW(groups, lr=self.options.learning_rate, eps=1e-8)

    def _record(self, step: int) -> dict[str, Any]:
        return {
            "step": step,
            "fingerprint": self._fingerprint(),
            "options": dataclasses.asdict(self.options),
            "pairs": len(self.examples),
            "left_out": self.left_out,
            "losses": self.losses,
        }

    def _fingerprint(self) -> str:
        """What the course of a training depends on."""
        found = hashlib.sha256()
        settings = dataclasses.asdict(self.options)
        for name in ("model", "device", "save_every"):  # these change nothing
            settings.pop(name)
        found.update(json.dumps(settings, sort_keys=True).encode())
        for example in self.examples:
            for pieces in (example.source, example.target):
                found.update(pieces.ids.tobytes() + b"|" + pieces.word.tobytes() + b"\n")
            if example.links is not None:
                found.update(example.links.source.tobytes() + example.links.target.tobytes())
        return found.hexdigest()

    def _save(self, step: int) -> None:
        try:
            self.checkpoints.write(
                step, self.learner.model, self.tokenizer, self.learner.head, self.optimizer, self._record(step)
            )
        except OSError as error:
            raise OutputError(
                f"the checkpoint cannot be written ({error.strerror or error})",
                where=str(self.folder),
                hint="Make room, and run it again: it goes on from the checkpoint before.",
            ) from error

    def _resume(self) -> int:
        kept = self.checkpoints.newest()
        if kept is None:
            return 0
        record = self.checkpoints.record(kept)
        if record.get("fingerprint") != self._fingerprint():
            raise OutputError(
                "the folder holds the checkpoint of another training",
                where=str(kept),
                hint="Use the same text and settings to go on with it, or name another folder.",
            )
        self.checkpoints.restore(kept, self.learner.model, self.learner.head, self.optimizer)
        self.losses = {name: [list(part) for part in course] for name, course in record["losses"].items()}
        return int(record["step"])

    def _finish(self, resumed_at: int) -> TuningReport:
        courses = {name: [total / count for total, count in course if count] for name, course in self.losses.items()}
        report = TuningReport(str(self.folder), self.total, len(self.examples), self.left_out, courses, resumed_at)
        record = {"options": dataclasses.asdict(self.options), **report.to_dict()}
        files = {RECORD: json.dumps(record, indent=1) + "\n"}
        write_finished(self.learner.model, self.tokenizer, self.folder, RECORD, files)
        for path in self.folder.glob("checkpoint-*"):
            shutil.rmtree(path, ignore_errors=True)
        return report
