"""Folders that HuggingFace ``datasets`` made, told without its packages."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

from crosspan.core.files import PathLike

P = TypeVar("P", bound=PathLike)

STATE = "state.json"
"""The file that names the files of a split."""

_SPLITS = "dataset_dict.json"


def is_dataset_folder(path: PathLike) -> bool:
    """Whether a path is a folder that ``save_to_disk`` made.

    Example:
        >>> is_dataset_folder("a.conll")
        False
    """
    return any(os.path.isfile(os.path.join(path, name)) for name in (STATE, _SPLITS))


def places_read(paths: Iterable[P | None]) -> list[P]:
    """Which of some inputs are read: files, and such folders. Others in the place of a file are refused when opened.

    Example:
        >>> places_read(["a.conll", ".", None])
        ['a.conll']
    """
    return [path for path in paths if path is not None and (not os.path.isdir(path) or is_dataset_folder(path))]
