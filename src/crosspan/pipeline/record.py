"""A result as bytes: it carries its own checksums, so that whoever reads it knows whether it is whole.

A line with a checksum of the line after it, that line (JSON: names, checksums and sizes of the parts, and facts about
them), and then the parts. Whatever does not agree with its checksums is no result: it is worked out again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

from crosspan.pipeline.codec import encode
from crosspan.pipeline.store import Entry

_MAGIC = b"crosspan result 2 "
_PACKED_UP_TO = 32 << 20
"""Larger parts are not compressed: they are models, which do not shrink much."""


class PartPlace(NamedTuple):
    """Where a part is in a record.

    Args:
        digest: The SHA-256 of its bytes.
        begin: Of its first byte, counted from the beginning of the record.
        stored: How many bytes it takes there.
        size: How many it has when it is unpacked.
    """

    digest: str
    begin: int
    stored: int
    size: int

    def unpacked(self, data: bytes) -> bytes | None:
        """The bytes of the part; ``None`` where they are not those that were packed.

        Args:
            data: What is stored.
        """
        try:
            found = zlib.decompress(data) if self.size <= _PACKED_UP_TO else data
        except zlib.error:
            return None
        return found if hashlib.sha256(found).hexdigest() == self.digest else None


class Head(NamedTuple):
    """What the beginning of a record says.

    Args:
        entry: The result.
        places: Where its parts are.
    """

    entry: Entry
    places: Mapping[str, PartPlace]


class Record(NamedTuple):
    """A result, and its bytes.

    Args:
        entry: The result.
        chunks: The bytes, in their order.
    """

    entry: Entry
    chunks: list[bytes]


def record_of(key: str, parts: Mapping[str, Any], facts: Mapping[str, Any]) -> Record:
    """A result as bytes.

    Args:
        key: Its key.
        parts: Its data.
        facts: Plain values about it.

    Example:
        >>> import io
        >>> from crosspan.pipeline.parts import Facts
        >>> record = record_of("ab12", {"scores": Facts([0.5])}, {"sentences": 1})
        >>> head = head_in(io.BytesIO(b"".join(record.chunks)), "ab12")
        >>> head.entry == record.entry
        True
    """
    data = {name: encode(part) for name, part in sorted(parts.items())}
    digests = {name: hashlib.sha256(one).hexdigest() for name, one in data.items()}
    stored = {name: zlib.compress(one, 1) if len(one) <= _PACKED_UP_TO else one for name, one in data.items()}
    header = {
        "key": key,
        "parts": {name: [digests[name], len(stored[name]), len(data[name])] for name in data},
        "facts": facts,
    }
    line = json.dumps(header, sort_keys=True).encode() + b"\n"
    first = _MAGIC + hashlib.sha256(line).hexdigest().encode() + b"\n"
    return Record(Entry(key, digests, json.loads(json.dumps(facts))), [first + line, *stored.values()])


def head_in(stream: IO[bytes], key: str) -> Head | None:
    """Read the beginning of a record; ``None`` where it is none of that key, or is damaged.

    Args:
        stream: At the beginning of the record.
        key: The key that the result must have.

    Raises:
        OSError: It cannot be read.
    """
    magic, line = stream.readline(), stream.readline()
    if magic != _MAGIC + hashlib.sha256(line).hexdigest().encode() + b"\n":
        return None
    try:
        header = json.loads(line)
        if header["key"] != key:
            return None
        places, begin = {}, len(magic) + len(line)
        for name, (digest, stored, size) in header["parts"].items():
            places[name] = PartPlace(digest, begin, stored, size)
            begin += stored
        return Head(Entry(key, {name: place.digest for name, place in places.items()}, header["facts"]), places)
    except (ValueError, KeyError, TypeError):
        return None
