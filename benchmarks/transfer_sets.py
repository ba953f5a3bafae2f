"""The pairs that data transfer is measured on, with their word links, made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from benchmarks import datasets
from crosspan.align.fast_align import FastAlign
from crosspan.align.statistical import StatisticalAligner
from crosspan.core.types import Alignment, Pair, Sentence


@dataclass(frozen=True, slots=True)
class Linked:
    """Target sentences with gold labels, their translations without, and two sets of word links."""

    sources: list[Sentence]
    targets: list[Sentence]
    links: list[Alignment]
    rival_links: list[Alignment]

    @property
    def unlabelled(self) -> list[Sentence]:
        """The targets without their labels, so that nothing can look at them."""
        return [Sentence(target.tokens, (), target.id, target.lang) for target in self.targets]


@cache
def pairs(lang: str, split: str) -> Linked:
    """MasakhaNER 2 joined with MAFAND; the aligners learn from all of MAFAND and the pairs at hand, without labels."""
    found = datasets.masakhaner(lang, split)
    at_hand = datasets.bitext_of(found)
    text = datasets.mafand(lang) + at_hand
    ours = StatisticalAligner().fit_tokens(text).align_tokens(at_hand)
    rival = FastAlign().fit_tokens(text).align_tokens(at_hand)
    return Linked([pair.source for pair in found], [pair.target for pair in found], ours, rival)


@cache
def training_text(lang: str) -> tuple[list[Sentence], list[Sentence]]:
    """The training part of MAFAND: source sentences and translations, unlabelled."""
    text = datasets.mafand(lang, ("train",))
    return [Sentence(tuple(source)) for source, _ in text], [Sentence(tuple(target)) for _, target in text]


def linked_text(text: datasets.Bitext) -> tuple[list[Pair], list[Alignment]]:
    """A bitext as pairs, linked by an aligner that learned from it."""
    links = StatisticalAligner().fit_tokens(text).align_tokens(text)
    return [Pair(Sentence(tuple(source)), Sentence(tuple(target))) for source, target in text], links
