"""Scores of candidates beside their features: how much a candidate looks like the entity, or like its translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from crosspan.core.components import Component
from crosspan.core.families import Family
from crosspan.core.types import Pair

if TYPE_CHECKING:
    from crosspan.project.batch import PairBatch
    from crosspan.project.candidates import Candidates


class Scorer(Protocol):
    """A score of candidates."""

    def __call__(self, pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates) -> npt.NDArray[Any]:
        """One number a candidate, larger is better: ``[n_candidates]``.

        Args:
            pairs: Sentences and their translations.
            batch: The same as arrays.
            candidates: What may be the entities of the sources.
        """


_NEURAL = ("transformers", "tokenizers", "torch")

SCORERS = Family(
    "crosspan.scorers",
    "scorer",
    {
        "ner": Component(
            target="crosspan.project.scorers.ner:NerScorer",
            options="crosspan.project.ner_candidates:NerOptions",
            about="How much a candidate looks like an entity of its class to a tagger of the target language.",
            optional=_NEURAL,
            model="tagger",
            downloads=True,
            text=True,
        ),
        "ner_spans": Component(
            target="crosspan.project.scorers.ner:ner_spans",
            options="crosspan.project.ner_candidates:NerOptions",
            about="The same, of whatever class.",
            optional=_NEURAL,
            model="tagger",
            downloads=True,
            text=True,
        ),
        "nmt": Component(
            target="crosspan.project.scorers.nmt:NmtScorer",
            options="crosspan.project.scorers.nmt:NmtOptions",
            about="How well a translator thinks that a candidate translates its entity.",
            optional=("transformers", "tokenizers", "torch", "ctranslate2"),
            model="model",
            downloads=True,
            gpu=True,
            text=True,
        ),
    },
    context=("threads", "tagger", "translator", "shared"),
    unknown=Component(text=True),
)
"""Scores by name: factories ``(**options)`` of a :class:`Scorer`.

One counts among the scores of candidates once it has a weight, ``weights.NAME``; options of one that another package
brings are ``scorers.NAME.OPTION``. So a name has no hyphen.
"""
