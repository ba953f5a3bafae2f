"""The memory of a corpus as one file of arrays (:mod:`crosspan.core.array_file`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.array_file import ArrayFile, reading, text_arrays, write_arrays

if TYPE_CHECKING:
    from crosspan.project.observed import Observed
    from crosspan.project.words import WordCounts
    from crosspan.text.name_forms import NameForms

VERSION = 1
"""Goes up whenever older programs could not read the file, or would read it wrongly."""

_KIND = "crosspan memory of a corpus"
_SIDES = ("source", "target")


def save(observed: Observed, path: Path) -> None:
    """Write what was observed, all or nothing. The same memory gives the same bytes.

    Args:
        observed: What was observed.
        path: The file; by custom it ends in ``.npz``.

    Raises:
        OutputError: The file cannot be written.
    """
    about = {"kind": _KIND, "version": VERSION, "counted": observed.counted}
    about["named"] = observed.names is not None
    about["totals"] = [observed.source.total, observed.target.total]
    names, arrays = observed.memory.arrays()
    found: dict[str, npt.NDArray[Any]] = {**text_arrays(names, "names", "names_ends"), **arrays}
    found["pairs"] = np.array(sorted(observed.pairs), np.uint64)
    for side, counts in zip(_SIDES, (observed.source, observed.target), strict=True):
        words, rows = counts.rows()
        found |= {**text_arrays(words, f"{side}_words", f"{side}_words_ends"), f"{side}_counts": rows}
    if observed.names is not None:
        found |= _name_arrays(observed.names)
    write_arrays(path, about, found)


def load(path: Path) -> Observed:
    """Read what :func:`save` wrote.

    Raises:
        ModelError: The file is damaged, too new, or no such memory.
    """
    from crosspan.project.memory import EntityMemory
    from crosspan.project.observed import Observed

    with reading(path, "memory of a corpus", kind=_KIND, version=VERSION, again="Fit a new one.") as file:
        observed = Observed()
        if not isinstance(file.about["counted"], bool):
            raise ValueError("counted is neither true nor false")
        observed.counted = file.about["counted"]
        observed.pairs = {*file.take("pairs", np.uint64, (None,)).tolist()}
        names = _distinct(file, "names")
        entity = file.take("entity", np.int64, (None,))
        if len(entity) and not 0 <= entity.min() <= entity.max() < len(names):
            raise ValueError("entity points to names that are not there")
        weight = file.take("weight", np.float64, entity.shape)
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise ValueError("weight holds numbers that are no weights")
        rendering = file.take("rendering", np.uint64, entity.shape)
        observed.memory = EntityMemory.of(names, {"entity": entity, "rendering": rendering, "weight": weight})
        totals = file.about["totals"]
        if not isinstance(totals, list) or len(totals) != len(_SIDES) or not all(map(_is_count, totals)):
            raise ValueError("totals are no counts")
        observed.source, observed.target = (
            _word_counts(file, side, total) for side, total in zip(_SIDES, totals, strict=True)
        )
        if file.about.get("named"):
            observed.names = _names(file)
    return observed


def _name_arrays(names: NameForms) -> dict[str, npt.NDArray[Any]]:
    counts = sorted(names.counts().items())
    labels = sorted({label for _, of_form in counts for label in of_form})
    place = {label: number for number, label in enumerate(labels)}
    rows = [
        (number, place[label], count)
        for number, (_, of_form) in enumerate(counts)
        for label, count in sorted(of_form.items())
    ]
    return {
        **text_arrays([form for form, _ in counts], "forms", "forms_ends"),
        **text_arrays(labels, "labels", "labels_ends"),
        "form_labels": np.array(rows, np.int64).reshape(-1, 3),
    }


def _names(file: ArrayFile) -> NameForms:
    from crosspan.text.name_forms import NameForms

    forms, labels = _distinct(file, "forms"), _distinct(file, "labels")
    rows = file.take("form_labels", np.int64, (None, 3))
    if len(rows) and not ((rows >= 0).all() and (rows[:, :2] < (len(forms), len(labels))).all()):
        raise ValueError("form_labels points to forms or labels that are not there")
    counts: dict[str, dict[str, int]] = {form: {} for form in forms}
    for form, label, count in rows.tolist():
        counts[forms[form]][labels[label]] = count
    return NameForms.of_counts(counts)


def _word_counts(file: ArrayFile, side: str, total: int) -> WordCounts:
    from crosspan.project.words import WordCounts

    words = _distinct(file, f"{side}_words")
    rows = file.take(f"{side}_counts", np.int64, (len(words), 2))
    if (rows < 0).any() or (rows > total).any():
        raise ValueError(f"{side}_counts holds numbers that are no counts")
    return WordCounts.of_rows(words, rows, total)


def _distinct(file: ArrayFile, name: str) -> list[str]:
    texts = file.texts(name, f"{name}_ends")
    if len({*texts}) < len(texts):
        raise ValueError(f"{name} holds a text twice")
    return texts


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62
