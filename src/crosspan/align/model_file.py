"""A fitted aligner, statistical or hybrid, as one file of arrays (:mod:`crosspan.core.array_file`).

Words stand as UTF-8 bytes with offsets; the shorter forms and hash tables are built again from them when loading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.align import ALIGNERS
from crosspan.align.hmm import JUMP_OFFSET
from crosspan.align.learned import Learned
from crosspan.align.lexicon import Side, WordLexicon
from crosspan.align.pair_table import PairTable
from crosspan.align.statistical import StatisticalAligner
from crosspan.align.vocabulary import LEVELS, Vocabulary
from crosspan.core.array_file import ArrayFile, Shape, reading, text_arrays, write_arrays
from crosspan.core.errors import ModelError
from crosspan.core.options import flat, setting_names, with_settings
from crosspan.core.shown import shown

VERSION = 1
"""Goes up whenever older programs could not read the file, or would read it wrongly."""

_WHAT = "model of an aligner"
_KINDS = {"crosspan statistical aligner": "statistical", "crosspan hybrid aligner": "hybrid"}
"""The component that wrote a file, by what the file says of itself."""

_MOST_COUNTED = 1e15
_AGAIN = "Save the model again, or fit a new one."


def save(aligner: StatisticalAligner, path: Path) -> None:
    """Write a fitted aligner, all or nothing. The same model gives the same bytes.

    Args:
        aligner: The aligner.
        path: The file; by custom it ends in ``.npz``.

    Raises:
        ModelError: The aligner has learned nothing yet.
        OutputError: The file cannot be written.
    """
    learned = aligner.learned
    if learned.sentences == 0:
        raise ModelError("the aligner has learned nothing yet", hint="Call fit before saving.")
    about = {
        "kind": aligner.KIND,
        "version": VERSION,
        "options": asdict(aligner.options),
        "sentences_seen": learned.sentences,
        "levels": LEVELS,
        **aligner.kept(),
    }
    arrays: dict[str, npt.NDArray[Any]] = {"jumps": learned.jumps}
    for name, side in (("source", learned.lexicon.source), ("target", learned.lexicon.target)):
        arrays |= text_arrays(side.vocabulary.words, f"{name}_words", f"{name}_ends")
        arrays[f"{name}_unlinked"] = side.unlinked
        for level, form in enumerate(LEVELS):
            arrays[f"{name}_frequency_{form}"] = side.frequency[level]
            arrays[f"{name}_total_{form}"] = side.total[level]
    for table, form in zip(learned.lexicon.tables, LEVELS, strict=True):
        arrays[f"table_first_{form}"] = table.first
        arrays[f"table_second_{form}"] = table.second
        arrays[f"table_values_{form}"] = table.values
    write_arrays(path, about, arrays)


def load(path: Path, *, threads: int | None = None) -> StatisticalAligner:
    """Read a fitted aligner. It aligns exactly like the one that was saved, and can learn on.

    Args:
        path: The file.
        threads: Threads to use; all cores by default.

    Raises:
        ModelError: The file cannot be opened, is damaged, from a newer version, or something else altogether.
    """
    with _opened(path) as (file, name):
        if file.about["levels"] != list(LEVELS):
            raise ValueError(f"unknown forms {shown(file.about['levels'])}")
        options = _options(file.about["options"], name)
        seen = int(file.number("sentences_seen", 1))
        jumps = _counts(file, "jumps", (2, 2 * JUMP_OFFSET + 1))
        source, target = _side(file, "source"), _side(file, "target")
        tables = [_table(file, level, source, target) for level in range(len(LEVELS))]
        aligner: StatisticalAligner = ALIGNERS.make(name, threads=threads, options=options)
        aligner.learned = Learned(WordLexicon(options.smoothing, (source, target), tables), jumps, seen)
        aligner.take_back(file.about)
    return aligner


def learner_of(path: Path) -> str:
    """Which aligner wrote a file: its name among :data:`crosspan.align.ALIGNERS`.

    Args:
        path: The file.

    Raises:
        ModelError: It cannot be opened, or is no model of an aligner.
    """
    with _opened(path) as (_, name):
        return name


@contextmanager
def _opened(path: Path) -> Iterator[tuple[ArrayFile, str]]:
    """The file, and the name of the aligner that wrote it."""
    with reading(path, _WHAT, kind="", version=VERSION, again=_AGAIN) as file:
        name = _KINDS.get(str(file.about.get("kind")))
        if name is None:
            hint = "Name another file, or leave it out."
            raise ModelError(f"this is no {_WHAT}, or it is damaged", where=str(path), hint=hint)
        yield file, name


def _options(found: Any, name: str) -> Any:
    plain = ALIGNERS.options(name)
    given = flat(found) if isinstance(found, dict) else {}
    if {*given} != {*setting_names(plain)}:
        raise ValueError("its options are not those of an aligner")
    return with_settings(plain, given)


def _side(file: ArrayFile, name: str) -> Side:
    words = file.texts(f"{name}_words", f"{name}_ends")
    side = Side(Vocabulary.from_words(words))
    if side.vocabulary.words != words:
        raise ValueError(f"{name}_words holds a word twice, or not in lower case")
    for level, form in enumerate(LEVELS):
        shape = (side.vocabulary.size(level),)
        side.frequency[level] = _counts(file, f"{name}_frequency_{form}", shape)
        side.total[level] = _counts(file, f"{name}_total_{form}", shape)
    side.unlinked = _counts(file, f"{name}_unlinked", (len(words),))
    return side


def _table(file: ArrayFile, level: int, source: Side, target: Side) -> PairTable:
    form = LEVELS[level]
    values = _counts(file, f"table_values_{form}", (None,), np.float32)
    ids = []
    for which, side in (("first", source), ("second", target)):
        found = file.take(f"table_{which}_{form}", np.int32, values.shape)
        if len(found) and not 0 <= found.min() <= found.max() < side.vocabulary.size(level):
            raise ValueError(f"table_{which}_{form} points to forms that do not exist")
        ids.append(found)
    return PairTable(ids[0], ids[1], values)


def _counts(file: ArrayFile, name: str, shape: Shape, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Expected counts; rounding may have left some a little below 0."""
    array = file.take(name, dtype, shape)
    if not ((array >= -1e-3).all() and (array <= _MOST_COUNTED).all()):
        raise ValueError(f"{name} holds numbers that are no counts")
    return array
