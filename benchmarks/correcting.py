"""What corrected sentences are worth: a learning curve of taggers from projected labels, some of them put right.

    python -m benchmarks.correcting                # prints the table; --split dev, --only lug
    python -m benchmarks.correcting --page         # puts it into docs/benchmarks.md

A thousand sentences of MasakhaNER 2 with their human translations in MAFAND: the translations are tagged and their
labels carried over, with nothing but these pairs to learn from. Of some sentences, drawn at random or those with the
least sure label first, the gold labels then stand for what a reviewer makes of them. Settings were chosen on the
development sets; the table is of the test sets.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from benchmarks import datasets, page
from benchmarks.findings import markdown
from benchmarks.transfer_parts import LANGUAGES, shown, strict
from crosspan.core.types import Projection, Sentence
from crosspan.pipeline.labels import translate_test
from crosspan.tag import load_tagger
from crosspan.tag.crf import CrfTagger
from crosspan.train.crf import train_crf
from crosspan.train.examples import Example
from crosspan.train.noise import examples_of
from crosspan.train.self_training import train_on_projections

SENTENCES = 1_000
SIZES = (0, 50, 100, 200, 500)
SEED = 0


@cache
def corpus(lang: str) -> tuple[list[Projection], list[Sentence]]:
    """What was projected onto the sentences, and the same with gold labels."""
    pairs = datasets.masakhaner(lang, "train")
    chosen = sorted(random.Random(SEED).sample(range(len(pairs)), SENTENCES))
    targets = [pairs[index].target for index in chosen]
    plain = [Sentence(one.tokens, (), one.id, one.lang) for one in targets]
    found = translate_test(plain, [pairs[index].source for index in chosen], tagger=load_tagger("en"))
    return found, targets


def at_random(projections: Sequence[Projection]) -> list[int]:
    return random.Random(SEED + 1).sample(range(len(projections)), len(projections))


def least_sure_first(projections: Sequence[Projection]) -> list[int]:
    """By the least confidence in the sentence; a label that found no place is the least sure there is."""
    sure = [0.0 if one.dropped else min([link.confidence for link in one.links], default=1.0) for one in projections]
    return sorted(range(len(projections)), key=lambda index: sure[index])


ORDERS: Mapping[str, Callable[[Sequence[Projection]], list[int]]] = {
    "at random": at_random,
    "least sure first": least_sure_first,
}


def both(lang: str, corrected: Sequence[int], weight: float) -> CrfTagger:
    """A tagger from both; a weight of 0 has it chosen, as everywhere."""
    projections, targets = corpus(lang)
    gold = [Example(targets[index]) for index in corrected]
    fixed = {*corrected}
    rest = [one for index, one in enumerate(projections) if index not in fixed]
    return train_on_projections(examples_of(rest), gold=gold, gold_weight=weight)


def curve(lang: str, split: str) -> list[list[str]]:
    """A row for each way to learn, with a score for each number of corrected sentences."""
    projections, targets = corpus(lang)
    test = datasets.masakhaner2(lang, split)

    def score(tagger: CrfTagger) -> str:
        return shown(strict(test, tagger.tag(test)))

    nothing = score(both(lang, [], 0.0))
    rows = []
    for name, order in ORDERS.items():
        by_size = {size: order(projections)[:size] for size in SIZES if size}
        ways: dict[str, Callable[[Sequence[int]], CrfTagger]] = {
            "the corrected sentences alone": lambda chosen: train_crf([targets[index] for index in chosen]),
            "both, all sentences alike": lambda chosen: both(lang, chosen, 1.0),
            "**both, gold weighed (default)**": lambda chosen: both(lang, chosen, 0.0),
        }
        for way, train in ways.items():
            scores = []
            for chosen in by_size.values():
                tagger = train(chosen)
                scores.append(score(tagger))
                print(lang, name, way, len(chosen), scores[-1], tagger.card.get("gold", ""), flush=True)
            rows.append([lang, name, way, "–" if "alone" in way else nothing, *scores])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=LANGUAGES, help="some of the languages")
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="what is scored on")
    parser.add_argument("--page", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    rows = [row for lang in arguments.only or LANGUAGES for row in curve(lang, arguments.split)]
    text = markdown(["language", "corrected", "learned from", *[f"{size}" for size in SIZES]], rows)
    print(text)
    if arguments.page:
        page.write("correcting", text)


if __name__ == "__main__":
    main()
