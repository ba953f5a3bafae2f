"""Greetings: a file of labelled sentences."""

from __future__ import annotations

from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.suite import About

SUITE = OneSide(
    about=About(
        name="greetings",
        title="Greetings, to try out what a suite takes",
        languages=("en",),
        pipelines=("tagger",),
        download="nowhere: write them",
    ),
    file=NamedFile(name="greetings.slashed"),
    format="slashed",
)
