"""What a cell does: make and pre-train an encoder, or train a tagger and score it on every test set.

Both go on from their checkpoints where they were killed, and leave the same record then.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.core.progress import Listener, Progress
from crosspan.core.types import Sentence
from crosspan.lab.study.claims import Claim
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.grid import Cell, model_of, targets_of
from crosspan.lab.study.options import adversarial_options, pretrain_options, shape_of, train_options
from crosspan.lab.study.plan import Plan
from crosspan.lab.study.scores import score_tagger
from crosspan.lab.study.sizes import sizes_of
from crosspan.lab.study.store import Store
from crosspan.lab.study.tables import PLAIN
from crosspan.models.saving import is_finished
from crosspan.pipeline.provenance import versions

_NEW = "new"
_MODEL = "model"


def run_cell(
    plan: Plan,
    data: StudyData,
    store: Store,
    cell: Cell,
    claim: Claim,
    *,
    device: str,
    threads: int | None,
    progress: Listener | None = None,
) -> dict[str, Any]:
    """Run one cell.

    Args:
        plan: The study.
        data: What it reads.
        store: Its folder.
        cell: The cell.
        claim: This process's claim on it.
        device: Where it runs.
        threads: Threads to use on a CPU.
        progress: Told how far the work is.

    Returns:
        Its record: plain values for JSON.

    Raises:
        ClaimLost: Another process has taken the cell over.
        CrosspanError: The cell cannot be run.
    """
    begin = time.monotonic()
    advance = claim.guarded(progress)
    work = store.work(cell.key)
    work.mkdir(parents=True, exist_ok=True)
    run = _pretrain if cell.kind == "pretrain" else _train
    result = run(plan, data, store, cell, work, device, threads, advance)
    claim.check()
    return {
        **facts_of(cell),
        "status": "done",
        "result": result,
        "seconds": round(time.monotonic() - begin, 1),
        "device": _device(device),
        "versions": versions(),
    }


def facts_of(cell: Cell) -> dict[str, Any]:
    """What the record of a cell begins with: which it is."""
    names = ("kind", "key", "encoder", "mode", "target", "seed", "needs")
    return {name: getattr(cell, name) for name in names}


def encoder_folder(store: Store, key: str) -> Path:
    """Where an encoder that was pre-trained here is."""
    return store.work(key) / _MODEL


def _pretrain(
    plan: Plan,
    data: StudyData,
    store: Store,
    cell: Cell,
    work: Path,
    device: str,
    threads: int | None,
    advance: Listener,
) -> dict[str, Any]:
    from crosspan.train.pretrain import language_model, scratch

    encoder = plan.encoder(cell.encoder)
    new, model = work / _NEW, work / _MODEL
    if not is_finished(model, language_model.RECORD):
        if not is_finished(new, scratch.RECORD):
            shutil.rmtree(new, ignore_errors=True)
            scratch.new_encoder(data.lines, shape_of(encoder), new, seed=cell.seed)
        language_model.train_language_model(
            new,
            data.lines,
            model,
            held_out=data.held_out,
            options=pretrain_options(plan, encoder, cell.seed, device),
            threads=threads,
            progress=advance,
        )
    shutil.rmtree(new, ignore_errors=True)
    return {"report": _record(model / language_model.RECORD), "sizes": sizes_of(str(model)).to_dict()}


def _train(
    plan: Plan,
    data: StudyData,
    store: Store,
    cell: Cell,
    work: Path,
    device: str,
    threads: int | None,
    advance: Listener,
) -> dict[str, Any]:
    from crosspan.train import model_card
    from crosspan.train.token_classifier import train_token_classifier

    encoder = plan.encoder(cell.encoder)
    source = str(encoder_folder(store, cell.needs)) if cell.needs else model_of(plan, cell.encoder)
    if cell.needs and not Path(source).is_dir():
        raise ModelError(
            "the pre-trained encoder is gone", where=source, hint="Start with --retry-failed: it is then made anew."
        )
    options = train_options(plan, encoder, source, cell.seed, device)
    model = work / _MODEL
    if not is_finished(model, model_card.RECORD):
        train_token_classifier(
            data.train,
            model,
            dev=data.dev,
            options=options,
            labels=plan.train.labels,
            threads=threads,
            progress=advance,
            **_against(plan, data, cell),
        )
    tests = [one for one in data.tests if one.key in cell.tests]

    def check() -> None:
        advance(Progress("scoring", 0))

    scores = score_tagger(
        model, tests, plan.train.labels, words=options.words, device=device, threads=threads, check=check
    )
    return {"report": _record(model / model_card.RECORD), "sizes": sizes_of(str(model)).to_dict(), "scores": scores}


def _against(plan: Plan, data: StudyData, cell: Cell) -> Mapping[str, Any]:
    """What makes a training adversarial."""
    if cell.mode == PLAIN:
        return {}
    languages = [cell.target] if cell.target else targets_of(plan, data)
    unlabelled: list[Sentence] = [one for lang in languages for one in data.unlabelled[lang]]
    return {"unlabelled": unlabelled, "adversarial": adversarial_options(plan.mode(cell.mode))}


def _record(path: Path) -> dict[str, Any]:
    """The record that a training leaves beside its model: the same whether or not it was killed in between."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _device(device: str) -> str:
    """What kind of device it is, without its number."""
    from crosspan.models.device import Placement, device_of
    from crosspan.models.loading import neural

    torch = neural("a study", "torch")
    found = device_of(Placement(device=device))
    return str(torch.cuda.get_device_name(found)) if found.type == "cuda" else str(found.type)
