"""WNUT-17: rare and new names in English posts and comments (Derczynski et al. 2017)."""

from __future__ import annotations

from crosspan.suites.labels import DOMAIN_LABELS, NO_COUNTERPART
from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.suite import About

SUITE = OneSide(
    about=About(
        name="wnut17",
        title="WNUT-17: rare and new entities in English posts",
        languages=("en",),
        pipelines=("tagger",),
        ignore=("DATE", "MISC"),
        download="https://github.com/leondz/emerging_entities_17",
        caveats=(
            "corporation and group are ORG, person and location PER and LOC. " + NO_COUNTERPART,
            "The tagger en was trained on the training part: its figure here is not zero-shot.",
        ),
    ),
    file=NamedFile(name="emerging.test.annotated"),
    labels=DOMAIN_LABELS,
)
