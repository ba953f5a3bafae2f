"""Ways to damage a file: blindly, value by value, and as somebody would who knows how it is made."""

from __future__ import annotations

import copy
import importlib
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def flipped(chance: random.Random, data: bytes) -> bytes:
    """One to three bytes have another value."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        found[chance.randrange(len(found))] ^= chance.randint(1, 255)
    return bytes(found)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(len(data))]


def swapped(chance: random.Random, data: bytes) -> bytes:
    """A piece stands where another stood."""
    size = max(1, len(data) // chance.choice((2, 8, 64)))
    one, other = (chance.randrange(max(1, len(data) - size + 1)) for _ in range(2))
    found = bytearray(data)
    found[one : one + size], found[other : other + size] = data[other : other + size], data[one : one + size]
    return bytes(found)


def holed(chance: random.Random, data: bytes) -> bytes:
    """A piece is missing."""
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randint(1, max(1, len(data) // 4)) :]


def doubled(chance: random.Random, data: bytes) -> bytes:
    """A piece is there twice."""
    at = chance.randrange(len(data))
    return data[: at + chance.randint(1, max(1, len(data) // 4))] + data[at:]


def blanked(chance: random.Random, data: bytes) -> bytes:
    """A piece is full of zeros, as after a power cut."""
    at = chance.randrange(len(data))
    size = min(chance.randint(1, max(1, len(data) // 4)), len(data) - at)
    return data[:at] + bytes(size) + data[at + size :]


def noisy(chance: random.Random, data: bytes) -> bytes:
    """Something else stands in the middle."""
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(chance.randint(1, 64)) + data[at:]


BLIND: tuple[Callable[[random.Random, bytes], bytes], ...] = (flipped, cut, swapped, holed, doubled, blanked, noisy)

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**30, 1e308, "", "x", "9", "\0", [], {}, [[]], [None], [1, 2, 3], [0, 99], {"a": 1}),
    *(["a", "b"], [[0, 1, "PER"]], [-5, -1], "high", [["x"]], {"start": 0, "end": 1}, [{"start": -1, "end": 0}]),
)
"""Values that may stand where others belong."""

LINES = {
    "deep": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep, but not for the parser": '{"tokens": ["a"], "x": ' + "[" * 900 + "]" * 900 + "}",
    "a deep id": '{"tokens": ["a"], "spans": [], "id": ' + "[" * 90 + "]" * 90 + "}",
    "NaN": '{"tokens": ["a"], "spans": [{"start": 0, "end": 1, "label": "X", "score": NaN}]}',
    "infinite": '{"tokens": ["a"], "spans": [{"start": 0, "end": 1, "label": "X", "score": 1e999}]}',
    "negative infinity": '{"tokens": ["a"], "spans": [], "x": -Infinity}',
    "a long number": '{"tokens": ["a"], "spans": [{"start": ' + "9" * 5_000 + ', "end": 1, "label": "X"}]}',
    "a number beyond any": '{"tokens": ["a"], "spans": [{"start": 0, "end": ' + "9" * 4_000 + ', "label": "X"}]}',
    "a score of words": '{"tokens": ["a"], "spans": [{"start": 0, "end": 1, "label": "X", "score": "high"}]}',
    "offsets from the end": '{"tokens": ["a"], "text": "ba", "offsets": [[-1, 2]], "spans": []}',
    "offsets beyond the end": '{"tokens": ["a"], "text": "a", "offsets": [[0, 7]], "spans": []}',
    "offsets that are one number": '{"tokens": ["a"], "text": "a", "offsets": [0], "spans": []}',
    "twice": '{"tokens": ["a"], "tokens": ["b"], "spans": []}',
    "half a pair": '{"tokens": ["\\ud800"], "spans": []}',
    "half a pair in a label": '{"tokens": ["a"], "spans": [{"start": 0, "end": 1, "label": "\\udfff"}]}',
    "a list": "[1, 2]",
    "a text": '"Accra"',
    "two on a line": '{"tokens": ["a"]} {"tokens": ["b"]}',
    "half of one": '{"tokens": ["a"], "spa',
}
"""Lines of JSON that are none, or hold what no reader should choke on; each is to be refused."""

_MISSING = object()


def with_odd_values(record: Any) -> Iterator[Any]:
    """The record with each value in it, at any depth, taken away or replaced by each odd one."""
    for path in _paths(record):
        for value in (_MISSING, *ODD):
            changed = copy.deepcopy(record)
            inside = changed
            for step in path[:-1]:
                inside = inside[step]
            if value is _MISSING:
                del inside[path[-1]]
            else:
                inside[path[-1]] = value
            yield changed


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (key,)
        for path in _paths(inner):
            yield (key, *path)


def archive_of(parts: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    """The files in an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def arrays_of(data: bytes) -> dict[str, Any]:
    """The arrays in a file of arrays."""
    return {name.removesuffix(".npy"): np.load(io.BytesIO(part)) for name, part in parts_of(data).items()}


def file_of(arrays: dict[str, Any]) -> bytes:
    """A file of arrays; what is no array stands there as it is."""
    parts = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        if isinstance(array, bytes):
            buffer.write(array)
        else:
            np.save(buffer, array)
        parts[f"{name}.npy"] = buffer.getvalue()
    return archive_of(parts)


def described(arrays: dict[str, Any], about: Any) -> dict[str, Any]:
    """The arrays with another description."""
    raw = about if isinstance(about, bytes) else json.dumps(about).encode()
    return {**arrays, "about": np.frombuffer(raw, np.uint8)}


def header(shape: str, kind: str = "<f8", fortran: bool = False) -> bytes:
    """The beginning of an array that says of itself what one likes."""
    text = f"{{'descr': {kind!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text = text.ljust((len(text) + 10 + 63) // 64 * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


ARRAYS: dict[str, Callable[[Any], Any]] = {
    "empty": lambda array: array[:0],
    "shorter": lambda array: array[:-1],
    "longer": lambda array: np.concatenate([array, array[-1:]]) if array.ndim else array,
    "one number": lambda array: array.reshape(-1)[:1].reshape(()) if array.size else np.zeros(()),
    "another dimension": lambda array: array[None],
    "objects": lambda array: _pickled(array),
    "texts": lambda array: array.astype("U8"),
    "complex": lambda array: array.astype(np.complex128),
    "wider": lambda array: array.astype(np.float64 if array.dtype.kind == "f" else np.int64)[..., None],
    "of the other order of bytes": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "largest": lambda array: np.full_like(array, _limits(array)[1]),
    "smallest": lambda array: np.full_like(array, _limits(array)[0]),
    "no numbers": lambda array: np.full_like(array, np.nan) if array.dtype.kind == "f" else array + array.dtype.type(1),
    "backwards": lambda array: array[::-1],
    "a header alone": lambda array: header("(1000000000000,)"),
    "a shape beyond any": lambda array: header(f"({'9' * 40},)") + bytes(64),
    "a shape below zero": lambda array: header("(-1,)") + bytes(64),
    "a shape of words": lambda array: header("'all'") + bytes(64),
    "a deep header": lambda array: header("(" * 3000 + ")" * 3000),
    "no header": lambda array: b"\x93NUMPY\x09\x09",
    "text": lambda array: b"Accra",
    "nothing": lambda array: b"",
}
"""What may be wrong with an array in a file."""


def _limits(array: Any) -> tuple[Any, Any]:
    about = np.finfo(array.dtype) if array.dtype.kind == "f" else np.iinfo(array.dtype)
    return about.min, about.max


def _pickled(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], object), allow_pickle=True)
    return buffer.getvalue()


def twice(parts: dict[str, bytes], name: str) -> bytes:
    """An archive that holds a file two times."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for one in (*parts, name):
            archive.writestr(one, parts[one])
    return stream.getvalue()


# Small files that would become large ones. They are put together from compressed pieces that say the same again and
# again, so that nothing large is ever made here.

_PIECE = 1 << 20


def _deflated(begin: bytes, byte: bytes, size: int) -> bytes:
    """A text of one byte after a beginning, as raw deflate."""
    first, again = (zlib.compressobj(9, zlib.DEFLATED, -15) for _ in range(2))
    head = first.compress(begin) + first.flush(zlib.Z_FULL_FLUSH)
    piece = again.compress(byte * _PIECE) + again.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (size // _PIECE) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def large_archive(parts: dict[str, bytes], name: str, begin: bytes, size: int) -> bytes:
    """An archive of which one file is large."""
    found, listing = b"", b""
    for one, data in {**parts, name: begin}.items():
        long = size if one == name else 0
        squeezed = _deflated(data, b"\0", long)
        sizes = (zlib.crc32(data), len(squeezed), len(data) + long)
        about = struct.pack("<HHHHHIIIHH", 20, 0, zipfile.ZIP_DEFLATED, 0, 33, *sizes, len(one), 0)
        listing += b"PK\1\2\x14\0" + about + struct.pack("<HHHII", 0, 0, 0, 0, len(found)) + one.encode()
        found += b"PK\3\4" + about + one.encode() + squeezed
    end = struct.pack("<HHHHIIH", 0, 0, len(parts), len(parts), len(listing), len(found), 0)
    return found + listing + b"PK\5\6" + end


def large_array(data: bytes, size: int) -> bytes:
    """A file of arrays of which the largest has become much larger."""
    arrays = arrays_of(data)
    name = max((one for one in arrays if one != "about"), key=lambda one: arrays[one].size)
    kind = arrays[name].dtype
    return large_archive(parts_of(data), f"{name}.npy", header(f"({size // kind.itemsize},)", kind.str), size)


def large_docbin(size: int) -> bytes:
    """What might be documents of spaCy."""
    return b"\x78\x9c" + _deflated(b"", b"\0", size) + bytes(4)


def large_line(size: int) -> bytes:
    """A line without an end, compressed."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + _deflated(b'{"tokens": ["', b"a", size) + bytes(8)


def large_parquet(size: int) -> bytes:
    """Rows that are long, and alike."""
    parquet = importlib.import_module("pyarrow.parquet")
    stream = io.BytesIO()
    parquet.write_table(_large_table(size), stream, compression="zstd", use_dictionary=False)
    return stream.getvalue()


def large_arrow(size: int) -> bytes:
    """The same."""
    arrow = importlib.import_module("pyarrow")
    stream, table = io.BytesIO(), _large_table(size)
    how = arrow.ipc.IpcWriteOptions(compression="zstd")
    with arrow.ipc.new_stream(stream, table.schema, options=how) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _large_table(size: int) -> Any:
    return importlib.import_module("pyarrow").table({"text": ["a" * _PIECE] * (size // _PIECE)})


def with_flipped_bits(data: bytes, trials: int, seed: str) -> Iterator[bytes]:
    """The data with one bit another: at places spread over all of it, from a random one on."""
    step = max(1, len(data) * 8 // trials)
    for bit in range(random.Random(seed).randrange(step), len(data) * 8, step):
        changed = bytearray(data)
        changed[bit >> 3] ^= 1 << (bit & 7)
        yield bytes(changed)
