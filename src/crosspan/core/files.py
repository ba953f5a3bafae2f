"""Writing files: UTF-8, lines that end at a line feed, nothing half-written. :mod:`crosspan.core.lines` reads them."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from crosspan.core.errors import EncodingError, OutputError
from crosspan.core.locks import locked
from crosspan.core.temporary import beside, sweep_once
from crosspan.core.unfinished import parts_of, remove_parts

PathLike = str | os.PathLike[str]

BOM = "\ufeff"
_DEVICES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""What is written through whatever it is: ``/dev/stdout`` can be a regular file, which others write to as well."""


def name_of(path: PathLike) -> str:
    """The name of a file in messages: the path as given, or ``<stdin>`` for ``-``.

    Example:
        >>> name_of("-")
        '<stdin>'
    """
    name = os.fspath(path)
    return "<stdin>" if name == "-" else name


def protect_start(text: str) -> str:
    """Text to write first into a file: a U+FEFF at its start is doubled, as readers take one for a byte-order mark.

    Example:
        >>> protect_start("a"), len(protect_start(chr(0xFEFF) + "a"))
        ('a', 3)
    """
    return BOM + text if text.startswith(BOM) else text


@contextmanager
def atomic_binary(path: PathLike, stays: Callable[[str], bool] | None = None) -> Iterator[BinaryIO]:
    """Write a file all or nothing: into a temporary file beside it, which takes its place at the end.

    On any error, and on Ctrl-C, the temporary file is removed and what was there before stays. After a power cut
    either the old or the new file is there. A path that is not a regular file (``/dev/null``, a pipe) is written to
    directly.

    Args:
        path: The file to write; an existing file is replaced and keeps its permissions.
        stays: Asked, where the work ends early, whether what there is of it is of use; it is told the name of a file
            beside the other, which ends in ``.part`` and takes the place of no file. It is there after a kill, too, and
            goes when a later try has written all of it.

    Yields:
        A binary stream.

    Raises:
        OutputError: The folder does not exist or may not be written to, the disk is full, or the path is a folder.
        EncodingError: Text that is put into it has half of a surrogate pair.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_binary(Path(folder) / "out.txt") as stream:
        ...         _ = stream.write(b"ok")
        ...     (Path(folder) / "out.txt").read_bytes()
        b'ok'
    """
    name = os.fspath(path)
    with output_errors(name):
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise OutputError("this is a folder, not a file", where=name, hint="Name a file inside it.")
        shared = os.path.abspath(path).startswith(_DEVICES)
        if shared or (mode is not None and not stat.S_ISREG(mode)):
            stream = io.BufferedWriter(_ResultFile(path, "a" if shared else "w", name))
            with stream, _encodable(name):
                yield stream
            return
        target = Path(os.path.realpath(path))  # a link stays a link: what it points to is replaced
        sweep_once(target.parent)
        raw = _ResultFile(beside(target), "x", name) if stays is None else _part(target, name)
    stream, temporary = io.BufferedWriter(raw), Path(os.fsdecode(raw.name))
    try:
        with stream, _encodable(name):
            yield stream
            stream.flush()
            with output_errors(name):
                os.fsync(stream.fileno())  # a full network disk often says so only here
        with output_errors(name):
            if mode is not None:
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
    except BaseException:
        shown = temporary if os.path.islink(path) else Path(path).with_name(temporary.name)
        if stays is None or not stays(str(shown)):
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    if stays is not None:
        remove_parts(target)
    sync_folder(target.parent)


class _ResultFile(io.FileIO):
    """A file that is written. What the system says against it names the result; other errors are of others.

    Args:
        path: The file.
        mode: How it is opened.
        shown: What the result is called.
    """

    def __init__(self, path: PathLike, mode: str, shown: str) -> None:
        super().__init__(os.fspath(path), mode)
        self.shown = shown

    def write(self, data: Any) -> int:
        """Write some bytes."""
        with output_errors(self.shown):
            return super().write(data)

    def close(self) -> None:
        """Close it; some disks say only here that they are full."""
        with output_errors(self.shown):
            super().close()


class _StandardOutput(io.BufferedIOBase):
    """Standard output, with errors of its own name."""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Write some bytes."""
        with output_errors("<stdout>"):
            return sys.stdout.buffer.write(data)

    def flush(self) -> None:
        """Let the reader have them."""
        with output_errors("<stdout>"):
            sys.stdout.buffer.flush()


def _part(target: Path, shown: str) -> _ResultFile:
    """A new file beside another, for what is finished of it."""
    for part in parts_of(target):
        with suppress(FileExistsError):
            raw = _ResultFile(part, "x", shown)
            if os.name != "nt":
                locked(raw.fileno(), wait=False)  # so that nobody takes it for what is left of another try
            return raw
    raise AssertionError  # there is always another number


def _mode(path: PathLike) -> int | None:
    """What kind of file is there; ``None`` where there is none. Other errors are for who opens it to tell."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return None


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder to the disk, so that a rename in it outlasts a power cut; where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def make_folder(folder: Path, hint: str = "Choose another place, or mend its permissions.") -> None:
    """Make a folder and those above it.

    Args:
        folder: The folder; it may be there.
        hint: What to do where it cannot be made.

    Raises:
        OutputError: It cannot be made.
    """
    real = Path(os.path.realpath(folder))  # a link can point to nothing yet
    missing = [one for one in (real, *real.parents) if not one.exists()]
    try:
        real.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be made: {(error.strerror or str(error)).lower()}", where=str(folder), hint=hint
        ) from error
    for one in missing:  # what is to be in them shall be there after a power cut
        sync_folder(one.parent)


@contextmanager
def output_errors(
    name: str, what: str = "", hint: str = "Free space, or choose another.", within: Path | None = None
) -> Iterator[None]:
    """Turn what the system says where something cannot be written into one clear error.

    Args:
        name: What is written: a file or folder.
        what: What it is, such as ``the model``; a file by default.
        hint: What to do where it cannot be written.
        within: Where it is written; what the system says of a file elsewhere stays as it is.

    Raises:
        OutputError: What the block raised was an error of the disk; safetensors wraps those in one of its own.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of a pipe has gone, which is for the command line to end quietly
    except Exception as error:
        if not (isinstance(error, OSError) or type(error).__module__.startswith("safetensors")):
            raise
        place = getattr(error, "filename", None)
        if within is not None and isinstance(place, str) and within not in (Path(place), *Path(place).parents):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        if what:
            raise OutputError(f"{what} cannot be written ({reason})", where=name, hint=hint) from error
        if isinstance(error, FileNotFoundError):
            raise OutputError("the folder does not exist", where=name, hint="Make it first.") from error
        if isinstance(error, PermissionError):
            raise OutputError(
                "the file may not be written here", where=name, hint="Choose another folder, or change its permissions."
            ) from error
        hint = "Nothing was left half-written; free space or choose another."
        raise OutputError(f"writing failed: {reason.lower()}", where=name, hint=hint) from error


@contextmanager
def _encodable(name: str) -> Iterator[None]:
    """Turn what cannot be written as UTF-8 into one clear error."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise EncodingError(
            "half of a surrogate pair is no character, and cannot be written",
            where=name,
            hint="Mend the text, e.g. with text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace').",
        ) from error


@contextmanager
def open_output(path: PathLike, stays: Callable[[str], bool] | None = None) -> Iterator[IO[str]]:
    """Open a text stream for writing UTF-8 with plain line feeds, all or nothing; ``-`` is standard output.

    A name that ends in ``.gz`` is compressed.

    Args:
        path: The file to write.
        stays: Asked whether what is finished stays where the work ends early: see :func:`atomic_binary`.

    Raises:
        OutputError: See :func:`atomic_binary`.
    """
    name = os.fspath(path)
    if name == "-":
        stdout = io.TextIOWrapper(cast(Any, _StandardOutput()), encoding="utf-8", newline="\n")
        try:
            with _encodable("<stdout>"):
                yield stdout
                stdout.flush()
        finally:
            with suppress(OSError, OutputError, ValueError):
                stdout.detach()  # leave standard output open
        return
    with atomic_binary(path, stays) as raw:
        # A fixed time stamp makes equal content equal bytes.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if name.endswith(".gz") else None
        text = io.TextIOWrapper(packed or raw, encoding="utf-8", newline="\n")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError, OutputError, ValueError):
                text.detach()
            if packed is not None:
                packed.close()  # what is finished can then be read
