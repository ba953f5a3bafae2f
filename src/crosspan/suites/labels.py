"""Labels of domain corpora in terms of PER, LOC and ORG: what each is called here, and which have no counterpart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from crosspan.core.types import Sentence, Span
from crosspan.suites.reading import Gold, changed

DOMAIN_LABELS: Mapping[str, str] = {
    **dict.fromkeys(("PER", "person", "politician", "writer", "musicalartist", "scientist", "researcher"), "PER"),
    **dict.fromkeys(("LOC", "location", "country"), "LOC"),
    **dict.fromkeys(
        ("ORG", "organisation", "politicalparty", "university", "band", "corporation", "group"),
        "ORG",
    ),
}
"""Types of CrossNER, WNUT-17 and UNER and what they are called here; others are no entity."""

HIPE_LABELS: Mapping[str, str] = {
    **dict.fromkeys(("pers", "PER"), "PER"),
    **dict.fromkeys(("loc", "LOC", "BUILDING", "STREET"), "LOC"),
    **dict.fromkeys(("org", "ORG"), "ORG"),
}
"""Coarse types of HIPE-2022. TopRes19th has buildings and streets beside LOC; elsewhere both are kinds of ``loc``."""

EUROPEANA_LABELS: Mapping[str, str] = {"PER": "PER", "BER": "PER", "LOC": "LOC", "ORG": "ORG"}
"""Types of the Europeana newspapers; ``BER`` is a slip of the pen for PER, once in the German file."""

NO_COUNTERPART = "Other labels of the corpus than those for PER, LOC and ORG are left out; the remarks say how many."


def relabelled(gold: Gold, table: Mapping[str, str]) -> tuple[Gold, tuple[str, ...]]:
    """Give spans the names of a table, and leave out those that it does not have.

    Args:
        gold: Sentences, read strictly and leniently.
        table: What each label is called.

    Returns:
        Both readings, and a note that counts what was left out of the strict one; none where all was kept.

    Example:
        >>> one = [Sentence(("Ajax", "1449"), (Span(0, 1, "pers"), Span(1, 2, "scope")))]
        >>> (strict, _), notes = relabelled((one, one), HIPE_LABELS)
        >>> strict[0].spans, notes
        ((Span(start=0, end=1, label='PER', score=None),), ('left out: 1 scope',))
    """
    lost = Counter(span.label for one in gold[0] for span in one.spans if span.label not in table)
    counts = ", ".join(f"{count:,} {label}" for label, count in sorted(lost.items(), key=lambda item: -item[1]))
    return changed(gold, lambda one: _renamed(one, table)), (f"left out: {counts}",) if lost else ()


def _renamed(sentence: Sentence, table: Mapping[str, str]) -> Sentence:
    spans = tuple(Span(span.start, span.end, table[span.label]) for span in sentence.spans if span.label in table)
    return replace(sentence, spans=spans)
