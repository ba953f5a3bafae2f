"""The check that no result takes the place of what is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard

from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike


def check_outputs(outputs: Iterable[PathLike | None], inputs: Iterable[PathLike | None]) -> None:
    """Raise where something that is read would be written, or two outputs are the same.

    Files are told by what they are, not by how they are named: links, relative names, and case where the disk does not
    know it. A folder that is read is read whole, so nothing may be written into it; a folder that is written is
    written whole, so nothing in it may be read.

    Args:
        outputs: Files, and folders that are replaced; ``None`` and ``-`` are passed over, and so are devices.
        inputs: Files and folders that are read.

    Raises:
        OptionError: It would. The error names both.

    Example:
        >>> check_outputs(["out.conll", None], ["in.conll"])
        >>> check_outputs(["./in.conll"], ["in.conll"])
        Traceback (most recent call last):
        crosspan.core.errors.OptionError: './in.conll' is read (as 'in.conll') and would be overwritten. Name another.
    """
    written = [os.fspath(path) for path in outputs if _counts(path)]
    read = [os.fspath(path) for path in inputs if _counts(path)]
    for at, out in enumerate(written):
        for other in written[:at]:
            if _same(out, other):
                raise OptionError(f"two results would be written to {out!r}", hint="Give each a name of its own.")
        for one in read:
            also = "" if out == one else f" (as {one!r})"
            if _same(out, one):
                raise OptionError(f"{out!r} is read{also} and would be overwritten", hint="Name another.")
            if os.path.isdir(one) and _inside(out, one):
                raise OptionError(
                    f"{out!r} would be written into the folder {one!r}, which is read", hint="Name another."
                )
            if _inside(one, out):
                raise OptionError(f"{one!r} is read and would be lost with the folder {out!r}", hint="Name another.")


def _counts(path: PathLike | None) -> TypeGuard[PathLike]:
    if path is None or os.fspath(path) in ("", "-"):
        return False
    return not os.path.exists(path) or os.path.isfile(path) or os.path.isdir(path)


def _same(one: str, other: str) -> bool:
    with suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def _inside(path: str, folder: str) -> bool:
    """Whether a file or folder, which need not be there, is somewhere below a folder."""
    return any(_same(str(above), folder) for above in Path(os.path.realpath(path)).parents)
