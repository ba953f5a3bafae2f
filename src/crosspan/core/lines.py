"""Reading files: UTF-8 unless another encoding is named, in lines that end at a line feed only.

Text is split at line feeds and nowhere else, so U+2028, U+0085, form feeds and the like stay inside their lines. A
byte-order mark at the start is removed, and so is the carriage return of a Windows line end.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import BinaryIO

from crosspan.core.encodings import check_start, decoded, is_utf8
from crosspan.core.errors import EmptyInputError, EncodingError, FormatError
from crosspan.core.files import BOM, PathLike, name_of

_BLOCK = 1 << 20
_LONGEST_LINE = 64 << 20


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
    texts_of = _texts if is_utf8(encoding) else partial(_other_texts, encoding=encoding)
    # the text ends before its stream does, also where somebody stops reading
    with open_input(path) as stream, closing(texts_of(stream, name)) as texts:
        for text in texts:
            if n_lines == 0:
                text = text.removeprefix(BOM)
                if "\n" not in text and "\r" in text:
                    text = text.replace("\r", "\n")
            if "\r\n" in text:
                text = text.replace("\r\n", "\n")
            lines = text.split("\n")
            if not lines[-1]:
                lines.pop()
            if lines:
                yield lines
            n_lines += text.count("\n") + (text != "" and not text.endswith("\n"))  # a byte-order mark alone is nothing
    if n_lines == 0:
        raise EmptyInputError("the file is empty", where=name, hint="Check that it is the right file.")


def _texts(stream: BinaryIO, name: str) -> Generator[str, None, None]:
    """Some whole lines of UTF-8 after the other."""
    n_lines = 0
    while raw := _block(stream, name, n_lines):
        if n_lines == 0:
            check_start(raw, name)
        yield decoded(raw, name, n_lines)
        n_lines += raw.count(b"\n")


def _other_texts(stream: BinaryIO, name: str, encoding: str) -> Generator[str, None, None]:
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
