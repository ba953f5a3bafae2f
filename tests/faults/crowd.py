"""A program that tags, aligns, projects and trains, and then has many do it: ``python -m tests.faults.crowd WAY ...``.

The ways are ``threads``, ``fork``, ``spawn`` and ``forkserver``, one after the other; all must find what one finds
alone. The components are those that the program used before: in a process that was forked they are there, to others
they are sent. What hangs is ended by whoever started the program.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.pool
import sys
from dataclasses import replace

from crosspan.align.statistical import StatisticalAligner
from crosspan.core.types import Pair
from crosspan.demo import load_corpus
from crosspan.project.candidates import CandidateProjector
from crosspan.tag import load_tagger
from crosspan.train.crf import CrfOptions, train_crf

MANY = 4
FAST = CrfOptions(iterations=3)

_here = {}


def pairs_of(times):
    """The demonstration corpus, so often that every loop is worth a thread."""
    both = zip(load_corpus("en"), load_corpus("de"), strict=True)
    return [Pair(source, replace(target, spans=())) for source, target in both] * times


def make():
    """Components that have learned, and have worked with two threads."""
    pairs = pairs_of(1)
    aligner = StatisticalAligner(threads=2).fit(pairs)
    projector = CandidateProjector()
    projector.observe(pairs, aligner.align(pairs))
    return load_tagger("en", threads=2), aligner, projector


def take(components):
    """Keep components in a process."""
    _here["components"] = components


def work(number):
    """All that can be found, as text; the same for every number."""
    tagger, aligner, projector = _here["components"]
    pairs = pairs_of(1)[number:]  # sentences begin elsewhere, and are the same
    tagged = tagger.tag([pair.source for pair in pairs])
    links = aligner.align(pairs)
    projected = projector.project(pairs, links)
    learned = train_crf(tagged[MANY:], threads=2, options=FAST) if number == 0 else None
    kept = slice(MANY - number, MANY - number + 40)
    return repr(
        (
            [one.spans for one in tagged[kept]],
            [one.to_pharaoh(digits=9) for one in links[kept]],
            [(one.links, one.dropped) for one in projected[kept]],
            None if learned is None else float(abs(learned.model.weights).sum()),
        )
    )


def many(way):
    """A pool whose workers have the components."""
    if way == "threads":
        return multiprocessing.pool.ThreadPool(MANY)
    given = () if way == "fork" else (_here["components"],)
    return multiprocessing.get_context(way).Pool(2 if way == "fork" else 1, take if given else None, given)


def main(ways):
    take(make())
    alone = [work(number) for number in range(MANY)]
    for way in ways:
        with many(way) as pool:
            together = pool.map(work, range(MANY), chunksize=1)
        print(way, "same" if together == alone else "different", flush=True)
    assert [work(number) for number in range(MANY)] == alone


if __name__ == "__main__":
    main(sys.argv[1:])
