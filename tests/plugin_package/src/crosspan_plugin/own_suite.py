"""A suite of one's own: a declaration, in the layout of Europarl-NER, in the format of this package."""

from __future__ import annotations

from crosspan.suites.layouts import BothSides, NamedFile
from crosspan.suites.suite import About

SUITE = BothSides(
    about=About(
        name="town-hall",
        title="Minutes of town halls",
        languages=("sw",),
        pipelines=("projection", "tagger"),
        download="https://example.org/town-hall",
    ),
    file=NamedFile(name="{}.minutes.brackets"),
)
