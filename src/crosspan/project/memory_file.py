"""The memory of a corpus as one file: NumPy arrays and JSON in a zip archive, without pickle."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.core.files import atomic_binary

if TYPE_CHECKING:
    from crosspan.project.observed import Observed

VERSION = 1
"""Goes up whenever older programs could not read the file, or would read it wrongly."""

_KIND = "crosspan memory of a corpus"

Arrays = Mapping[str, npt.NDArray[Any]]


def save(observed: Observed, path: Path) -> None:
    """Write what was observed, all or nothing. The same memory gives the same bytes.

    Args:
        observed: What was observed.
        path: The file; by custom it ends in ``.npz``.

    Raises:
        OutputError: The file cannot be written.
    """
    about = {"kind": _KIND, "version": VERSION, "counted": observed.counted}
    about["totals"] = [observed.source.total, observed.target.total]
    names, arrays = observed.memory.arrays()
    found: dict[str, npt.NDArray[Any]] = {"about": _bytes(json.dumps(about)), **_texts("names", names), **arrays}
    found["pairs"] = np.array(sorted(observed.pairs), np.uint64)
    for side, counts in (("source", observed.source), ("target", observed.target)):
        words, rows = counts.rows()
        found |= {**_texts(f"{side}_words", words), f"{side}_counts": rows}
    with atomic_binary(path) as stream:
        np.savez(stream, **found)  # type: ignore[arg-type]  # older stubs do not know keywords


def load(path: Path) -> Observed:
    """Read what :func:`save` wrote.

    Raises:
        ModelError: The file is damaged, too new, or no such memory.
    """
    from crosspan.project.memory import EntityMemory
    from crosspan.project.observed import Observed
    from crosspan.project.words import WordCounts

    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(arrays["about"].tobytes())
        if about["kind"] != _KIND:
            raise ValueError("it is something else")
        if about["version"] > VERSION:
            raise ModelError("it was made by a newer crosspan", where=str(path), hint="Update crosspan.")
        observed = Observed()
        observed.counted = bool(about["counted"])
        observed.pairs = {*arrays["pairs"].tolist()}
        observed.memory = EntityMemory.of(_words(arrays, "names"), arrays)
        observed.source, observed.target = (
            WordCounts.of_rows(_words(arrays, f"{side}_words"), arrays[f"{side}_counts"], int(total))
            for side, total in zip(("source", "target"), about["totals"], strict=True)
        )
    except FileNotFoundError as error:
        raise ModelError("no such file", where=str(path), hint="Check the path.") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ModelError(
            f"this is no memory of a corpus, or it is damaged ({error})", where=str(path), hint="Fit a new one."
        ) from error
    return observed


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _texts(name: str, texts: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(one) for one in encoded], dtype=np.int64)
    return {name: np.frombuffer(b"".join(encoded), np.uint8), f"{name}_ends": ends}


def _words(arrays: Arrays, name: str) -> list[str]:
    data, ends = arrays[name].tobytes(), arrays[f"{name}_ends"].tolist()
    return [data[begin:end].decode("utf-8", "surrogatepass") for begin, end in zip([0, *ends], ends, strict=False)]
