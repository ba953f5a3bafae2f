"""What a study would take, before it starts: memory, hours and disk of each cell, and which cells do not fit.

Memory is worked out from the configuration of the model (Korthikanti et al. 2022, arXiv 2205.05198, for what a layer
keeps); hours from a step that is timed on this machine. Both are estimates, and said to be.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from crosspan.core.errors import CrosspanError
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.folder import StudyFolder
from crosspan.lab.study.making import model_of
from crosspan.lab.study.options import pretrain_options, shape_config, training_of
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.sizes import Sizes, config_sizes
from crosspan.lab.study.tables import PLAIN, EncoderTable
from crosspan.models.layers import check_first
from crosspan.models.loading import load_config

GB = 1e9

BATCH = 32
"""Sentences of a batch, of a trainer that does not say."""

PIECES = 1.6
"""Pieces of a word, as a guess for any tokenizer."""

_FIXED_GB = 0.6
"""What Python and the libraries take."""

_NO_SIZE = Sizes(parameters=0, embeddings=0, layers=0, width=0, heads=0)
"""Of an encoder that no trainer of the study looks at."""

_READS = {"reversal": 1.0, "alternating": 2.0}
"""How often a step of adversarial training reads a batch of all languages beside its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What a piece of text takes on this machine.

    Args:
        train: Seconds of fine-tuning.
        pretrain: Seconds of pre-training.
    """

    train: float
    pretrain: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a cell takes.

    Args:
        memory_gb: The most memory.
        seconds: How long it runs.
        working_gb: Disk while it runs.
        kept_gb: Disk that stays.
    """

    memory_gb: float
    seconds: float
    working_gb: float
    kept_gb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a study takes, and what of it does not fit.

    Args:
        sizes: Of each encoder that is at hand.
        costs: Of each cell, by its key; cells of an encoder that is not at hand have none.
        skipped: Keys of the cells that do not fit, and why.
        hours: Of all cells that fit and are still to be run, with all processes at work.
        disk_gb: Models that stay, and what the processes need at a time.
        memory_gb: The most that one process takes.
    """

    sizes: Mapping[str, Sizes]
    costs: Mapping[str, Cost]
    skipped: Mapping[str, str]
    hours: float
    disk_gb: float
    memory_gb: float

    def fits(self, cells: Sequence[Cell]) -> list[str]:
        """Keys of the cells that fit."""
        return [cell.key for cell in cells if cell.key not in self.skipped]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What there is; 0 is no limit.

    Args:
        memory_gb: Memory of one process.
        hours: Of the grid.
        disk_gb: Of models and checkpoints.
    """

    memory_gb: float = 0.0
    hours: float = 0.0
    disk_gb: float = 0.0


def budget_of(
    plan: StudyPlan,
    data: StudyData,
    cells: Sequence[Cell],
    folder: StudyFolder,
    sizes: Mapping[str, Sizes | str],
    speeds: Mapping[str, Speed],
    room: Room,
    jobs: int = 1,
) -> Budget:
    """Say what a study takes, and which cells do not fit.

    Cells are taken in the order in which they run. One that would go over a limit is skipped, and those after it are
    still looked at. Cells that are done count with the time that they took.

    Args:
        plan: The study.
        data: What it reads.
        cells: Its cells.
        folder: Of its results.
        sizes: Of each encoder, or why it is not at hand.
        speeds: Of each encoder that is to be run.
        room: What there is.
        jobs: Processes.
    """
    costing = Costing(plan, data)
    costs: dict[str, Cost] = {}
    skipped: dict[str, str] = {}
    spent = kept = most_working = most_memory = seconds = 0.0
    for cell in cells:
        size = sizes[cell.encoder]
        if isinstance(size, str):
            skipped[cell.key] = size
            continue
        cost = costing.of(cell, size, speeds.get(cell.encoder, Speed(train=0.0)))
        costs[cell.key] = cost
        state = folder.state(cell)
        if state.status in ("done", "failed"):
            spent += float((state.record or {}).get("seconds", 0.0))
            kept += cost.kept_gb if state.status == "done" else 0.0
            continue
        why = skipped.get(cell.needs) or _too_much(cost, room, (spent + seconds + cost.seconds) / jobs / 3600, kept)
        if why:
            skipped[cell.key] = why
            continue
        seconds += cost.seconds
        kept += cost.kept_gb
        most_working = max(most_working, cost.working_gb)
        most_memory = max(most_memory, cost.memory_gb)
    return Budget(
        sizes={name: size for name, size in sizes.items() if isinstance(size, Sizes)},
        costs=costs,
        skipped=skipped,
        hours=seconds / jobs / 3600,
        disk_gb=kept + jobs * most_working,
        memory_gb=most_memory,
    )


def _too_much(cost: Cost, room: Room, hours: float, kept: float) -> str:
    """Why a cell does not fit; empty where it does."""
    if room.memory_gb and cost.memory_gb > room.memory_gb:
        return f"it takes about {cost.memory_gb:.1f} GB of memory, and there are {room.memory_gb:.1f}"
    disk = kept + cost.working_gb
    if room.disk_gb and disk > room.disk_gb:
        return f"it would take the study to {disk:.1f} GB of disk, and there are {room.disk_gb:.1f}"
    if room.hours and hours > room.hours:
        return f"it would take the study to about {hours:.1f} hours, and there are {room.hours:.1f}"
    return ""


class Costing:
    """Reckons what cells take; how long texts are is counted once.

    Args:
        plan: The study.
        data: What it reads.
    """

    def __init__(self, plan: StudyPlan, data: StudyData) -> None:
        self.plan, self.data = plan, data

    def of(self, cell: Cell, size: Sizes, speed: Speed) -> Cost:
        """What one cell takes.

        Args:
            cell: The cell.
            size: Of its encoder.
            speed: Of its encoder.
        """
        encoder = self.plan.encoder(cell.encoder)
        return (self._pretraining if cell.kind == "pretrain" else self._training)(encoder, cell, size, speed)

    def _pretraining(self, encoder: EncoderTable, cell: Cell, size: Sizes, speed: Speed) -> Cost:
        pre = pretrain_options(self.plan, encoder, cell.seed, "auto")
        weights = size.parameters * (2.0 if encoder.shape.get("family") == "t5" else 1.0)  # with its decoder
        logits = 8.0 * pre.batch_size * pre.longest * int(encoder.shape.get("vocabulary", 8_000))
        layers = _layers(size, pre.batch_size, pre.longest, half=pre.precision == "bfloat16", again=False)
        return Cost(
            memory_gb=_FIXED_GB + (16 * weights + layers + logits) / GB,
            seconds=self.pretraining_pieces(encoder) * speed.pretrain,
            working_gb=(12 + 4 + 4) * weights / GB,
            kept_gb=0.0 if self.plan.general.keep == "none" else 4 * weights / GB,
        )

    def _training(self, encoder: EncoderTable, cell: Cell, size: Sizes, speed: Speed) -> Cost:
        data = self.data
        training = training_of(self.plan, encoder, cell.mode)
        option = training.option
        batch, epochs = int(option("batch_size", BATCH)), int(option("epochs", 1))
        length = int(min(self._longest * PIECES, option("longest", 0) or 512, 512))
        trained = 0.02 if option("lora_rank", 0) else 1.0
        part = option("vocabulary", "all") == "text" or bool(option("freeze_embeddings", False))
        learned = trained * (size.body if part else size.parameters)
        copies = 12 + (4 if data.dev else 0)  # gradients and Adam; the best weights
        layers = _layers(
            size,
            batch,
            length,
            half=option("precision", "") == "bfloat16",
            again=bool(option("gradient_checkpointing", False)),
        )
        reads = 1.0
        if training.component.unlabelled:
            share = (option("adversarial.batch_size", 0) or batch) / batch
            reads += share * _READS.get(option("adversarial.mode", ""), 1.0)
            layers *= 1 + share  # both batches are in memory at once
        words = self._words * (min(epochs, _epochs(int(option("max_steps", 0)), batch, data)))
        read = sum(count for key, count in self._tested.items() if key in cell.tests) + self._dev * epochs
        return Cost(
            memory_gb=_FIXED_GB + (4 * size.parameters + copies * learned + layers) / GB,
            seconds=PIECES * (words * reads + read / 3) * speed.train,
            working_gb=(4 * size.parameters + 12 * learned + 4 * size.parameters) / GB,
            kept_gb=4 * size.parameters / GB if self.plan.general.keep == "all" else 0.0,
        )

    def pretraining_pieces(self, encoder: EncoderTable) -> float:
        """About how many pieces a pre-training reads, all epochs together."""
        options = pretrain_options(self.plan, encoder, 0, "auto")
        whole = PIECES * self._text * options.epochs
        return min(whole, options.max_steps * options.batch_size * options.longest) if options.max_steps else whole

    @cached_property
    def _longest(self) -> int:
        return max((len(one) for one in self.data.train), default=1)

    @cached_property
    def _words(self) -> int:
        return sum(map(len, self.data.train))

    @cached_property
    def _dev(self) -> int:
        return sum(map(len, self.data.dev))

    @cached_property
    def _tested(self) -> Mapping[str, int]:
        return {test.key: sum(map(len, test.gold)) for test in self.data.tests}

    @cached_property
    def _text(self) -> int:
        return sum(len(line.split()) for line in self.data.lines)


def _epochs(max_steps: int, batch_size: int, data: StudyData) -> float:
    return max_steps * batch_size / max(1, len(data.train)) if max_steps else float("inf")


def _layers(size: Sizes, batch: int, length: int, *, half: bool, again: bool) -> float:
    """Bytes that the layers keep for the backward pass: 34 s b h + 5 a s² b a layer in 16 bits, twice that in 32."""
    scale = 1.0 if half else 2.0
    row = 34.0 * length * batch * size.width + 5.0 * size.heads * length * length * batch
    if again:  # the input of each layer, and one layer whole
        return scale * (2.0 * length * batch * size.width * size.layers + row)
    return scale * row * size.layers


def room_of(plan: StudyPlan, folder: Path, device: str, jobs: int) -> Room:
    """What the study may take: its limits, and where it names none, what this machine has free.

    Args:
        plan: The study.
        folder: Of its results.
        device: Where it runs.
        jobs: Processes on this machine; on a CPU they share its memory.
    """
    limits = plan.limits
    memory = limits.max_memory_gb or 0.95 * free_memory_gb(device, jobs)
    there = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
    disk = shutil.disk_usage(there).free / GB
    return Room(
        memory_gb=memory,
        hours=limits.max_hours,
        disk_gb=min(limits.max_disk_gb, disk) if limits.max_disk_gb else disk,
    )


def free_memory_gb(device: str, jobs: int = 1) -> float:
    """Memory that is free where a model is to run, in gigabytes; 0 where that cannot be found out."""
    if device != "cpu":
        from crosspan.models.device import Placement, device_of
        from crosspan.models.loading import neural

        torch = neural("a study", "torch")
        place = device_of(Placement(device=device))
        if place.type == "cuda":
            return float(torch.cuda.mem_get_info(place)[0]) / GB
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 / GB / jobs
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GB / jobs
    return 0.0


def encoder_sizes(plan: StudyPlan) -> dict[str, Sizes | str]:
    """The size of each encoder, or why it is not at hand."""
    found: dict[str, Sizes | str] = {}
    for encoder in plan.encoders:
        if not any(training_of(plan, encoder, mode.name).component.model for mode in plan.modes_of(encoder.name)):
            found[encoder.name] = _NO_SIZE
            continue
        try:
            found[encoder.name] = config_sizes(encoder_config(plan, encoder))
        except CrosspanError as error:
            found[encoder.name] = str(error)
    return found


def encoder_config(plan: StudyPlan, encoder: EncoderTable) -> Any:
    """The configuration of an encoder as it is fine-tuned: with the first of its layers alone, where that is wanted.

    Raises:
        CrosspanError: It is not at hand, or has fewer layers.
    """
    if encoder.shape:
        return shape_config(encoder)
    config = load_config(model_of(plan, encoder.name))
    layers = int(training_of(plan, encoder, PLAIN).option("layers", 0))
    check_first(config, layers, encoder.name)
    if layers:
        config.num_hidden_layers = layers
    return config
