"""A folder with a model in it: complete or not there at all, and a clear error where there is no room."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.core.files import output_errors, sync_folder
from crosspan.core.folders import MARKER, atomic_folder, check_replaceable, contents, is_complete, settle_folder
from crosspan.models.loading import neural

_AGAIN = "Make room, and run it again: it goes on from the last checkpoint."

PART = "finished.part"
"""What a folder of a training holds for the moment in which the model takes its place."""

_OURS = ("checkpoint-*", f"{PART}*", ".*.tmp", ".*.old")
"""What may be in the folder of a training that was killed."""


def check_new(folder: Path, record: str, besides: Sequence[str] = ()) -> None:
    """Raise unless a model can be written into a folder: it is new, or holds the checkpoints of a training.

    A model that is damaged, as by a power cut on an older disk, is none: it may be made anew.

    Args:
        folder: The folder.
        record: Name of the file that tells what a finished model was made from.
        besides: Names that may be there as well.

    Raises:
        OutputError: It holds a model or something else, is a file, or cannot be written.
    """
    if is_finished(folder, record) or ((folder / record).is_file() and not (folder / MARKER).exists()):
        raise OutputError("there is a trained model already", where=str(folder), hint="Name another folder.")
    if folder.exists() and not folder.is_dir():
        raise OutputError("this is a file, and the model needs a folder", where=str(folder), hint="Name another.")
    check_replaceable(folder, (*_OURS, *besides))
    there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    if not os.access(there, os.W_OK):
        raise OutputError("the model cannot be written here", where=str(there), hint="Name another folder.")


def is_finished(folder: Path, record: str) -> bool:
    """Whether a folder holds a model that was written to its end and is as it was written.

    What a killed run left undone is finished first.

    Args:
        folder: The folder.
        record: Name of the file that tells what the model was made from.

    Example:
        >>> is_finished(Path("a folder that is not there"), "training.json")
        False
    """
    part = folder / PART
    settle_folder(part)
    _move_in(part, folder, record)
    return (folder / record).is_file() and is_complete(folder)


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model and its tokenizer, the weights in one file, without progress bars of other libraries.

    Args:
        model: A model of ``transformers``.
        tokenizer: Its tokenizer.
        folder: Where they go; made if it is not there.

    Raises:
        OSError: There is no room, or the folder may not be written.
    """
    with _quiet():
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder, max_shard_size="100GB")
        tokenizer.save_pretrained(folder)


def write_model(
    model: Any,
    tokenizer: Any,
    place: Path,
    files: Mapping[str, str] | None = None,
    weights: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write a model, its tokenizer and more into a folder, all or nothing, in place of an older one.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        place: A folder below that of the training.
        files: Texts to be written beside the model.
        weights: Files of other weights, as safetensors.

    Raises:
        OutputError: There is no room.
    """
    with atomic_folder(place, what="the model", hint=_AGAIN) as folder:
        save_model(model.eval(), tokenizer, folder)
        for name, values in (weights or {}).items():
            neural("saving a model", "safetensors.torch").save_file(dict(values), folder / name)
        for name, text in (files or {}).items():
            (folder / name).write_text(text, encoding="utf-8")


def write_finished(
    model: Any,
    tokenizer: Any,
    folder: Path,
    record: str,
    files: Mapping[str, str],
    weights: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write a finished model into the folder of its training, where checkpoints and more may be.

    It is written into a folder inside, all or nothing, and its files then take their places one by one, the one that
    tells that they are all there last. Whoever is killed meanwhile leaves what :func:`is_finished` finishes.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        folder: Where it goes.
        record: Name of the file that tells what the model was made from.
        files: Texts to be written beside the model, that one among them.
        weights: Files of other weights, as safetensors.

    Raises:
        OutputError: There is no room.
    """
    write_model(model, tokenizer, folder / PART, files, weights)
    with output_errors(str(folder), "the model", _AGAIN):
        _move_in(folder / PART, folder, record)


def _move_in(part: Path, folder: Path, record: str) -> None:
    """Move the files of a model to their places in the folder around it, the record and the marker last."""
    listed = contents(part / MARKER)
    if listed is None:  # there is nothing to move, or it has been moved
        _remove_empty(part)
        return
    for name in sorted(listed, key=lambda name: name == record):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # moved before
            os.replace(part / name, folder / name)
    for inner, _, _ in os.walk(folder):
        sync_folder(Path(inner))
    with suppress(FileNotFoundError):
        os.replace(part / MARKER, folder / MARKER)
    sync_folder(folder)
    _remove_empty(part)


def _remove_empty(folder: Path) -> None:
    """Remove a folder with folders in it, unless there is a file somewhere."""
    with suppress(OSError):
        for inner, _, _ in os.walk(folder, topdown=False):
            os.rmdir(inner)


def record_text(record: Mapping[str, Any]) -> str:
    """A record as JSON: the same for the same values.

    Example:
        >>> print(record_text({"b": 1, "a": 2}), end="")
        {
         "a": 2,
         "b": 1
        }
    """
    return json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars of other libraries."""
    logging = neural("this model").utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
