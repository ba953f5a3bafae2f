"""What becomes of labels that the target has not, and of names that are labelled only here and there.

    python -m benchmarks.unknown_labels            # prints the tables; --only labels|spelling, --rounds 1
    python -m benchmarks.unknown_labels --page     # puts them into docs/benchmarks.md

The English side of a thousand pairs of each language (MasakhaNER 2 with MAFAND, or MAFAND alone) gets PER, LOC and ORG
from the embedded tagger, and MISC from one that learned it from CrossNER and Europarl. All is carried over, and a
tagger for PER, LOC and ORG is trained on what becomes of it. Strict F1 on the development sets of MasakhaNER 2: this is
what the defaults were chosen by.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from unittest.mock import patch

import numpy as np

from benchmarks import datasets, page
from benchmarks.findings import markdown
from benchmarks.transfer_parts import TRAINED, shown, strict
from crosspan.core.types import Projection, Sentence
from crosspan.pipeline.labels import tag_translated, translate_test
from crosspan.project.unknown_labels import restrict_labels
from crosspan.tag import word_types
from crosspan.tag.crf import CrfTagger
from crosspan.train.crf import train_crf
from crosspan.train.noise import NoiseOptions, examples_of
from crosspan.train.self_training import train_on_projections

KEPT = ("PER", "LOC", "ORG")
LANGUAGES = ("swa", "hau", "yor", "lug", "twi")
SENTENCES = 1_000
FORMS = 0.2
"""The share that is tried beside the default."""
DOMAINS = ("politics", "science", "literature", "music", "ai")
KINDS = {
    "PER": ("person", "politician", "scientist", "writer", "musicalartist", "researcher"),
    "LOC": ("location", "country"),
    "ORG": ("organisation", "politicalparty", "band", "university"),
}
_KIND = {one: kind for kind, names in KINDS.items() for one in names}


@cache
def misc_tagger() -> CrfTagger:
    """A tagger of English that knows MISC."""
    text = [
        one
        for domain in DOMAINS
        for split in ("train", "dev", "test")
        for one in datasets.two_columns(f"ner/crossner/{domain}/{split}.txt")
    ]
    text = [
        replace(one, spans=tuple(replace(span, label=_KIND.get(span.label, "MISC")) for span in one.spans))
        for one in text
    ]
    return train_crf([*text, *(pair.source for pair in datasets.europarl("de"))])


def text_of(lang: str) -> tuple[list[Sentence], list[Sentence]]:
    """English sentences and their translations, without labels."""
    if lang in TRAINED:
        pairs = datasets.masakhaner(lang, "train")
        chosen = sorted(random.Random(0).sample(range(len(pairs)), SENTENCES))
        return [pairs[at].source for at in chosen], [Sentence(pairs[at].target.tokens) for at in chosen]
    text = random.Random(0).sample(datasets.mafand(lang), SENTENCES)
    return [Sentence(tuple(source)) for source, _ in text], [Sentence(tuple(target)) for _, target in text]


@cache
def projected(lang: str) -> list[Projection]:
    """All four labels, carried over."""
    sources, targets = text_of(lang)
    both = []
    for own, other in zip(tag_translated("en", sources, targets), misc_tagger().tag(sources), strict=True):
        taken = {token for span in own.spans for token in range(span.start, span.end)}
        more = [one for one in other.spans if one.label not in KEPT and taken.isdisjoint(range(one.start, one.end))]
        both.append(replace(own, spans=(*own.spans, *more)))
    return translate_test(targets, both)


def left_out(projection: Projection) -> Projection:
    """What has another label is taken for no entity."""
    return replace(
        projection,
        sentence=replace(projection.sentence, spans=tuple(s for s in projection.sentence.spans if s.label in KEPT)),
        links=tuple(link for link in projection.links if link.target.label in KEPT),
        dropped=tuple(one for one in projection.dropped if one.source.label in KEPT),
    )


def left_open(projection: Projection) -> Projection:
    """What has another label is unobserved, whatever its form."""
    others = tuple(link for link in projection.links if link.target.label not in KEPT)
    return replace(left_out(projection), unobserved=others)


WAYS: dict[str, Callable[[Sequence[Projection]], list[Projection]]] = {
    "no entity": lambda found: [left_out(one) for one in found],
    "unobserved": lambda found: [left_open(one) for one in found],
    "by its form, else unobserved (default)": lambda found: restrict_labels(found, KEPT),
}


def labels_table(rounds: int) -> str:
    rows = []
    for share in (0.0, FORMS):
        for name, way in WAYS.items():
            scores = []
            for lang in LANGUAGES:
                dev = datasets.masakhaner2(lang, "dev")
                examples = examples_of(way(projected(lang)), NoiseOptions(forms=share))
                tagger = train_on_projections(examples, labels=KEPT, rounds=rounds)
                scores.append(strict(dev, tagger.tag(dev)))
            rows.append([name, f"{share:g}", *map(shown, scores), shown(float(np.mean(scores)))])
            print(rows[-1], flush=True)
    return markdown(["a MISC is", "`noise.forms`", *LANGUAGES, "mean"], rows)


def spelling_table(rounds: int) -> str:
    """Yoruba: MAFAND is composed, and MasakhaNER 2 is not."""
    text = random.Random(0).sample(datasets.mafand("yor"), 1_500)
    sources, targets = ([Sentence(tuple(words)) for words in side] for side in zip(*text, strict=True))
    examples = examples_of(translate_test(targets, sources, tagger="en"))
    dev = datasets.masakhaner2("yor", "dev")

    def score() -> str:
        return shown(strict(dev, train_on_projections(examples, rounds=rounds).tag(dev)))

    with patch.object(word_types, "composed", lambda words: words):
        before = score()
    return markdown(["features see letters", "yor"], [["as they are spelt", before], ["composed (default)", score()]])


TABLES: dict[str, Callable[[int], str]] = {"labels": labels_table, "spelling": spelling_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=list(TABLES), help="some of the tables")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of self-training")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    for name in arguments.only or TABLES:
        text = TABLES[name](arguments.rounds)
        print(f"\n{text}", flush=True)
        if arguments.page:
            page.write(f"unknown-{name}", text)


if __name__ == "__main__":
    main()
