"""Training of the model that writes T-Projection's candidates, on labelled sentences of the source language."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.progress import Listener
from crosspan.core.threads import torch_threads
from crosspan.core.types import Sentence
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer
from crosspan.models.loop import Loop
from crosspan.models.processes import Processes
from crosspan.models.saving import check_new, record_text
from crosspan.project.t_projection_model import check_writes
from crosspan.train.candidates.exercises import examples_of
from crosspan.train.candidates.objective import WriterObjective
from crosspan.train.candidates.options import WriterTraining

__all__ = ["CandidateTraining", "WriterTraining", "train_writer"]

RECORD = "writer.json"
"""The record of a training; a folder that has it holds a model that is complete."""


@dataclass(frozen=True, slots=True)
class CandidateTraining:
    """What came of a training.

    Args:
        steps: Steps that were made.
        best_step: The step whose model was kept.
        dev_losses: For each look at the dev sentences its step and the mean loss of a piece.
        left_out: Sentences that were too long to learn from.
        stopped_early: Whether the dev sentences ended it.
        losses: Mean loss of a piece, of up to 100 parts of the training.
        resumed_at: The step at which a training that was interrupted went on; 0 where it began anew.
    """

    steps: int
    best_step: int
    dev_losses: tuple[tuple[int, float], ...]
    left_out: int
    stopped_early: bool
    losses: tuple[float, ...] = ()
    resumed_at: int = field(default=0, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def train_writer(
    folder: str | os.PathLike[str],
    sentences: Sequence[Sentence],
    dev: Sequence[Sentence] = (),
    options: WriterTraining | None = None,
    *,
    threads: int | None = None,
    progress: Listener | None = None,
) -> CandidateTraining:
    """Train the model that writes candidates.

    As García-Ferrero et al. (2023) do, on questions and answers made of labelled sentences of the source language,
    with their batch size, learning rate and schedule; with AdamW where they took Adafactor. Sentences without
    entities ask nothing, and are left out. The model that does best on the dev sentences is kept; without any, the
    last one.

    Training that was interrupted goes on where its last checkpoint was made (after each look at the dev sentences):
    call it again with the same folder, sentences and options. On a CPU the result is the same, bit by bit.

    Args:
        folder: Where the model goes, as safetensors with its tokenizer. It appears complete; until then only
            checkpoints are there.
        sentences: Labelled sentences to learn from.
        dev: Labelled sentences of the same language to stop by.
        options: How.
        threads: Threads to use on a CPU; as many as PyTorch has by default.
        progress: Told of each step (:mod:`crosspan.core.progress`), with its loss, rate and loss on the dev sentences.

    Raises:
        OptionError: No model is named.
        OutputError: The folder holds a model or something else, the checkpoint in it is of another training, or it
            cannot be written.
        EmptyInputError: No sentence has an entity, or all are too long.
        ModelError: The model cannot be loaded, or a loss is not a number.
        UnavailableError: The device failed.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    options, place = options or WriterTraining(), Path(folder)
    if not options.model:
        raise OptionError("no model to start from is named", hint="Name one, such as model=google/mt5-large.")
    check_new(place, RECORD)
    check_writes(load_config(options.model), options.model)
    tokenizer = load_tokenizer(options.model)
    exercises, left_out = examples_of(tokenizer, sentences, options)
    measured, _ = examples_of(tokenizer, dev, options)
    if not exercises:
        why = "all sentences with entities are too long" if left_out else "no sentence has an entity"
        raise EmptyInputError(why, hint="Give labelled sentences of the source language.")
    processes = Processes(options.device)
    with torch_threads(threads):
        placement = Placement(device=str(processes.device), dtype="float32")
        model = load_model(options.model, "AutoModelForSeq2SeqLM", placement=placement)
        check_fit(tokenizer, model, options.model)
        loop = Loop(WriterObjective(options, model, tokenizer, exercises, measured, processes), place)
        outcome = loop.run(progress)
    report = CandidateTraining(
        steps=outcome.steps,
        best_step=outcome.best_step,
        dev_losses=tuple((step, found["loss"]) for step, found in outcome.looks),
        left_out=left_out,
        stopped_early=outcome.stopped,
        losses=outcome.course("loss"),
        resumed_at=outcome.resumed_at,
    )
    settings = {name: value for name, value in asdict(options).items() if name not in ("device", "at_once")}
    said = {**report.to_dict(), "options": {**settings, "model": PurePath(options.model).name}}
    del said["resumed_at"]
    loop.write(RECORD, {RECORD: record_text({"crosspan": __version__, "sentences": len(exercises), **said})})
    return report
