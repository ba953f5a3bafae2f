"""Opening and writing files: UTF-8 only, lines that end at a line feed only, nothing half-written.

Text is split at line feeds and nowhere else, so U+2028, U+0085, form feeds and the like stay inside their lines. A
byte-order mark at the start is removed, and so is the carriage return of a Windows line end.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO, BinaryIO

from crosspan.core.encodings import check_start, decoded, is_utf8
from crosspan.core.errors import EmptyInputError, EncodingError, FormatError, OutputError

PathLike = str | os.PathLike[str]

_BLOCK = 1 << 20
_LONGEST_LINE = 64 << 20
_BOM = "\ufeff"
_DEVICES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""What is written through whatever it is: ``/dev/stdout`` can be a regular file, which others write to as well."""

_LONGEST_NAME = 255
"""Bytes of a file name on all usual disks."""

_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{12}\.tmp", re.DOTALL)
_ABANDONED = 3600.0
"""Temporary files that nobody wrote to for so many seconds were left by a run that was killed."""

_ABANDONED_FOLDER = 24 * 3600.0
"""The same for folders, in which much may be worked out before it is written."""


def name_of(path: PathLike) -> str:
    """The name of a file in messages: the path as given, or ``<stdin>`` for ``-``.

    Example:
        >>> name_of("-")
        '<stdin>'
    """
    name = os.fspath(path)
    return "<stdin>" if name == "-" else name


@contextmanager
def open_input(path: PathLike) -> Iterator[BinaryIO]:
    """Open a file for reading bytes; ``-`` is standard input, and ``.gz`` is decompressed.

    Raises:
        FormatError: The file does not exist, may not be read, is a folder, or is not what its ending ``.gz`` says.
    """
    name = os.fspath(path)
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as raw:
            if name.endswith(".gz"):
                with gzip.open(raw, "rb") as unpacked:
                    yield unpacked  # type: ignore[misc]  # GzipFile has all that readers use
            else:
                yield raw
    except FileNotFoundError as error:
        raise FormatError("no such file", where=name, hint="Check the path.") from error
    except IsADirectoryError as error:
        raise FormatError("this is a folder, not a file", where=name, hint="Name one file.") from error
    except PermissionError as error:
        raise FormatError("the file may not be read", where=name, hint="Check its permissions.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError(
            f"the compressed file is damaged ({error})", where=name, hint="Get the file again, or unpack it by hand."
        ) from error


def read_blocks(path: PathLike, encoding: str = "utf-8") -> Iterator[list[str]]:
    """Yield the lines of a file in blocks of about a megabyte, without their line ends.

    A last line without a line feed counts; the empty rest after a final line feed does not. Where a file has no line
    feed at all, carriage returns end its lines, as they did on old Macs.

    Args:
        path: The file; ``-`` is standard input.
        encoding: What it is in.

    Raises:
        EncodingError: The file is not in this encoding; the error names the line.
        EmptyInputError: The file has no content at all.
        FormatError: The file cannot be opened, or has a line that is longer than any sentence.
    """
    name = name_of(path)
    n_lines = 0
    with open_input(path) as stream:
        texts = _texts(stream, name) if is_utf8(encoding) else _other_texts(stream, name, encoding)
        for text in texts:
            if n_lines == 0:
                text = text.removeprefix(_BOM)
                if "\n" not in text and "\r" in text:
                    text = text.replace("\r", "\n")
            if "\r\n" in text:
                text = text.replace("\r\n", "\n")
            lines = text.split("\n")
            if not lines[-1]:
                lines.pop()
            if lines:
                yield lines
            n_lines += text.count("\n") + (not text.endswith("\n"))
    if n_lines == 0:
        raise EmptyInputError("the file is empty", where=name, hint="Check that it is the right file.")


def _texts(stream: BinaryIO, name: str) -> Iterator[str]:
    """Some whole lines of UTF-8 after the other."""
    n_lines = 0
    while raw := _block(stream, name, n_lines):
        if n_lines == 0:
            check_start(raw, name)
        yield decoded(raw, name, n_lines)
        n_lines += raw.count(b"\n")


def _other_texts(stream: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    """Some whole lines after the other, in another encoding."""
    n_lines = 0
    wrapper = io.TextIOWrapper(stream, encoding, newline="\n")
    try:
        while lines := wrapper.readlines(_BLOCK):
            yield "".join(lines)
            n_lines += len(lines)
    except UnicodeError as error:
        raise EncodingError(
            f"something after line {n_lines} is not in {encoding} ({error})", where=name, hint="Name another encoding."
        ) from error
    finally:
        wrapper.detach()


def _block(stream: BinaryIO, name: str, lines_before: int) -> bytes:
    """Some whole lines."""
    raw = stream.read(_BLOCK)
    if not raw or raw.endswith(b"\n"):
        return raw
    return raw + whole_line(stream, name, lines_before + raw.count(b"\n") + 1)


def whole_line(stream: BinaryIO, name: str, number: int) -> bytes:
    r"""The next line with its end, or what is left of it; one without an end is not waited for.

    Args:
        stream: Where it is.
        name: The file, for the error.
        number: Of the line.

    Raises:
        FormatError: It is longer than any sentence, as a small compressed file can hold.

    Example:
        >>> whole_line(io.BytesIO(b"Accra\nLagos"), "a.txt", 1)
        b'Accra\n'
    """
    line = stream.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
        hint = "Check that it is the right file; a line holds one sentence."
        raise FormatError(f"the line is longer than {_LONGEST_LINE:,} bytes", where=f"{name}:{number}", hint=hint)
    return line


def read_lines(path: PathLike, encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines of a file without their line ends; see :func:`read_blocks`."""
    for block in read_blocks(path, encoding):
        yield from block


def protect_start(text: str) -> str:
    """Text to write first into a file: a U+FEFF at its start is doubled, as readers take one for a byte-order mark.

    Example:
        >>> protect_start("a"), len(protect_start(chr(0xFEFF) + "a"))
        ('a', 3)
    """
    return _BOM + text if text.startswith(_BOM) else text


@contextmanager
def atomic_binary(path: PathLike, stays: Callable[[str], bool] | None = None) -> Iterator[BinaryIO]:
    """Write a file all or nothing: into a temporary file beside it, which takes its place at the end.

    On any error, and on Ctrl-C, the temporary file is removed and what was there before stays. After a power cut
    either the old or the new file is there. A path that is not a regular file (``/dev/null``, a pipe) is written to
    directly.

    Args:
        path: The file to write; an existing file is replaced and keeps its permissions.
        stays: Asked, where the work ends early, whether what there is of it is of use; it is told the name of a file
            beside the other, which ends in ``.part`` and takes the place of no file. It is there after a kill, too.

    Yields:
        A binary stream.

    Raises:
        OutputError: The folder does not exist or may not be written to, the disk is full, or the path is a folder.

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
            with open(path, "ab" if shared else "wb") as through:
                yield through
            return
        target = Path(os.path.realpath(path))  # a link stays a link: what it points to is replaced
        _sweep_once(target.parent)
        # closed below, before it takes its place
        stream: BinaryIO = open(beside(target), "xb") if stays is None else _part(target)  # noqa: SIM115
        temporary = Path(stream.name)
        try:
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())  # a full network disk often says so only here
            if mode is not None:
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
        except BaseException:
            shown = temporary if os.path.islink(path) else Path(path).with_name(temporary.name)
            if stays is None or not stays(str(shown)):
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)


def _part(target: Path) -> BinaryIO:
    """A new file beside another, for what is finished of it; an ending ``.gz`` stays at the end."""
    stem, packed, _ = target.name.rpartition(".gz") if target.name.endswith(".gz") else (target.name, "", "")
    for number in count(1):
        more = f".{number}" if number > 1 else ""
        with suppress(FileExistsError):
            return open(target.with_name(f"{_stem(stem)}{more}.part{packed}"), "xb")
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


def beside(target: Path, ending: str = "tmp") -> Path:
    """A new name beside a file or folder, which nobody else uses: hidden, and short enough for any name.

    Args:
        target: The file or folder.
        ending: What the name ends in.

    Example:
        >>> beside(Path("place/model")).name.startswith(".model.")
        True
    """
    return target.with_name(f".{_stem(target.name)}.{secrets.token_hex(6)}.{ending}")


def others_beside(target: Path, ending: str) -> list[Path]:
    """Names beside a file or folder that :func:`beside` gave, in this process or another, and that are there."""
    begin, end = f".{_stem(target.name)}.", f".{ending}"
    try:
        names = os.listdir(target.parent)
    except OSError:
        return []
    found = [name for name in names if name.startswith(begin) and name.endswith(end)]
    return [target.with_name(name) for name in sorted(found) if len(name) == len(begin) + 12 + len(end)]


def _stem(name: str) -> str:
    """A name, or where it is too long for more to be added, its beginning with a hash of it."""
    raw = os.fsencode(name)
    if len(raw) <= _LONGEST_NAME - 30:
        return name
    return raw[:160].decode("utf-8", "ignore") + "~" + hashlib.sha256(raw).hexdigest()[:16]


def sweep(folder: Path, pattern: str = ".*.tmp") -> None:
    """Remove temporary files and folders that a killed run left behind; those of runs that are under way stay.

    Args:
        folder: Where to look.
        pattern: Which names to look at; of these, only names that :func:`beside` gives are taken.
    """
    now = time.time()
    for path in folder.glob(pattern):
        with suppress(OSError):  # another run was faster
            if not _TEMPORARY.fullmatch(path.name):
                continue
            if not path.is_dir():
                if now - path.lstat().st_mtime > _ABANDONED:
                    path.unlink()
            elif now - max(one.lstat().st_mtime for one in (path, *path.rglob("*"))) > _ABANDONED_FOLDER:
                shutil.rmtree(path, ignore_errors=True)


@cache
def _sweep_once(folder: Path) -> None:
    sweep(folder)


def make_folder(folder: Path, hint: str = "Choose another place, or mend its permissions.") -> None:
    """Make a folder and those above it.

    Args:
        folder: The folder; it may be there.
        hint: What to do where it cannot be made.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be made: {(error.strerror or str(error)).lower()}", where=str(folder), hint=hint
        ) from error


@contextmanager
def output_errors(name: str, what: str = "", hint: str = "Free space, or choose another.") -> Iterator[None]:
    """Turn what the system says where something cannot be written into one clear error.

    Args:
        name: What is written: a file or folder.
        what: What it is, such as ``the model``; a file by default.
        hint: What to do where it cannot be written.

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
        stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n", write_through=False)
        try:
            with output_errors("<stdout>"):
                yield stdout
                stdout.flush()
        finally:
            with suppress(OSError, ValueError):
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
            with suppress(OSError, ValueError):
                text.detach()
            if packed is not None:
                packed.close()  # what is finished can then be read
