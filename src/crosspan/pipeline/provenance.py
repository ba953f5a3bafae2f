"""Where a result comes from: checksums of embedded data, and versions."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from crosspan import __version__

_PACKAGES = (
    *("numpy", "numba", "scipy", "regex", "uroman"),
    *("torch", "transformers", "tokenizers", "sentencepiece", "ctranslate2", "onnxruntime", "spacy"),
)


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
