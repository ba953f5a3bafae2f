"""Checkpoints of a training: complete or not there at all, without pickles.

Each is a folder that is written all or nothing (:mod:`crosspan.core.folders`), and is on the disk before the one before
it goes.

Only what is trained is kept: weights that are frozen come from the model that the training began with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from crosspan.core.errors import ModelError, OutputError
from crosspan.core.folders import atomic_folder, is_complete, remove_folder
from crosspan.core.json_text import parse_json
from crosspan.models.loading import neural
from crosspan.models.saving import is_finished

T = TypeVar("T")

_NAME = re.compile(r"checkpoint-(\d+)\Z")
_STATE = "state.json"
_AGAIN = "Make room, and run it again: it goes on from the checkpoint before."
_WEIGHTS, _MEMORY, _BEST = "weights.safetensors", "optimizer.safetensors", "best.safetensors"


class Checkpoints:
    """The checkpoints below a folder; the newest is kept.

    Args:
        folder: Where they are.
        mark: What the course of the training depends on; a checkpoint with another mark is of another training.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self.folder = folder
        self.mark = mark

    def newest(self) -> Path | None:
        """The folder of the last one that is whole; where there are only damaged ones, of the last of those."""
        found = self._found()
        return next((path for path in found if is_complete(path)), found[0] if found else None)

    def _found(self) -> list[Path]:
        """All of them, the last first."""
        if not self.folder.is_dir():
            return []
        found = [(int(match[1]), path) for path in self.folder.iterdir() if (match := _NAME.match(path.name))]
        return [path for _, path in sorted(found, reverse=True)]

    def write(
        self,
        step: int,
        model: Any,
        optimizers: Mapping[str, Any],
        state: Mapping[str, Any],
        best: Mapping[str, Any] | None = None,
    ) -> Path:
        """Save everything that the training needs to go on, under its name only once it is complete.

        Args:
            step: How far the training is.
            model: Its model; all that is trained is in it.
            optimizers: Its optimizers by name; one parameter can be in several.
            state: Plain values to be kept beside the weights.
            best: The weights to be kept of an earlier step, where those are not the last ones.

        Raises:
            OutputError: There is no room, or the folder may not be written.
        """
        files = neural("a checkpoint", "safetensors.torch")
        path = self.folder / f"checkpoint-{step:08d}"
        with atomic_folder(path, what="the checkpoint", hint=_AGAIN) as scratch:
            files.save_file(trained(model), scratch / _WEIGHTS)
            files.save_file(_memory(model, optimizers), scratch / _MEMORY)
            if best is not None:
                files.save_file(dict(best), scratch / _BEST)
            text = json.dumps({"mark": self.mark, "step": step, **state}, indent=1)
            (scratch / _STATE).write_text(text + "\n", encoding="utf-8")
        self._remove_all_but(path)
        return path

    def restore(
        self, model: Any, optimizers: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]
    ) -> tuple[T, dict[str, Any] | None] | None:
        """Bring model and optimizers to where the last checkpoint was made.

        Args:
            model: The model.
            optimizers: Its optimizers by name.
            read: Makes something of the plain values that were kept beside the weights, ``"step"`` among them.

        Returns:
            What ``read`` made, and the best weights where they are not the last ones; ``None`` where there is no
            checkpoint.

        Raises:
            OutputError: The checkpoint is of another training.
            ModelError: It is damaged.
        """
        path = self.newest()
        if path is None:
            return None
        if not is_complete(path):
            raise _damaged(path)
        try:
            values: dict[str, Any] = parse_json((path / _STATE).read_bytes())
            mark = values.pop("mark")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise _damaged(path) from error
        if mark != self.mark:
            raise OutputError(
                "the folder holds the checkpoint of another training",
                where=str(path),
                hint="Use the same data and settings to go on with it, or name another folder.",
            )
        load = neural("a checkpoint", "safetensors.torch").load_file
        try:
            state = read(values)
            put_back(model, load(path / _WEIGHTS))
            _put_memory_back(model, optimizers, load(path / _MEMORY))
            return state, load(path / _BEST) if (path / _BEST).is_file() else None
        except Exception as error:  # whatever a cut-off file brings about
            raise _damaged(path) from error

    def remove(self) -> None:
        """Take away what was kept for going on."""
        self._remove_all_but(None)

    def _remove_all_but(self, kept: Path | None) -> None:
        for path in self._found():
            if path != kept:
                with suppress(OutputError):  # somebody has put something else into it
                    remove_folder(path)


def has_ended(folder: Path, record: str) -> bool:
    """Whether the training of a folder came to its end; checkpoints that a killed one left beside its model go.

    Args:
        folder: The folder; all in it is of the same training.
        record: Name of the file that tells what the model was made from.

    Example:
        >>> has_ended(Path("a folder that is not there"), "training.json")
        False
    """
    if not is_finished(folder, record):
        return False
    Checkpoints(folder, "").remove()
    return True


def trained(model: Any) -> dict[str, Any]:
    """The weights that are trained, by name, as copies on the CPU."""
    found = ((name, value) for name, value in model.named_parameters() if value.requires_grad)
    return {name: value.detach().cpu().clone(memory_format=_contiguous()) for name, value in found}


def put_back(model: Any, weights: Mapping[str, Any]) -> None:
    """Give a model the weights that :func:`trained` took from it.

    Raises:
        KeyError: One is missing.
    """
    torch = neural("a checkpoint", "torch")
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.requires_grad:
                value.copy_(weights[name])


def _contiguous() -> Any:
    return neural("a checkpoint", "torch").contiguous_format


def _memory(model: Any, optimizers: Mapping[str, Any]) -> dict[str, Any]:
    torch = neural("a checkpoint", "torch")
    return {
        f"{which}|{name}|{key}": torch.as_tensor(value).detach().cpu().contiguous()
        for which, optimizer in optimizers.items()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _put_memory_back(model: Any, optimizers: Mapping[str, Any], memory: Mapping[str, Any]) -> None:
    parameters = dict(model.named_parameters())
    for key, value in memory.items():
        which, name, part = key.split("|")
        optimizer, parameter = optimizers[which], parameters[name]
        # an optimizer that is not fused counts its steps on the CPU
        there = part != "step" or bool(optimizer.defaults.get("fused"))
        optimizer.state[parameter][part] = value.to(parameter.device) if there else value


def _damaged(path: Path) -> ModelError:
    return ModelError(
        "the checkpoint cannot be read",
        where=str(path),
        hint="Delete this folder: the training then begins anew.",
    )
