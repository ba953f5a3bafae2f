"""Suites: data sets of others as declarations, one file each."""

from __future__ import annotations

from typing import Any

from crosspan.core.components import Component
from crosspan.core.families import Family
from crosspan.suites.suite import Suite

SUITES = Family(
    "crosspan.suites",
    "suite",
    {
        "europarl-ner": Component(
            target="crosspan.suites.europarl_ner:SUITE", about="Parliament, in parallel: de, es, it."
        ),
        "uner-pud": Component(target="crosspan.suites.uner_pud:SUITE", about="News, wiki, in parallel: 5 languages."),
        "xsid": Component(target="crosspan.suites.xsid:SUITE", about="Slots of requests, in parallel: 18 languages."),
        "masakhaner2": Component(target="crosspan.suites.masakhaner2:SUITE", about="News: 20 African languages."),
        "wikiann": Component(target="crosspan.suites.wikiann:SUITE", about="Wikipedia: 39 languages."),
        "uner": Component(target="crosspan.suites.uner:SUITE", about="Treebanks: 12 of 9 languages."),
        "hipe-2022": Component(target="crosspan.suites.hipe2022:SUITE", about="Historical newspapers, commentaries."),
        "europeana": Component(target="crosspan.suites.europeana:SUITE", about="Newspapers of about 1900: de, fr, nl."),
        "crossner": Component(target="crosspan.suites.crossner:SUITE", about="Five domains of English Wikipedia."),
        "wnut17": Component(target="crosspan.suites.wnut17:SUITE", about="English posts with rare and new names."),
        "alignment": Component(target="crosspan.suites.alignment:SUITE", about="Hand-made word links: 15 pairs."),
    },
    unknown=Component(),
)
"""What is named is a suite, or what makes one."""


def make_suite(name: str) -> Suite:
    """The suite of a name.

    Raises:
        OptionError: There is no such suite.

    Example:
        >>> make_suite("europarl-ner").about.languages
        ('de', 'es', 'it')
    """
    SUITES.check(name)
    found: Any = SUITES.factory(name)
    suite: Suite = found() if callable(found) else found
    return suite
