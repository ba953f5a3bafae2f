"""Checkpoints of a training: complete or not there at all, without pickles, each a model that can be used.

That is what sets them apart from those of :mod:`crosspan.models.checkpoints`, which hold only what training needs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.models.loading import neural
from crosspan.models.saving import save_model

_NAME = re.compile(r"checkpoint-(\d+)\Z")
RECORD = "tuning.json"


class Checkpoints:
    """The checkpoints below a folder; the newest is kept.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self) -> Path | None:
        """The folder of the last one that was written to its end."""
        if not self.folder.is_dir():
            return None
        found = [(int(match[1]), path) for path in self.folder.iterdir() if (match := _NAME.match(path.name))]
        return max(found)[1] if found else None

    def write(self, step: int, model: Any, tokenizer: Any, head: Any, optimizer: Any, record: dict[str, Any]) -> Path:
        """Save everything that the training needs to go on, under its name only once it is complete."""
        files = neural("tuning", "safetensors.torch")
        path = self.folder / f"checkpoint-{step:08d}"
        scratch = self.folder / f"{path.name}.part"
        shutil.rmtree(scratch, ignore_errors=True)
        save_model(model, tokenizer, scratch)
        files.save_file({**_moments(optimizer), **_tensors("head.", head)}, scratch / "optimizer.safetensors")
        (scratch / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(path, ignore_errors=True)
        os.replace(scratch, path)
        for other in self.folder.glob("checkpoint-*"):
            if other != path:
                shutil.rmtree(other, ignore_errors=True)
        return path

    @staticmethod
    def record(path: Path) -> dict[str, Any]:
        """What was written beside the weights.

        Raises:
            ModelError: It cannot be read.
        """
        try:
            found: dict[str, Any] = json.loads((path / RECORD).read_text(encoding="utf-8"))
            int(found["step"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise _damaged(path) from error
        return found

    @staticmethod
    def restore(path: Path, model: Any, head: Any, optimizer: Any) -> None:
        """Put weights and the state of the optimiser back.

        Raises:
            ModelError: They cannot be read, or are those of another model.
        """
        torch = neural("tuning", "torch")
        files = neural("tuning", "safetensors.torch")
        try:
            weights = files.load_file(path / "model.safetensors")
            extra = files.load_file(path / "optimizer.safetensors")
            missing, unexpected = model.load_state_dict(weights, strict=False)
            tied = set(getattr(model, "all_tied_weights_keys", None) or ())
            if set(missing) - tied - set(_shared(model)) or unexpected:
                raise _damaged(path)
            model.tie_weights()
            head.load_state_dict({key[5:]: value for key, value in extra.items() if key.startswith("head.")})
            state = {}
            for index in range(sum(len(group["params"]) for group in optimizer.param_groups)):
                parts = {name: extra.get(f"{name}.{index}") for name in ("step", "exp_avg", "exp_avg_sq")}
                if parts["step"] is not None:
                    state[index] = parts
            whole = optimizer.state_dict()
            optimizer.load_state_dict({**whole, "state": state})
        except ModelError:
            raise
        except (OSError, KeyError, ValueError, RuntimeError, torch.cuda.OutOfMemoryError) as error:
            raise _damaged(path) from error
        except Exception as error:  # safetensors has errors of its own
            if type(error).__module__.startswith("safetensors"):
                raise _damaged(path) from error
            raise


def _shared(model: Any) -> list[str]:
    """Names of weights that stand for the same numbers as another, and are saved once."""
    seen: dict[int, str] = {}
    found = []
    for name, value in model.state_dict(keep_vars=True).items():
        key = value.data_ptr()
        if key in seen:
            found += [name, seen[key]]
        seen[key] = name
    return found


def _tensors(prefix: str, module: Any) -> dict[str, Any]:
    return {prefix + name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}


def _moments(optimizer: Any) -> dict[str, Any]:
    torch = neural("tuning", "torch")
    found = {}
    for index, parts in optimizer.state_dict()["state"].items():
        for name in ("step", "exp_avg", "exp_avg_sq"):
            found[f"{name}.{index}"] = torch.as_tensor(parts[name]).detach().cpu().contiguous()
    return found


def _damaged(path: Path) -> ModelError:
    return ModelError(
        "the checkpoint cannot be read",
        where=str(path),
        hint="Delete this folder: the training then begins anew.",
    )
