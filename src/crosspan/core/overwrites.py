"""What is found out before the work: that no result takes the place of what is read, and that each can be written."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard, TypeVar

from crosspan.core.errors import OptionError, OutputError
from crosspan.core.files import PathLike, atomic_binary, output_errors
from crosspan.core.temporary import beside

P = TypeVar("P", bound=PathLike)


class _Abandoned(Exception):  # noqa: N818  # no error: it ends a trial
    pass


def check_writing(outputs: Iterable[PathLike | None], inputs: Iterable[PathLike | None]) -> None:
    """Find out before the work that files which are written replace none that are read, and that they can be written.

    Args:
        outputs: Files; ``None`` is passed over.
        inputs: Files, and folders that are read whole.

    Raises:
        OptionError: An output is an input, or two outputs are the same.
        OutputError: An output cannot be written.
    """
    named = [path for path in outputs if path is not None]
    check_outputs(no_folders(named), inputs)
    for path in named:
        try_file(path)


def no_folders(paths: Iterable[P | None]) -> list[P]:
    """The paths without those of folders, which stand in the place of files and are refused where they are opened."""
    return [path for path in paths if path is not None and not os.path.isdir(path)]


def try_file(path: PathLike) -> None:
    """Raise unless a file can be written: one is begun beside it, and removed. Devices and pipes are not touched.

    Raises:
        OutputError: It cannot.

    Example:
        >>> try_file("no such folder/file")
        Traceback (most recent call last):
        crosspan.core.errors.OutputError: no such folder/file: the folder does not exist. Make it first.
    """
    if os.fspath(path) == "-":
        return
    with suppress(OSError):
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return
    with suppress(_Abandoned), atomic_binary(path):
        raise _Abandoned


def try_folder(path: PathLike) -> None:
    """Raise unless something can be written into a folder, or where it is to be: something is, and is removed.

    Args:
        path: The folder; neither it nor those above it need be there.

    Raises:
        OutputError: It cannot.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise OutputError("this is a file, and a folder is needed", where=os.fspath(path), hint="Name another.")
    there = next(place for place in (target, *target.parents) if place.exists())
    with output_errors(os.fspath(path), "the folder", "Name another, or change its permissions."):
        trial = beside(there / "trial")
        trial.mkdir()
        trial.rmdir()


def check_outputs(outputs: Iterable[PathLike | None], inputs: Iterable[PathLike | None]) -> None:
    """Raise where something that is read would be written, or two outputs are the same.

    Files are told by what they are, not by how they are named: links, relative names, and case where the disk does not
    know it; and so are pipes, devices, and standard output. A folder that is read is read whole, so nothing may be
    written into it; a folder that is written is written whole, so nothing in it may be read.

    Args:
        outputs: Files, and folders that are replaced; ``None`` is passed over, and so is the null device; ``-`` is
            standard output.
        inputs: Files and folders that are read; ``-`` is the file that standard input comes from, if it is one.

    Raises:
        OptionError: It would. The error names both.

    Example:
        >>> check_outputs(["out.conll", None], ["in.conll"])
        >>> check_outputs(["./in.conll"], ["in.conll"])
        Traceback (most recent call last):
        crosspan.core.errors.OptionError: './in.conll' is read (as 'in.conll') and would be overwritten. Name another.
    """
    inputs = list(inputs)
    written = [os.fspath(path) for path in outputs if path is not None and os.fspath(path) != ""]
    for at, out in enumerate(written):
        if any(_same_result(out, other) for other in written[:at]):
            raise OptionError(f"two results would be written to {out!r}", hint="Give each a name of its own.")
    written = list(filter(_counts, written))
    read = [os.fspath(path) for path in inputs if _counts(path)]
    if any(path is not None and os.fspath(path) == "-" for path in inputs):
        for out in filter(_is_standard_input, written):
            raise OptionError(f"{out!r} is read (as standard input) and would be overwritten", hint="Name another.")
    for out, one in itertools.product(written, read):
        also = "" if out == one else f" (as {one!r})"
        if _same(out, one):
            raise OptionError(f"{out!r} is read{also} and would be overwritten", hint="Name another.")
        if os.path.isdir(one) and _inside(out, one):
            raise OptionError(f"{out!r} would be written into the folder {one!r}, which is read", hint="Name another.")
        if _inside(one, out):
            raise OptionError(f"{one!r} is read and would be lost with the folder {out!r}", hint="Name another.")


def _is_standard_input(path: str) -> bool:
    """Whether standard input comes from this file; from a terminal or a pipe it comes from none."""
    with suppress(OSError):
        here = os.fstat(0)
        return stat.S_ISREG(here.st_mode) and os.path.samestat(here, os.stat(path))
    return False


def _counts(path: PathLike | None) -> TypeGuard[PathLike]:
    """Whether to write to a path would lose what is read there; of devices each piece is read or written once."""
    if path is None or os.fspath(path) in ("", "-"):
        return False
    status = _status(os.fspath(path))
    return status is None or not (stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode))


def _status(path: str) -> os.stat_result | None:
    """What is behind a path, or standard output; ``None`` where there is nothing."""
    with suppress(OSError):
        return os.fstat(1) if path == "-" else os.stat(path)
    return None


def _same_result(one: str, other: str) -> bool:
    """Whether two results would go to the same place, and be mixed there or replace each other."""
    if one == other == "-":
        return True
    first, second = _status(one), _status(other)
    if first is None or second is None:
        return "-" not in (one, other) and _same(one, other)
    if stat.S_ISCHR(first.st_mode) and stat.S_ISCHR(second.st_mode):  # one device can have several names
        null = _status(os.devnull)
        return first.st_rdev == second.st_rdev and (null is None or first.st_rdev != null.st_rdev)
    return os.path.samestat(first, second)


def _same(one: str, other: str) -> bool:
    with suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def _inside(path: str, folder: str) -> bool:
    """Whether a file or folder, which need not be there, is somewhere below a folder."""
    return any(_same(str(above), folder) for above in Path(os.path.realpath(path)).parents)
