"""Trains an encoder on raw text: from random weights, or further on the text of a language.

A training that was killed goes on from its last checkpoint and ends with the same files, on the same machine. Under
``torchrun`` all processes share each batch.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, ModelError, OptionError
from crosspan.models.checkpoints import Checkpoints
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.models.pieces import longest_input
from crosspan.models.processes import Processes
from crosspan.models.romanizing import record, to_train_with
from crosspan.models.saving import check_new, record_text, write_finished
from crosspan.models.schedule import rate_at
from crosspan.models.stepper import NotANumberError, Stepper, adamw, half_precision
from crosspan.models.threads import torch_threads
from crosspan.text.romanize import romanize_line
from crosspan.train.pretrain.corruption import Int64Array, Marks, marks_of
from crosspan.train.pretrain.objectives import Guessing, Objective, Prepared, Writing
from crosspan.train.pretrain.options import PretrainOptions
from crosspan.train.pretrain.windows import windows_of_text

Progress = Callable[[str, int, int], None]

RECORD = "pretraining.json"
"""The record of a training on raw text; a folder that has it holds a model that is complete."""

_WHO = "training on text"
_TEXT = "text"
_PARTS = 100
_MOST_HELD_OUT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainReport:
    """What a training on raw text did.

    Args:
        folder: Where the model is.
        objective: ``"masked"`` or ``"spans"``.
        parameters: Weights of the model, embeddings among them.
        lines: Lines learned from.
        held_out: Lines measured on.
        pieces: Pieces of the text learned from, once through.
        steps: Changes of the weights.
        losses: Mean loss of a missing piece, in nats, of up to 100 parts of the training.
        looks: Step and loss on the lines held out, before the training first and after it last. What is missing of
            them is the same each time. Empty where there are none.
        resumed_at: The step at which a training that was killed went on; 0 where it began anew.
    """

    folder: str
    objective: str
    parameters: int
    lines: int
    held_out: int
    pieces: int
    steps: int
    losses: tuple[float, ...]
    looks: tuple[tuple[int, float], ...]
    resumed_at: int = 0

    @property
    def perplexity(self) -> tuple[float, float] | None:
        """Perplexity of a missing piece of the lines held out, before and after; ``None`` where there are none."""
        if not self.looks:
            return None
        return math.exp(min(self.looks[0][1], 700.0)), math.exp(min(self.looks[-1][1], 700.0))

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "perplexity": self.perplexity}


def train_language_model(
    encoder: str | os.PathLike[str],
    lines: Iterable[str],
    out: str | os.PathLike[str],
    *,
    held_out: Sequence[str] = (),
    options: PretrainOptions | None = None,
    about: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PretrainReport:
    """Train a model on text without labels: to guess hidden pieces, or to write what was cut out.

    On the text of a language that the model saw little of, this is language-adaptive pre-training (LAPT; Chau and
    Smith 2021, arXiv 2106.09063).

    Args:
        encoder: Name on the hub, or a folder: XLM-R, mBERT, ModernBERT … or mT5 and its kin.
        lines: The text, a sentence or a passage a line; lines that follow each other are read together.
        out: The folder of the model. It appears complete; until then only checkpoints are there.
        held_out: Lines to measure on; by default a share of ``lines`` that is then not learned from.
        options: How.
        about: More to be written into the model's record, such as names of files.
        threads: Threads to use on a CPU; all cores by default.
        progress: Called with ``(stage, done, total)``.

    Raises:
        EmptyInputError: There is no text.
        OptionError: The model does not learn by the objective, or from text that is not romanised.
        ModelError: The model cannot be loaded, a loss is not a number, or a checkpoint is damaged.
        OutputError: The folder holds something else, or there is no room.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    options = options or PretrainOptions()
    folder, name = Path(out), os.fspath(encoder)
    check_new(folder, RECORD)
    learned, measured = _divided([line for line in lines if line.strip()], list(held_out), options)
    with torch_threads(threads):
        training = _Training(name, learned, measured, folder, options, dict(about or {}))
        return training.run(progress)


def _divided(lines: list[str], held_out: list[str], options: PretrainOptions) -> tuple[list[str], list[str]]:
    """Lines to learn from, and lines to measure on: every so many, and none of them among the first."""
    if not lines:
        raise EmptyInputError("there is no text to learn from", hint="Give files with a sentence or passage a line.")
    if held_out or not options.held_out:
        return lines, [line for line in held_out if line.strip()]
    count = min(_MOST_HELD_OUT, int(len(lines) * options.held_out))
    chosen = {*np.random.default_rng([options.seed, 3]).permutation(len(lines))[:count].tolist()}
    # what stands in both would be measured too well
    away = {lines[index] for index in chosen}
    learned = [line for line in lines if line not in away]
    # the same few lines over and over: there is nothing to measure on that is not needed to learn from
    return (learned, [lines[index] for index in sorted(chosen)]) if learned else (lines, [])


class _Training:
    def __init__(
        self,
        name: str,
        lines: Sequence[str],
        held_out: Sequence[str],
        folder: Path,
        options: PretrainOptions,
        about: dict[str, Any],
    ) -> None:
        self.name, self.folder, self.options, self.about = name, folder, options, about
        self.torch = neural(_WHO, "torch")
        self.processes = Processes(options.device)
        config = load_config(name)
        self.tokenizer = load_tokenizer(name)
        romanize = to_train_with(config, options.romanize, name)
        if romanize:
            lines, held_out = ([romanize_line(line) for line in text] for text in (lines, held_out))
        kind = objective_of(config, options.objective, name)
        marks = marks_of(self.tokenizer, kind, name)
        architecture = "AutoModelForMaskedLM" if kind == "masked" else "AutoModelForSeq2SeqLM"
        placement = Placement(device=str(self.processes.device), dtype="float32")
        self.model = load_model(name, architecture, placement=placement)
        check_fit(self.tokenizer, self.model, name)
        if romanize:
            record(self.model, True)
        self.objective = _objective(kind, self.model, self.tokenizer, marks, options)
        longest = min(longest_input(self.tokenizer, config), options.longest - self.objective.n_special)
        cut = (marks, longest, options.units)
        self.windows = windows_of_text(self.tokenizer, lines, *cut)
        self.measured = windows_of_text(self.tokenizer, held_out, *cut)
        self.n_lines, self.n_held_out = len(lines), len(held_out)
        self.per_epoch = -(-len(self.windows) // options.batch_size)
        self.total = self.per_epoch * options.epochs
        if options.max_steps:
            self.total = min(self.total, options.max_steps)
        device = self.processes.device
        self.stepper = Stepper(
            self.processes,
            {_TEXT: adamw(self.model, options.learning_rate, options.weight_decay, device)},
            max_norm=options.max_norm,
            seed=options.seed,
            most=options.batch_size,
            what="windows",
            dtype=half_precision(options.precision, device),
        )
        self.checkpoints = Checkpoints(folder, self._mark())
        self.losses: list[list[float]] = []
        self.looks: list[list[float]] = []
        self._epoch: tuple[int, Int64Array] = (-1, np.empty(0, np.int64))

    def run(self, progress: Progress | None) -> PretrainReport:
        options = self.options
        begin = self._resume()
        with self.torch.random.fork_rng(devices=[]):
            if not self.looks:
                self._look(begin)
            for step in range(begin, self.total):
                self._step(step)
                done, last = step + 1, step + 1 == self.total
                if last or (options.evaluate_every and done % options.evaluate_every == 0):
                    self._look(done)
                if done % options.save_every == 0 and not last:
                    self._save(done)
                if progress is not None and self.processes.first:
                    progress("learning", done, self.total)
        return self._finish(begin)

    def _step(self, step: int) -> None:
        options = self.options
        epoch, within = divmod(step, self.per_epoch)
        if self._epoch[0] != epoch:
            chance = np.random.default_rng([options.seed, 2, epoch])
            self._epoch = (epoch, chance.permutation(len(self.windows)))
        batch = self._epoch[1][within * options.batch_size : (within + 1) * options.batch_size]
        # what is missing is drawn for the whole batch, so that it does not depend on how it is divided
        prepared = self.objective.prepared(
            [self.windows[index] for index in batch.tolist()], np.random.default_rng([options.seed, 4, step])
        )
        self.model.train()
        steps = self.stepper
        steps.set_rate(_TEXT, options.learning_rate * rate_at(step, self.total, options.warmup))
        weights = steps.parameters_of(_TEXT)

        def work() -> Any:
            steps.draw_from(1, step)
            return steps.added_up([np.arange(len(batch))], lambda rows: self._loss(prepared, rows) / prepared.n_missing)

        loss = steps.gradient_of(work, weights, weights)
        try:
            value, _ = steps.finite({"the loss": loss, "the gradient": steps.cut(_TEXT)})
        except NotANumberError as error:
            raise self._no_number(step, str(error)) from None
        steps.optimizers[_TEXT].step()
        part = step * min(_PARTS, self.total) // self.total
        while len(self.losses) <= part:
            self.losses.append([0.0, 0.0])
        self.losses[part][0] += value
        self.losses[part][1] += 1.0

    def _look(self, step: int) -> None:
        """Measure on what was held out."""
        if not self.measured:
            return
        self.model.eval()
        size, total, count = self.options.batch_size, 0.0, 0
        with self.torch.no_grad():
            for at in range(0, len(self.measured), size):
                rng = np.random.default_rng([self.options.seed, 5, at])
                prepared = self.objective.prepared(self.measured[at : at + size], rng)
                rows = np.arange(min(size, len(self.measured) - at))
                total += float(self._loss(prepared, rows))
                count += prepared.n_missing
        self.looks.append([float(step), round(total / count, 6)])

    def _loss(self, prepared: Prepared, rows: Int64Array) -> Any:
        return self.objective.loss(prepared, rows, self.stepper.autocast)

    # --- going on, and the end ---------------------------------------------------------------------------------------

    def _mark(self) -> str:
        """What the course of a training depends on."""
        fixed = {name: value for name, value in asdict(self.options).items() if name not in ("device", "save_every")}
        digest = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode())
        for window in (*self.windows, *self.measured):
            digest.update(window.tobytes() + b"|")
        return digest.hexdigest()

    def _save(self, step: int) -> None:
        if self.processes.first:
            state = {"losses": self.losses, "looks": self.looks}
            self.checkpoints.write(step, self.model, self.stepper.optimizers, state)
        self.processes.shared(None)  # all wait until it is written

    def _resume(self) -> int:
        kept = self.checkpoints.restore(self.model, self.stepper.optimizers)
        if kept is None:
            return 0
        state = kept[0]
        self.losses = [list(part) for part in state["losses"]]
        self.looks = [list(look) for look in state["looks"]]
        return int(state["step"])

    def _no_number(self, step: int, what: str) -> ModelError:
        kept = self.checkpoints.newest()
        return ModelError(
            f"{what} is not a number at step {step + 1}",
            hint=(f"The last checkpoint is {kept}. " if kept else "")
            + "Train again into another folder, with a smaller learning_rate, a longer warmup or precision=float32.",
        )

    def _finish(self, resumed_at: int) -> PretrainReport:
        report = PretrainReport(
            folder=str(self.folder),
            objective=self.objective.name,
            parameters=sum(value.numel() for value in self.model.parameters()),
            lines=self.n_lines,
            held_out=self.n_held_out,
            pieces=sum(len(window) for window in self.windows),
            steps=self.total,
            losses=tuple(round(total / count, 6) for total, count in self.losses if count),
            looks=tuple((int(step), loss) for step, loss in self.looks),
            resumed_at=resumed_at,
        )
        if self.processes.first:
            settings = {name: value for name, value in asdict(self.options).items() if name not in _NOT_RECORDED}
            facts = {name: value for name, value in report.to_dict().items() if name not in ("folder", "resumed_at")}
            record = {"crosspan": __version__, "encoder": PurePath(self.name).name, "options": settings, **facts}
            files = {RECORD: record_text({**record, **self.about})}
            write_finished(self.model, self.tokenizer, self.folder, RECORD, files)
            self.checkpoints.remove()
        self.processes.shared(None)
        return report


_NOT_RECORDED = ("device", "save_every")


def objective_of(config: Any, wanted: str, name: str) -> str:
    """How a model learns from text.

    Args:
        config: Its configuration.
        wanted: ``"auto"``, or what the user wants.
        name: Of the model, for errors.

    Raises:
        OptionError: The model does not learn that way.
        ModelError: It learns in no way that is known here.
    """
    transformers = neural(_WHO)
    kind = type(config)
    possible = []
    if not config.is_encoder_decoder and kind in transformers.AutoModelForMaskedLM._model_mapping:
        possible.append("masked")
    if config.is_encoder_decoder and config.model_type in ("t5", "mt5", "umt5"):
        possible.append("spans")
    if not possible:
        raise ModelError(
            f"a model of the type {config.model_type} learns neither by hidden pieces nor by spans",
            where=name,
            hint="Choose an encoder such as XLM-R or mBERT, or mT5.",
        )
    if wanted not in ("auto", *possible):
        raise OptionError(f"objective is {wanted!r}, but {name} learns by {possible[0]!r}", hint="Leave it out.")
    return possible[0]


def _objective(kind: str, model: Any, tokenizer: Any, marks: Marks, options: PretrainOptions) -> Objective:
    if kind == "masked":
        return Guessing(model, tokenizer, marks, options.share)
    return Writing(model, tokenizer, marks, options.share, options.span)
