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
    from crosspan.align import load_aligner, make_aligner
    from crosspan.align.given import as_aligner
    from crosspan.align.statistical import StatisticalAligner
    from crosspan.core.errors import CrosspanError
    from crosspan.core.progress import Progress
    from crosspan.core.types import (
        Alignment,
        DroppedSpan,
        Entity,
        Pair,
        ProjectedSpan,
        Projection,
        Sentence,
        Span,
    )
    from crosspan.evaluate import evaluate_ner
    from crosspan.evaluate import score_alignments as evaluate_links
    from crosspan.io import (
        Reject,
        iter_sentences,
        read,
        read_bitext,
        read_gold_links,
        read_links,
        read_projections,
        write,
        write_links,
        write_projections,
    )
    from crosspan.io.hf import from_dataset, iter_dataset, to_dataset
    from crosspan.io.projections import projection_from_dict
    from crosspan.io.python import sentence_from_dict, sentence_from_text
    from crosspan.pipeline import load_recipe, run_recipe
    from crosspan.pipeline.labels import project_labels, tag_translated, translate_test, translate_train
    from crosspan.pipeline.streaming import CorpusMemory, fit_memory, iter_projections
    from crosspan.pipeline.voting import vote as ensemble
    from crosspan.project.given import as_projector
    from crosspan.tag import load_tagger
    from crosspan.tag.given import as_tagger
    from crosspan.train.crf import train_crf
    from crosspan.train.examples import Example
    from crosspan.train.noise import examples_of
    from crosspan.train.self_training import train_on_projections
    from crosspan.train.token_classifier import train_token_classifier

__version__ = "0.1.0"

__all__ = [
    "Alignment",
    "CorpusMemory",
    "CrosspanError",
    "DroppedSpan",
    "Entity",
    "Example",
    "Pair",
    "Progress",
    "ProjectedSpan",
    "Projection",
    "Reject",
    "Sentence",
    "Span",
    "StatisticalAligner",
    "__version__",
    "as_aligner",
    "as_projector",
    "as_tagger",
    "ensemble",
    "evaluate_links",
    "evaluate_ner",
    "examples_of",
    "fit_memory",
    "from_dataset",
    "iter_dataset",
    "iter_projections",
    "iter_sentences",
    "load_aligner",
    "load_recipe",
    "load_tagger",
    "make_aligner",
    "project_labels",
    "projection_from_dict",
    "read",
    "read_bitext",
    "read_gold_links",
    "read_links",
    "read_projections",
    "run_recipe",
    "sentence_from_dict",
    "sentence_from_text",
    "tag_translated",
    "to_dataset",
    "train_crf",
    "train_on_projections",
    "train_token_classifier",
    "translate_test",
    "translate_train",
    "write",
    "write_links",
    "write_projections",
]

_HOMES = {
    "align": ["load_aligner", "make_aligner"],
    "align.given": ["as_aligner"],
    "align.statistical": ["StatisticalAligner"],
    "core.errors": ["CrosspanError"],
    "core.progress": ["Progress"],
    "core.types": [
        "Alignment",
        "DroppedSpan",
        "Entity",
        "Pair",
        "ProjectedSpan",
        "Projection",
        "Sentence",
        "Span",
    ],
    "evaluate": ["evaluate_links:score_alignments", "evaluate_ner"],
    "io": [
        "Reject",
        "iter_sentences",
        "read",
        "read_bitext",
        "read_gold_links",
        "read_links",
        "read_projections",
        "write",
        "write_links",
        "write_projections",
    ],
    "io.hf": ["from_dataset", "iter_dataset", "to_dataset"],
    "io.projections": ["projection_from_dict"],
    "io.python": ["sentence_from_dict", "sentence_from_text"],
    "pipeline": ["load_recipe", "run_recipe"],
    "pipeline.labels": ["project_labels", "tag_translated", "translate_test", "translate_train"],
    "pipeline.streaming": ["CorpusMemory", "fit_memory", "iter_projections"],
    "pipeline.voting": ["ensemble:vote"],
    "project.given": ["as_projector"],
    "tag": ["load_tagger"],
    "tag.given": ["as_tagger"],
    "train.crf": ["train_crf"],
    "train.examples": ["Example"],
    "train.noise": ["examples_of"],
    "train.self_training": ["train_on_projections"],
    "train.token_classifier": ["train_token_classifier"],
}
"""Where each name lives; ``here:there`` where it has another name at home."""

_HOME = {entry.partition(":")[0]: (module, entry.rpartition(":")[2]) for module in _HOMES for entry in _HOMES[module]}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOME[name]
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value  # the next use finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
