"""The suites, one file each; other packages bring theirs by the entry points ``crosspan.suites``."""

from __future__ import annotations

from crosspan.core.family import Family
from crosspan.suites.suite import Suite

SUITES = Family(
    "crosspan.suites",
    "suite",
    {
        "europarl-ner": "crosspan.suites.europarl_ner:SUITE",
        "uner-pud": "crosspan.suites.uner_pud:SUITE",
        "xsid": "crosspan.suites.xsid:SUITE",
        "masakhaner2": "crosspan.suites.masakhaner2:SUITE",
        "wikiann": "crosspan.suites.wikiann:SUITE",
        "uner": "crosspan.suites.uner:SUITE",
        "hipe-2022": "crosspan.suites.hipe2022:SUITE",
        "europeana": "crosspan.suites.europeana:SUITE",
        "crossner": "crosspan.suites.crossner:SUITE",
        "wnut17": "crosspan.suites.wnut17:SUITE",
        "alignment": "crosspan.suites.alignment:SUITE",
    },
)


def make_suite(name: str) -> Suite:
    """The suite of a name.

    Raises:
        OptionError: There is no such suite.
        MissingDependencyError: It needs a package that is not installed.
        ModelError: The package that brings it is broken.

    Example:
        >>> make_suite("europarl-ner").about.languages
        ('de', 'es', 'it')
    """
    found = SUITES.find(name)
    suite: Suite = found() if isinstance(found, type) else found
    return suite
