"""crosspan as the benchmarks run it: default settings everywhere, nothing chosen by language."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspan.align.statistical import StatisticalAligner
from crosspan.evaluate import score_tags
from crosspan.project.candidates import CandidateOptions, CandidateProjector
from crosspan.project.weights import STATISTICAL, LinkKind, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.datasets import Bitext
    from crosspan.core.types import Alignment, Pair, Projection, Sentence

LINK_THRESHOLD = 0.5
"""Links at least this probable are scored as links: one threshold for all languages."""


def align(pairs: Sequence[Pair], extra: Bitext) -> list[Alignment]:
    """Links of the pairs, learned from them and the other text."""
    return StatisticalAligner().fit(pairs, bitext=extra).align(pairs)


@cache
def weights_without(family: str, kind: LinkKind = STATISTICAL) -> Weights:
    """Weights for a kind of links, of the other corpora alone (``benchmarks.train_weights --write`` makes them)."""
    path = Path(__file__).parent / "weights" / f"without_{family}.json"
    return Weights.from_dict(json.loads(path.read_text("utf-8"))[kind])


def project(
    pairs: Sequence[Pair], links: Sequence[Alignment], weights: Weights | None = None, **options: Any
) -> list[Projection]:
    """Project by candidates; with the shipped weights unless others are given."""
    return CandidateProjector(CandidateOptions(**options), weights=weights).project(pairs, links)


def f1(gold: Sequence[Sentence], found: Sequence[Sentence]) -> tuple[float, float]:
    """Strict and lenient micro F1."""
    tags = [sentence.tags() for sentence in gold], [sentence.tags() for sentence in found]
    return score_tags(*tags, mode="strict").micro.f1, score_tags(*tags, mode="lenient").micro.f1


def projection_f1(
    pairs: Sequence[Pair], links: Sequence[Alignment], weights: Weights | None = None
) -> tuple[float, float]:
    """Strict and lenient micro F1 of projecting these pairs."""
    return f1([pair.target for pair in pairs], [done.sentence for done in project(pairs, links, weights)])
