"""Every ready recipe from end to end, through its real components, with tiny models that learned to copy and to tag.

Source and target are the same there, so the right labels are known; what a pipeline does on the way is looked at too.
"""

from __future__ import annotations

import json
import random
import re

import pytest

torch = pytest.importorskip("torch", reason="crosspan[neural] is not installed")
pytest.importorskip("ctranslate2", reason="crosspan[ctranslate2] is not installed")

from tests import chat_server, golden  # noqa: E402
from tests.worlds import copy_world  # noqa: E402

from crosspan.core.types import Sentence, Span  # noqa: E402
from crosspan.evaluate import evaluate_ner  # noqa: E402
from crosspan.io import read, write  # noqa: E402
from crosspan.pipeline import load_recipe, run_recipe  # noqa: E402
from crosspan.pipeline.recipes.ready import ready_names, ready_recipe  # noqa: E402
from crosspan.testing import tiny_models  # noqa: E402
from crosspan.train.candidates.training import WriterTraining, train_writer  # noqa: E402

GOLD = [
    Sentence(("Ada", "went", "to", "Accra", "."), (Span(0, 1, "PER"), Span(3, 4, "LOC"))),
    Sentence(("the", "river", "sees", "Lagos"), (Span(3, 4, "LOC"),)),
    Sentence(("Kofi", "Obi", "works", "for", "Unicef", "."), (Span(0, 2, "PER"), Span(4, 5, "ORG"))),
    Sentence(("the", "old", "market", "in", "Gulu"), (Span(4, 5, "LOC"),)),
    Sentence(("big", "city", "and", "old", "river", "."), ()),
    Sentence(("Ecowas", "sees", "Nneka", "in", "Kano"), (Span(0, 1, "ORG"), Span(2, 3, "PER"), Span(4, 5, "LOC"))),
    Sentence(("sun", "in", "the", "city", "works"), ()),
    Sentence(
        ("Azam", "went", "from", "Kano", "to", "Lagos"), (Span(0, 1, "ORG"), Span(3, 4, "LOC"), Span(5, 6, "LOC"))
    ),
]
TRANSLATED = {"ctranslate2", "transformers"}
WITHOUT_TRANSLATION = {"model-transfer"}
BACK = {"align-target", "back-translation-candidates"}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tiny models are no faster with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of the models."""
    folder = tmp_path_factory.mktemp("models")
    copy_world.save_copying_translator(folder / "translator")
    copy_world.save_learned_tagger(folder / "tagger")
    tiny_models.save_mbert(folder / "mbert", layers=2)
    tiny_models.save_mt5(folder / "mt5")
    chance = random.Random(5)
    learned = [copy_world.drawn_sentence(chance, longest=5) for _ in range(60)]
    options = WriterTraining(model=str(folder / "mt5"), device="cpu", epochs=1, warmup=1, learning_rate=1e-3)
    train_writer(folder / "writer", learned, options=options)
    return folder


@pytest.fixture(scope="module")
def server():
    """The address of a language model on this machine, in a world where all languages are the same."""
    asked = re.compile(r'stand for "(.*)"\?')
    http = chat_server.ChatServer(lambda _, body: chat_server.say(asked.search(body["messages"][-1]["content"])[1]))
    yield http.url
    http.close()


@pytest.fixture(scope="module")
def settings(models, server, tmp_path_factory):
    """What is changed of each recipe: which models are loaded, and where they are kept."""
    kept = tmp_path_factory.mktemp("converted")
    tagger = f"transformers:{models / 'tagger'}"
    changed = {
        "translate.model": models / "translator",
        "translate.cache": kept,
        "translate.beams": 1,
        "back_translate.model": models / "translator",
        "back_translate.cache": kept,
        "tag.model": models / "tagger",
        "align.model": models / "mbert",
        "align.layer": 1,
        "project.ner.tagger": tagger,
        "project.nmt.model": models / "translator",
    }
    own = {
        "clap": {"project.url": server, "project.model": "some-model"},
        "codec": {"project.model": models / "translator"},
        "t-projection": {"project.model": models / "writer", "project.beams": 4, "project.longest": 24},
        "transalign": {"align.model": models / "translator"},
    }

    def of(name):
        text = ready_recipe(name)
        used = {key: value for key, value in changed.items() if f"[{key.partition('.')[0]}]" in text}
        for key, needed in (("project.ner.tagger", "ner.tagger"), ("project.nmt.model", "nmt.model")):
            if needed not in text:
                used.pop(key, None)
        if 'use = "none"' in text or name == "transalign":
            used.pop("align.model", None)
            used.pop("align.layer", None)
        return {**used, **own.get(name, {})}

    return of


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What pipelines have in common is done once."""
    return tmp_path_factory.mktemp("cache")


def run(name, folder, settings, cache):
    """Run a ready recipe on the sentences."""
    train = name == "easyproject"
    write(folder / "gold.jsonl", GOLD)
    plain = [Sentence(one.tokens) for one in GOLD]
    chance = random.Random(11)
    more = [Sentence(copy_world.drawn_sentence(chance).tokens) for _ in range(40)] if train else []
    write(folder / "given.txt", [*plain, *more], format="plain")
    given = {"TARGET": "given.txt", "SOURCE": "given.txt", "OUT": "out", "SOURCE_LANG": "en", "TARGET_LANG": "lug"}
    (folder / "recipe.toml").write_text(ready_recipe(name, given, gold="gold.jsonl"), encoding="utf-8")
    changes = [f"{key}={value}" for key, value in settings(name).items()]
    return run_recipe(load_recipe(folder / "recipe.toml", changes), cache=cache)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_recipe_is_tested():
    assert set(ready_names()) == {*FLOOR}


FLOOR = {
    "model-transfer": 0.9,
    "align-source": 0.8,
    "align-target": 0.8,
    "ngram-candidates": 0.8,
    "ner-candidates": 0.8,
    "back-translation-candidates": 0.8,
    "fused": 0.8,
    "easyproject": 0.6,
    "codec": 0.8,
    "t-projection": 0.0,  # what its model learned in a second is not what is tested here
    "clap": 0.8,
    "transalign": 0.8,
}
"""F1 that a recipe must reach. Faults of the tiny translator, and of links that a random encoder makes, cost some."""


@pytest.mark.parametrize("name", [*FLOOR])
def test_a_recipe_from_end_to_end(name, tmp_path, settings, cache):
    report = run(name, tmp_path, settings, cache)
    out = tmp_path / "out"
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert scores["strict"]["micro"]["f1"] >= FLOOR[name]
    known = {one.tokens: one for one in GOLD}
    labelled = read(out / "labelled.jsonl")
    if name != "easyproject":
        # every sentence is labelled or rejected, and its words are untouched
        assert len(labelled) + report.written.rejected == len(GOLD)
        assert all(one.tokens in known for one in labelled)
    for row in lines(out / "labelled.jsonl"):
        for span in row["spans"]:
            assert 0.0 <= span["score"] <= 1.0
    for row in lines(out / "dropped.jsonl"):
        assert row["reason"]
    stages = [one["name"] for one in json.loads((out / "run.json").read_text(encoding="utf-8"))["stages"]]
    check_the_way(name, out, stages, known)
    golden.check_neural("recipes", name, out / "labelled.jsonl")


def check_the_way(name, out, stages, known):
    """The files in the middle: translations with the labels of the tagger, and labelled back-translations."""
    assert (out / "translated.jsonl").exists() == (name not in {*WITHOUT_TRANSLATION, "easyproject"})
    assert (out / "back_translated.jsonl").exists() == (name in BACK)
    if name in WITHOUT_TRANSLATION:
        assert stages == ["given", "pairs", "tag", "project", "evaluate"]
        return
    if name == "easyproject":
        assert stages == ["given", "tag", "pairs", "train", "unlabelled", "predict", "evaluate"] or "train" in stages
        assert sum(len(one.spans) for one in read(out / "labelled.jsonl")) > 20
        return
    translated = read(out / "translated.jsonl")
    right = [one for one in translated if one.tokens in known]
    assert len(right) >= len(known) - 2  # a copy each, but for slips of the translator
    score = evaluate_ner([known[one.tokens] for one in right], right).strict.micro.f1
    assert score > 0.8
    assert all(one.lang == "en" for one in translated)
    if name in BACK:
        back = [one for one in read(out / "back_translated.jsonl") if one.tokens in known]
        assert len(back) >= len(known) - 3
        assert evaluate_ner([known[one.tokens] for one in back], back).strict.micro.f1 > 0.75
        assert all("[" not in token for one in back for token in one.tokens)
        assert "compose" in stages


def test_a_second_run_takes_everything_from_the_cache(tmp_path, settings, cache):
    first = run("align-target", tmp_path, settings, cache)
    again = run("align-target", tmp_path, settings, cache)
    assert sum(stage.computed for stage in again.stages) == 0
    assert first.written.files == again.written.files


def test_a_device_and_a_batch_size_are_no_part_of_a_result(tmp_path, settings, cache):
    run("align-source", tmp_path, settings, cache)
    changes = {**settings("align-source"), "translate.device": "cpu", "translate.budget": 64, "align.device": "cpu"}
    again = run("align-source", tmp_path, lambda name: changes, cache)
    assert sum(stage.computed for stage in again.stages) == 0


def test_another_model_under_the_same_name_is_another_result(tmp_path, settings, cache):
    changes = {**settings("model-transfer")}
    tagger = tmp_path / "tagger"
    copy_world.save_learned_tagger(tagger, steps=2, seed=1)
    changes["tag.model"] = tagger
    run("model-transfer", tmp_path, lambda name: changes, cache)
    copy_world.save_learned_tagger(tagger, steps=2, seed=2)
    again = run("model-transfer", tmp_path, lambda name: changes, cache)
    assert {stage.name for stage in again.stages if stage.computed} >= {"tag", "project"}
