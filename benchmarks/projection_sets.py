"""The labelled pairs that projection is trained and measured on, with the other text each aligner may learn from."""

from __future__ import annotations

from benchmarks import datasets
from benchmarks.datasets import Bitext
from crosspan.core.types import Pair

XSID = ("de", "da", "id", "tr", "kk", "ja", "zh", "gsw", "de-muc")
"""Targets of xSID; the last two are not in the table of aims."""


def family(name: str) -> str:
    """The corpus of a set, such as ``pud`` of ``pud-de``: its languages share annotators and text."""
    return name.split("-", 1)[0]


def load(name: str) -> tuple[list[Pair], Bitext]:
    """Pairs with gold spans on both sides, and bitext: NTREX, or for xSID its own validation part."""
    corpus, lang = name.split("-", 1)
    if corpus == "europarl":
        return datasets.europarl(lang), datasets.ntrex(lang)
    if corpus == "pud":
        return datasets.pud(lang), datasets.ntrex(lang)
    return datasets.xsid(lang, "test"), datasets.bitext_of(datasets.xsid(lang, "valid"))


NAMES = ("europarl-de", "europarl-es", "pud-de", "pud-pt", "pud-sv", *(f"xsid-{lang}" for lang in XSID))
"""All sets."""
