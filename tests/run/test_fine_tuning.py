"""A recipe can fine-tune an encoder on what it carried over; the model is a folder among its results."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from crosspan.errors import OptionError
from crosspan.io import write
from crosspan.run import load_recipe, run_recipe

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from crosspan.tag import load_tagger  # noqa: E402
from crosspan.testing.copy_world import drawn_sentence, save_learned_tagger  # noqa: E402

torch.set_num_threads(1)

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
    ],
)  # fmt: skip
def test_what_does_not_go_together(folder, old, new, message):
    with pytest.raises(OptionError, match=message):
        run(folder, RECIPE.replace(old, new))
