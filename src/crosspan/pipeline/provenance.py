"""Where a result comes from: versions of what made it."""

from __future__ import annotations

import os
import platform

from crosspan import __version__
from crosspan.core.plugins import package_version

_PACKAGES = (
    *("numpy", "numba", "scipy", "regex", "uroman"),
    *("torch", "transformers", "tokenizers", "sentencepiece", "ctranslate2", "onnxruntime", "spacy"),
)


def versions() -> dict[str, str]:
    """Versions of everything that figures can depend on.

    Example:
        >>> "numpy" in versions()
        True
    """
    found = {"crosspan": __version__, "python": platform.python_version()}
    found.update({name: known for name in _PACKAGES if (known := package_version(name)) is not None})
    return {**found, "platform": f"{platform.system()} {platform.machine()}", "cores": str(os.cpu_count())}
