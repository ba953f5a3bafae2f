"""Where a result comes from: checksums of files and of embedded data, and versions."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from crosspan import __version__
from crosspan.core.digests import file_digests
from crosspan.core.errors import FormatError

_PACKAGES = (
    *("numpy", "numba", "scipy", "regex", "uroman"),
    *("torch", "transformers", "tokenizers", "sentencepiece", "ctranslate2", "onnxruntime", "spacy"),
)


def file_digest(path: Path, shown: str | None = None) -> str:
    """The SHA-256 of a file, or of all files of a folder with their names.

    Args:
        path: The file or folder.
        shown: What to call it in messages.

    Raises:
        FormatError: It cannot be read.
    """
    with _readable(shown or str(path)):
        if path.is_dir():
            return _folder_digest(path, [file_digest(one) for one in _inside(path)])
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def model_digest(path: Path) -> str:
    """The same as :func:`file_digest`, for models: their files are read once, and then only where they have changed.

    Args:
        path: The file or folder.

    Raises:
        FormatError: It cannot be read.
    """
    with _readable(str(path)):
        if path.is_dir():
            return _folder_digest(path, file_digests(_inside(path)))
        return file_digests([path])[0]


def _inside(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def _folder_digest(folder: Path, digests: Sequence[str]) -> str:
    rows = [f"{one.relative_to(folder).as_posix()}\0{it}" for one, it in zip(_inside(folder), digests, strict=True)]
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the system says of a file into one clear error."""
    try:
        yield
    except FileNotFoundError as error:
        raise FormatError("no such file", where=name, hint="Check the path.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FormatError(f"the file cannot be read: {reason}", where=name, hint="Check the file.") from error


@cache
def data_digest(package: str) -> str:
    """A hash of the data files that a package of crosspan brings, such as embedded models; not of its code.

    Example:
        >>> len(data_digest("crosspan.project"))
        64
    """
    rows: list[str] = []

    def collect(folder: Any, prefix: str) -> None:
        for one in sorted(folder.iterdir(), key=lambda entry: str(entry.name)):
            if one.is_dir() and one.name != "__pycache__":
                collect(one, f"{prefix}{one.name}/")
            elif one.is_file() and not one.name.endswith((".py", ".pyc")):
                rows.append(f"{prefix}{one.name}\0{hashlib.sha256(one.read_bytes()).hexdigest()}")

    collect(files(package), "")
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def package_version(name: str) -> str | None:
    """The version of an installed package; ``None`` where it is not installed.

    Example:
        >>> package_version("a-package-that-nobody-wrote") is None
        True
    """
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Versions of everything that figures can depend on.

    Example:
        >>> "numpy" in versions()
        True
    """
    found = {"crosspan": __version__, "python": platform.python_version()}
    found.update({name: known for name in _PACKAGES if (known := package_version(name)) is not None})
    return {**found, "platform": f"{platform.system()} {platform.machine()}", "cores": str(os.cpu_count())}
