"""Folders that are written all or nothing, and that tell whether they are whole.

A folder is made under a temporary name beside its place. When it is finished, everything in it is brought to the disk,
then a file (:data:`MARKER`) with the names, sizes and hashes of all others, and then it takes its place. That file says
two things: that the folder is whole, as long as what is in it agrees, and that crosspan made it, so that it may be
replaced. Nothing else is ever removed.

An older folder cannot be replaced in one move, as a file can: it is moved aside, and the new one takes its place. A run
that is killed in between leaves both, and the next call finishes the work.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from crosspan.core.digests import file_digests
from crosspan.core.errors import OutputError
from crosspan.core.files import PathLike, atomic_binary, make_folder, output_errors, sync_folder
from crosspan.core.temporary import beside, is_temporary, others_beside, sweep

MARKER = ".crosspan.json"
"""The file that tells what is in a folder. It is hidden, so that it does not count in a digest of the folder."""

OWN = ".crosspan-"
"""What the names of other hidden files of crosspan begin with, such as locks."""

WORK = f"{OWN}work"
"""The file that tells that a folder was made for what work has so far."""

_NO_ROOM = "Free space, or choose another."
_VERSION = 1
_TRIES = 20


@contextmanager
def atomic_folder(
    path: PathLike,
    *,
    replace: bool = True,
    marker: str = MARKER,
    what: str = "the folder",
    hint: str = _NO_ROOM,
) -> Iterator[Path]:
    """Write a folder all or nothing, in place of an older one that crosspan made.

    Args:
        path: The folder to write; folders above it are made.
        replace: Whether it takes the place of a whole one; else that one stays, such as that of a faster run.
        marker: Name of the file that tells what is in the folder.
        what: What it is, for messages.
        hint: What to do where it cannot be written.

    Yields:
        An empty folder beside it, to write into. On any error, and on Ctrl-C, it is removed and the older one stays.

    Raises:
        OutputError: There is no room, the folder may not be written, or the older one holds something else.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     for text in ("old", "new"):
        ...         with atomic_folder(Path(place, "model")) as folder:
        ...             _ = (folder / "weights").write_text(text)
        ...     Path(place, "model", "weights").read_text(), is_complete(Path(place, "model"))
        ('new', True)
    """
    target, name = Path(os.path.realpath(path)), os.fspath(path)
    with output_errors(name, what, hint):
        make_folder(target.parent)
        settle_folder(target, marker=marker)
        sweep(target.parent)
        check_replaceable(path, marker=marker)
        scratch = beside(target)
        scratch.mkdir()
    try:
        with output_errors(name, what, hint, within=scratch):
            yield scratch
        if not replace and is_complete(target, marker=marker):
            shutil.rmtree(scratch, ignore_errors=True)
            return
        with output_errors(name, what, hint):
            seal(scratch, marker=marker)
            if target.is_dir():
                shutil.copymode(target, scratch)
            check_replaceable(path, marker=marker)
            _take_place(scratch, target)
    except BaseException:
        settle_folder(target, marker=marker)
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def is_complete(path: PathLike, *, marker: str = MARKER) -> bool:
    """Whether a folder was written to its end and nothing in it has changed; other files may have come to it.

    Work that a killed run left undone is finished first.

    Args:
        path: The folder.
        marker: Name of the file that tells what is in it.

    Example:
        >>> is_complete("a folder that is not there")
        False
    """
    folder = Path(os.path.realpath(path))
    settle_folder(folder, marker=marker)
    listed = contents(folder / marker)
    if listed is None:
        return False
    try:
        if any((folder / name).stat().st_size != size for name, (size, _) in listed.items()):
            return False
        found = file_digests([folder / name for name in listed])
    except OSError:
        return False
    return found == [digest for _, digest in listed.values()]


def check_replaceable(path: PathLike, besides: Sequence[str] = (), *, marker: str = MARKER) -> None:
    """Raise where a folder may not be replaced: it is a file, or holds what crosspan did not put there.

    Args:
        path: The folder; it need not be there.
        besides: Patterns of names that may be in it besides what it was made with.
        marker: Name of the file that tells what is in it.

    Raises:
        OutputError: It may not.
    """
    name = os.fspath(path)
    if not os.path.exists(path):  # a link to nothing yet stays a link, as those of files do
        return
    if not os.path.isdir(path):
        raise OutputError("this is a file, and a folder is needed", where=name, hint="Name another.")
    listed = contents(Path(path) / marker) or {}
    for one in _files(Path(path)):
        if one not in listed and one != marker and not _passing(one, besides):
            raise OutputError(
                f"the folder holds something else ({one!r})",
                where=name,
                hint="Name a folder that is new; only what crosspan made itself is replaced.",
            )


def _passing(file: str, besides: Sequence[str]) -> bool:
    """Whether a file in a folder is only there for a while: it is locked, half-written, or one of those besides."""
    top, _, inner = file.partition("/")
    own = file.startswith(OWN) and not inner
    return own or is_temporary(top) or any(fnmatch(top, other) for other in besides)


def remove_folder(path: PathLike, *, marker: str = MARKER) -> None:
    """Remove a folder that crosspan made; nothing where there is none.

    Args:
        path: The folder.
        marker: Name of the file that tells what is in it.

    Raises:
        OutputError: It holds something else, or cannot be removed.
    """
    check_replaceable(path, marker=marker)
    target = Path(os.path.realpath(path))
    with output_errors(os.fspath(path), "the folder"), suppress(FileNotFoundError):
        _discard(target, target)


def make_work_folder(folder: Path) -> None:
    """Make a folder for what work has so far, with a file in it that says who made it.

    Only what is in such folders is removed without a look at what it is.

    Args:
        folder: The folder; it may be there.

    Raises:
        OutputError: It cannot be made.
    """
    make_folder(folder)
    if not (folder / WORK).exists():
        with atomic_binary(folder / WORK):
            pass


def remove_work_folder(folder: Path, keep: Collection[str] = ()) -> None:
    """Remove a folder that :func:`make_work_folder` made, with all that is in it. Any other stays.

    Args:
        folder: The folder; it need not be there.
        keep: Names in it that stay, and the folder with them.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     make_work_folder(Path(place, "work"))
        ...     Path(place, "other").mkdir()
        ...     for name in ("work", "other"):
        ...         remove_work_folder(Path(place, name))
        ...     os.listdir(place)
        ['other']
    """
    if not (folder / WORK).is_file():
        return
    with suppress(OSError):  # another run was faster, or may remove it and we may not
        if not keep:
            _discard(folder, folder)
            return
        for name in set(os.listdir(folder)) - {*keep, WORK}:
            _discard(folder / name, folder / name)


def seal(folder: Path, *, marker: str = MARKER) -> None:
    """Bring all files of a folder to the disk, and then the marker that tells what is in it.

    Args:
        folder: The folder; all its files are finished.
        marker: Name of that file.

    Raises:
        OutputError: There is no room.
    """
    rows: dict[str, list[Any]] = {}
    for name in _files(folder):
        if name == marker:
            continue
        with open(folder / name, "rb") as stream:
            rows[name] = [os.fstat(stream.fileno()).st_size, hashlib.file_digest(stream, "sha256").hexdigest()]
            if os.name != "nt":  # which does so only for files that are open for writing
                os.fsync(stream.fileno())
    for inner, _, _ in os.walk(folder):
        sync_folder(Path(inner))
    with atomic_binary(folder / marker) as out:
        text = json.dumps({"made by": "crosspan", "version": _VERSION, "files": rows}, indent=1, sort_keys=True)
        out.write(text.encode("utf-8", "surrogateescape") + b"\n")


def settle_folder(target: Path, *, marker: str = MARKER) -> None:
    """Finish what a run left undone that was killed while one folder took the place of another.

    Args:
        target: The folder.
        marker: Name of the file that tells what is in it.
    """
    for old in others_beside(target, "old"):
        new = old.with_name(f"{old.name.removesuffix('.old')}.tmp")
        with suppress(OSError):  # another run was faster
            if os.path.lexists(target):
                _discard(old, target)
            elif contents(new / marker) is not None:
                os.rename(new, target)
                sync_folder(target.parent)
                _discard(old, target)
            else:
                os.rename(old, target)
                sync_folder(target.parent)


def _take_place(scratch: Path, target: Path) -> None:
    """Move a finished folder to its place, what was there aside, and that away."""
    old = scratch.with_name(f"{scratch.name.removesuffix('.tmp')}.old")
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            os.rename(target, old)
        try:
            os.rename(scratch, target)
            break
        except FileNotFoundError:
            if not target.is_dir():
                raise
            break  # another run that found both has done it
        except OSError:
            if not target.is_dir():
                raise
            _discard(old, target)  # another run was here in between: now its folder is the older one
    else:
        raise OutputError("other runs write the same folder", where=str(target), hint="Let them end first.")
    sync_folder(target.parent)
    _discard(old, target)


def _discard(folder: Path, target: Path) -> None:
    """Remove a folder or file, under a name by which nobody takes what is left of it for whole."""
    with suppress(FileNotFoundError):
        gone = beside(target)
        os.rename(folder, gone)
        if gone.is_symlink() or not gone.is_dir():
            gone.unlink()
        else:
            shutil.rmtree(gone, ignore_errors=True)


def contents(marker: Path) -> dict[str, tuple[int, str]] | None:
    """What a marker says is in its folder; ``None`` where there is none, or it is damaged."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        about = json.loads(marker.read_bytes().decode("utf-8", "surrogateescape"))
        if about["version"] == _VERSION:
            return {name: (int(size), str(digest)) for name, (size, digest) in about["files"].items()}
    return None


def _files(folder: Path) -> list[str]:
    """Paths of all that is in a folder and not a folder itself, below it and in order."""
    found = [
        (Path(inner) / name).relative_to(folder).as_posix()
        for inner, folders, names in os.walk(folder)
        for name in (*names, *(one for one in folders if os.path.islink(os.path.join(inner, one))))
    ]
    return sorted(found)
