"""Adversarial steps in the loop: what is logged, what goes on after a kill, what stops."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crosspan.core.errors import ModelError, OptionError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.worlds.language_world import save_marked_encoder, sentences_of, without_labels  # noqa: E402

from crosspan.core.types import Sentence  # noqa: E402
from crosspan.models.batching import SmallerBatch  # noqa: E402
from crosspan.models.loop import NothingLearned  # noqa: E402
from crosspan.tag import load_tagger  # noqa: E402
from crosspan.testing.tiny_models import save_mt5  # noqa: E402
from crosspan.train import token_game  # noqa: E402
from crosspan.train.adversarial_options import AdversarialOptions  # noqa: E402
from crosspan.train.adversarial_text import language_text  # noqa: E402
from crosspan.train.examples import Example  # noqa: E402
from crosspan.train.token_classifier import (  # noqa: E402
    TokenClassifierOptions,
    encoder_parts,
    train_token_classifier,
)

torch.set_num_threads(1)

PUBLISHED = AdversarialOptions(balance="fixed", reach="all", begin=0.0, weight=1.0, longest=-1)
"""What the papers have where crosspan has another default."""

GAMES = {
    "reversal": replace(PUBLISHED, mode="reversal", hidden=8, discriminator_rate=1e-2),
    "alternating": replace(PUBLISHED, mode="alternating", level="sentence", hidden=8, generator_rate=1e-3),
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_marked_encoder(
        tmp_path_factory.mktemp("encoders") / "marked", languages=("ka", "zu", "xo"), dropout=0.0
    )


def train(out, encoder, game, *, dev=(), progress=None, languages=("zu",), **settings):
    given = {"encoder": str(encoder), "epochs": 2, "batch_size": 8, "learning_rate": 5e-3, "device": "cpu"}
    return train_token_classifier(
        sentences_of("ka", 40, 1),
        out,
        dev=dev,
        options=TokenClassifierOptions(**{**given, **settings}),
        unlabelled=without_labels([one for lang in languages for one in sentences_of(lang, 30, 1)]),
        adversarial=game,
        threads=1,
        progress=progress,
    )


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mode", GAMES)
def test_what_is_logged(encoder, tmp_path, mode):
    report = train(tmp_path / "m", encoder, GAMES[mode], languages=("zu", "xo"))
    game = report.game
    assert (game.classes, game.chance) == (("source", "other"), 0.5)
    assert game.windows["ka"] == {"learned": 36, "held_out": 4}
    assert [step for step, _ in game.looks] == [5, 10]
    assert all(0.0 <= accuracy <= 1.0 for _, accuracy in game.looks)
    assert len(game.parts) == report.steps == 10
    assert [part.task for part in game.parts] == list(report.losses)
    weights = [part.weight for part in game.parts]
    assert weights == sorted(weights)
    assert weights[0] == 0.0
    assert weights[-1] == pytest.approx(1.0, abs=1e-4)
    assert all(part.task_norm > 0 and part.adversarial > 0 for part in game.parts)
    assert all(part.adversarial_norm > 0 for part in game.parts[1:])
    record = json.loads((tmp_path / "m" / "training.json").read_text(encoding="utf-8"))
    assert record["game"]["looks"] == [list(one) for one in game.looks]
    assert record["game"]["settings"]["mode"] == mode
    assert f"|method:{mode}|level:" in report.signature
    assert "against a discriminator of languages" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    assert not list((tmp_path / "m").glob("discriminator*"))
    assert load_tagger(f"transformers:{tmp_path / 'm'}").labels == ("LOC", "PER")


@pytest.mark.parametrize(("mode", "lora"), [("reversal", 0), ("alternating", 0), ("alternating", 4)])
def test_a_killed_game_ends_with_the_same_bytes(encoder, tmp_path, mode, lora):
    if lora:
        pytest.importorskip("peft")
    game = replace(GAMES[mode], keep=True, discriminator_steps=2)
    how = {"dev": sentences_of("ka", 10, 2), "save_every": 3, "evaluate_every": 2, "lora_rank": lora}
    whole = train(tmp_path / "whole", encoder, game, **how)

    class Killed(BaseException):
        pass

    def kill(event):
        if event.done == 7:
            raise Killed

    with pytest.raises(Killed):
        train(tmp_path / "part", encoder, game, progress=kill, **how)
    resumed = train(tmp_path / "part", encoder, game, **how)
    assert resumed.resumed_at == 6
    assert replace(resumed, resumed_at=0, folder=whole.folder) == whole
    assert content(tmp_path / "part") == content(tmp_path / "whole")
    assert (tmp_path / "part" / token_game.DISCRIMINATOR_FILE).is_file()


@pytest.mark.parametrize("mode", GAMES)
def test_smaller_batches_give_the_same(encoder, tmp_path, monkeypatch, mode):
    """Without dropout, halves of a batch add up to the whole."""
    train(tmp_path / "whole", encoder, GAMES[mode], max_steps=2)
    real = transformers.XLMRobertaModel.forward

    def tight(self, *arguments, **named):
        ids = arguments[0] if arguments else named["input_ids"]
        if len(ids) > 3 and self.training:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return real(self, *arguments, **named)

    monkeypatch.setattr(transformers.XLMRobertaModel, "forward", tight)
    with pytest.warns(SmallerBatch, match="going on with 2 sentences"):
        train(tmp_path / "halves", encoder, GAMES[mode], max_steps=2)
    one, two = (
        transformers.AutoModelForTokenClassification.from_pretrained(tmp_path / name).state_dict()
        for name in ("whole", "halves")
    )
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], atol=2e-4, rtol=1e-3)


def test_one_step_of_reversal_is_the_sum_of_both_gradients(encoder, tmp_path, monkeypatch):
    """What changes the encoder is the gradient of the task minus λ times that of the discriminator."""
    seen = {}
    real = token_game.Reversal.change

    def spy(self, name):
        if name == "task":
            seen["both"] = [value.grad.clone() for value in self.encoder]
            self.task_gradient(0)
            task = [value.grad.clone() for value in self.encoder]
            self.language_gradient(0, 0, "generator")
            turned = [value.grad.clone() for value in self.encoder]
            for value, gradient in zip(self.encoder, seen["both"], strict=True):
                value.grad = gradient.clone()  # it is cut in place
            seen["task"], seen["turned"] = task, turned
        real(self, name)

    monkeypatch.setattr(token_game.Reversal, "change", spy)
    monkeypatch.setattr(token_game, "language_losses", lambda logits, target, turned=False: logits[:, 0])
    game = replace(GAMES["reversal"], schedule="constant", weight=0.5)
    train(tmp_path / "m", encoder, game, max_steps=1)
    for both, task, other in zip(seen["both"], seen["task"], seen["turned"], strict=True):
        torch.testing.assert_close(both, task - 0.5 * other, atol=1e-6, rtol=1e-4)


def gradients_of_a_step(monkeypatch, encoder, out, game):
    """What changes the encoder in one step of reversal, beside the task's gradient, by the name of the weight."""
    seen = {}
    real = token_game.Reversal.change

    def spy(self, name):
        if name == "task":
            both = [value.grad.clone() for value in self.encoder]
            self.task_gradient(0)
            names = {id(value): name for name, value in self.body.named_parameters()}
            for value, whole in zip(self.encoder, both, strict=True):
                seen[names[id(value)]] = (value.grad.clone(), whole - value.grad)
                value.grad = whole  # it is cut in place
        real(self, name)

    monkeypatch.setattr(token_game.Reversal, "change", spy)
    report = train(out, encoder, game, max_steps=1)
    return seen, report.game.parts[0]


def test_balanced_reversal_is_as_long_as_a_share_of_the_task_in_each_weight(encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(token_game, "lead_of", lambda loss, classes: 0.5)
    game = AdversarialOptions(mode="reversal", hidden=8, schedule="constant", weight=0.4, begin=0.0)
    seen, part = gradients_of_a_step(monkeypatch, encoder, tmp_path / "m", game)
    assert part.weight == pytest.approx(0.2)
    pieces = [name for name in seen if name.endswith("word_embeddings.weight")]
    assert len(pieces) == 1
    for name, (task, against) in seen.items():
        share = 0.0 if name in pieces else 0.2
        assert float(against.norm()) == pytest.approx(share * float(task.norm()), rel=2e-2, abs=1e-6), name


def test_the_game_reaches_vectors_of_pieces_where_it_is_to(encoder, tmp_path, monkeypatch):
    game = AdversarialOptions(mode="reversal", hidden=8, schedule="constant", reach="all", begin=0.0)
    monkeypatch.setattr(token_game, "lead_of", lambda loss, classes: 1.0)
    seen, _ = gradients_of_a_step(monkeypatch, encoder, tmp_path / "m", game)
    (moved,) = (against for name, (_, against) in seen.items() if name.endswith("word_embeddings.weight"))
    assert float(moved.norm()) > 0


@pytest.mark.parametrize("mode", GAMES)
def test_the_discriminator_learns_before_the_game_begins(encoder, tmp_path, mode):
    game = AdversarialOptions(mode=mode, hidden=8, begin=0.5, schedule="constant", discriminator_rate=1e-2)
    parts = train(tmp_path / "m", encoder, game).game.parts
    assert [part.adversarial_norm for part in parts[:5]] == [0.0] * 5
    assert [part.weight for part in parts[:5]] == [0.0] * 5
    assert all(part.adversarial_norm > 0 for part in parts[5:])
    assert parts[4].adversarial < parts[0].adversarial


def test_a_discriminator_that_guesses_is_left_alone(encoder, tmp_path, monkeypatch):
    """The encoder does not run ahead of it, and swap the languages."""
    monkeypatch.setattr(token_game, "lead_of", lambda loss, classes: 0.0)
    for mode in GAMES:
        parts = train(tmp_path / mode, encoder, AdversarialOptions(mode=mode, hidden=8), max_steps=4).game.parts
        assert [part.weight for part in parts] == [0.0] * 4
    plain = train_token_classifier(
        sentences_of("ka", 40, 1), tmp_path / "plain", threads=1,
        options=TokenClassifierOptions(encoder=str(encoder), epochs=2, batch_size=8, learning_rate=5e-3, device="cpu",
                                       max_steps=4, vocabulary="all"),
    )  # fmt: skip
    game = train(tmp_path / "m", encoder, AdversarialOptions(mode="reversal", hidden=8), max_steps=4, vocabulary="all")
    assert game.losses == pytest.approx(plain.losses, rel=1e-5)


def test_what_the_discriminator_sees_is_cut_as_the_source_is(encoder):
    long = [Sentence(("zu1",) * 200, lang="zu")] * 10
    how, config, tokenizer = encoder_parts(TokenClassifierOptions(encoder=str(encoder), device="cpu"))
    given = [Example(one) for one in sentences_of("ka", 40, 1)]
    lengths = {}
    for longest in (0, 20, -1):
        game = AdversarialOptions(mode="reversal", longest=longest)
        text = language_text(tokenizer, config, given, long, frozenset({"ka"}), how, game)
        lengths[longest] = max(len(row.ids) for row in text.rows if row.lang == 1)
    assert lengths[0] == 16  # those of the source are shorter still
    assert lengths[20] == 20
    assert lengths[-1] == 32  # what the encoder reads at once


HARMFUL = AdversarialOptions(
    mode="reversal", hidden=8, balance="fixed", reach="all", weight=1e3, begin=0.5, schedule="constant"
)


def test_a_game_that_destroys_ends_with_the_weights_from_before(encoder, tmp_path):
    """The loss of the task is watched more closely than in other trainings, and so is F1 in the source language."""
    how = {"epochs": 12, "evaluate_every": 6, "dev": sentences_of("ka", 10, 2)}
    with pytest.warns(NothingLearned, match=r"what was learned is destroyed.*adversarial\.weight"):
        report = train(tmp_path / "m", encoder, HARMFUL, **how)
    assert report.stopped
    assert report.collapsed.startswith("step ")
    assert report.best_step <= 32 < report.steps < 60
    assert report.dev["f1"] > 0.9
    record = json.loads((tmp_path / "m" / "training.json").read_text(encoding="utf-8"))
    assert record["collapsed"] == report.collapsed


def test_a_game_that_destroys_is_an_error_where_no_weights_were_chosen(encoder, tmp_path):
    with pytest.raises(ModelError, match=r"what was learned is destroyed") as told:
        train(tmp_path / "m", encoder, HARMFUL, epochs=12)
    assert "adversarial.weight" in str(told.value)


def test_a_game_in_which_nothing_is_learned_is_an_error(encoder, tmp_path):
    game = replace(HARMFUL, begin=0.0)
    with pytest.raises(ModelError, match="nothing was learned"), pytest.warns(NothingLearned, match="half of"):
        train(tmp_path / "m", encoder, game, epochs=24, learning_rate=1e-7)


def test_a_game_whose_tagger_finds_nothing_is_an_error(encoder, tmp_path):
    """The loss may fall below that of guessing while F1 is 0."""
    other = {"LOC": "PER", "PER": "LOC"}
    dev = [
        replace(one, spans=tuple(replace(span, label=other[span.label]) for span in one.spans))
        for one in sentences_of("ka", 10, 2)
    ]
    game, how = AdversarialOptions(mode="reversal", hidden=8), {"dev": dev, "evaluate_every": 45}
    with pytest.raises(ModelError, match="finds no entity of the dev sentences"):
        train(tmp_path / "m", encoder, game, epochs=9, **how)
    assert not (tmp_path / "m" / "training.json").exists()


def test_other_encoders_layers_and_classes(tmp_path):
    save_mt5(tmp_path / "e")
    for mode in GAMES:
        game = replace(GAMES[mode], layer=1, classes="each", batch_size=7)
        report = train(tmp_path / mode, tmp_path / "e", game, max_steps=3, gradient_checkpointing=True)
        assert report.game.classes == ("ka", "zu")
        assert report.game.parts[-1].adversarial_norm > 0


def test_frozen_layers_do_not_move(encoder, tmp_path):
    train(tmp_path / "m", encoder, GAMES["alternating"], max_steps=2, freeze_layers=1)
    before = transformers.AutoModel.from_pretrained(encoder).state_dict()
    after = transformers.AutoModel.from_pretrained(tmp_path / "m").state_dict()
    moved = {
        name
        for name, value in after.items()
        if name in before and "pooler" not in name and not torch.equal(value, before[name])
    }
    assert moved
    assert all(name.startswith("encoder.layer.1.") for name in moved)


def test_an_adversarial_loss_that_is_no_number(encoder, tmp_path, monkeypatch):
    real = token_game.language_losses
    calls = []

    def broken(*arguments, **named):
        calls.append(1)
        found = real(*arguments, **named)
        return found * float("nan") if len(calls) == 6 else found

    monkeypatch.setattr(token_game, "language_losses", broken)
    with pytest.raises(
        ModelError, match=r"the adversarial loss is not a number at step 6.*step 4.*adversarial\.weight"
    ):
        train(tmp_path / "m", encoder, GAMES["reversal"], save_every=4)
    assert load_tagger(f"transformers:{tmp_path / 'm' / 'last-good'}").labels == ("LOC", "PER")


def test_text_and_mode_go_together(encoder, tmp_path):
    for game in (None, AdversarialOptions()):
        with pytest.raises(OptionError, match="nothing would be learned from it"):
            train(tmp_path / "m", encoder, game)
    with pytest.raises(OptionError, match="needs unlabelled text"):
        train(tmp_path / "m", encoder, GAMES["reversal"], languages=())
    with pytest.raises(OptionError, match="in 'ka', the source language"):
        train(tmp_path / "m", encoder, GAMES["reversal"], languages=("ka",))
    assert not (tmp_path / "m").exists()
