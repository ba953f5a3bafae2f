"""The labelled pairs that projection is trained and measured on, with the other text each aligner may learn from."""

from __future__ import annotations

from functools import cache

from benchmarks import datasets
from benchmarks.datasets import Bitext
from crosspan.core.types import Pair, Sentence, Span

XSID = ("de", "da", "id", "tr", "kk", "ja", "zh", "gsw", "de-muc")
"""Targets of xSID; the last two are not in the table of aims."""


def family(name: str) -> str:
    """The corpus of a set, such as ``pud`` of ``pud-de``: its languages share annotators and text."""
    return name.split("-", 1)[0]


def load(name: str) -> tuple[list[Pair], Bitext]:
    """Pairs with spans on both sides, and bitext: NTREX, or for xSID its own validation part."""
    corpus, lang = name.split("-", 1)
    if corpus == "masakha":
        return tagged(lang), []
    if corpus == "europarl":
        return datasets.europarl(lang), datasets.ntrex(lang)
    if corpus == "pud":
        return datasets.pud(lang), datasets.ntrex(lang)
    return datasets.xsid(lang, "test"), datasets.bitext_of(datasets.xsid(lang, "valid"))


NAMES = ("europarl-de", "europarl-es", "pud-de", "pud-pt", "pud-sv", *(f"xsid-{lang}" for lang in XSID))
"""All sets."""

TAGGED = ("masakha-lug", "masakha-twi", "masakha-yor")
"""Sets to train on alone: what a tagger found in the English of MAFAND, beside the gold spans of MasakhaNER 2."""

TAGGED_PAIRS = 2_500
"""Pairs of each of them, from the training part."""


@cache
def tagged(lang: str) -> list[Pair]:
    """English sentences labelled by the embedded tagger, and their gold translations."""
    from crosspan.tag import TAGGERS

    pairs = datasets.masakhaner(lang, "train")[:TAGGED_PAIRS]
    found = TAGGERS.make(TAGGERS.default, "en").tag([pair.source for pair in pairs])
    return [Pair(source, pair.target) for source, pair in zip(found, pairs, strict=True)]


def abbreviated(pair: Pair) -> Pair:
    """The pair with each name of several capitalised words, but those of persons, as one word: their first letters.

    So one word of the source is rendered by several of the target, as *U.N.* is, which the corpora hardly have.

    Example:
        >>> source = Sentence(("the", "European", "Union"), (Span(1, 3, "ORG"),))
        >>> abbreviated(Pair(source, Sentence(("die",)))).source.tokens
        ('the', 'EU')
    """
    tokens: list[str] = []
    spans = []
    done = 0
    for span in pair.source.spans:
        words = pair.source.tokens[span.start : span.end]
        letters = "".join(word[0] for word in words if word[0].isalpha() and word[0].isupper())
        tokens += pair.source.tokens[done : span.start]
        begin = len(tokens)
        tokens += words if span.label == "PER" or len(letters) < 2 else (letters,)
        spans.append(Span(begin, len(tokens), span.label, span.score))
        done = span.end
    source = Sentence((*tokens, *pair.source.tokens[done:]), tuple(spans), id=pair.source.id, lang=pair.source.lang)
    return Pair(source, pair.target)
