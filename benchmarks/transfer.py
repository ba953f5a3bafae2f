"""Data transfer from end to end: tag, align, project, train, and both directions together.

    python -m benchmarks.transfer                  # all tables; --only NAME, such as test or effects
    python -m benchmarks.transfer --page           # puts them into docs/benchmarks.md

MasakhaNER 2 joined with its human translations in MAFAND (English for lug, twi and yor, French for wol and bam). Labels
PER, LOC, ORG; DATE is ignored. Settings are chosen on the development sets (``--only copies --only effects``), the
other tables are of the test sets. No part sees a gold label, but for the ceilings.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import datasets, page, transfer_sets
from benchmarks.findings import markdown
from benchmarks.oracles import oracle_rows
from benchmarks.transfer_effects import copies_table, effects_table, samples_table
from benchmarks.transfer_parts import (
    LANGUAGES,
    NAIVE,
    TRAINED,
    adapted,
    english,
    floor,
    labels_of,
    projected,
    shown,
    strict,
    tagged,
    train_projections,
)
from crosspan.core.types import Projection, Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.pipeline.labels import translate_test
from crosspan.pipeline.voting import vote as ensemble
from crosspan.tag.crf import CrfTagger
from crosspan.train.adapt import adapt_tagger, copy_bias
from crosspan.train.crf import train_crf
from crosspan.train.examples import Example
from crosspan.train.noise import examples_of
from crosspan.train.self_training import train_on_projections

PAPER = {"lug": 0.808, "twi": 0.746}
AIM = {"lug": 0.64, "twi": 0.57}


def translate_test_table() -> str:
    rows = []
    for lang in LANGUAGES:
        data = transfer_sets.pairs(lang, "test")
        ways: list[tuple[str, list[Projection]]] = [
            ("fast_align, heuristic of the paper, tagger as shipped", floor(lang, "test")),
            ("tagger as shipped", projected(tagged(english(), lang, "test", copies=0.0), lang, "test")),
            ("and copied words", projected(tagged(english(), lang, "test"), lang, "test")),
            ("and adapted to MAFAND's training text", projected(tagged(adapted(lang), lang, "test"), lang, "test")),
        ]
        for name, found in ways:
            score = evaluate_ner(data.targets, labels_of(found))
            aim = shown(AIM[lang]) if name.startswith("and adapted") else ""
            rows.append([lang, name, shown(score.strict.micro.f1), shown(score.lenient.micro.f1), aim])
        rows.append([lang, "paper: NLLB-3.3B, XLM-R-large, AWESOME", "", shown(PAPER[lang]), ""])
    return markdown(["language", "what", "strict F1", "lenient F1", "aim, strict"], rows)


def oracle_table() -> str:
    rows = []
    for lang in LANGUAGES:
        data = transfer_sets.pairs(lang, "test")
        sources = tagged(adapted(lang), lang, "test")
        for name, value in oracle_rows(sources, data, labels_of(projected(sources, lang, "test"))):
            rows.append([lang, name, shown(value)])
    return markdown(["language", "what is perfect", "strict F1"], rows)


def gold_examples(lang: str) -> list[Example]:
    return [Example(target) for target in transfer_sets.pairs(lang, "train").targets]


def trained(lang: str) -> CrfTagger:
    """The tagger that translate-train makes with its defaults."""
    return train_on_projections(examples_of(train_projections(lang)))


def train_table() -> str:
    rows, shares = [], []
    for lang in TRAINED:
        test = datasets.masakhaner2(lang, "test")
        low = train_crf(labels_of(floor(lang, "train")), options=NAIVE)
        naive = train_crf(labels_of(train_projections(lang)), options=NAIVE)
        high = train_crf(gold_examples(lang))
        scores = [strict(test, tagger.tag(test)) for tagger in (low, naive, trained(lang), high)]
        shares.append((scores[2] - scores[0]) / (scores[3] - scores[0]))
        of_naive = (scores[2] - scores[1]) / (scores[3] - scores[1])
        rows.append([lang, *map(shown, scores), f"{shares[-1]:.0%}", f"{of_naive:.0%}"])
    rows.append(["mean", "", "", "", "", f"{np.mean(shares):.0%}", ""])
    header = ["language", "floor: fast_align, heuristic", "our projections, every label believed",
              "default: noise-aware", "ceiling: gold", "gap closed", "of which by learning from noise"]  # fmt: skip
    return markdown(header, rows)


def ensemble_table() -> str:
    rows, columns = [], []
    for lang in LANGUAGES:
        data = transfer_sets.pairs(lang, "test")
        tagger = trained(lang)
        back = projected(tagged(adapted(lang), lang, "test"), lang, "test")
        both = ensemble(tagger, back, links=data.links)
        scores = [strict(data.targets, found) for found in (labels_of(back), tagger.tag(data.unlabelled), both)]
        columns.append(scores)
        rows.append([lang, *map(shown, scores)])
    rows.append(["mean", *map(shown, np.mean(columns, axis=0))])
    return markdown(["language", "translate-test", "translate-train", "ensemble"], rows)


def pivot_table() -> str:
    """Bambara and Wolof through French, whose tagger is itself made by projection from English."""
    text = datasets.ntrex("fr") + datasets.bitext_of(datasets.hansards()[0])
    pairs, links = transfer_sets.linked_text(text)
    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    adapted_english = adapt_tagger(english(), sources, targets)
    labelled = adapted_english.tag(sources, entity_bias=copy_bias(sources, targets))
    french = train_on_projections(examples_of(translate_test(targets, labelled, links=links)))
    rows = []
    for lang in ("wol", "bam"):
        data = transfer_sets.pairs(lang, "test")
        row = [lang, str(len(data.targets))]
        for tagger in (english(), french):
            moved = adapt_tagger(tagger, *transfer_sets.training_text(lang))
            row.append(shown(strict(data.targets, labels_of(projected(tagged(moved, lang, "test"), lang, "test")))))
        row.append(through_english(data.targets) if lang == "bam" else "")
        rows.append(row)
    header = ["language", "sentences", "English tagger on French text", "French tagger by projection",
              "through machine-translated English (NLLB-3.3B), same sentences"]  # fmt: skip
    return markdown(header, rows)


def through_english(targets: Sequence[Sentence]) -> str:
    """The Bambara sentences through NLLB's English, tagged by the English tagger, no pivot."""
    data = datasets.bam_nllb()
    wanted = {target.tokens: target for target in targets}
    sources = [Sentence(pair.source.tokens) for pair in data.pairs]
    plain = [Sentence(pair.target.tokens) for pair in data.pairs]
    tagger = adapt_tagger(english(), sources, plain)
    labelled = tagger.tag(sources, entity_bias=copy_bias(sources, plain))
    found = labels_of(translate_test(plain, labelled, links=list(data.alignments)))
    same = [(wanted[sentence.tokens], sentence) for sentence in found if sentence.tokens in wanted]
    gold, pred = [one for one, _ in same], [other for _, other in same]
    return f"{shown(strict(gold, pred))} (n={len(same)})"


TABLES: dict[str, Callable[[], str]] = {
    "test": translate_test_table,
    "oracles": oracle_table,
    "train": train_table,
    "ensemble": ensemble_table,
    "pivot": pivot_table,
    "copies": copies_table,
    "effects": effects_table,
    "samples": samples_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=list(TABLES), help="some of the tables")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    for name in arguments.only or TABLES:
        text = TABLES[name]()
        print(f"\n## {name}\n\n{text}", flush=True)
        if arguments.page:
            page.write(f"transfer-{name}", text)


if __name__ == "__main__":
    main()
