"""Files of NumPy arrays and a description in JSON, in a zip archive: what models are kept in. Nothing is pickled.

Such a file may come from anybody. So the description says what the file is, each array is asked for by the type and
shape that it must have, and both are compared with what the archive declares before anything is unpacked: neither a
damaged nor a crafted file makes a program ask for more memory than a sound one of its size would.
"""

from __future__ import annotations

import ast
import io
import itertools
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import CrosspanError, ModelError, OptionError
from crosspan.core.files import PathLike, atomic_binary
from crosspan.core.json_text import parse_json
from crosspan.core.shown import in_short

Arrays = Mapping[str, npt.NDArray[Any]]
Shape = tuple[int | None, ...]

_ABOUT = "about"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # no time in the file: the same model gives the same bytes
_MAGIC = b"PK"
_ENCRYPTED = 0x1
_ARRAY_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000

_SMALL = 16 << 20
_DENSEST = 20
"""A file may hold so many bytes besides so many times its own size. Writing keeps to it, reading insists on it."""

_DAMAGE = (
    *(ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError, OptionError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What damage to an archive, or to what stands in it, brings about."""


def write_arrays(path: PathLike, about: Mapping[str, Any], arrays: Arrays, *, packed: bool = False) -> None:
    """Write a description and arrays, all or nothing; the same ones give the same bytes.

    Args:
        path: The file.
        about: The description, as plain values for JSON.
        arrays: The arrays by name.
        packed: Whether they are compressed.

    Raises:
        OutputError: The file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "a.npz"
        ...     write_arrays(path, {"kind": "things", "version": 1}, {"n": np.arange(3)})
        ...     with reading(path, "things", version=1, again="Make it again.") as file:
        ...         file.take("n", np.int64, (None,)).tolist()
        [0, 1, 2]
    """
    text = json.dumps(about, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    every = {_ABOUT: np.frombuffer(text, np.uint8), **arrays}
    with atomic_binary(path) as stream:
        if packed:
            squeezed = io.BytesIO()
            _put(squeezed, every, zipfile.ZIP_DEFLATED)
            if sum(array.nbytes for array in every.values()) <= _most(squeezed.tell()) - _SMALL // 2:
                stream.write(squeezed.getbuffer())
                return
        _put(stream, every, zipfile.ZIP_STORED)


def _put(stream: IO[bytes], arrays: Arrays, how: int) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            about = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            if how == zipfile.ZIP_STORED:
                with archive.open(about, "w", force_zip64=array.nbytes > 1 << 30) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
                continue
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            archive.writestr(about, buffer.getvalue(), how, 9)


def text_arrays(texts: Iterable[str], name: str, ends: str) -> dict[str, npt.NDArray[Any]]:
    """Texts as two arrays: their bytes in UTF-8, one after the other, and where each ends.

    A text that came from JSON can hold half of a surrogate pair, which strict UTF-8 refuses; it survives.

    Args:
        texts: The texts.
        name: What the bytes are called.
        ends: What the ends are called.

    Example:
        >>> text_arrays(["a", "bc"], "words", "ends")["ends"].tolist()
        [1, 3]
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    places = np.cumsum([len(one) for one in encoded], dtype=np.int64)
    return {name: np.frombuffer(b"".join(encoded), np.uint8), ends: places}


def _most(size: int) -> int:
    return _SMALL + _DENSEST * size


class ArrayFile:
    """What stands in such a file; made by :func:`reading`.

    Args:
        archive: The open archive.
        about: The description.
    """

    def __init__(self, archive: zipfile.ZipFile, about: Mapping[str, Any]) -> None:
        self._archive = archive
        self.about = about

    def take(self, name: str, dtype: npt.DTypeLike | Sequence[npt.DTypeLike], shape: Shape) -> npt.NDArray[Any]:
        """One array, checked before it is unpacked.

        Args:
            name: Its name.
            dtype: Its type, or those it may have.
            shape: Its shape; ``None`` for a length that may be any.

        Raises:
            KeyError: There is none of this name.
            ValueError: It is of another type or shape, or damaged.
        """
        types = [dtype] if not isinstance(dtype, list | tuple) else dtype
        entry = _entry(self._archive, name)
        with self._archive.open(entry) as stream:
            found, kind, fortran = _header(stream, name)
            if kind not in [np.dtype(cast(Any, one)) for one in types]:
                raise ValueError(f"{name} has the type {kind}")
            if len(found) != len(shape) or any(one not in (None, at) for one, at in zip(shape, found, strict=False)):
                raise ValueError(f"{name} has the shape {found}")
            size = int(np.prod(found, dtype=object)) * kind.itemsize
            if stream.tell() + size != entry.file_size:
                raise ValueError(f"{name} has {entry.file_size} bytes, which do not make the shape {found}")
            array = np.empty(found[::-1] if fortran else found, kind)
            _fill(stream, array, name)
        return array.T if fortran else array

    def texts(self, name: str, ends: str) -> list[str]:
        """The texts that :func:`text_arrays` wrote.

        Raises:
            KeyError: There are none of this name.
            ValueError: Their ends go backwards or are beyond their characters, or the bytes are no text.
        """
        at = self.take(ends, np.int64, (None,))
        raw = self.take(name, np.uint8, (int(at[-1]) if len(at) else 0,)).tobytes()
        if len(at) and (at[0] < 0 or np.any(np.diff(at) < 0)):
            raise ValueError(f"{ends} goes backwards")
        return [raw[begin:end].decode("utf-8", "surrogatepass") for begin, end in itertools.pairwise([0, *at.tolist()])]

    def number(self, name: str, low: float = -np.inf, high: float = np.inf) -> float:
        """A number of the description.

        Args:
            name: Its name.
            low: The least that it may be.
            high: The most that it may be.

        Raises:
            KeyError: There is none of this name.
            ValueError: It is none, or beyond what it may be.
        """
        value = self.about[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{name} is no number that it can be")
        if not np.isfinite(float(value)):
            raise ValueError(f"{name} is not finite")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """A list of strings of the description, none of them empty or there twice.

        Raises:
            KeyError: There is none of this name.
            ValueError: It is something else.
        """
        value = self.about[name]
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ValueError(f"{name} is no list of names")
        if len({*value}) < len(value):
            raise ValueError(f"{name} holds a name twice")
        return tuple(value)


@contextmanager
def reading(
    path: PathLike, what: str, *, version: int, again: str, kind: str | None = None, older: bool = False
) -> Iterator[ArrayFile]:
    """Open such a file, and let whatever is found wrong with it inside the block be one clear error.

    Args:
        path: The file.
        what: What it holds, for messages, such as ``"model of a tagger"``.
        version: The version that is read.
        again: How to get a sound one, in a sentence.
        kind: What the description must say under ``kind``; by default ``what``. Empty where it says nothing.
        older: Whether files of older versions can be read as well.

    Raises:
        ModelError: There is no such file, it is damaged, of another version, or something else.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as stream:
            yield _opened(stream, name, what, what if kind is None else kind, (version, older), again)
    except FileNotFoundError as error:
        raise ModelError("no such file", where=name, hint="Check the path.") from error
    except IsADirectoryError as error:
        raise ModelError("this is a folder, not a file", where=name, hint="Name the file.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"the file cannot be read: {reason}", where=name, hint="Check the file.") from error
    except KeyError as error:
        raise ModelError(f"the {what} is damaged (it lacks {in_short(error)})", where=name, hint=again) from error
    except _DAMAGE as error:
        said = error.message if isinstance(error, CrosspanError) else error
        raise ModelError(f"the {what} is damaged ({in_short(said)})", where=name, hint=again) from error


def _opened(stream: IO[bytes], name: str, what: str, kind: str, versions: tuple[int, bool], again: str) -> ArrayFile:
    foreign = ModelError(f"this is no {what}, or it is damaged", where=name, hint="Name another file, or leave it out.")
    if stream.read(len(_MAGIC)) != _MAGIC:
        raise foreign
    size = stream.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(stream)
    entries = archive.infolist()
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("an array is in it twice")
    total = sum(entry.file_size for entry in entries)
    if total > _most(size):
        raise ValueError(f"its {size:,} bytes would become {total:,}")
    file = ArrayFile(archive, {})
    if f"{_ABOUT}.npy" not in archive.namelist():
        raise foreign
    about = parse_json(file.take(_ABOUT, np.uint8, (None,)).tobytes().decode("utf-8", "surrogatepass"))
    if not isinstance(about, dict) or (kind and about.get("kind") != kind):
        raise foreign
    found, (version, older) = about["version"], versions
    if type(found) is not int or found < 1:
        raise ValueError("its version is no number")
    if found > version or (found < version and not older):
        raise ModelError(
            f"the {what} has version {found}, and this crosspan reads version {version}",
            where=name,
            hint="Update crosspan." if found > version else again,
        )
    file.about = about
    return file


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise KeyError(name) from None
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in another way")
    return entry


def _header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Shape, type, and whether the first index runs fastest, as NumPy writes them before an array."""
    begin = stream.read(8)
    wide = begin[6:7] in (b"\2", b"\3")
    if begin[:6] != _ARRAY_MAGIC or (begin[6:7] != b"\1" and not wide):
        raise ValueError(f"{name} is no array")
    size = int.from_bytes(stream.read(4 if wide else 2), "little")
    if size > _LONGEST_HEADER:
        raise ValueError(f"{name} has a header of {size:,} bytes")
    try:
        found = ast.literal_eval(stream.read(size).decode("latin-1").strip())
        shape, kind, fortran = found["shape"], np.dtype(found["descr"]), found["fortran_order"]
        sound = isinstance(shape, tuple) and all(type(one) is int and one >= 0 for one in shape)
    except Exception as error:  # it is Python, of which anything may be wrong
        raise ValueError(f"{name} has a header that cannot be read") from error
    if not sound or kind.hasobject or kind.kind not in "biuf":
        raise ValueError(f"{name} holds no numbers")
    return shape, kind, bool(fortran) and len(shape) > 1


def _fill(stream: IO[bytes], array: npt.NDArray[Any], name: str) -> None:
    """Read an array to its end, where its checksum is compared."""
    room = memoryview(cast(Any, array.reshape(-1).view(np.uint8))) if array.size else memoryview(bytearray())
    at = 0
    while at < len(room):
        n = stream.readinto(room[at:])  # type: ignore[attr-defined]  # an entry of an archive has it
        if not n:
            raise ValueError(f"{name} ends early")
        at += n
    if stream.read(1):
        raise ValueError(f"{name} is too long")
