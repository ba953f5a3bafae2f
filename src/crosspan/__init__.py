"""Carry named-entity labels across languages.

Labelled sentences and their translations in, labelled translations out::

    import crosspan

    projections = crosspan.project_labels(crosspan.read("train.en.conll"), crosspan.read("train.sw.txt"))
    crosspan.write("train.sw.conll", [projection.sentence for projection in projections if not projection.error])

Names are loaded when they are first used, so that ``import crosspan`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosspan.align.statistical import StatisticalAligner
    from crosspan.core.types import Alignment, Pair, Projection, Sentence, Span
    from crosspan.evaluate import evaluate_ner
    from crosspan.io import read, write
    from crosspan.pipeline.labels import project_labels

__version__ = "0.1.0"

__all__ = [
    "Alignment",
    "Pair",
    "Projection",
    "Sentence",
    "Span",
    "StatisticalAligner",
    "__version__",
    "evaluate_ner",
    "project_labels",
    "read",
    "write",
]

_HOME = {
    "Alignment": "crosspan.core.types",
    "Pair": "crosspan.core.types",
    "Projection": "crosspan.core.types",
    "Sentence": "crosspan.core.types",
    "Span": "crosspan.core.types",
    "StatisticalAligner": "crosspan.align.statistical",
    "evaluate_ner": "crosspan.evaluate",
    "project_labels": "crosspan.pipeline.labels",
    "read": "crosspan.io",
    "write": "crosspan.io",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # the next use finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
