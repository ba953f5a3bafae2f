"""A package of another author whose components work until something around them fails.

What fails, and when, stands in a file in the folder that ``MOODY`` names. No result depends on it: a run does not know
that it is there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from crosspan.core.components import Component
from crosspan.core.errors import MemoryTooSmallError, UnavailableError
from crosspan.core.types import Alignment, ProjectedSpan, Projection, Sentence, Span
from crosspan.translate import Translation

FAULTS = {
    "connection": lambda: ConnectionRefusedError(111, "Connection refused"),
    "time": lambda: TimeoutError("no answer"),
    "server": lambda: UnavailableError("the server sleeps", hint="Wake it."),
    "device": lambda: RuntimeError("CUDA error: device lost"),
    "file": lambda: FileNotFoundError(2, "No such file or directory"),
    "package": lambda: ModuleNotFoundError("No module named 'gone'"),
    "memory": lambda: MemoryError(),
    "one-memory": lambda: MemoryTooSmallError("memory is too small for 30,000 pieces at once"),
    "unnamed": lambda: RuntimeError("something went wrong"),
    "input": lambda: ValueError("that is no sentence"),
}


def work_on(family, items):
    """Count what is worked on, and fail when the time has come."""
    folder = Path(os.environ["MOODY"])
    try:
        mood = json.loads((folder / "mood.json").read_text())
    except FileNotFoundError:
        return
    if mood["family"] != family:
        return
    if "word" in mood:
        if any(mood["word"] in item for item in items):
            raise FAULTS[mood["fault"]]()
        return
    for _ in items:
        if _count(folder / "items") > mood["after"] and _count(folder / "failures") <= mood["failures"]:
            raise FAULTS[mood["fault"]]()


def _count(path):
    with open(path, "ab") as stream:
        stream.write(b".")
    return path.stat().st_size


class Shouts:
    """Translates to capital letters."""

    component = Component(about="Translates to capital letters.")

    def __init__(self, model="", *, threads=None):
        pass

    def translate(self, texts, *, source, target, advance=None):
        work_on("translators", texts)
        return [Translation(f"{text.upper()} !") for text in texts]


class Capitals:
    """Labels words that begin with a capital letter."""

    labels = ("NAME",)
    tags = ("O", "B-NAME", "I-NAME")

    def __init__(self, model="", *, threads=None):
        pass

    def tag(self, sentences):
        work_on("taggers", [one.tokens for one in sentences])
        return [
            Sentence(
                one.tokens,
                tuple(Span(at, at + 1, "NAME", 0.9) for at, word in enumerate(one.tokens) if word[:1].isupper()),
                *(one.id, one.lang, one.text, one.offsets),
            )
            for one in sentences
        ]

    def probabilities(self, sentences):
        work_on("voters", [one.tokens for one in sentences])
        return [np.full((len(one), 3), 1 / 3, np.float32) for one in sentences]


class InOrder:
    """Links every word to the one at its place."""

    component = Component(about="Links every word to the one at its place.", learns=False)

    def __init__(self, *, threads=None):
        pass

    def fit_tokens(self, pairs, *, progress=None):
        return self

    def align_tokens(self, pairs, *, progress=None):
        work_on("aligners", [source for source, _ in pairs])
        return [Alignment.from_links([(k, k) for k in range(min(map(len, pair)))]) for pair in pairs]

    iter_align_tokens = align_tokens


class Follows:
    """Puts every span onto the words that its own are linked to."""

    component = Component(about="Puts every span where it is in the source.")

    def count(self, pairs):
        pass

    def observe(self, pairs, alignments):
        pass

    def project(self, pairs, alignments):
        work_on("projectors", [pair.source.tokens for pair in pairs])
        return [self._one(pair) for pair in pairs]

    def _one(self, pair):
        spans = [span for span in pair.source.spans if span.end <= len(pair.target)]
        links = tuple(ProjectedSpan(one, Span(one.start, one.end, one.label, 0.5), 0.5) for one in spans)
        return Projection(Sentence(pair.target.tokens, tuple(link.target for link in links)), links)
