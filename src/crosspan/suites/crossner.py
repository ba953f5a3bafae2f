"""CrossNER: English Wikipedia of five domains, with types of their own (Liu et al. 2021)."""

from __future__ import annotations

from crosspan.suites.labels import DOMAIN_LABELS, NO_COUNTERPART
from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.suite import About

_DOMAINS = ("politics", "science", "music", "literature", "ai")

SUITE = OneSide(
    about=About(
        name="crossner",
        title="CrossNER: entities in five domains of English Wikipedia",
        languages=_DOMAINS,
        codes=dict.fromkeys(_DOMAINS, "en"),
        pipelines=("tagger",),
        ignore=("DATE", "MISC"),
        download="https://github.com/zliucr/CrossNER",
        caveats=(
            "Politicians, writers, scientists and the like are PER, countries LOC, parties, bands and universities "
            "ORG. " + NO_COUNTERPART,
            "The tagger en was trained on the training parts of the five domains: its figures here are not zero-shot.",
        ),
    ),
    file=NamedFile(name="{}/test.txt", hint=r"crossner|ner_data"),
    labels=DOMAIN_LABELS,
)
