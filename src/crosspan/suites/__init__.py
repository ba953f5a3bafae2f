"""The suites, one file each."""

from __future__ import annotations

from importlib import import_module

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.suites.suite import Suite

SUITES = {
    "europarl-ner": "europarl_ner",
    "uner-pud": "uner_pud",
    "xsid": "xsid",
    "masakhaner2": "masakhaner2",
    "wikiann": "wikiann",
    "uner": "uner",
    "hipe-2022": "hipe2022",
    "europeana": "europeana",
    "crossner": "crossner",
    "wnut17": "wnut17",
    "alignment": "alignment",
}
"""Names of the suites, and the module in this package whose ``SUITE`` each is."""


def make_suite(name: str) -> Suite:
    """The suite of a name.

    Raises:
        OptionError: There is no such suite.

    Example:
        >>> make_suite("europarl-ner").about.languages
        ('de', 'es', 'it')
    """
    if name not in SUITES:
        raise OptionError(f"there is no suite {name!r}", hint=did_you_mean(name, SUITES, quoted=False))
    suite: Suite = import_module(f"crosspan.suites.{SUITES[name]}").SUITE
    return suite
