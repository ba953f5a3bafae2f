"""The file whose sentences are corrected, watched meanwhile: no decision is made of a file that is no longer there."""

from __future__ import annotations

import os

from crosspan.core.digests import file_digest
from crosspan.core.errors import PairError
from crosspan.core.files import PathLike, name_of
from crosspan.core.locks import Lock


class WatchedFile:
    """A file that must keep its content; it is read again only where its time or size are others.

    Args:
        path: The file.

    Raises:
        FormatError: It cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     WatchedFile(file.name).check()
    """

    def __init__(self, path: PathLike) -> None:
        self.path = path
        self._lock = Lock()
        self._stamp = self._looked_at()
        self._digest = file_digest(path)

    def check(self) -> None:
        """Make sure that the file is as it was.

        Raises:
            PairError: It has another content, or is gone.
        """
        with self._lock:
            now = self._looked_at()
            if now is not None and now == self._stamp:
                return
            if now is None or file_digest(self.path) != self._digest:
                raise PairError(
                    "the file was changed or removed since it was read",
                    where=name_of(self.path),
                    hint="End the server with Ctrl-C and start it again: what was decided of sentences that are still "
                    "the same stays.",
                )
            self._stamp = now

    def _looked_at(self) -> tuple[int, int, int] | None:
        try:
            about = os.stat(self.path)
        except OSError:
            return None
        return about.st_ino, about.st_size, about.st_mtime_ns
