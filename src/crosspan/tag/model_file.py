"""A tagger as one file of arrays, compressed (:mod:`crosspan.core.array_file`). Weights take one byte each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.array_file import ArrayFile, reading, write_arrays
from crosspan.core.options import with_settings
from crosspan.tag.chain import allowed_transitions
from crosspan.tag.crf import CrfModel, FeatureOptions

VERSION = 1
"""Goes up whenever older programs could not read the file, or would read it wrongly."""

_KIND = "crosspan tagger"
_MOST_KEYS = 1 << 32


def rounded(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Weights as the file keeps them: 255 steps between the largest and its negative.

    Example:
        >>> print(rounded(np.array([[0.5, -1.27]])))
        [[ 0.5  -1.27]]
    """
    step = np.float32(_step(weights))
    return np.rint(weights / step).astype(np.float32) * step if step else weights.astype(np.float32)


def _step(weights: npt.NDArray[Any]) -> float:
    return float(np.abs(weights).max(initial=0.0)) / 127


def save_model(model: CrfModel, path: str | Path) -> None:
    """Write a model, all or nothing.

    Raises:
        OutputError: The file cannot be written.
    """
    step = _step(model.weights)
    codes = np.rint(model.weights / step).astype(np.int8) if step else np.zeros(model.weights.shape, np.int8)
    about = {
        "kind": _KIND,
        "version": VERSION,
        "labels": model.labels,
        "features": asdict(model.options),
        "temperature": model.temperature,
        "step": step,
        "card": model.card,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "gaps": np.diff(model.keys.astype(np.int64), prepend=0).astype(np.uint32),
        "codes": np.ascontiguousarray(codes.T),
        "transition": model.transition,
    }
    write_arrays(path, about, arrays, packed=True)


def load_model(path: str | Path) -> CrfModel:
    """Read a model.

    Raises:
        ModelError: The file cannot be read, is damaged, from a newer version, or something else.
    """
    with reading(path, "model of a tagger", kind=_KIND, version=VERSION, again="Train the model again.") as file:
        return _model(file)


def _model(file: ArrayFile) -> CrfModel:
    labels, about = file.names("labels"), file.about
    k = 2 * len(labels) + 1
    step = np.float32(file.number("step", 0.0, float(np.finfo(np.float32).max) / 127))
    temperature = float(file.number("temperature", float(np.finfo(np.float32).tiny)))
    options = with_settings(FeatureOptions(), _mapping(about, "features"))
    card = _mapping(about, "card")
    transition = file.take("transition", np.float64, (k + 1, k))
    possible = np.isfinite(allowed_transitions(len(labels)))
    if not np.isfinite(transition[possible]).all() or not np.isneginf(transition[~possible]).all():
        raise ValueError("transition does not lead from tag to tag")
    gaps = file.take("gaps", np.uint32, (None,))
    keys = np.cumsum(gaps, dtype=np.int64)
    if (gaps == 0).any() or (len(keys) and keys[-1] >= _MOST_KEYS):
        raise ValueError("gaps do not lead from key to key")
    codes = file.take("codes", np.int8, (k, len(keys)))
    weights = np.ascontiguousarray(codes.T.astype(np.float32) * step)
    return CrfModel(labels, options, keys.astype(np.uint32), weights, transition, temperature, card)


def _mapping(about: Any, name: str) -> dict[str, Any]:
    if not isinstance(about[name], dict):
        raise ValueError(f"{name} is no table")
    found: dict[str, Any] = about[name]
    return found
