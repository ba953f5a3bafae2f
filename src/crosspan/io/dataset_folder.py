"""Folders that HuggingFace ``datasets`` made, told without its packages."""

from __future__ import annotations

import os

from crosspan.core.files import PathLike

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
