"""Tuning an encoder for word alignment on translated text, after AWESOME (Dou & Neubig 2021)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from crosspan.align.embedding import USUAL, usual_layer
from crosspan.core.errors import EmptyInputError, ModelError, OptionError, PairError
from crosspan.core.progress import Listener
from crosspan.core.threads import torch_threads
from crosspan.core.types import Alignment
from crosspan.models.device import Placement
from crosspan.models.layers import check_first, freeze, keep_first
from crosspan.models.loading import check_fit, load_config, load_guesser, load_tokenizer, neural
from crosspan.models.loop import Loop
from crosspan.models.partial_vocabulary import partial_vocabulary
from crosspan.models.pieces import longest_input
from crosspan.models.processes import Processes
from crosspan.models.saving import check_new, record_text
from crosspan.train.links.data import Frame, PairPieces, examples_of, frame_of
from crosspan.train.links.losses import GUESSING, Learner, make_head
from crosspan.train.links.objective import LinksObjective
from crosspan.train.links.options import TuningOptions

__all__ = ["TuningOptions", "TuningReport", "tune_aligner"]

RECORD = "tuning.json"
"""The record of a tuning; a folder that has it holds a model that is complete."""

TokenPair = tuple[Sequence[str], Sequence[str]]


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
    progress: Listener | None = None,
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
        progress: Told of each step (:mod:`crosspan.core.progress`), with its losses and rate.

    Raises:
        OptionError: No model is named, it has no such layer, or all that is learned from would be frozen.
        EmptyInputError: There is no pair to learn from.
        PairError: There are more or fewer links than pairs.
        ModelError: The model cannot be loaded or tuned, a loss is not a number, or a checkpoint is damaged.
        OutputError: The folder holds something else.
    """
    folder = Path(out)
    if not options.model:
        raise OptionError("no model is named", hint="Name one with model=…, such as bert-base-multilingual-cased.")
    check_new(folder, RECORD, reads=[options.model])
    config = load_config(options.model)
    if config.is_encoder_decoder:
        raise ModelError(
            f"a model of the type {config.model_type} cannot be tuned this way",
            where=options.model,
            hint="Choose an encoder that was trained to guess hidden words, such as mBERT or XLM-R.",
        )
    tokenizer = load_tokenizer(options.model)
    layer = _layer(options, config)
    frame = frame_of(tokenizer, options.model)
    special = len(frame.before) + len(frame.after)
    most = longest_input(tokenizer, config) - special
    pairs = list(pairs)
    given = None if links is None else list(links)
    if given is not None and len(given) != len(pairs):
        raise PairError(f"{len(given)} lines of links for {len(pairs)} pairs", hint="Give the links of these pairs.")
    longest = min(most, options.longest or most)
    examples, left_out = examples_of(tokenizer, pairs, given, longest, options.marks)
    if not examples:
        raise EmptyInputError(
            "there is no sentence pair to learn from",
            hint="Give pairs with words on both sides that are not longer than the model reads at once.",
        )
    with torch_threads(threads):
        objective = _objective(options, examples, tokenizer, frame, layer, most + 2 * special)
        with Loop(objective, folder) as loop:
            outcome = loop.run(progress)
            courses = {name: [*outcome.course(name, None)] for name in options.objectives}
            report = TuningReport(str(folder), outcome.steps, len(examples), left_out, courses, outcome.resumed_at)
            loop.write(RECORD, {RECORD: _record(options, report)})
    return report


def _layer(options: TuningOptions, config: Any) -> int:
    """The layer whose vectors are compared, of those that stay.

    Raises:
        OptionError: There is none of this number, or there are fewer than are to stay.
    """
    check_first(config, options.layers, options.model)
    n_layers = options.layers or int(config.num_hidden_layers)
    if options.layer == USUAL:
        return min(usual_layer(config), n_layers)
    number = int(options.layer)
    layer = number + n_layers + 1 if number < 0 else number
    if not 1 <= layer <= n_layers:
        first = f"the first {n_layers} of " if options.layers else ""
        raise OptionError(
            f"layer is {number}, but {first}{options.model} has {n_layers} layers", hint=f"Choose 1 to {n_layers}."
        )
    return layer


def _record(options: TuningOptions, report: TuningReport) -> str:
    """What the folder says of itself: no places, and nothing of kills, so that the same training leaves the same."""
    kept = {name: value for name, value in dataclasses.asdict(options).items() if name not in ("device", "save_every")}
    facts = {name: value for name, value in report.to_dict().items() if name not in ("folder", "resumed_at")}
    return record_text({"options": {**kept, "model": PurePath(options.model).name}, **facts})


def _objective(
    options: TuningOptions, examples: list[PairPieces], tokenizer: Any, frame: Frame, layer: int, longest: int
) -> LinksObjective:
    """The model with what tells translations apart."""
    processes = Processes(options.device)
    placement = Placement(device=str(processes.device), dtype="float32")
    model = load_guesser(options.model, load_config(options.model), placement=placement, seed=options.seed)
    check_fit(tokenizer, model, options.model)
    keep_first(model, options.layers, options.model)
    freeze(model, model.base_model, layers=options.freeze_layers, embeddings=options.freeze_embeddings)
    partial = None
    if options.vocabulary == "text" and not set(options.objectives) & set(GUESSING):
        special = np.array([*frame.before, *frame.after, frame.pad])
        text = (side.ids for pair in examples for side in (pair.source, pair.target))
        partial = partial_vocabulary(model, [special, *text], guesses=False)
    torch = neural("tuning", "torch")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        head = make_head(int(model.config.hidden_size)).to(processes.device)
    learner = Learner(model, head, frame, layer, options.threshold, options.mask_share, longest)
    return LinksObjective(options, learner, examples, tokenizer, processes, partial)
