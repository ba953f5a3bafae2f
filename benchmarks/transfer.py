"""Data transfer from end to end: tag, align, project, train, and both directions together.

    python -m benchmarks.transfer                  # all tables; --only test|train|ensemble|pivot|effects
    python -m benchmarks.transfer --page           # puts them into docs/benchmarks.md

MasakhaNER 2 joined with its human translations in MAFAND (English for lug, twi and yor, French for wol and bam). Labels
PER, LOC, ORG; DATE is ignored. Settings were chosen on the development sets (``--only effects``), the tables are of the
test sets. No part sees a gold label, but for the ceilings.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks import datasets, page, transfer_sets
from benchmarks.findings import markdown
from benchmarks.oracles import oracle_rows
from crosspan.evaluate import evaluate_ner
from crosspan.tag import load_tagger
from crosspan.tag.crf import CrfTagger
from crosspan.train.adapt import adapt_tagger, copy_bias
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_of
from crosspan.train.self_training import train_on_projections
from crosspan.transfer import ensemble, translate_test
from crosspan.types import Projection, Sentence
from crosspan.workflow import project_labels

LANGUAGES = ("lug", "twi")
TRAINED = ("lug", "twi", "yor")
PAPER = {"lug": 0.808, "twi": 0.746}
AIM = {"lug": 0.64, "twi": 0.57}
NAIVE_NOISE = NoiseOptions(min_confidence=0.0, dropped="keep", missing=0.0)
NAIVE = CrfOptions(span_confidence=False)


def strict(gold: Sequence[Sentence], found: Sequence[Sentence]) -> float:
    return evaluate_ner(gold, found).strict.micro.f1


def lenient(gold: Sequence[Sentence], found: Sequence[Sentence]) -> float:
    return evaluate_ner(gold, found).lenient.micro.f1


def shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


@cache
def english() -> CrfTagger:
    tagger = load_tagger("en")
    assert isinstance(tagger, CrfTagger)
    return tagger


@cache
def adapted(lang: str) -> CrfTagger:
    """The English tagger, adapted to the training part of MAFAND."""
    return adapt_tagger(english(), *transfer_sets.training_text(lang))


def tagged(tagger: CrfTagger, lang: str, split: str, *, copies: bool = True) -> list[Sentence]:
    data = transfer_sets.pairs(lang, split)
    bias = copy_bias(data.sources, data.unlabelled) if copies else None
    return tagger.tag(data.sources, entity_bias=bias)


def projected(sources: Sequence[Sentence], lang: str, split: str) -> list[Projection]:
    data = transfer_sets.pairs(lang, split)
    return translate_test(data.unlabelled, sources, links=data.links)


def floor(lang: str, split: str) -> list[Projection]:
    """What the paper's heuristic makes of fast_align's links and the tagger as it is."""
    data = transfer_sets.pairs(lang, split)
    plain = english().tag(data.sources)
    return project_labels(plain, data.unlabelled, links=data.rival_links, method="heuristic")


def labels_of(projections: Sequence[Projection]) -> list[Sentence]:
    return [projection.sentence for projection in projections]


def translate_test_table() -> str:
    rows = []
    for lang in LANGUAGES:
        data = transfer_sets.pairs(lang, "test")
        ways: list[tuple[str, list[Projection]]] = [
            ("fast_align, heuristic of the paper, tagger as shipped", floor(lang, "test")),
            ("tagger as shipped", projected(tagged(english(), lang, "test", copies=False), lang, "test")),
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


@cache
def train_projections(lang: str) -> list[Projection]:
    return projected(tagged(adapted(lang), lang, "train"), lang, "train")


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


def effects(split: str = "dev") -> str:
    """What each way to treat noise does, on development sets."""
    some = NoiseOptions(missing=0.0)
    ways: list[tuple[str, Callable[[list[Projection]], CrfTagger]]] = [
        ("every label believed", lambda found: train_crf(examples_of(found, NAIVE_NOISE), options=NAIVE)),
        ("min_confidence 0.5 drops spans to O", lambda found: train_crf(_dropped(found, 0.5), options=NAIVE)),
        ("confidence of spans", lambda found: _with(found, NAIVE_NOISE)),
        ("and sentences weigh by confidence", lambda found: _with(found, replace(NAIVE_NOISE, weight=True))),
        ("and unsure spans unobserved (0.5)", lambda found: _with(found, replace(NAIVE_NOISE, min_confidence=0.5))),
        ("and names unobserved where a span was dropped", lambda found: _with(found, some)),
        ("or such sentences left out", lambda found: _with(found, replace(some, dropped="leave-out"))),
        ("or all names unobserved", lambda found: _with(found, replace(some, names=True))),
        *[(f"and missing {chance}", _missing(chance)) for chance in (0.05, 0.1, 0.2, 0.3)],
        ("default, 0 rounds", lambda found: train_on_projections(examples_of(found), rounds=0)),
        ("default, 1 round of self-training", lambda found: train_on_projections(examples_of(found), rounds=1)),
        ("default, 2 rounds of self-training", lambda found: train_on_projections(examples_of(found), rounds=2)),
    ]  # fmt: skip
    rows = []
    tests = {lang: datasets.masakhaner2(lang, split) for lang in TRAINED}
    for name, train in ways:
        scores = [strict(test, train(train_projections(lang)).tag(test)) for lang, test in tests.items()]
        rows.append([name, *map(shown, scores), shown(float(np.mean(scores)))])
        print(rows[-1], flush=True)
    return markdown(["labels taken", *TRAINED, "mean"], rows)


def _with(found: list[Projection], noise: NoiseOptions) -> CrfTagger:
    return train_crf(examples_of(found, noise))


def _missing(chance: float) -> Callable[[list[Projection]], CrfTagger]:
    return lambda found: _with(found, NoiseOptions(missing=chance))


def _dropped(found: list[Projection], least: float) -> list[Sentence]:
    from crosspan.project.filters import drop_unsure

    return [drop_unsure(projection, least).sentence for projection in found if projection.error is None]


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
    "effects": effects,
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
