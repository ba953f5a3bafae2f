"""What the parts of an Arrow file say of their own size, read before anything is unpacked.

A file is a row of messages: the length of a description, the description, and the data it speaks of. Descriptions are
FlatBuffers (https://flatbuffers.dev/internals), of which a few numbers are read here; what they mean is in the
specification of Arrow (https://arrow.apache.org/docs/format/Columnar.html).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

MAGIC = b"ARROW1"
"""What a file begins with that says at its end where its messages are; a stream does not."""

_DICTIONARY, _BATCH = 2, 3
_ALONE = 0xFFFFFFFF
"""What stands before the length of a description; very old files do without."""


def unpacked_size(stream: BinaryIO) -> int:
    """How many bytes the compressed columns of a file say that they become; 0 where none is compressed.

    Args:
        stream: The file, at its beginning; it is there again afterwards.

    Raises:
        ValueError: A message is damaged.

    Example:
        >>> import io
        >>> unpacked_size(io.BytesIO(b""))
        0
    """
    try:
        return sum(_plain(stream, *one) for one in _messages(stream))
    except (struct.error, IndexError) as error:
        raise ValueError("a message in it is damaged") from error
    finally:
        stream.seek(0)


def _messages(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The description of each message, and where its data begin."""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    at = 8 if stream.read(len(MAGIC)) == MAGIC else 0
    while at + 8 <= end:
        stream.seek(at)
        first, second = struct.unpack("<II", stream.read(8))
        size, begin = (second, at + 8) if first == _ALONE else (first, at + 4)
        if not size:
            return  # so it ends; what follows says where the messages are
        if begin + size > end:
            raise ValueError("a message in it goes on beyond its end")
        stream.seek(begin)
        about = stream.read(size)
        yield about, begin + size
        body = _number(about, _root(about), 3, "<q")
        if body < 0:
            raise ValueError("a message in it is damaged")
        at = begin + size + body


def _plain(stream: BinaryIO, about: bytes, begin: int) -> int:
    """The bytes that the data of one message become, if they are compressed."""
    message = _root(about)
    kind, inner = _number(about, message, 1, "<B"), _place(about, message, 2)
    if kind == _DICTIONARY and inner:
        inner = _place(about, inner, 1)
    if kind not in (_DICTIONARY, _BATCH) or not inner or not _place(about, inner, 3):
        return 0
    buffers, total = _place(about, inner, 2), 0
    for number in range(_at(about, buffers, "<I") if buffers else 0):
        offset, size = struct.unpack_from("<qq", about, buffers + 4 + 16 * number)
        if size > 8 and offset >= 0:
            stream.seek(begin + offset)
            total += max(0, *struct.unpack("<q", stream.read(8)))  # -1 says that it is not compressed after all
    return total


def _root(about: bytes) -> int:
    return _at(about, 0, "<I")


def _field(about: bytes, table: int, number: int) -> int:
    """Where a field of a table is; 0 where it has none."""
    fields = table - _at(about, table, "<i")
    entry = 4 + 2 * number
    inside = _at(about, fields + entry, "<H") if entry + 2 <= _at(about, fields, "<H") else 0
    return table + inside if inside else 0


def _number(about: bytes, table: int, number: int, kind: str) -> int:
    at = _field(about, table, number)
    return _at(about, at, kind) if at else 0


def _place(about: bytes, table: int, number: int) -> int:
    """Where what a field points to is; 0 where there is none."""
    at = _field(about, table, number)
    return at + _at(about, at, "<I") if at else 0


def _at(about: bytes, place: int, kind: str) -> int:
    if place < 0:
        raise IndexError
    found: int = struct.unpack_from(kind, about, place)[0]
    return found
