"""Results of languages, kept under a key of everything they depend on, so that a run that was ended goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosspan.core.errors import OutputError
from crosspan.core.files import atomic_binary


def default_folder() -> Path:
    """``crosspan-bench`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and os.path.isabs(home) else Path.home() / ".cache") / "crosspan-bench"


class ResultCache:
    """A folder of results, one file each.

    Args:
        folder: The folder; it is made when something is kept.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     kept = ResultCache(Path(name) / "cache")
        ...     kept.put("ab", {"n": 1})
        ...     kept.get("ab"), kept.get("cd")
        ({'n': 1}, None)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept under a key; ``None`` where nothing was, or it is damaged."""
        try:
            found = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        """Keep a result, all or nothing.

        Raises:
            OutputError: The folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the cache cannot be made here: {(error.strerror or str(error)).lower()}",
                where=str(self.folder),
                hint="Name another folder with --cache, or use --no-cache.",
            ) from error
        with atomic_binary(self.folder / f"{key}.json") as stream:
            stream.write(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))
