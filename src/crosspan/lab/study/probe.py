"""How fast this machine trains a model: one step with random weights and random text, timed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from crosspan.core.threads import torch_threads
from crosspan.lab.study.budget import BATCH, Costing, Room, Speed, encoder_config
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.options import pretrain_options, training_of
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.sizes import Sizes, empty_model
from crosspan.lab.study.tables import PLAIN
from crosspan.models.device import Placement, device_of
from crosspan.models.loading import neural

_WORK = {"cpu": 2e9, "cuda": 2e13}
"""Floating-point operations of the step that is timed; a batch is cut down to so many, down to one sentence.

A fraction of a second of a core: a study of many encoders is estimated in seconds.
"""

_LENGTH = 48


def speeds_of(
    plan: StudyPlan,
    data: StudyData,
    cells: Sequence[Cell],
    sizes: Mapping[str, Sizes | str],
    room: Room,
    *,
    device: str,
    threads: int | None,
) -> dict[str, Speed]:
    """Time a step of each encoder that is at hand and fits into memory.

    Args:
        plan: The study.
        data: What it reads.
        cells: Its cells that are still to be run.
        sizes: Of each encoder, or why it is not at hand.
        room: What there is.
        device: Where it runs.
        threads: Threads to use on a CPU.
    """
    found: dict[str, Speed] = {}
    costing = Costing(plan, data)
    for encoder in plan.encoders:
        size = sizes[encoder.name]
        mine = [cell for cell in cells if cell.encoder == encoder.name]
        if isinstance(size, str) or not size.parameters or not mine:
            continue
        need = min(costing.of(cell, size, Speed(train=0.0)).memory_gb for cell in mine)
        if room.memory_gb and need > room.memory_gb:
            continue  # its cells are skipped, whatever they would take
        config = encoder_config(plan, encoder)
        batch = int(training_of(plan, encoder, PLAIN).option("batch_size", BATCH))
        train = seconds_a_piece(config, size, batch, _LENGTH, device, threads)
        pretrain = 0.0
        if any(cell.kind == "pretrain" for cell in mine):
            pre = pretrain_options(plan, encoder, 0, device)
            pretrain = seconds_a_piece(config, size, pre.batch_size, pre.longest, device, threads, whole=True)
        found[encoder.name] = Speed(train=train, pretrain=pretrain)
    return found


def seconds_a_piece(
    config: Any, size: Sizes, batch: int, length: int, device: str, threads: int | None, *, whole: bool = False
) -> float:
    """Seconds that a training takes for a piece of text.

    Args:
        config: Of the model.
        size: Its size.
        batch: Sentences of a batch.
        length: Pieces of a sentence.
        device: Where it runs.
        threads: Threads to use on a CPU.
        whole: The model as it is pre-trained, with its decoder and the layer that guesses pieces.
    """
    torch, transformers = neural("a study", "torch"), neural("a study")
    place = device_of(Placement(device=device))
    # with the vocabulary, which the layer that guesses pieces goes through for every piece
    most = _WORK.get(place.type, _WORK["cpu"]) / (6 * max(1, size.parameters if whole else size.body) * length)
    timed = max(1, min(batch, int(most)))
    masked = whole and not config.is_encoder_decoder
    with torch_threads(threads), torch.random.fork_rng(devices=[]):
        if whole:
            name = "AutoModelForSeq2SeqLM" if config.is_encoder_decoder else "AutoModelForMaskedLM"
            model = getattr(transformers, name).from_config(config)
        else:
            model = empty_model(config, "cpu")
        model = model.to(place).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=place.type in ("cpu", "cuda"))
        ids = torch.randint(5, int(config.vocab_size) - 5, (timed, length), device=place)
        given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if not whole:
            given["labels"] = torch.zeros_like(ids)
        elif config.is_encoder_decoder:
            given["labels"] = ids[
                :, : max(4, length // 4)
            ].contiguous()  # what was cut out is shorter than what was not
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            with torch.autocast(place.type, dtype=torch.bfloat16, enabled=place.type == "cuda"):
                loss = _guessed(model, given) if masked else model(**given).loss
            loss.backward()
            _wait_for(place)
            learned = time.perf_counter()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            _wait_for(place)
            times.append((learned - begin, time.perf_counter() - learned))
    # the first step also sets things up; the weights are changed once for a batch, however many sentences were timed
    reading, changing = (min(column) for column in zip(*times[1:], strict=True))
    return float(reading / (timed * length) + changing / (batch * length))


def _wait_for(place: Any) -> None:
    """Let a graphics card finish what it was told."""
    if place.type == "cuda":
        neural("a study", "torch").cuda.synchronize(place)


def _guessed(model: Any, given: Mapping[str, Any]) -> Any:
    """The loss of guessing hidden pieces, a seventh of all: for the others the vocabulary is not gone through."""
    head = getattr(model, "lm_head", None) or getattr(model, "cls", None)
    if head is None:
        return model(**given, labels=given["input_ids"]).loss
    vectors = getattr(model, model.base_model_prefix)(**given)[0]
    return head(vectors[:, : max(1, vectors.shape[1] // 7)]).float().logsumexp(-1).mean()
