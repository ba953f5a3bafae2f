"""Where a model lies that somebody names: a folder, what a package carries, or the hub."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from crosspan.core.carried import CARRIED, carried_file
from crosspan.core.digests import digest_of, file_digest, user_cache
from crosspan.core.folders import atomic_folder, is_complete
from crosspan.core.logs import logger_of

_VERSION = 1
"""Raised where the same file would be unpacked differently."""

_AGAIN = "Free space, or let XDG_CACHE_HOME name another folder."


def place_of(name: str | os.PathLike[str]) -> str:
    """The folder, or the name on the hub, that a name of a model stands for.

    A folder of this name comes first. A name of :data:`crosspan.core.carried.CARRIED` is then what its package carries,
    unpacked once into the user's cache folder, where the package is installed; else the same model on the hub.

    Args:
        name: A folder, a name of a model that a package carries, or a name on the hub.

    Raises:
        ModelError: The file of the package is damaged.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        OutputError: The cache cannot be written to.

    Example:
        >>> place_of("google/mt5-small")
        'google/mt5-small'
    """
    shown = os.fspath(name)
    if os.path.isdir(shown) or shown not in CARRIED:
        return shown
    file = carried_file(shown)
    return CARRIED[shown].hub if file is None else str(unpacked(shown, file))


def unpacked(name: str, file: Path) -> Path:
    """The folder of a model that a package carries; it is made where it is not there yet.

    Args:
        name: What it is called.
        file: The file of the package.

    Raises:
        ModelError: The file is damaged.
        OutputError: The cache cannot be written to.
    """
    key = digest_of([_VERSION, file_digest(file)])
    target = user_cache() / "models" / f"{name}-{key[:16]}"
    if not is_complete(target):
        logger_of(__name__).info("unpacking %s into %s, once", name, target)
        module, _, function = CARRIED[name].unpack.partition(":")
        with atomic_folder(target, replace=False, what="the unpacked model", hint=_AGAIN) as folder:
            getattr(import_module(module), function)(file, folder)
    return target
