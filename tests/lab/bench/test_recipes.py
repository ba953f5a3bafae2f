"""Ready recipes as pipelines of suites."""

from __future__ import annotations

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.lab.bench import BenchScoring, make_baseline, make_system, run_suite
from crosspan.lab.bench.choosing import pipelines_of
from crosspan.lab.bench.material import LazyMaterial
from crosspan.lab.bench.plans import BenchJob
from crosspan.lab.bench.system import System
from crosspan.suites import make_suite
from crosspan.suites.suite import Material

QUICK = BenchScoring(bootstrap=20, samples=20)


def test_every_suite_with_sentences_runs_them():
    assert "codec" in pipelines_of(make_suite("masakhaner2").about)
    assert pipelines_of(make_suite("alignment").about) == ("alignment",)
    with pytest.raises(OptionError, match="has no pipeline 'codec'"):
        make_system(make_suite("alignment").about, pipeline="codec")


@pytest.mark.parametrize(
    ("how", "message"),
    [({"method": "heuristic"}, "the method of align-source stands in its recipe"),
     ({"aligner": "fast_align"}, "the aligner of align-source stands in its recipe"),
     ({"taggers": {"": "en"}}, "the tagger of align-source stands in its recipe")],
)  # fmt: skip
def test_what_a_recipe_says_is_not_said_again(how, message):
    with pytest.raises(OptionError, match=message):
        make_system(make_suite("masakhaner2").about, pipeline="align-source", **how)


GOLD = [Sentence(("Ada", "anaishi", "Accra"), (Span(0, 1, "PER"), Span(2, 3, "LOC")), lang="sw")]
SOURCE = [Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER"), Span(3, 4, "LOC")), lang="en")]


def plan_of(material: Material, *, from_gold: bool):
    """What is done on a suite with such sentences."""
    system = System(pipeline="align-source", from_gold=from_gold)
    (plan,) = BenchJob(system, LazyMaterial(lambda: (material, {}), {}), "sw").plans()
    return plan


def test_gold_labels_of_the_source_are_carried_over_without_translation():
    plan = plan_of(Material(gold=GOLD, source=SOURCE), from_gold=True)
    assert [step.name for step in plan.steps] == ["align", "project"]
    assert plan.steps[0].aligner.name == "awesome"
    (pairs,) = plan.readings
    (row,) = pairs.corpus.located()
    assert (row.pair.source.spans[0].label, pairs.labelled) == ("PER", True)
    system = System(pipeline="easyproject", from_gold=True)
    (plan,) = BenchJob(system, LazyMaterial(lambda: (Material(gold=GOLD, source=SOURCE), {}), {}), "sw").plans()
    source, target = ([item.pair.source for item in reading.corpus.located()] for reading in plan.readings)
    assert (source[0].spans[0].label, target[0].spans) == ("PER", ())
    assert system.needs == {"source"}


def test_without_gold_labels_the_recipe_is_as_it_was():
    plan = plan_of(Material(gold=GOLD), from_gold=False)
    translator = plan.steps[0].translator
    assert (translator.source_lang, translator.target_lang, plan.steps[0].makes) == ("sw", "en", "source")
    assert [step.name for step in plan.steps] == ["pairs", "tag", "align", "project"]
    (target,) = plan.readings
    assert [item.pair.source.spans for item in target.corpus.located()] == [()]


def test_a_tagger_of_the_sentences_themselves_through_a_recipe(tmp_path, downloads):
    downloads.europarl(tmp_path, "en", "es")
    about = make_suite("europarl-ner").about
    settings = {"tag.use": "crf", "tag.model": "en"}
    with pytest.raises(OptionError, match="tag"):
        make_system(about, pipeline="model-transfer", settings={**settings, "tag.labels": "", "tag.others": ""})
    system = make_system(about, pipeline="model-transfer", settings=settings)
    (one,) = run_suite("europarl-ner", str(tmp_path), system=system, scoring=QUICK, languages=["es"]).languages
    assert one.status == "done"


def test_a_recipe_on_a_suite_beside_a_pipeline_of_its_own(tmp_path, downloads):
    torch = pytest.importorskip("torch")
    from crosspan.testing import tiny_models

    torch.set_num_threads(1)
    encoder = tiny_models.save_mbert(tmp_path / "mbert", layers=2)
    downloads.europarl(tmp_path / "data", "en", "es")
    about = make_suite("europarl-ner").about
    system = make_system(about, pipeline="align-source", settings={"align.model": str(encoder), "align.layer": "1"})
    baseline = make_baseline(about, system, "projection")
    stages = []
    result = run_suite(
        "europarl-ner",
        str(tmp_path / "data"),
        system=system,
        baseline=baseline,
        scoring=QUICK,
        languages=["es"],
        cache=tmp_path / "cache",
        progress=lambda event: stages.append(event.stage),
    )
    (one,) = result.languages
    assert one.status == "done"
    assert result.mean() is not None
    assert list(dict.fromkeys(stages))[:3] == ["es: pairs", "es: align", "es: project"]
    assert "align-source" in result.signature


def test_a_model_that_is_not_there_is_a_line_of_the_table(tmp_path, downloads, capsys):
    pytest.importorskip("torch")
    downloads.europarl(tmp_path, "en", "es")
    words = [
        "bench",
        "europarl-ner",
        "--data",
        str(tmp_path),
        "--pipeline",
        "align-source",
        "--lang",
        "es",
        "--no-cache",
    ]
    code = main([*words, "--set", f"align.model={tmp_path}/no-such-model"])
    captured = capsys.readouterr()
    assert code == 3
    assert "there is no such folder" in captured.out + captured.err


@pytest.mark.parametrize(
    ("how", "aligner"),
    [
        ({"method": "codec", "settings": {"model": "nobody/codec"}}, None),  # it needs no links
        ({"method": "t-projection", "settings": {"model": "nobody/t5", "min_confidence": "0.2"}}, None),
        ({"method": "codec", "settings": {"model": "nobody/codec"}, "aligner": "fast_align"}, "fast_align"),
        ({"aligner": "awesome", "settings": {"align.model": "nobody/mbert"}}, "awesome"),
        ({"aligner": "fast_align", "method": "heuristic"}, "fast_align"),
        ({}, "statistical"),
    ],
)
def test_any_method_and_aligner_makes_a_plan(how, aligner):
    system = make_system(make_suite("europarl-ner").about, **how)
    (plan,) = BenchJob(system, LazyMaterial(lambda: (Material(gold=GOLD, source=SOURCE), {}), {}), "es").plans()
    (project,) = [step for step in plan.steps if step.name == "project"]
    assert project.method.name == how.get("method", "candidates")
    found = [step.aligner for step in plan.steps if hasattr(step, "aligner")]
    assert {one.name for one in found} == ({aligner} if aligner else set())
    assert (f"{aligner} aligner" in system.label) == system.aligns == bool(aligner)
    aligner = {f"align.{key}": value for one in found for key, value in one.settings.items()}
    used = {**project.method.settings, **aligner, "min_confidence": "0.2"}
    assert how.get("settings", {}).items() <= used.items()
