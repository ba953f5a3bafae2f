"""LoRA adapters (Hu et al. 2022), added to the weights of a model once, so that they cost nothing afterwards."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.core.json_text import parse_json
from crosspan.models.loading import neural

_FACTOR = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<which>[AB])(?:\.\w+)?\.weight\Z")
_PLAIN = {"use_dora": False, "fan_in_fan_out": False, "alpha_pattern": {}, "bias": "none"}
"""Settings that change what is added, with the value under which it is what is added here."""


def merge_adapter(model: Any, folder: str | os.PathLike[str]) -> int:
    """Add a LoRA adapter that the package ``peft`` saved to the weights of a model, or of the part of it at hand.

    Layers that the adapter has and the model has not (a decoder, layers that were cut off) are passed over.

    Args:
        model: A model of PyTorch.
        folder: The folder with ``adapter_config.json`` and ``adapter_model.safetensors``.

    Returns:
        How many weights were changed.

    Raises:
        ModelError: The folder holds no such adapter, it is of another kind, or it does not fit the model.
    """
    torch = neural("an adapter", "torch")
    shown = os.fspath(folder)
    config, weights = _read(Path(shown))
    rank_stabilised = bool(config.get("use_rslora"))
    modules = dict(model.named_modules())
    factors: dict[str, dict[str, Any]] = {}
    for key, value in weights.items():
        match = _FACTOR.match(key)
        if match is None:
            raise ModelError(
                f"the adapter changes more than LoRA does, the first {key!r}",
                where=shown,
                hint="Merge it into its model with peft (merge_and_unload) and name the merged model.",
            )
        factors.setdefault(match["module"], {})[match["which"]] = value
    changed = 0
    for name, pair in factors.items():
        module = _module(modules, name)
        if module is None:
            continue
        if set(pair) != {"A", "B"} or (pair["B"].shape[0], pair["A"].shape[1]) != tuple(module.weight.shape):
            raise ModelError(
                f"the adapter does not fit the model at {name}",
                where=shown,
                hint="Take the adapter that was trained for this model.",
            )
        rank = pair["A"].shape[0]
        scale = float(config["lora_alpha"]) / (rank**0.5 if rank_stabilised else rank)
        with torch.no_grad():
            added = (pair["B"].float() @ pair["A"].float()) * scale
            module.weight += added.to(device=module.weight.device, dtype=module.weight.dtype)
        changed += 1
    if not changed:
        raise ModelError(
            "the adapter fits no layer of the model",
            where=shown,
            hint="Take the adapter that was trained for this model.",
        )
    return changed


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        config = parse_json((folder / "adapter_config.json").read_bytes())
        if config.get("peft_type") != "LORA":
            raise ModelError(
                f"the adapter is of the kind {config.get('peft_type')}", where=str(folder), hint="Take a LoRA adapter."
            )
        odd = [name for name, plain in _PLAIN.items() if config.get(name, plain) not in (plain, None)]
        if odd:
            raise ModelError(
                f"the adapter uses {odd[0]}, which is not supported",
                where=str(folder),
                hint="Merge it into its model with peft (merge_and_unload) and name the merged model.",
            )
        torch_files = neural("an adapter", "safetensors.torch")
        return config, torch_files.load_file(folder / "adapter_model.safetensors")
    except ModelError:
        raise
    except Exception as error:  # whatever a broken file raises
        raise ModelError(
            "the folder holds no LoRA adapter that can be read",
            where=str(folder),
            hint="It must hold adapter_config.json and adapter_model.safetensors, as peft saves them.",
        ) from error


def _module(modules: dict[str, Any], name: str) -> Any:
    """The module that a name means: its path in the whole model, of which ours may be the encoder."""
    if "decoder" in name.split("."):
        return None
    parts = name.split(".")
    for begin in range(len(parts)):
        found = modules.get(".".join(parts[begin:]))
        if found is not None and getattr(found, "weight", None) is not None:
            return found
    return None
