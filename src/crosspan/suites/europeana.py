"""Europeana newspapers: entities in Dutch, French and German pages of about 1900, as recognised (Neudecker 2016)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import regex

from crosspan.core.types import Sentence, Span
from crosspan.suites.labels import EUROPEANA_LABELS, NO_COUNTERPART
from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.suite import About, Found, Material, Need

_FILES = {
    "de-lft": "enp_DE.lft.bio",
    "de-onb": "enp_DE.onb.bio",
    "de-sbb": "enp_DE.sbb.bio",
    "fr": "enp_FR.bnf.bio",
    "nl": "enp_NL.kb.bio",
}
_LONGEST = 100
"""Words after which a sentence ends in any case, as soon as no entity is in the way."""

_END = regex.compile(r"(?:\p{L}{4,}|[\p{L}\p{N}]*[!?]|)[.!?][\"'»“”’)]*")
"""A word that may end a sentence; short ones with a full stop are mostly abbreviations."""


class Europeana(OneSide):
    """Running words without ends of sentences, in IOB2 or IOB1, whichever the file is in."""

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read them and cut them into sentences; see :class:`crosspan.suites.suite.Suite`."""
        whole = super().read(found, lang, needs)
        gold: list[Sentence] = []
        other: list[Sentence] = []
        for one, two in zip(whole.gold, whole.lenient, strict=True):
            cuts = list(ends(one.tokens, [*one.spans, *two.spans]))
            gold += _parts(one, cuts)
            other += _parts(two, cuts)
        return replace(whole, gold=gold, lenient=gold if whole.gold is whole.lenient else other, n_total=len(gold))


def ends(tokens: Sequence[str], spans: Sequence[Span]) -> Iterator[int]:
    """Where sentences end in running words.

    Args:
        tokens: The words.
        spans: What must not be cut.

    Yields:
        The place after the last word of each sentence.

    Example:
        >>> list(ends(["Dr.", "Bo", "kam.", "Sie", "ging", "."], []))
        [6]
        >>> list(ends(["Dr.", "Bo", "arrived.", "She", "left", "."], [])), list(ends(["Yes", "!", "No", "."], []))
        ([3, 6], [2, 4])
    """
    inside = {place for span in spans for place in range(span.start + 1, span.end)}
    start = 0
    for end in range(1, len(tokens) + 1):
        if end < len(tokens):
            if end in inside:
                continue
            begins = tokens[end][:1].isupper() and _END.fullmatch(tokens[end - 1])
            if not begins and end - start < _LONGEST:
                continue
        yield end
        start = end


def _parts(sentence: Sentence, cuts: Sequence[int]) -> Iterator[Sentence]:
    spans = sorted(sentence.spans, key=lambda span: span.start)
    start = at = 0
    for end in cuts:
        inside = []
        while at < len(spans) and spans[at].start < end:
            inside.append(Span(spans[at].start - start, spans[at].end - start, spans[at].label))
            at += 1
        yield Sentence(sentence.tokens[start:end], tuple(inside), lang=sentence.lang)
        start = end


SUITE = Europeana(
    about=About(
        name="europeana",
        title="Europeana newspapers: entities in pages of about 1900",
        languages=tuple(_FILES),
        aliases={"de": "de-lft"},
        codes={entry: entry[:2] for entry in _FILES},
        pipelines=("tagger",),
        ignore=("DATE", "MISC"),
        download="https://github.com/EuropeanaNewspapers/ner-corpora",
        caveats=(
            "The files have no ends of sentences and no parts: each is scored as a whole, cut after words that end a "
            f"sentence, or after {_LONGEST} words, never inside an entity. " + NO_COUNTERPART,
            "An I- tag that continues nothing is no entity to the strict score and begins one to the lenient score.",
        ),
    ),
    file=NamedFile(name=_FILES),
    labels=EUROPEANA_LABELS,
)
