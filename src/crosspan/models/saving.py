"""A folder with a model in it: complete or not there at all, and a clear error where there is no room."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.models.loading import neural

_AGAIN = "Make room, and run it again: it goes on from the last checkpoint."

PART = "finished.part"
"""What a folder of a training holds for the moment in which the model takes its place."""


def check_new(folder: Path, record: str, besides: Sequence[str] = ()) -> None:
    """Raise unless a model can be written into a folder: it is new, or holds the checkpoints of a training.

    Args:
        folder: The folder.
        record: Name of the file that tells a finished model.
        besides: Names that may be there as well.

    Raises:
        OutputError: It holds a model or something else, or is a file.
    """
    if (folder / record).is_file():
        raise OutputError("there is a trained model already", where=str(folder), hint="Name another folder.")
    if folder.exists() and not folder.is_dir():
        raise OutputError("this is a file, and the model needs a folder", where=str(folder), hint="Name another.")
    there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if any(not name.startswith(("checkpoint-", PART)) and name not in besides for name in there):
        raise OutputError("the folder holds something else", where=str(folder), hint="Name a folder that is new.")


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
    """Write a model, its tokenizer and more into a folder, in place of what is there.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        place: A folder below that of the training.
        files: Texts to be written beside the model.
        weights: Files of other weights, as safetensors.

    Raises:
        OutputError: There is no room.
    """
    with room(place.parent):
        shutil.rmtree(place, ignore_errors=True)
        save_model(model.eval(), tokenizer, place)
        for name, values in (weights or {}).items():
            neural("saving a model", "safetensors.torch").save_file(dict(values), place / name)
        for name, text in (files or {}).items():
            (place / name).write_text(text, encoding="utf-8")


def write_finished(
    model: Any,
    tokenizer: Any,
    folder: Path,
    record: str,
    files: Mapping[str, str],
    weights: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write a finished model into a folder; the file that tells that it is complete comes last.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        folder: Where it goes.
        record: Which of the files is that file.
        files: Texts to be written beside the model.
        weights: Files of other weights, as safetensors.

    Raises:
        OutputError: There is no room.
    """
    scratch = folder / PART
    write_model(model, tokenizer, scratch, files, weights)
    with room(folder):
        for path in sorted(scratch.iterdir(), key=lambda path: path.name == record):
            os.replace(path, folder / path.name)
        scratch.rmdir()


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
def room(folder: Path, hint: str = _AGAIN) -> Iterator[None]:
    """Say clearly that a model cannot be written.

    Args:
        folder: Where it goes.
        hint: What to do then.

    Raises:
        OutputError: What the block raised was an error of the disk; safetensors wraps those in one of its own.
    """
    try:
        yield
    except Exception as error:
        if not (isinstance(error, OSError) or type(error).__module__.startswith("safetensors")):
            raise
        raise OutputError(
            f"the model cannot be written ({getattr(error, 'strerror', None) or error})",
            where=str(folder),
            hint=hint,
        ) from error


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
