"""A recipe can fine-tune an encoder on what it carried over; the model is a folder among its results."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import crosspan
from crosspan.cli.main import main
from crosspan.core.errors import ModelError, OptionError
from crosspan.io import write
from crosspan.pipeline import load_recipe, run_recipe

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.worlds.copy_world import drawn_sentence, save_learned_tagger  # noqa: E402

from crosspan.tag import load_tagger  # noqa: E402

torch.set_num_threads(1)

KILLED = """\
import os, signal, sys
from crosspan.pipeline import load_recipe, run_recipe

def progress(event):
    if (event.stage, event.done) == ("train", int(sys.argv[2])):
        os.kill(os.getpid(), signal.SIGKILL)

run_recipe(load_recipe(sys.argv[1]), threads=1, progress=progress)
"""

RECIPE = """\
task = "translate-train"
out = "out"
[source]
path = "en.jsonl"
lang = "en"
[target]
path = "sw.txt"
lang = "sw"
[align]
use = "links"
path = "links.txt"
[train]
use = "token-classifier"
encoder = "encoder"
epochs = 2
learning_rate = 1e-3
device = "cpu"
[evaluate]
path = "gold.jsonl"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fine-tuning")
    chance = random.Random(1)
    sentences = [replace(drawn_sentence(chance), lang="en") for _ in range(60)]
    write(folder / "en.jsonl", sentences)
    write(folder / "sw.txt", sentences, format="plain")
    write(folder / "gold.jsonl", [replace(one, lang="sw") for one in sentences[:30]])
    write(folder / "dev.jsonl", sentences[30:])
    links = [" ".join(f"{at}-{at}" for at in range(len(one))) for one in sentences]
    (folder / "links.txt").write_text("\n".join(links) + "\n")
    save_learned_tagger(folder / "encoder", steps=200)
    return folder


def run(folder, text, *settings):
    (folder / "r.toml").write_text(text, encoding="utf-8")
    return run_recipe(load_recipe(folder / "r.toml", settings), threads=1)


def test_an_encoder_learns_what_was_projected(folder):
    report = run(folder, RECIPE, "train.dev=dev.jsonl")
    model = folder / "out" / "model"
    assert json.loads((model / "training.json").read_text())["dev_side"] == "source"
    assert "model" in report.details["outputs"]
    assert report.written.scores["strict"]["micro"]["f1"] > 0.9
    tagger = load_tagger(f"transformers:{model}", threads=1)
    assert tagger.labels == ("LOC", "ORG", "PER")
    before = (model / "model.safetensors").read_bytes()
    again = run(folder, RECIPE, "train.dev=dev.jsonl", "train.device=auto")
    assert {stage.name: stage.computed for stage in again.stages}["train"] == 0
    assert (model / "model.safetensors").read_bytes() == before
    other = run(folder, RECIPE, "train.dev=dev.jsonl", "train.epochs=1")
    assert {stage.name: stage.computed for stage in other.stages}["train"] == 1
    run(folder, RECIPE.replace(RECIPE[RECIPE.index("[train]") :], "").replace("translate-train", "project"))
    assert not model.exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('encoder = "encoder"\n', "", 'r.toml:.*token-classifier needs an encoder. Add encoder = "NAME"'),
        ("epochs = 2\n", "patience = 2\n", "early stopping needs dev sentences"),
        ("epochs = 2\n", "epoch = 2\n", "Did you mean 'epochs'"),
        ('use = "token-classifier"\nencoder = "encoder"\nepochs = 2\nlearning_rate = 1e-3\ndevice = "cpu"\n',
         'dev = "dev.jsonl"\n', "crf chooses nothing on dev sentences"),
        ("epochs = 2\n", "rounds = 1\n", r"r\.toml:15: token-classifier does not vote in rounds\. Leave out rounds"),
        ("epochs = 2\n", "vote.folds = 3\n", r"vote in rounds\. Leave out what begins with vote"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(folder, old, new, message):
    with pytest.raises(OptionError, match=message):
        run(folder, RECIPE.replace(old, new))


# --- against telling languages apart ---------------------------------------------------------------------------------

GAME = {"mode": "reversal", "batch_size": "8", "hidden": "8"}
PLAYED = RECIPE[: RECIPE.index("[evaluate]")].replace(
    "epochs = 2\n",
    'max_steps = 6\nadversarial.mode = "reversal"\nadversarial.batch_size = 8\nadversarial.hidden = 8\n',
)


def record_of(place):
    return json.loads((place / "training.json").read_text(encoding="utf-8"))


def test_a_game_is_between_labelled_source_and_unlabelled_target(folder, monkeypatch):
    """What a recipe learns from is what the command is given: labels of the source, and text of the target."""
    run(folder, PLAYED, "out=played")
    record = record_of(folder / "played" / "model")
    assert (record["data"]["languages"], record["sentences"]) == (["en"], 60)
    assert {lang: sum(rows.values()) for lang, rows in record["game"]["windows"].items()} == {"en": 60, "sw": 60}
    monkeypatch.chdir(folder)
    words = ["train", "en.jsonl", "--encoder", "encoder", "--unlabelled", "sw=sw.txt", "--out", "by-command"]
    own = {"max_steps": "6", "learning_rate": "1e-3", "device": "cpu", "source_lang": "en"}
    settings = {**own, **{f"adversarial.{name}": value for name, value in GAME.items()}}
    assert main([*words, *(word for name, value in settings.items() for word in ("--set", f"{name}={value}"))]) == 0
    weights = [(folder / name / "model.safetensors").read_bytes() for name in ("played/model", "by-command")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("settings", "learned", "seen"),
    [
        (["train.learn_from=both"], {"en", "sw"}, {"en": 60, "sw": 60}),
        (["train.unlabelled=['yo=sw.txt']"], {"en"}, {"en": 60, "sw": 60, "yo": 60}),
        (["train.learn_from=target", "train.unlabelled=['yo=sw.txt']"], {"sw"}, {"sw": 60, "yo": 60}),
    ],
)
def test_which_sentences_are_learned_from_can_be_said(folder, settings, learned, seen):
    run(folder, PLAYED, "out=said", "train.max_steps=2", *settings)
    record = record_of(folder / "said" / "model")
    assert {*record["data"]["languages"]} == learned
    assert {lang: sum(rows.values()) for lang, rows in record["game"]["windows"].items()} == seen


def test_advpicker_learns_from_the_target_what_a_teacher_of_the_source_says(folder):
    text = PLAYED.replace("token-classifier", "advpicker")
    run(folder, text, "out=picked", "train.max_steps=2", "train.picker.share=0.5")
    record = record_of(folder / "picked" / "model")
    assert record["data"]["languages"] == ["sw"]
    assert {*record["data"]["teacher"]["game"]["windows"]} == {"en", "sw"}
    assert record["sentences"] == 30


def test_without_a_game_the_target_is_learned_from_and_the_source_if_asked(folder):
    small = ("train.max_steps=1", "train.epochs=1")
    run(folder, RECIPE, "out=plain", *small)
    assert record_of(folder / "plain" / "model")["data"]["languages"] == ["sw"]
    run(folder, RECIPE, "out=plain", "train.learn_from=both", *small)
    assert record_of(folder / "plain" / "model")["sentences"] == 120
    with pytest.raises(OptionError, match=r"\[target\] has no lang, and a trainer that learns not to tell languages"):
        run(folder, PLAYED.replace('lang = "sw"\n', ""))


# --- going on after a kill -------------------------------------------------------------------------------------------

SMALL = RECIPE.replace("epochs = 2", "epochs = 3\nbatch_size = 8\nsave_every = 4\nmax_steps = 12")


def trained(folder, **options):
    """Run a recipe; give the files of its model, and what is known of the training."""
    report = run_recipe(load_recipe(folder / "r.toml"), threads=1, **options)
    cache = folder / "out" / ".cache"
    facts = [json.loads(path.read_bytes().split(b"\n")[1])["facts"] for path in cache.glob("??/*") if path.is_file()]
    (fact,) = [one for one in facts if "resumed_at" in one]
    model = {path.name: path.read_bytes() for path in (folder / "out" / "model").iterdir()}
    return model, fact["resumed_at"], {stage.name: stage.computed for stage in report.stages}["train"]


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    place = small(folder, tmp_path_factory.mktemp("whole"))
    model, resumed_at, computed = trained(place)
    assert (resumed_at, computed) == (0, 1)
    assert not list((place / "out" / ".cache" / "unfinished").iterdir())
    return model


def small(folder, place):
    for path in folder.iterdir():
        if path.name != "out":
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, place / path.name)
    (place / "r.toml").write_text(SMALL, encoding="utf-8")
    return place


def test_a_killed_run_goes_on_within_the_training(folder, whole, tmp_path):
    place = small(folder, tmp_path)
    (place / "killed.py").write_text(KILLED)
    words = [sys.executable, str(place / "killed.py"), str(place / "r.toml"), "7"]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(Path(crosspan.__file__).parents[1])}, check=False)
    assert done.returncode == -9
    left = place / "out" / ".cache" / "unfinished"
    assert [path.name for path in left.glob("*/*/*")] == ["checkpoint-00000004"]
    assert trained(place) == (whole, 4, 1)
    assert not list(left.iterdir())
    assert trained(place) == (whole, 4, 0)


class Killed(BaseException):
    pass


def killed_at(step):
    def progress(event):
        if (event.stage, event.done) == ("train", step):
            raise Killed

    return progress


def test_a_folder_that_has_moved_meanwhile_begins_anew(folder, whole, tmp_path):
    (tmp_path / "a").mkdir()
    place = small(folder, tmp_path / "a")
    with pytest.raises(Killed):
        trained(place, progress=killed_at(7))
    place.rename(tmp_path / "b")
    assert trained(tmp_path / "b") == (whole, 0, 1)


def test_killed_between_the_training_and_its_result(folder, whole, tmp_path, monkeypatch):
    from crosspan.pipeline.steps import training

    def killed(path):
        raise Killed

    place = small(folder, tmp_path)
    monkeypatch.setattr(training, "packed", killed)
    with pytest.raises(Killed):
        trained(place)
    (left,) = (place / "out" / ".cache" / "unfinished").glob("*/*")
    assert (left / "training.json").is_file()
    (left / "checkpoint-00000004").mkdir()  # as where it is killed while it takes them away
    (left / "checkpoint-00000004" / "state.json").write_text("{}")
    monkeypatch.undo()
    assert trained(place) == (whole, 0, 1)


def test_the_last_good_model_survives_a_loss_that_is_no_number(folder, whole, tmp_path, monkeypatch):
    from crosspan.train import token_objective

    place = small(folder, tmp_path)
    real = token_objective.word_losses
    calls = []

    def broken(*arguments, **named):
        calls.append(1)
        return real(*arguments, **named) * (float("nan") if len(calls) == 6 else 1.0)

    monkeypatch.setattr(token_objective, "word_losses", broken)
    with pytest.raises(ModelError, match=r"the loss is not a number at step 6\. The last good model, of step 4, is in"):
        trained(place)
    (good,) = (place / "out" / ".cache" / "unfinished").glob("*/*/last-good")
    assert load_tagger(f"transformers:{good}", threads=1).labels == ("LOC", "ORG", "PER")
    monkeypatch.undo()
    assert trained(place) == (whole, 4, 1)


def test_what_nobody_finishes_is_cleaned_away(folder, whole, tmp_path):
    place = small(folder, tmp_path)
    with pytest.raises(Killed):
        trained(place, progress=killed_at(7))
    (place / "r.toml").write_text(SMALL.replace("max_steps = 12", "max_steps = 2"), encoding="utf-8")
    trained(place, clean_cache=True)
    assert not list((place / "out" / ".cache" / "unfinished").iterdir())
