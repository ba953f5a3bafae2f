"""One small component of each family, as a package of another author brings them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from crosspan.core.components import Component
from crosspan.core.options import AtLeast, checked
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io.format import TextFormat
from crosspan.io.rejects import Located
from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.suite import About
from crosspan.translate import Translation

# --- a translator ------------------------------------------------------------------------------------------------


class WordByWord:
    """Looks up each word in a file of pairs."""

    component = Component(about="Looks up each word in a file.", model="model")

    def __init__(self, model, *, threads=None, unknown="keep"):
        self.words = json.loads(Path(model).read_text(encoding="utf-8"))
        self.unknown = unknown

    def translate(self, texts, *, source, target, advance=None):
        return [Translation(" ".join(self._word(word) for word in text.split())) for text in texts]

    def _word(self, word):
        return self.words.get(word, word if self.unknown == "keep" else "?")


# --- a tagger, and what trains it ---------------------------------------------------------------------------------


class Wordlist:
    """Labels the words that it knows."""

    def __init__(self, words, score=0.9):
        self.words, self.score = words, score

    @property
    def labels(self):
        return tuple(sorted({*self.words.values()}))

    @property
    def tags(self):
        return ("O", *(f"{prefix}-{label}" for label in self.labels for prefix in "BI"))

    def tag(self, sentences):
        return [
            Sentence(
                one.tokens,
                tuple(
                    Span(at, at + 1, self.words[word], self.score)
                    for at, word in enumerate(one.tokens)
                    if word in self.words
                ),
                one.id,
                one.lang,
                one.text,
                one.offsets,
            )
            for one in sentences
        ]

    def probabilities(self, sentences):
        return [np.full((len(one), len(self.tags)), 1 / len(self.tags), np.float32) for one in sentences]

    def save(self, path):
        Path(path).write_text(json.dumps(self.words, sort_keys=True), encoding="utf-8")


def make_tagger(model, *, threads=None, score=0.9):
    return Wordlist(json.loads(Path(model).read_text(encoding="utf-8")), float(score))


def train(examples, *, seed, min_count=1):
    counts = {}
    for example in examples:
        sentence = getattr(example, "sentence", example)
        for span in sentence.spans:
            key = sentence.tokens[span.start], span.label
            counts[key] = counts.get(key, 0) + 1
    return Wordlist({word: label for (word, label), count in sorted(counts.items()) if count >= int(min_count)})


# --- an aligner and a projector -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class InOrderOptions:
    """Settings of :class:`InOrder`.

    Args:
        shift: How many words later the translation of a word stands.
    """

    shift: Annotated[int, AtLeast(0)] = 0

    def __post_init__(self):
        checked(self)


class InOrder:
    """Links every word to the one at its place."""

    Options = InOrderOptions
    component = Component(about="Links every word to the one at its place.", learns=False)

    def __init__(self, options=None, *, threads=None):
        self.options = options or InOrderOptions()

    def fit_tokens(self, pairs, *, progress=None):
        return self

    def align_tokens(self, pairs, *, progress=None):
        return list(self.iter_align_tokens(pairs))

    def iter_align_tokens(self, pairs, *, progress=None):
        shift = self.options.shift
        for source, target in pairs:
            yield Alignment.from_links([(at, at + shift) for at in range(len(source)) if at + shift < len(target)])


class SamePlace:
    """Puts every span where it is in the source; it needs no links."""

    component = Component(about="Puts every span where it is in the source.")

    def __init__(self, *, confidence=0.5):
        self.confidence = float(confidence)

    def count(self, pairs):
        pass

    def observe(self, pairs, alignments):
        pass

    def project(self, pairs, alignments):
        return [self._one(pair) for pair in pairs]

    def _one(self, pair):
        fits = [span for span in pair.source.spans if span.end <= len(pair.target)]
        links = tuple(
            ProjectedSpan(span, Span(span.start, span.end, span.label, self.confidence), self.confidence)
            for span in fits
        )
        gone = tuple(DroppedSpan(span, "no_link") for span in pair.source.spans if span not in fits)
        return Projection(Sentence(pair.target.tokens, tuple(link.target for link in links)), links, gone)


# --- a score of candidates, and a matcher -------------------------------------------------------------------------


def same_length(*, power=1.0):
    """A score: how near the number of words of a candidate comes to that of its entity."""
    power = float(power)

    def score(pairs, batch, candidates):
        own = (batch.span_end - batch.span_start)[candidates.span]
        other = candidates.end - candidates.start
        return (np.minimum(own, other) / np.maximum(own, other)) ** power

    return score


same_length.component = Component(about="How near the length of a candidate comes to that of its entity.")


def first_come():
    """A matcher: the entities of a sentence choose one after the other, from left to right."""

    def choose(problem):
        chosen = []
        for first, last in zip(problem.span_ptr[:-1], problem.span_ptr[1:], strict=True):
            taken = set()
            for span in range(first, last):
                free = [
                    at
                    for at in range(problem.ptr[span], problem.ptr[span + 1])
                    if problem.score[at] > 0 and not taken & {*range(problem.start[at], problem.end[at])}
                ]
                if free:
                    best = max(free, key=lambda at: (problem.score[at], -at))
                    taken |= {*range(problem.start[best], problem.end[best])}
                    chosen.append(best)
        return chosen

    return choose


# --- a format and a suite -----------------------------------------------------------------------------------------


class Slashed(TextFormat):
    """A sentence a line, its words as ``word/TAG``."""

    name = "slashed"
    endings = (".slashed",)
    component = Component(about="A sentence a line, its words as word/TAG.")

    def parse(self, lines, name, how):
        for number, line in enumerate(lines, 1):
            parts = [piece.rpartition("/") for piece in line.split()]
            yield Located(
                number, Sentence.from_tags([word for word, _, _ in parts], [tag for _, _, tag in parts], lang=how.lang)
            )

    def put(self, stream, sentences, how):
        return sum(1 for one in sentences if stream.write(_line(one)))


def _line(sentence):
    return " ".join(f"{word}/{tag}" for word, tag in zip(sentence.tokens, sentence.tags(), strict=True)) + "\n"


GREETINGS = OneSide(
    about=About(
        name="greetings",
        title="Greetings, to try out suites of other packages",
        languages=("en",),
        pipelines=("tagger",),
        download="nowhere: they are made by a test",
    ),
    file=NamedFile(name="greetings.conll"),
)
