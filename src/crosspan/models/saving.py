"""A folder with a model in it: complete or not there at all, and a clear error where there is no room."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.core.files import PathLike, make_folder, output_errors, sync_folder
from crosspan.core.folders import MARKER, OWN, atomic_folder, check_replaceable, contents, is_complete, settle_folder
from crosspan.core.locks import only_one
from crosspan.core.overwrites import check_outputs, try_folder
from crosspan.core.temporary import others_beside, sweep
from crosspan.models.loading import neural

_AGAIN = "Make room, and run it again: it goes on from the last checkpoint."

PART = "finished.part"
"""What a folder of a training holds for the moment in which the model takes its place."""

_TRAINS, _WRITES = f"{OWN}training.lock", f"{OWN}writing.lock"
"""Files that a run locks while it trains into the folder, and while it moves a model to its place."""

_CHECKPOINTS = "checkpoint-*"
_OURS = (_CHECKPOINTS, PART)
"""What may be in the folder of a training that was killed."""


def check_new(folder: Path, record: str, besides: Sequence[str] = (), *, reads: Iterable[PathLike] = ()) -> None:
    """Raise unless a model can be written into a folder: it is new, or holds the checkpoints of a training.

    A model that is damaged, as by a power cut on an older disk, is none: it may be made anew. One that has checkpoints
    beside it is of a training that was killed before its last step, which was to take them away: it is made again.

    Args:
        folder: The folder.
        record: Name of the file that tells what a finished model was made from.
        besides: Names that may be there as well.
        reads: Models that are read; one that is not here is a name on the hub.

    Raises:
        OptionError: A model that is read would be lost.
        OutputError: It holds a model or something else, is a file, or cannot be written.
    """
    check_outputs([folder], [one for one in reads if os.path.exists(one)])
    checkpoints = list(folder.glob(_CHECKPOINTS))
    there = is_finished(folder, record) and not checkpoints
    if there or ((folder / record).is_file() and not (folder / MARKER).exists()):
        raise OutputError("there is a trained model already", where=str(folder), hint="Name another folder.")
    check_replaceable(folder, (*_OURS, *besides))
    for one in checkpoints:  # other programs call theirs so, too
        check_replaceable(one)
    try_folder(folder)


@contextmanager
def only_training(folder: Path) -> Iterator[None]:
    """Hold the folder of a training: no other run trains into it, and what killed ones left half-written is gone.

    Args:
        folder: The folder; it is made.

    Raises:
        OutputError: Another run trains into it, or it cannot be made.
    """
    make_folder(folder)
    with only_one(folder / _TRAINS) as mine:
        if not mine:
            raise OutputError(
                "another run trains into this folder", where=str(folder), hint="Let it end, or name another folder."
            )
        sweep(folder, alone=True)
        yield


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
    if part.is_dir() or others_beside(part, "old"):
        with suppress(OutputError), _only_writing(folder):  # or it can be read, and not written
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
    make_folder(folder)
    with _only_writing(folder):
        write_model(model, tokenizer, folder / PART, files, weights)
        _move_in(folder / PART, folder, record)


@contextmanager
def _only_writing(folder: Path) -> Iterator[None]:
    """Wait until no other run moves a model to its place here, and keep others waiting."""
    with output_errors(str(folder), "the model", _AGAIN), only_one(folder / _WRITES, wait=True):
        yield


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
