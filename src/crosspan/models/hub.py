"""What goes before a download: it is said, and where the hub cannot be reached that is found out at once."""

from __future__ import annotations

import os
import time
from functools import cache
from logging import getLogger
from pathlib import Path
from typing import Any

from crosspan.core.carried import carried_remedy
from crosspan.core.errors import ModelError
from crosspan.core.secrets import hidden

TIMEOUT = 5.0
"""Seconds in which the hub must answer once."""

NO_HUB = (
    "Give the path of a folder that holds the model, or make the hub reachable; "
    "'crosspan docs neural' says how to fetch a model once and work without a network."
)

_KEPT = 60.0
_ANSWERS: dict[str, tuple[float, str]] = {}
"""When the hub was asked, and why it could not be reached."""

_LOG = getLogger("crosspan.models")


def no_hub(name: str) -> str:
    """What to do where a model cannot be had from the hub.

    Args:
        name: Its name there.

    Example:
        >>> no_hub("google/mt5-small") == NO_HUB
        True
    """
    return " ".join(filter(None, (carried_remedy(name), NO_HUB)))


def is_path(name: str) -> bool:
    """Whether a name means a folder and never a model on the hub.

    Example:
        >>> is_path("./model"), is_path("google/mt5-small")
        (True, False)
    """
    return os.path.isdir(name) or os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1


def fetching(name: str, hub: Any) -> dict[str, bool]:
    """Get ready to load a model: say so where it will be downloaded.

    Args:
        name: Name on the hub, or a folder.
        hub: The package ``huggingface_hub``.

    Returns:
        What the loader is to be told: nothing, or to look at local files only, where the model was downloaded once
        and the hub cannot be reached now.

    Raises:
        ModelError: It would be downloaded, and the hub cannot be reached.
    """
    if is_path(name):
        return {}
    trouble = "HF_HUB_OFFLINE is set" if hub.constants.HF_HUB_OFFLINE else _trouble(hub.constants.ENDPOINT, hub)
    if trouble and _was_downloaded(name, hub):
        return {"local_files_only": True}
    if trouble:
        raise ModelError(
            f"the model is not at hand, and the hub cannot be asked for it ({trouble})", where=name, hint=no_hub(name)
        )
    if not _was_downloaded(name, hub):
        _announce(name, hub.constants.ENDPOINT)
    return {}


@cache
def _announce(name: str, endpoint: str) -> None:
    """Say once that a model is downloaded; it may take long, and a proxy or a disk may not like it."""
    _LOG.warning("crosspan: %s is not on this machine: downloading it from %s", name, hidden(endpoint))


def _trouble(endpoint: str, hub: Any) -> str:
    """Why the hub cannot be reached; empty where it answers anything at all. It is asked once a minute at most."""
    asked, found = _ANSWERS.get(endpoint, (float("-inf"), ""))
    if time.monotonic() - asked > _KEPT:
        try:
            hub.get_session().head(endpoint, timeout=TIMEOUT)
            found = ""
        except Exception as error:  # of whatever package the hub talks through
            found = hidden(f"{endpoint}: {str(error).strip() or type(error).__name__}")
        _ANSWERS[endpoint] = time.monotonic(), found
    return found


def _was_downloaded(name: str, hub: Any) -> bool:
    """Whether something of the model is in the hub's cache."""
    folder = Path(hub.constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}" / "snapshots"
    return folder.is_dir() and any(folder.iterdir())
