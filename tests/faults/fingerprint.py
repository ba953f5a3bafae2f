"""A program that tells in what bits it aligns, projects, tags and trains: ``python -m tests.faults.fingerprint tag``.

What it prints is the same on every processor. ``tests.faults.test_processors`` runs it on several, or on one that is
told to be another.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace

import numpy as np

from crosspan.align.statistical import StatisticalAligner, StatisticalOptions
from crosspan.core.types import Pair
from crosspan.demo import load_corpus

_GIANT = 600  # words: pairs of such sentences get the diagonal model


def pairs(n=None):
    both = zip(load_corpus("en")[:n], load_corpus("de")[:n], strict=True)
    return [Pair(source, replace(target, spans=())) for source, target in both]


def aligned():
    """Links of all kinds: of words that were learned, of others, of a giant pair; and what was learned."""
    aligner = StatisticalAligner(StatisticalOptions(tension=1.0), threads=1).fit(pairs(100))
    words = [(pair.source.tokens, pair.target.tokens) for pair in pairs(130)]
    giant = tuple(tuple(word for pair in words for word in pair[side])[:_GIANT] for side in (0, 1))
    links = aligner.align_tokens([*words, giant])
    yield from (array for one in links for array in (one.source, one.target, one.prob))
    yield from (aligner.learned.jumps, *(table.values for table in aligner.learned.lexicon.tables))


def projected():
    """Spans and confidences, from the memory of a corpus."""
    from crosspan.project.candidates import CandidateProjector

    aligner = StatisticalAligner(threads=1).fit(pairs(100))
    links = aligner.align(pairs(130))
    projector = CandidateProjector()
    projector.observe(pairs(130), links)
    for one in projector.project(pairs(130), links):
        yield np.array([(link.target.start, link.target.end, link.confidence) for link in one.links])


def tagged():
    """Spans, their scores, and probabilities of tags."""
    from crosspan.tag import load_tagger

    found, rows = load_tagger("en", threads=1).tag_with_probabilities(load_corpus("en")[:130])
    yield np.array([(span.start, span.end, span.score) for one in found for span in one.spans])
    yield from rows


def trained():
    """The weights of a model."""
    from crosspan.train.crf import CrfOptions, train_crf

    model = train_crf(load_corpus("en")[:100], threads=1, options=CrfOptions(iterations=10)).model
    yield from (model.keys, model.weights, model.transition)


def kernels():
    """The loops that sum up many numbers, alone: few are compiled for it."""
    from crosspan.align.expectation import Parameters, expect
    from crosspan.align.statistical import smooth_jumps
    from crosspan.core.arithmetic import exps, logs
    from crosspan.project.features import total_scores

    chance = np.random.default_rng(7)
    yield exps(chance.uniform(-720, 720, 20_000))
    yield logs(np.ldexp(chance.uniform(1, 2, 20_000), chance.integers(-1070, 1020, 20_000)))
    yield total_scores(chance.normal(size=(500, 43)).astype(np.float32), chance.normal(size=43))

    sizes = chance.integers(1, 40, (2, 300))
    ends = [np.concatenate([[0], np.cumsum(side)]) for side in sizes]
    cells = np.concatenate([[0], np.cumsum(sizes[0] * sizes[1])])
    words = [chance.integers(0, 50, side[-1]).astype(np.int32) for side in ends]
    tables = [(10.0 ** -chance.integers(0, 6, cells[-1]) * chance.random(cells[-1])).astype(np.float32) for _ in "12"]
    jumps = [smooth_jumps(counts) for counts in (chance.uniform(0, 5, 1025), np.zeros(1025))]
    nulls = [np.full(50, 1e-3, np.float32)] * 2
    numbers = np.arange(cells[-1], dtype=np.int32)
    for use_hmm in (False, True):
        parameters = Parameters(*jumps, *nulls, 0.1, 2.0)
        found = expect(
            (*ends, *words, cells), numbers, tuple(tables), parameters, use_hmm=use_hmm, mean=use_hmm, threads=1
        )
        yield from (found.posterior, found.unlinked_source, found.jumps_forward, found.jumps_backward)


def libraries():
    """What is left to NumPy and its library for linear algebra. This *does* depend on the processor."""
    chance = np.random.default_rng(7)
    yield np.exp(chance.uniform(-700, 700, 20_000))
    yield chance.normal(size=(300, 43)) @ chance.normal(size=(43, 7))


WHAT = {
    "align": aligned,
    "project": projected,
    "tag": tagged,
    "train": trained,
    "kernels": kernels,
    "libraries": libraries,
}


def fingerprint(what):
    """A hash of every bit of what is found."""
    whole = hashlib.sha256()
    for array in WHAT[what]():
        whole.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


if __name__ == "__main__":
    print(json.dumps({what: fingerprint(what) for what in sys.argv[1:]}))
