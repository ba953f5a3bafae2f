"""A folder as one run of bytes, the same for the same files, and back."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from crosspan.core.digests import files_of
from crosspan.core.errors import ModelError
from crosspan.core.folders import atomic_folder


def packed(folder: Path) -> bytes:
    """The files of a folder as a tar archive, in the order of their names and without times or owners.

    Files that do not count in its digest are left out (:func:`crosspan.core.digests.file_digest`).

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     _ = Path(place, "a").write_text("x")
        ...     first = packed(Path(place))
        ...     os.utime(Path(place, "a"), (1, 1))
        ...     packed(Path(place)) == first
        True
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in files_of(folder):
            path = folder / name
            about = tarfile.TarInfo(name)
            about.size = path.stat().st_size
            about.mode = 0o644
            with path.open("rb") as content:
                archive.addfile(about, content)
    return stream.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of an archive into a folder, all or nothing; an older one that crosspan made goes.

    Raises:
        ModelError: This is no archive of files.
        OutputError: The folder holds something else, or there is no room.
    """
    with atomic_folder(folder, what="the model") as scratch:
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
                archive.extractall(scratch, filter="data")
        except tarfile.TarError as error:
            raise ModelError(
                f"the model cannot be unpacked ({error})", where=str(folder), hint="Train it again."
            ) from error
