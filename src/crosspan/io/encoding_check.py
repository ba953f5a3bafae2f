"""Trouble with the characters of a file, found line by line without stopping at the first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from typing import Literal

from crosspan.core.encodings import check_start, what_is_wrong
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import open_input, whole_line

# UTF-8 read as Latin-1 or Windows-1252 and saved again: a lead byte (Ã, Â, Ð, ...) before a continuation byte.
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf]|[\u00c4\u00c5\u00d0\u00d1][\u0080-\u009f]"
    "|\u00e2\u20ac[\u0080-\u00bf\u2018-\u201e\u0153\u02dc\u2122]|\u00ef\u00bb\u00bf|\u00e1\u00ba[\u0080-\u00bf]"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]|\r(?!$)")
_ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff]|(?:^|(?<=[\\sA-Za-z]))[\u200c\u200d]|[\u200c\u200d](?=[\\sA-Za-z]|$)")
_SUSPECT = re.compile("[^\t\n\r\x20-\x7e]")

Severity = Literal["error", "warning", "note"]
Trouble = tuple[int, Severity, str, str]
"""Line, severity, code, message."""


def check_encoding(path: PathLike) -> Iterator[Trouble]:
    """Yield what is odd about the characters of a file.

    Args:
        path: The file.

    Yields:
        ``(line, severity, code, message)``, where the severity is ``error``, ``warning`` or ``note``.

    Raises:
        FormatError: The file cannot be opened.
    """
    windows_ends = 0
    composed = decomposed = (0, 0)  # how many lines, and the first
    with open_input(path) as stream:
        for number in count(1):
            raw = whole_line(stream, name_of(path), number)
            if not raw:
                break
            if number == 1:
                check_start(raw, name_of(path))
            if number == 1 and b"\n" not in raw and b"\r" in raw:
                yield 1, "note", "cr", "the lines end as on old Macs (CR), which crosspan reads as LF"
                raw = raw.replace(b"\r", b" ")
            if number == 1 and raw.startswith(b"\xef\xbb\xbf"):
                yield 1, "warning", "bom", "the file begins with a byte-order mark, which crosspan leaves out"
                raw = raw[3:]
            windows_ends += raw.endswith(b"\r\n")
            try:
                line = raw.rstrip(b"\r\n").decode("utf-8")
            except UnicodeDecodeError as error:
                what, hint = what_is_wrong(raw, error.start)
                yield number, "error", "utf-8", f"byte {error.start + 1} of the line {what}. {hint}"
                continue
            if not _SUSPECT.search(line) and "\r" not in line:
                continue
            yield from _line_trouble(number, line)
            if not line.isascii():
                if not unicodedata.is_normalized("NFC", line):
                    decomposed = (decomposed[0] + 1, decomposed[1] or number)
                elif not unicodedata.is_normalized("NFD", line):
                    composed = (composed[0] + 1, composed[1] or number)
    if windows_ends:
        yield 1, "note", "crlf", f"{windows_ends} lines end as on Windows (CR LF), which crosspan reads as LF"
    if composed[0] and decomposed[0]:
        first = composed[1] if composed[0] < decomposed[0] else decomposed[1]
        yield (
            first,
            "warning",
            "normalization",
            f"letters with marks are spelt in two ways: {composed[0]} lines in NFC and {decomposed[0]} not; "
            "equal words may not look equal to a program",
        )


def _line_trouble(number: int, line: str) -> Iterator[Trouble]:
    if "\ufffd" in line:
        yield number, "warning", "replacement", "U+FFFD stands where a character was lost"
    if found := _MOJIBAKE.search(line):
        yield number, "warning", "mojibake", f"{found[0]!r} looks like UTF-8 that was read as another encoding"
    if found := _CONTROL.search(line):
        yield number, "warning", "control", f"control character U+{ord(found[0]):04X}"
    if found := _ZERO_WIDTH.search(line):
        yield number, "warning", "zero-width", f"zero-width U+{ord(found[0]):04X} at an odd place"
