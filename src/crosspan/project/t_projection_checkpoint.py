"""Checkpoints of a training: weights and the optimizer's memory as safetensors, the rest as JSON. No pickle."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crosspan.errors import ModelError, OptionError
from crosspan.models.loading import neural

_NAME = "checkpoint"
_NEW = "checkpoint.new"
_STATE = "state.json"
_FORMAT = 1


@dataclass(slots=True)
class Progress:
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


def save_checkpoint(folder: Path, model: Any, optimizer: Any, progress: Progress, mark: str) -> None:
    """Write a checkpoint, and then take away the one before.

    Args:
        folder: Of the training.
        model: Its model.
        optimizer: Its optimizer.
        progress: How far it is.
        mark: What identifies the training.
    """
    save = neural("a checkpoint", "safetensors.torch").save_file
    new = folder / _NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    save({name: value.detach().contiguous() for name, value in model.named_parameters()}, new / "weights.safetensors")
    memory = {
        f"{name}|{key}": value.detach().contiguous()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }
    save(memory, new / "optimizer.safetensors")
    # written last: without it a checkpoint is not complete
    (new / _STATE).write_text(json.dumps({"format": _FORMAT, "mark": mark, **asdict(progress)}), encoding="utf-8")
    shutil.rmtree(folder / _NAME, ignore_errors=True)
    new.rename(folder / _NAME)


def load_checkpoint(folder: Path, model: Any, optimizer: Any, mark: str) -> Progress | None:
    """Bring model and optimizer to where the last checkpoint was made.

    Args:
        folder: Of the training.
        model: Its model.
        optimizer: Its optimizer.
        mark: What identifies the training.

    Returns:
        How far it was; ``None`` where there is no checkpoint.

    Raises:
        OptionError: The checkpoint is of another training.
        ModelError: It is damaged.
    """
    found = next((folder / name for name in (_NAME, _NEW) if (folder / name / _STATE).is_file()), None)
    if found is None:
        return None
    if found.name == _NEW:  # writing was interrupted when it was complete
        shutil.rmtree(folder / _NAME, ignore_errors=True)
        found = found.rename(folder / _NAME)
    hint = f"Remove {found} to begin anew."
    try:
        state = json.loads((found / _STATE).read_text(encoding="utf-8"))
        version, of = state.pop("format"), state.pop("mark")
    except (ValueError, KeyError, AttributeError) as error:
        raise ModelError("the checkpoint is damaged", where=str(found), hint=hint) from error
    if version != _FORMAT or of != mark:
        raise OptionError(
            "the checkpoint belongs to a training with other sentences or options", where=str(found), hint=hint
        )
    try:
        _restore(found, model, optimizer)
        state["losses"] = [(int(step), float(loss)) for step, loss in state["losses"]]
        return Progress(**state)
    except Exception as error:  # whatever a cut-off file brings about
        raise ModelError("the checkpoint is damaged", where=str(found), hint=hint) from error


def _restore(found: Path, model: Any, optimizer: Any) -> None:
    torch, load = neural("a checkpoint", "torch"), neural("a checkpoint", "safetensors.torch").load_file
    weights, memory = load(found / "weights.safetensors"), load(found / "optimizer.safetensors")
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])
    for key, value in memory.items():
        name, _, part = key.rpartition("|")
        parameter = parameters[name]
        # the optimizer counts steps on the CPU
        optimizer.state[parameter][part] = value if part == "step" else value.to(parameter.device)


def save_model(folder: Path, model: Any, tokenizer: Any) -> None:
    """Write a model and its tokenizer, without progress bars of other libraries."""
    logging = neural("a checkpoint").utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    finally:
        if shown:
            logging.enable_progress_bar()


def remove_checkpoint(folder: Path) -> None:
    """Take away what was kept for going on."""
    for name in (_NAME, _NEW):
        shutil.rmtree(folder / name, ignore_errors=True)
