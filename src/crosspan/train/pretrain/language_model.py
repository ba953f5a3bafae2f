"""Trains an encoder on raw text: from random weights, or further on the text of a language.

A training that was killed goes on from its last checkpoint and ends with the same files, on the same machine. Under
``torchrun`` all processes share each batch.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from crosspan import __version__
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.progress import Listener
from crosspan.core.threads import torch_threads
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_guesser, load_model, load_tokenizer, neural
from crosspan.models.loop import Loop
from crosspan.models.pieces import longest_input
from crosspan.models.processes import Processes
from crosspan.models.romanizing import record, to_train_with
from crosspan.models.saving import check_new, record_text
from crosspan.text.romanize import romanize_line
from crosspan.train.pretrain.corruption import marks_of
from crosspan.train.pretrain.held_out import divided
from crosspan.train.pretrain.options import PretrainOptions
from crosspan.train.pretrain.tasks import Guessing, TextTask, WritingTask
from crosspan.train.pretrain.text_objective import TextObjective
from crosspan.train.pretrain.windows import windows_of_text

RECORD = "pretraining.json"
"""The record of a training on raw text; a folder that has it holds a model that is complete."""

_WHO = "training on text"


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
    progress: Listener | None = None,
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
        progress: Told of each step (:mod:`crosspan.core.progress`), with its loss, rate and loss on lines held out.

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
    learned, measured = divided(lines, held_out, options.held_out, options.seed)
    with torch_threads(threads):
        objective = _objective(name, learned, measured, options)
        loop = Loop(objective, folder)
        outcome = loop.run(progress)
    report = PretrainReport(
        folder=str(folder),
        objective=objective.task.name,
        parameters=sum(value.numel() for value in objective.model.parameters()),
        lines=len(learned),
        held_out=len(measured),
        pieces=sum(len(window) for window in objective.windows),
        steps=outcome.steps,
        losses=outcome.course("loss"),
        looks=tuple((step, found["loss"]) for step, found in outcome.looks),
        resumed_at=outcome.resumed_at,
    )
    loop.write(RECORD, {RECORD: _record(name, options, report, about or {})})
    return report


def _objective(name: str, lines: Sequence[str], held_out: Sequence[str], options: PretrainOptions) -> TextObjective:
    """The model, and the text as windows."""
    processes = Processes(options.device)
    config, tokenizer = load_config(name), load_tokenizer(name)
    romanize = to_train_with(config, options.romanize, name)
    if romanize:
        lines, held_out = ([romanize_line(line) for line in text] for text in (lines, held_out))
    kind = objective_of(config, options.objective, name)
    marks = marks_of(tokenizer, kind, name)
    placement = Placement(device=str(processes.device), dtype="float32")
    if kind == "masked":
        model = load_guesser(name, config, placement=placement, seed=options.seed)
    else:
        model = load_model(name, "AutoModelForSeq2SeqLM", placement=placement)
    check_fit(tokenizer, model, name)
    if romanize:
        record(model, True)
    task: TextTask
    if kind == "masked":
        task = Guessing(model, tokenizer, marks, options.share)
    else:
        task = WritingTask(model, tokenizer, marks, options.share, options.span)
    cut = (marks, min(longest_input(tokenizer, config), options.longest - task.n_special), options.units)
    windows, measured = (windows_of_text(tokenizer, text, *cut) for text in (lines, held_out))
    return TextObjective(options, task, windows, measured, tokenizer, processes)


def _record(name: str, options: PretrainOptions, report: PretrainReport, about: Mapping[str, Any]) -> str:
    """What the folder says of itself: no times and no places."""
    settings = {key: value for key, value in asdict(options).items() if key not in ("device", "save_every")}
    facts = {key: value for key, value in report.to_dict().items() if key not in ("folder", "resumed_at")}
    return record_text({"crosspan": __version__, "encoder": PurePath(name).name, "options": settings, **facts, **about})


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
