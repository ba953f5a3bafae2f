"""A folder as one run of bytes, the same for the same files, and back."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

from crosspan.core.errors import ModelError


def packed(folder: Path) -> bytes:
    """The files of a folder as a tar archive, in the order of their names and without times or owners.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     _ = Path(place, "a").write_text("x")
        ...     first = packed(Path(place))
        ...     os.utime(Path(place, "a"), (1, 1))
        ...     packed(Path(place)) == first
        True
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            about = tarfile.TarInfo(path.relative_to(folder).as_posix())
            about.size = path.stat().st_size
            about.mode = 0o644
            with path.open("rb") as content:
                archive.addfile(about, content)
    return stream.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of an archive into a folder that takes its name only once it is complete.

    Raises:
        ModelError: This is no archive of files.
    """
    scratch = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            archive.extractall(scratch, filter="data")
    except (tarfile.TarError, OSError) as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise ModelError(
            f"the model cannot be unpacked ({error})", where=str(folder), hint="Train it again, or make room for it."
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(scratch, folder)
