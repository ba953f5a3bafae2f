"""The steps that the tables of :mod:`benchmarks.transfer` are made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from benchmarks import transfer_sets
from crosspan.core.types import Projection, Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.pipeline.labels import project_labels, translate_test
from crosspan.tag import load_tagger
from crosspan.tag.crf import CrfTagger
from crosspan.train.adapt import adapt_tagger, copy_bias
from crosspan.train.adapt_options import COPY_BIAS, AdaptOptions
from crosspan.train.crf import CrfOptions
from crosspan.train.noise import NoiseOptions

LANGUAGES = ("lug", "twi")
TRAINED = ("lug", "twi", "yor")
NAIVE_NOISE = NoiseOptions(min_confidence=0.0, dropped="keep", missing=0.0)
NAIVE = CrfOptions(span_confidence=False)


def strict(gold: Sequence[Sentence], found: Sequence[Sentence]) -> float:
    return evaluate_ner(gold, found).strict.micro.f1


def shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


@cache
def english() -> CrfTagger:
    tagger = load_tagger("en")
    assert isinstance(tagger, CrfTagger)
    return tagger


@cache
def adapted(lang: str) -> CrfTagger:
    """The English tagger, adapted to the training part of MAFAND."""
    return adapted_with(lang, COPY_BIAS)


def adapted_with(lang: str, copies: float, sample: int = 0) -> CrfTagger:
    """The same, with another bias of copied words, or to a sample of the text."""
    options = AdaptOptions(copy_bias=copies, sample=sample)
    return adapt_tagger(english(), *transfer_sets.training_text(lang), options=options)


def tagged(tagger: CrfTagger, lang: str, split: str, *, copies: float = COPY_BIAS) -> list[Sentence]:
    """The translations, tagged; ``copies`` is the bias of copied words."""
    data = transfer_sets.pairs(lang, split)
    return tagger.tag(data.sources, entity_bias=copy_bias(data.sources, data.unlabelled, copies))


def projected(sources: Sequence[Sentence], lang: str, split: str) -> list[Projection]:
    data = transfer_sets.pairs(lang, split)
    return translate_test(data.unlabelled, sources, links=data.links)


def floor(lang: str, split: str) -> list[Projection]:
    """What the paper's heuristic makes of fast_align's links and the tagger as it is."""
    data = transfer_sets.pairs(lang, split)
    plain = english().tag(data.sources)
    return project_labels(plain, data.unlabelled, links=data.rival_links, method="heuristic")


def labels_of(projections: Sequence[Projection]) -> list[Sentence]:
    return [projection.sentence for projection in projections]


@cache
def train_sources(lang: str) -> list[Sentence]:
    """The tagged translations of the training part."""
    return tagged(adapted(lang), lang, "train")


@cache
def train_projections(lang: str) -> list[Projection]:
    return projected(train_sources(lang), lang, "train")
