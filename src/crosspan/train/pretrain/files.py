"""An encoder learned from files of raw text: what ``crosspan pretrain`` does."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike
from crosspan.core.lines import read_lines
from crosspan.core.options import with_settings
from crosspan.core.overwrites import check_outputs, no_folders, try_folder
from crosspan.core.progress import Listener
from crosspan.text.romanize import romanize_line
from crosspan.train.pretrain.language_model import PretrainReport, train_language_model
from crosspan.train.pretrain.options import PretrainOptions
from crosspan.train.pretrain.scratch import Shape, new_encoder
from crosspan.train.pretrain.vocabulary import AugmentReport, augment

_SHAPE = "shape."


@dataclass(frozen=True, slots=True)
class PretrainSummary:
    """What was learned from files of text.

    Args:
        report: How the model learned.
        added: What new pieces do, where it was given some.
        seconds: Time taken.
    """

    report: PretrainReport
    added: AugmentReport | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**self.report.to_dict(), **_about(self.added), "seconds": self.seconds}


def pretrain_files(
    text: Sequence[PathLike],
    out: PathLike,
    *,
    encoder: str | None = None,
    new: str | None = None,
    add_pieces: int = 0,
    romanize: bool = False,
    held_out: PathLike | None = None,
    settings: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> PretrainSummary:
    """Let an encoder learn from files of text without labels.

    Args:
        text: The files, a sentence or a passage a line.
        out: The folder of the model. It appears complete; until then only checkpoints are there.
        encoder: The model to go on with: a name on the hub, or a folder.
        new: The family of one that begins with random weights instead, and with pieces of words from the text.
        add_pieces: How many pieces of words that it lacks most the model gets first; see
            :func:`crosspan.train.pretrain.vocabulary.augment`.
        romanize: Whether other scripts are read in Latin letters; the model remembers it.
        held_out: A file of text to measure on; by default a share of ``text`` that is then not learned from.
        settings: Options of the training (:class:`crosspan.train.pretrain.options.PretrainOptions`) by name; those of a
            new model (:class:`crosspan.train.pretrain.scratch.Shape`) as ``shape.NAME``.
        threads: Threads to use on a CPU; all cores by default.
        progress: Told how far it is.

    Returns:
        What was learned.

    Raises:
        CrosspanError: A file, a model or an option is at fault.
    """
    began = time.perf_counter()
    shape, how = _options(encoder, new, add_pieces, settings or {})
    if romanize:
        how = replace(how, romanize="yes")
    check_outputs([out], no_folders([*text, held_out]))
    try_folder(out)
    lines = list(itertools.chain.from_iterable(read_lines(path) for path in text))
    measured = [] if held_out is None else list(read_lines(held_out))
    with tempfile.TemporaryDirectory(prefix="crosspan-") as scratch:
        start = encoder or ""
        if shape is not None:
            text_of_pieces = map(romanize_line, lines) if how.romanize == "yes" else lines
            start = os.fspath(new_encoder(text_of_pieces, shape, Path(scratch, shape.family), seed=how.seed))
        added = None
        if add_pieces:
            place = Path(scratch, PurePath(start).name or "encoder")
            given: dict[str, Any] = {"held_out": measured, "romanize": how.romanize, "seed": how.seed}
            added = augment(start, lines, place, count=add_pieces, progress=progress, **given)
            start = str(place)
        report = train_language_model(
            start,
            lines,
            out,
            held_out=measured,
            options=how,
            about=_about(added),
            threads=threads,
            progress=progress,
        )
    return PretrainSummary(report, added, round(time.perf_counter() - began, 2))


def _options(
    encoder: str | None, new: str | None, add_pieces: int, settings: Mapping[str, Any]
) -> tuple[Shape | None, PretrainOptions]:
    """The shape of a new model, and how it learns.

    Raises:
        OptionError: They do not go together, or a setting is not possible.
    """
    if (encoder is None) == (new is None):
        raise OptionError("one of --encoder and --new is needed", hint="Name a model, or the family of a new one.")
    if add_pieces and new is not None:
        raise OptionError("--add-pieces is for --encoder", hint="A new model learns pieces of its own: leave it out.")
    of_shape = {name.removeprefix(_SHAPE): value for name, value in settings.items() if name.startswith(_SHAPE)}
    if of_shape and new is None:
        raise OptionError("shape.… is for new models", hint="Leave it out, or use --new.")
    rest = {name: value for name, value in settings.items() if not name.startswith(_SHAPE)}
    how = with_settings(PretrainOptions(learning_rate=5e-5 if new is None else 1e-3), rest)
    return None if new is None else with_settings(Shape(), {"family": new, **of_shape}), how


def _about(added: AugmentReport | None) -> dict[str, Any]:
    """What is kept of new pieces; the place where the model was for a moment is not."""
    if added is None:
        return {}
    return {"vocabulary": {name: value for name, value in added.to_dict().items() if name != "folder"}}
