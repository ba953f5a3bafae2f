"""A fitted aligner, statistical or hybrid, as one file: NumPy arrays and JSON in a zip archive, without pickle.

Words stand as UTF-8 bytes with offsets; the shorter forms and hash tables are built again from them when loading.
"""

from __future__ import annotations

import itertools
import json
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.align import ALIGNERS
from crosspan.align.hmm import JUMP_OFFSET
from crosspan.align.lexicon import Side
from crosspan.align.pair_table import PairTable
from crosspan.align.statistical import StatisticalAligner
from crosspan.align.vocabulary import LEVELS, Vocabulary
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.files import atomic_binary
from crosspan.core.options import flat

VERSION = 1
"""Goes up whenever older programs could not read the file, or would read it wrongly."""

_KINDS = {"crosspan statistical aligner": "statistical", "crosspan hybrid aligner": "hybrid"}
"""The component that wrote a file, by what the file says of itself."""

_AGAIN = "Save the model again, or fit a new one."

Arrays = Mapping[str, npt.NDArray[Any]]


def save(aligner: StatisticalAligner, path: Path) -> None:
    """Write a fitted aligner, all or nothing. The same model gives the same bytes.

    Args:
        aligner: The aligner.
        path: The file; by custom it ends in ``.npz``.

    Raises:
        ModelError: The aligner has learned nothing yet.
        OutputError: The file cannot be written.
    """
    if aligner.sentences_seen == 0:
        raise ModelError("the aligner has learned nothing yet", hint="Call fit before saving.")
    about = {
        "kind": aligner.KIND,
        "version": VERSION,
        "options": asdict(aligner.options),
        "sentences_seen": aligner.sentences_seen,
        "levels": LEVELS,
        **aligner.kept(),
    }
    arrays: dict[str, npt.NDArray[Any]] = {"about": _bytes(json.dumps(about)), "jumps": aligner.jumps}
    for name, side in (("source", aligner.lexicon.source), ("target", aligner.lexicon.target)):
        words = [_encode(word) for word in side.vocabulary.words]
        arrays[f"{name}_words"] = np.frombuffer(b"".join(words), np.uint8)
        arrays[f"{name}_ends"] = np.cumsum([len(word) for word in words], dtype=np.int64)
        arrays[f"{name}_unlinked"] = side.unlinked
        for level, form in enumerate(LEVELS):
            arrays[f"{name}_frequency_{form}"] = side.frequency[level]
            arrays[f"{name}_total_{form}"] = side.total[level]
    for table, form in zip(aligner.lexicon.tables, LEVELS, strict=True):
        arrays[f"table_first_{form}"] = table.first
        arrays[f"table_second_{form}"] = table.second
        arrays[f"table_values_{form}"] = table.values
    with atomic_binary(path) as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # older stubs do not know keywords


def load(path: Path, *, threads: int | None = None) -> StatisticalAligner:
    """Read a fitted aligner. It aligns exactly like the one that was saved, and can learn on.

    Args:
        path: The file.
        threads: Threads to use; all cores by default.

    Raises:
        ModelError: The file cannot be opened, is damaged, from a newer version, or something else altogether.
    """
    with _model_errors(path):
        arrays = _read_arrays(path)
        about = _about(arrays, path)
        if not isinstance(about["options"], dict):
            raise ValueError("the options have no names")
        settings = flat(about["options"])
        aligner: StatisticalAligner = ALIGNERS.make(_KINDS[about["kind"]], threads=threads, settings=settings)
        if settings.keys() != flat(asdict(aligner.options)).keys():
            raise ValueError(f"the options are {sorted(settings)}")
        aligner.sentences_seen = int(about["sentences_seen"])
        aligner.jumps = _take(arrays, "jumps", np.float64, (2, 2 * JUMP_OFFSET + 1))
        lexicon = aligner.lexicon
        lexicon.source, lexicon.target = _side(arrays, "source"), _side(arrays, "target")
        lexicon.tables = [_table(arrays, level, lexicon.source, lexicon.target) for level in range(len(LEVELS))]
        if aligner.sentences_seen < 1:
            raise ValueError("the model has learned nothing")
        aligner.take_back(about)
    return aligner


def learner_of(path: Path) -> str:
    """Which aligner wrote a file: its name among :data:`crosspan.align.ALIGNERS`.

    Args:
        path: The file.

    Raises:
        ModelError: It cannot be opened, or is no model of an aligner.
    """
    with _model_errors(path):
        return _KINDS[_about(_read_arrays(path, ("about",)), path)["kind"]]


@contextmanager
def _model_errors(path: Path) -> Iterator[None]:
    name = str(path)
    try:
        yield
    except FileNotFoundError as error:
        raise ModelError("no such file", where=name, hint="Check the path.") from error
    except IsADirectoryError as error:
        raise ModelError("this is a folder, not a file", where=name, hint="Name the model file.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"the model cannot be read: {reason}", where=name, hint="Check the file.") from error
    except KeyError as error:
        raise ModelError(f"the model lacks {error}", where=name, hint=_AGAIN) from error
    except (ValueError, TypeError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OptionError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"the model file is damaged ({reason})", where=name, hint=_AGAIN) from error


def _read_arrays(path: Path, wanted: Collection[str] = ()) -> dict[str, npt.NDArray[Any]]:
    with open(path, "rb") as stream:
        if stream.read(2) != b"PK":
            raise ModelError(
                "this is not a model of an aligner", where=str(path), hint="Name a file that --save-model wrote."
            )
        stream.seek(0)
        with zipfile.ZipFile(stream) as archive:
            bad = archive.testzip()  # before sizes in it are trusted
        if bad is not None:
            raise ValueError(f"{bad} has a wrong checksum")
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if not wanted or name in wanted}


def _about(arrays: Arrays, path: Path) -> dict[str, Any]:
    about: Any = {}
    if "about" in arrays:
        about = json.loads(arrays["about"].astype(np.uint8).tobytes())
    if not isinstance(about, dict) or about.get("kind") not in _KINDS:
        raise ModelError(
            "this is not a model of an aligner", where=str(path), hint="Name a file that --save-model wrote."
        )
    if about["version"] != VERSION:
        newer = about["version"] > VERSION
        raise ModelError(
            f"the model has format version {about['version']}, and this program reads version {VERSION}",
            where=str(path),
            hint="Update crosspan." if newer else "Fit the model again.",
        )
    if tuple(about["levels"]) != LEVELS:
        raise ValueError(f"unknown forms {about['levels']}")
    return about


def _side(arrays: Arrays, name: str) -> Side:
    ends = _take(arrays, f"{name}_ends", np.int64, None)
    raw = _take(arrays, f"{name}_words", np.uint8, (int(ends[-1]) if len(ends) else 0,)).tobytes()
    if len(ends) and (ends[0] < 0 or np.any(np.diff(ends) < 0)):
        raise ValueError(f"{name}_ends goes backwards")
    starts = [0, *ends.tolist()]
    words = [_decode(raw[begin:end]) for begin, end in itertools.pairwise(starts)]
    side = Side(Vocabulary.from_words(words))
    if side.vocabulary.words != words:
        raise ValueError(f"{name}_words holds a word twice, or not in lower case")
    for level, form in enumerate(LEVELS):
        shape = (side.vocabulary.size(level),)
        side.frequency[level] = _take(arrays, f"{name}_frequency_{form}", np.float64, shape)
        side.total[level] = _take(arrays, f"{name}_total_{form}", np.float64, shape)
    side.unlinked = _take(arrays, f"{name}_unlinked", np.float64, (len(words),))
    return side


def _table(arrays: Arrays, level: int, source: Side, target: Side) -> PairTable:
    form = LEVELS[level]
    values = _take(arrays, f"table_values_{form}", np.float32, None)
    ids = []
    for which, side in (("first", source), ("second", target)):
        found = _take(arrays, f"table_{which}_{form}", np.int32, values.shape)
        if len(found) and not 0 <= found.min() <= found.max() < side.vocabulary.size(level):
            raise ValueError(f"table_{which}_{form} points to forms that do not exist")
        ids.append(found)
    return PairTable(ids[0], ids[1], values)


def _take(arrays: Arrays, name: str, dtype: Any, shape: tuple[int, ...] | None) -> npt.NDArray[Any]:
    """One array, checked; ``shape`` may be left open for a list of any length."""
    array = arrays[name]
    if array.dtype != dtype or array.ndim != (1 if shape is None else len(shape)):
        raise ValueError(f"{name} has type {array.dtype} and {array.ndim} dimensions")
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array >= -1e-3).all()):
        raise ValueError(f"{name} holds numbers that are no counts")
    return array


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8"), np.uint8)


# A token from a JSON file can hold a lone surrogate, which strict UTF-8 refuses.
def _encode(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
