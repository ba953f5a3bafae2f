"""A package of another author, as tests need one: a tagger, a trainer, an aligner and a projector."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span


class Gazetteer:
    """Labels the words that it knows; the sentence with the word BOOM is too much for it."""

    def __init__(self, words):
        self.words = words

    @property
    def labels(self):
        return tuple(sorted({*self.words.values()}))

    @property
    def tags(self):
        return ("O", *(f"{prefix}-{label}" for label in self.labels for prefix in "BI"))

    def tag(self, sentences):
        if any("BOOM" in sentence.tokens for sentence in sentences):
            raise ValueError("BOOM is too much")
        return [self._labelled(sentence) for sentence in sentences]

    def _labelled(self, sentence):
        spans = [
            Span(index, index + 1, self.words[word], 0.9)
            for index, word in enumerate(sentence.tokens)
            if word in self.words
        ]
        return Sentence(sentence.tokens, tuple(spans), sentence.id, sentence.lang, sentence.text, sentence.offsets)

    def probabilities(self, sentences):
        return [np.full((len(sentence), len(self.tags)), 1 / len(self.tags), np.float32) for sentence in sentences]

    def save(self, path):
        Path(path).write_text(json.dumps(self.words, sort_keys=True), encoding="utf-8")


def make_tagger(model, *, threads=None, upper=False):
    words = json.loads(Path(model).read_text(encoding="utf-8"))
    return Gazetteer({word.upper(): label for word, label in words.items()} if upper else words)


def train(examples, *, seed, threads=None):
    words = {}
    for example in examples:
        for span in example.sentence.spans:
            words[example.sentence.tokens[span.start]] = span.label
    return Gazetteer(words)


class Diagonal:
    """Links every word to the one at its place."""

    def fit_tokens(self, pairs, *, progress=None):
        self.seen = sum(1 for _ in pairs)
        return self

    def iter_align_tokens(self, pairs, *, progress=None):
        for source, target in pairs:
            if "BOOM" in target:
                raise ValueError("BOOM cannot be aligned")
            yield Alignment.from_links([(k, k) for k in range(min(len(source), len(target)))])


def make_aligner(*, threads=None):
    return Diagonal()


class SamePlace:
    """Puts every span where it is in the source, and remembers how many pairs there are."""

    def __init__(self):
        self.pairs = 0

    def count(self, pairs):
        self.pairs += len(pairs)

    def observe(self, pairs, alignments):
        pass

    def project(self, pairs, alignments):
        return [self._one(pair) for pair in pairs]

    def _one(self, pair):
        if "CRASH" in pair.target.tokens:
            raise ZeroDivisionError("CRASH")
        fits = [span for span in pair.source.spans if span.end <= len(pair.target)]
        links = tuple(
            ProjectedSpan(span, Span(span.start, span.end, span.label, 1 / self.pairs), 1 / self.pairs) for span in fits
        )
        gone = tuple(DroppedSpan(span, "no_link") for span in pair.source.spans if span not in fits)
        return Projection(Sentence(pair.target.tokens, tuple(link.target for link in links)), links, gone)
