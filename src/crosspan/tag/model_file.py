"""A tagger as one file: NumPy arrays and JSON in a compressed archive, without pickle. Weights take one byte each."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.files import atomic_binary
from crosspan.core.options import with_settings
from crosspan.tag.crf import CrfModel, FeatureOptions

VERSION = 1
"""Goes up whenever older programs could not read the file, or would read it wrongly."""

_KIND = "crosspan tagger"
_AGAIN = "Train the model again."
_EPOCH = (1980, 1, 1, 0, 0, 0)  # no time in the file: the same model gives the same bytes


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
        "about": np.frombuffer(json.dumps(about, ensure_ascii=False, sort_keys=True).encode(), np.uint8),
        "gaps": np.diff(model.keys.astype(np.int64), prepend=0).astype(np.uint32),
        "codes": np.ascontiguousarray(codes.T),
        "transition": model.transition,
    }
    with atomic_binary(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), buffer.getvalue(), zipfile.ZIP_DEFLATED)


def load_model(path: str | Path) -> CrfModel:
    """Read a model.

    Raises:
        ModelError: The file cannot be read, is damaged, from a newer version, or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ("about", "gaps", "codes", "transition")}
        about = json.loads(arrays["about"].tobytes())
        if about["kind"] != _KIND:
            raise KeyError("kind")
        if about["version"] > VERSION:
            raise ModelError(
                "the model was made by a newer version of crosspan", where=str(path), hint="Update crosspan."
            )
        step = np.float32(about["step"])
        weights = arrays["codes"].T.astype(np.float32) * step
        keys = np.cumsum(arrays["gaps"], dtype=np.int64).astype(np.uint32)
        k = 2 * len(about["labels"]) + 1
        if weights.shape != (len(keys), k) or arrays["transition"].shape != (k + 1, k):
            raise KeyError("shape")
        return CrfModel(
            tuple(about["labels"]),
            with_settings(FeatureOptions(), about["features"]),
            keys,
            np.ascontiguousarray(weights),
            arrays["transition"],
            float(about["temperature"]),
            about["card"],
        )
    except FileNotFoundError as error:
        raise ModelError("there is no such file", where=str(path), hint="Check the path of the model.") from error
    except OSError as error:
        raise ModelError(
            f"the model cannot be read: {(error.strerror or str(error)).lower()}", where=str(path), hint=_AGAIN
        ) from error
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, EOFError, OptionError) as error:
        raise ModelError("this is no model of a tagger, or it is damaged", where=str(path), hint=_AGAIN) from error
