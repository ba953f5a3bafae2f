"""Suites: data sets of others as declarations, one file each."""

from __future__ import annotations

from crosspan.core.components import Component, Family
from crosspan.suites.suite import Suite

SUITES = Family(
    "crosspan.suites",
    "suite",
    {
        name: Component(target=f"crosspan.suites.{module}:SUITE", about=about)
        for name, module, about in (
            ("europarl-ner", "europarl_ner", "Parallel sentences with gold entities in four languages."),
            ("uner-pud", "uner_pud", "The parallel treebanks PUD with gold names."),
            ("xsid", "xsid", "Utterances with slots, in parallel."),
            ("masakhaner2", "masakhaner2", "News in twenty African languages with gold entities."),
            ("wikiann", "wikiann", "Wikipedia text with silver entities, as in XTREME."),
            ("uner", "uner", "Universal NER: gold names on treebanks."),
            ("hipe-2022", "hipe2022", "Historical newspapers and commentaries."),
            ("europeana", "europeana", "Historical newspapers, recognised by machine."),
            ("crossner", "crossner", "English text of five domains."),
            ("wnut17", "wnut17", "Emerging entities in English web text."),
            ("alignment", "alignment", "Gold word links."),
        )
    },
    unknown=Component(),
)
"""Names of the suites; each is an object with ``about``, ``find`` and ``read``, or a class of such."""


def make_suite(name: str) -> Suite:
    """The suite of a name.

    Raises:
        OptionError: There is no such suite.

    Example:
        >>> make_suite("europarl-ner").about.languages
        ('de', 'es', 'it')
    """
    found: object = SUITES.factory(name)
    suite: Suite = found() if isinstance(found, type) else found  # type: ignore[assignment]
    return suite
