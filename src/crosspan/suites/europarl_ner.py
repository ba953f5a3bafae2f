"""Europarl-NER: 799 parallel sentences with gold entities in four languages (Agerri et al. 2018)."""

from __future__ import annotations

from crosspan.suites.layouts import BothSides, NamedFile
from crosspan.suites.suite import About

SUITE = BothSides(
    about=About(
        name="europarl-ner",
        title="Europarl-NER: gold English entities projected onto their translations",
        languages=("de", "es", "it"),
        pipelines=("projection", "tagger"),
        download="https://github.com/ixa-ehu/ner-evaluation-corpus-europarl",
        family="europarl",
    ),
    file=NamedFile(name="{}-europarl.test.conll02"),
)
