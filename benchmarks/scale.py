"""What time and memory cost as a corpus grows.

    python -m benchmarks.scale            # 1,000 to 100,000 pairs
    python -m benchmarks.scale --full     # to 300,000
    python -m benchmarks.scale --json | --page

Real English-German text (NTREX, Europarl-NER, WMT), repeated to the size; in each repetition a fifth of the words, by
chance, become new words (a number is put after them), so that the vocabulary grows with the text, faster than it does
in real text. Every size runs in a process of its own, on a stream: pairs are made when they are asked for, and what is
done with one is not kept. Entities are runs of capitalised words. The time to make the pairs is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np

from benchmarks import datasets, page
from benchmarks.findings import markdown
from benchmarks.spool import AlignmentSpool
from crosspan.align.statistical import StatisticalAligner
from crosspan.core.types import Pair, Sentence, Span
from crosspan.project.candidates import CandidateProjector

T = TypeVar("T")

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
FULL_SIZES = (*SIZES, 300_000)
NEW_WORDS = 0.2
SHARD = 5_000
WARM_UP = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """What a corpus of so many pairs cost.

    Args:
        pairs: Sentence pairs.
        words: Words of both sides.
        types: Different words of both sides that the aligner knows.
        fit: Seconds to learn.
        align: Seconds to align.
        project: Seconds to project.
        memory_mb: Most memory that the process held, in MB.
        start_mb: What it held before the first pair, in MB: the libraries, compiled code and the text to repeat.
    """

    pairs: int
    words: int
    types: int
    fit: float
    align: float
    project: float
    memory_mb: float
    start_mb: float

    @property
    def seconds(self) -> float:
        return self.fit + self.align + self.project


class Stopwatch:
    """Seconds of a piece of work, less those spent waiting for its input."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Stopwatch:
        self.seconds -= time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()

    def without(self, items: Iterable[T]) -> Iterator[T]:
        """The items; the time that they take to make is not counted."""
        source = iter(items)
        while True:
            start = time.perf_counter()
            try:
                item = next(source)
            except StopIteration:
                return
            finally:
                self.seconds -= time.perf_counter() - start
            yield item


def base_text() -> datasets.Bitext:
    """The text that is repeated."""
    europarl = datasets.bitext_of(datasets.europarl("de"))
    return datasets.ntrex("de") + europarl + datasets.opennmt("train")


def corpus(base: datasets.Bitext, size: int) -> Iterator[Pair]:
    """So many pairs; always the same ones."""
    for number in range(size):
        copy, place = divmod(number, len(base))
        source, target = (_changed(tokens, copy) for tokens in base[place])
        yield Pair(Sentence(source, _names(source)), Sentence(target))


def _changed(tokens: Sequence[str], copy: int) -> tuple[str, ...]:
    """A fifth of the words made new: which ones differs from copy to copy, but is the same all through a copy."""
    if copy == 0:
        return tuple(tokens)
    limit = int(NEW_WORDS * 2**32)
    return tuple(
        f"{word}{copy}" if word[:1].isalpha() and zlib.crc32(f"{copy} {word}".encode()) < limit else word
        for word in tokens
    )


def _names(tokens: Sequence[str]) -> tuple[Span, ...]:
    """Runs of capitalised words after the first."""
    spans, start = [], 0
    for upper, run in itertools.groupby(tokens, key=lambda word: word[:1].isupper()):
        end = start + len(list(run))
        if upper and start > 0:
            spans.append(Span(start, end, "NAME"))
        start = end
    return tuple(spans)


def measure(size: int) -> Cost:
    """Learn from, align and project a corpus of so many pairs, in this process."""
    base = base_text()
    _run(base, WARM_UP)  # compiles
    return _run(base, size)


def _run(base: datasets.Bitext, size: int) -> Cost:
    start_mb = _peak_mb()
    fit, align, project = Stopwatch(), Stopwatch(), Stopwatch()
    words = 0

    def counted() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        nonlocal words
        for pair in corpus(base, size):
            words += len(pair.source) + len(pair.target)
            yield pair.source.tokens, pair.target.tokens

    with fit:
        aligner = StatisticalAligner().fit_tokens(fit.without(counted()))
    projector = CandidateProjector()
    with AlignmentSpool() as spool:
        for shard in _shards(corpus(base, size)):
            with align:
                links = aligner.align(shard)
            with project:
                spool.append(links)
                projector.observe(shard, links)
        with project:
            for shard, kept in zip(project.without(_shards(corpus(base, size))), spool, strict=True):
                projector.project(shard, kept)
    types = len(aligner.learned.lexicon.source.vocabulary) + len(aligner.learned.lexicon.target.vocabulary)
    return Cost(size, words, types, fit.seconds, align.seconds, project.seconds, _peak_mb(), start_mb)


def _shards(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    while shard := list(itertools.islice(pairs, SHARD)):
        yield shard


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def measure_all(sizes: Iterable[int]) -> list[Cost]:
    """One process for each size."""
    return list(map(_in_process, sizes))


def _in_process(size: int) -> Cost:
    command = [sys.executable, "-m", "benchmarks.scale", "--one", str(size)]
    return Cost(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Slope of the straight line through the logarithms: 1 is linear.

    Example:
        >>> round(exponent([10, 100, 1000], [2, 20, 200]), 6)
        1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


HEADER = ("pairs", "words", "types", "fit, s", "align, s", "project, s", "pairs/s", "peak memory, MB", "at start, MB")


def table(found: Sequence[Cost]) -> str:
    rows = [
        [
            f"{one.pairs:,}", f"{one.words:,}", f"{one.types:,}", f"{one.fit:.1f}", f"{one.align:.1f}",
            f"{one.project:.1f}", f"{one.pairs / one.seconds:,.0f}", f"{one.memory_mb:,.0f}", f"{one.start_mb:,.0f}",
        ]
        for one in found
    ]  # fmt: skip
    return markdown(HEADER, rows)


def slopes(found: Sequence[Cost]) -> dict[str, float]:
    sizes = [one.pairs for one in found]
    steps = {name: [getattr(one, name) for one in found] for name in ("fit", "align", "project", "seconds")}
    return {"all" if name == "seconds" else name: exponent(sizes, costs) for name, costs in steps.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help=f"also {FULL_SIZES[-1]:,} pairs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(asdict(measure(options.one))))
        return
    found = measure_all(FULL_SIZES if options.full else SIZES)
    fitted = slopes(found)
    if options.json:
        print(json.dumps({"sizes": [asdict(one) for one in found], "exponents": fitted}, indent=1))
        return
    named = ", ".join(f"{name} {slope:.2f}" for name, slope in fitted.items())
    text = f"{table(found)}\n\nExponent of time (1 is linear): {named}."
    print(text)
    if options.page:
        page.write("scale", text)


if __name__ == "__main__":
    main()
