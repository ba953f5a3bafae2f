"""How well, and how fast, an encoder links words: error rates on gold links, and pairs a second of a core.

    python -m benchmarks.encoder_links                                    # e5-small, as the aligner awesome
    python -m benchmarks.encoder_links --set layer=6 --set layer=7 --set dtype=int8 --set marks=keep
    python -m benchmarks.encoder_links --aligner simalign --only es,zh --model xlm-roberta-base

Values of one setting are tried one after another, of several settings all together. Sentences are those of XL-WA (five
languages, 245 pairs each), the Hansards (English-French) and Chinese-English news; nothing is learned from them. What
is counted is processor time of all threads together, in the fastest of the runs, without loading and compiling.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence

from benchmarks import datasets
from crosspan.align import make_aligner
from crosspan.core.tables import Table
from crosspan.core.types import Pair
from crosspan.evaluate import GoldLinks, score_alignments

Task = tuple[list[Pair], list[GoldLinks]]
MIN_PROB = {"awesome": "0.3"}
"""Where links of an aligner begin, unless a setting says otherwise: what e5-small is best at."""


def tasks(only: Sequence[str]) -> Iterator[tuple[str, Task]]:
    """Sentences with gold links, by language."""
    for lang in datasets.XL_WA_LANGS:
        if not only or lang in only:
            yield lang, datasets.xl_wa(lang)
    for name, read in (("fr", datasets.hansards), ("zh", datasets.zhen)):
        if not only or name in only:
            yield name, read()


def ways(given: Sequence[str]) -> Iterator[dict[str, str]]:
    """The settings to try: each value of one with each of the others."""
    values: dict[str, list[str]] = {}
    for one in given:
        name, _, value = one.partition("=")
        values.setdefault(name, []).append(value)
    for chosen in itertools.product(*values.values()):
        yield dict(zip(values, chosen, strict=True))


def measured(
    aligner: str, model: str, settings: dict[str, str], found: dict[str, Task], runs: int, threads: int
) -> tuple[dict[str, float], float]:
    """The error rate of each language, and pairs a second."""
    made = make_aligner(aligner, threads=threads, model=model, **settings)
    text = {lang: [(one.source.tokens, one.target.tokens) for one in pairs] for lang, (pairs, _) in found.items()}
    made.fit_tokens([])
    list(made.iter_align_tokens([(["a"], ["b"])]))  # compiles
    rates, spent = {}, 0.0
    for lang, (_, gold) in found.items():
        times = []
        for _ in range(runs):
            begin = time.process_time()
            links = list(made.iter_align_tokens(text[lang]))
            times.append(time.process_time() - begin)
        rates[lang] = score_alignments(gold, links).aer
        spent += min(times)
    return rates, sum(map(len, text.values())) / spent


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="e5-small")
    parser.add_argument("--aligner", default="awesome")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the aligner")
    parser.add_argument("--only", default="", help="languages, such as es,zh")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    found = dict(tasks([one for one in chosen.only.split(",") if one]))
    rows = []
    for settings in ways(chosen.set):
        usual = {"min_prob": MIN_PROB[chosen.aligner]} if chosen.aligner in MIN_PROB else {}
        rates, speed = measured(chosen.aligner, chosen.model, {**usual, **settings}, found, chosen.runs, chosen.threads)
        shown = " ".join(f"{name}={value}" for name, value in settings.items())
        figures = [*rates.values(), sum(rates.values()) / len(rates)]
        rows.append([shown, *(f"{one:.3f}".lstrip("0") for one in figures), f"{speed:.0f}"])
        print(*rows[-1], flush=True)
    print(Table(["settings", *found, "mean", "pairs/s"], rows).markdown())


if __name__ == "__main__":
    main()
