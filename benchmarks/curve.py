"""Projection F1 against the amount of text: 10, 100, 1,000 sentence pairs, and all there are.

    python -m benchmarks.curve [--json] [--page] [--skip-rivals]

So many labelled pairs are projected with nothing else to learn from; where a set has fewer labelled pairs than that,
other text fills up. "All" has all labelled pairs and all other text. Small samples are drawn several times, and F1 is
that of all samples together. Weights are those trained without the corpus.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING

from benchmarks import baselines, datasets, ours, page
from benchmarks.findings import markdown
from benchmarks.projection_sets import family, load
from crosspan.evaluate import score_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crosspan.core.types import Pair, Sentence

    Sample = tuple[list[Pair], datasets.Bitext]

SETS = ("europarl-de", "europarl-es", "pud-pt", "xsid-tr")
SIZES = {10: 20, 100: 5, 1_000: 1}
"""Sizes, and how many samples of each."""


def samples(pairs: Sequence[Pair], extra: datasets.Bitext, size: int, times: int) -> Iterator[Sample]:
    """Labelled pairs and other text, so many together."""
    for seed in range(times):
        chance = random.Random(seed)
        own = chance.sample(pairs, min(size, len(pairs)))
        yield own, chance.sample(extra, min(size - len(own), len(extra)))


def our_f1(drawn: Sequence[Sample], corpus: str) -> float:
    gold: list[Sentence] = []
    found: list[Sentence] = []
    for pairs, extra in drawn:
        done = ours.project(pairs, ours.align(pairs, extra), ours.weights_without(corpus))
        gold.extend(pair.target for pair in pairs)
        found.extend(projection.sentence for projection in done)
    return score_spans(gold, found).micro.f1


def rival_f1(drawn: Sequence[Sample]) -> float:
    """The best of fast_align's ways to link, with the paper's n-gram candidates."""
    gold = [pair.target for pairs, _ in drawn for pair in pairs]
    found: dict[tuple[bool, str], list[Sentence]] = defaultdict(list)
    for pairs, extra in drawn:
        bitext = datasets.bitext_of(pairs)
        for diagonal in (True, False):
            links = baselines.fast_align(bitext, extra, diagonal=diagonal)
            for how in baselines.SYMMETRISATIONS:
                done = zip(pairs, links.symmetrised(how), strict=True)
                found[diagonal, how].extend(baselines.paper_ngram_greedy(*item) for item in done)
    return max(score_spans(gold, sentences).micro.f1 for sentences in found.values())


def measure(name: str, *, with_rivals: bool) -> dict[str, dict[str, float]]:
    """F1 by size, ours and the rival's."""
    pairs, extra = load(name)
    total = len(pairs) + len(extra)
    curve = {f"{size:,}": list(samples(pairs, extra, size, times)) for size, times in SIZES.items() if size <= total}
    curve["all"] = [(pairs, extra)]
    found: dict[str, dict[str, float]] = {}
    for size, drawn in curve.items():
        found[size] = {"crosspan": our_f1(drawn, family(name))}
        if with_rivals:
            found[size]["fast_align + n-gram"] = rival_f1(drawn)
    return found


def table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    sizes = [f"{size:,}" for size in SIZES] + ["all"]
    rows = []
    for name, curve in found.items():
        for system in curve["all"]:
            cells = [f"{curve[size][system]:.3f}".removeprefix("0") if size in curve else "–" for size in sizes]
            rows.append([name, system, *cells])
    return markdown(["set", "system", *sizes], rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--skip-rivals", action="store_true", help="measure crosspan alone")
    options = parser.parse_args(arguments)
    found = {name: measure(name, with_rivals=not options.skip_rivals) for name in SETS}
    print(json.dumps(found, indent=1) if options.json else table(found))
    if options.page:
        page.write("curve", table(found))


if __name__ == "__main__":
    main()
