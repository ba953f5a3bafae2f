"""Fine-tuning: it learns, respects what is unsure and unknown, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

import json
import math
import random
import warnings
from dataclasses import replace

import numpy as np
import pytest

from crosspan.core.errors import EmptyInputError, MissingDependencyError, ModelError, OptionError, OutputError
from crosspan.core.types import Sentence, Span

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.worlds.copy_world import WORDS, drawn_sentence  # noqa: E402

from crosspan.evaluate import evaluate_ner  # noqa: E402
from crosspan.models.loop import NothingLearned  # noqa: E402
from crosspan.models.processes import Processes  # noqa: E402
from crosspan.models.stepper import half_precision  # noqa: E402
from crosspan.tag import load_tagger  # noqa: E402
from crosspan.testing.tiny_models import save_m2m100, save_mbert, save_mt5, save_xlmr, unigram_pieces  # noqa: E402
from crosspan.train import token_objective  # noqa: E402
from crosspan.train.evidence import evidence_of  # noqa: E402
from crosspan.train.examples import Example  # noqa: E402
from crosspan.train.token_classifier import encoder_parts, train_token_classifier  # noqa: E402
from crosspan.train.token_losses import word_losses  # noqa: E402
from crosspan.train.token_model import loaded  # noqa: E402
from crosspan.train.token_options import TokenClassifierOptions  # noqa: E402
from crosspan.train.token_rows import batches_of_epoch, rows_of, targets_of  # noqa: E402

torch.set_num_threads(1)


def world(n, seed, lang="en"):
    chance = random.Random(seed)
    return [replace(drawn_sentence(chance), lang=lang) for _ in range(n)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A tiny XLM-R, random, whose pieces are made for the world's words."""
    folder = tmp_path_factory.mktemp("encoders") / "tiny-xlmr"
    pieces = unigram_pieces([" ".join(WORDS)] * 20, ["<s>", "<pad>", "</s>", "<unk>"], size=600)
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    tokenizer.model_max_length = 32
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=34, pad_token_id=1, type_vocab_size=1, initializer_range=0.1,
    )  # fmt: skip
    torch.manual_seed(0)
    tokenizer.save_pretrained(folder)
    transformers.XLMRobertaForMaskedLM(config).save_pretrained(folder)
    return folder


def options(encoder, **settings):
    given = {"encoder": str(encoder), "epochs": 4, "batch_size": 16, "learning_rate": 5e-3, "device": "cpu"}
    return TokenClassifierOptions(**{**given, **settings})


def train(sentences, out, encoder, *, dev=(), labels=(), progress=None, **settings):
    how = options(encoder, **settings)
    return train_token_classifier(sentences, out, dev=dev, labels=labels, options=how, threads=1, progress=progress)


def f1(folder, gold, **settings):
    found = load_tagger(f"transformers:{folder}", threads=1, **settings).tag([replace(one, spans=()) for one in gold])
    return evaluate_ner(gold, found).strict.micro.f1


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- learning --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "model"
    seen = []
    report = train(
        world(500, 1),
        out,
        encoder,
        dev=world(40, 2),
        epochs=10,
        progress=lambda one: seen.append((one.stage, one.done, one.total)),
    )
    return out, report, seen


def test_it_learns_the_names(trained):
    out, report, seen = trained
    assert f1(out, world(100, 3)) > 0.9
    assert report.losses[-1] < 0.2 * report.losses[0]
    assert (report.labels, report.sentences, report.steps) == (("LOC", "ORG", "PER"), 500, 320)
    assert seen[-1] == ("training", 320, 320)
    assert len(report.looks) == 10
    assert report.dev["f1"] == max(f for _, f, _ in report.looks)


def test_what_is_in_the_folder(trained):
    out, report, _ = trained
    config = json.loads((out / "config.json").read_text())
    assert config["id2label"]["1"] == "B-LOC"
    assert sorted(path.name for path in out.iterdir()) == [
        ".crosspan.json", "README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "training.json",
    ]  # fmt: skip
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "They are of the source language" in card
    assert report.signature in card
    assert "|dev:source|" in report.signature
    assert str(out) not in card + (out / "training.json").read_text(encoding="utf-8")


def test_the_dev_score_is_that_of_the_finished_tagger(trained):
    out, report, _ = trained
    assert f1(out, world(40, 2)) == pytest.approx(report.dev["f1"], abs=1e-6)


@pytest.mark.parametrize("words", ["average", "max"])
def test_all_pieces_of_a_word_can_learn(encoder, tmp_path, words):
    train(world(200, 1), tmp_path / "m", encoder, words=words, epochs=10)
    assert f1(tmp_path / "m", world(50, 3), words=words) > 0.8
    assert f'words="{words}"' in (tmp_path / "m" / "README.md").read_text()


def test_lora_is_merged(encoder, tmp_path):
    pytest.importorskip("peft")
    train(world(300, 1), tmp_path / "m", encoder, lora_rank=8, learning_rate=2e-2, epochs=8)
    before = transformers.AutoModel.from_pretrained(encoder).state_dict()
    after = transformers.AutoModel.from_pretrained(tmp_path / "m").state_dict()
    changed = {name for name, value in before.items() if name in after and not torch.equal(value, after[name])}
    assert changed == {name for name in after if name.endswith("weight") and ("dense" in name or "self" in name)}
    assert f1(tmp_path / "m", world(50, 3)) > 0.6


@pytest.mark.parametrize("save", [save_mbert, save_mt5])
def test_other_encoders(tmp_path, save):
    save(tmp_path / "e")
    report = train(world(40, 1), tmp_path / "m", tmp_path / "e", max_steps=4, gradient_checkpointing=True)
    assert all(math.isfinite(loss) for loss in report.losses)
    assert load_tagger(f"transformers:{tmp_path / 'm'}").labels == ("LOC", "ORG", "PER")


def test_other_classes(encoder, tmp_path):
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    size = {"vocab_size": len(tokenizer), "max_position_embeddings": 64, "pad_token_id": 1}
    kinds = {
        "modernbert": transformers.ModernBertModel(
            transformers.ModernBertConfig(
                **shape, **size, bos_token_id=0, eos_token_id=2, cls_token_id=0, sep_token_id=2
            )
        ),
        "mdeberta": transformers.DebertaV2Model(
            transformers.DebertaV2Config(relative_attention=True, pos_att_type=["p2c", "c2p"], **shape, **size)
        ),
    }
    for kind, model in kinds.items():
        model.save_pretrained(tmp_path / kind)
        tokenizer.save_pretrained(tmp_path / kind)
        train(world(20, 1), tmp_path / f"{kind}-out", tmp_path / kind, max_steps=2)
        assert load_tagger(f"transformers:{tmp_path / f'{kind}-out'}").tag(world(2, 3))


# --- what is learned from --------------------------------------------------------------------------------------------


def test_targets():
    sentence = Sentence(("a", "b", "c", "d"), (Span(0, 2, "PER", 0.75), Span(2, 3, "LOC")))
    target, summed = targets_of(Example(sentence), ["LOC", "PER"], TokenClassifierOptions())
    assert target.tolist() == [[0.25, 0, 0, 0.75, 0], [0.25, 0, 0, 0, 0.75], [0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert not summed.any()
    for confidence in ("evidence", "none"):
        how = TokenClassifierOptions(confidence=confidence)
        target, summed = targets_of(Example(sentence, missing=0.25), ["LOC", "PER"], how)
        crf = evidence_of(Example(sentence, missing=0.25), ["LOC", "PER"], span_confidence=confidence == "evidence")
        np.testing.assert_allclose(target, np.exp(crf))
        assert summed.tolist() == [confidence == "evidence", confidence == "evidence", False, True]


def test_losses_by_hand():
    logits = torch.tensor([[2.0, 1.0, 0.0]] * 3, dtype=torch.float32)
    p = torch.softmax(logits[0], 0).tolist()
    target = torch.tensor([[0.0, 1.0, 0.0], [0.3, 0.7, 0.0], [1.0, 0.2, 0.2]])
    summed = torch.tensor([False, False, True])
    plain = word_losses(logits, target, summed).tolist()
    expected = [
        -math.log(p[1]),
        -0.3 * math.log(p[0]) - 0.7 * math.log(p[1]),
        -math.log(p[0] + 0.2 * p[1] + 0.2 * p[2]),
    ]
    assert plain == pytest.approx(expected, abs=1e-6)
    robust = word_losses(logits, target, summed, gce_q=0.7).tolist()
    assert robust[0] == pytest.approx((1 - p[1] ** 0.7) / 0.7, abs=1e-6)
    assert robust[2] == pytest.approx((1 - (p[0] + 0.2 * p[1] + 0.2 * p[2]) ** 0.7) / 0.7, abs=1e-6)
    smooth = word_losses(logits, target, summed, smoothing=0.3).tolist()
    mean = -sum(map(math.log, p)) / 3
    assert smooth == pytest.approx([0.7 * one + 0.3 * mean for one in plain], abs=1e-6)


@pytest.mark.parametrize("gce_q", [None, 0.5])
def test_gradients_of_losses(gce_q):
    torch.manual_seed(0)
    logits = torch.randn(4, 5, dtype=torch.float64)
    target = torch.tensor([[0, 1, 0, 0, 0], [0.2, 0, 0.8, 0, 0], [1, 0.1, 0.1, 0.1, 0.1], [1, 0.0, 0.3, 0, 0]])
    summed = torch.tensor([False, False, True, True])

    def loss(values):
        return word_losses(values.float(), target.float(), summed, gce_q=gce_q, smoothing=0.1).double().sum()

    inner = logits.clone().requires_grad_(True)
    loss(inner).backward()
    for at in np.ndindex(4, 5):
        step = torch.zeros_like(logits)
        step[at] = 1e-2
        numeric = (loss(logits + step) - loss(logits - step)) / 2e-2
        assert float(inner.grad[at]) == pytest.approx(float(numeric), abs=2e-3)


def test_unobserved_words_teach_nothing(encoder, tmp_path):
    """A lie about words that are unobserved changes no weight."""
    truth = world(40, 1)
    chosen = [index for index, one in enumerate(truth) if one.spans]
    lies, silent = list(truth), list(truth)
    for index in chosen:
        one = truth[index]
        unknown = tuple(word for span in one.spans for word in range(span.start, span.end))
        wrong = tuple(Span(span.start, span.end, "ORG") for span in one.spans)
        silent[index] = Example(one, unobserved=unknown)
        lies[index] = Example(replace(one, spans=wrong), unobserved=unknown)
    lies[chosen[0]] = silent[chosen[0]] = truth[chosen[0]]
    kinds = ("LOC", "ORG", "PER")
    train(lies, tmp_path / "lies", encoder, max_steps=4, labels=kinds)
    train(silent, tmp_path / "silent", encoder, max_steps=4, labels=kinds)
    assert (tmp_path / "lies" / "model.safetensors").read_bytes() == (
        tmp_path / "silent" / "model.safetensors"
    ).read_bytes()


def test_a_model_learns_how_sure_labels_are(encoder, tmp_path):
    """With the score .6 on every span, the model gives names a probability of about .6."""
    unsure = [replace(one, spans=tuple(replace(s, score=0.6) for s in one.spans)) for one in world(300, 1)]
    train(unsure, tmp_path / "m", encoder, epochs=6)
    tagger = load_tagger(f"transformers:{tmp_path / 'm'}")
    held = world(40, 3)
    found = [
        1 - row[span.start, 0] for one, row in zip(held, tagger.probabilities(held), strict=True) for span in one.spans
    ]
    assert 0.5 < float(np.mean(found)) < 0.7


def test_weights_are_shares(encoder, tmp_path):
    """A sentence of weight 2 counts as two: the gradient of the first step is the same."""
    one, other = world(2, 5)
    how = options(encoder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    config = transformers.AutoConfig.from_pretrained(encoder)
    rows = rows_of(tokenizer, config, [Example(one, weight=2.0), Example(other)], ["LOC", "ORG", "PER"], how)
    assert rows[0].weight.tolist() == [2.0] * len(one)
    assert rows[1].weight.tolist() == [1.0] * len(other)
    with pytest.raises(OptionError, match="weight 0"):
        train([Example(one, weight=0.0), *world(9, 1)], tmp_path / "m", encoder)


def test_every_word_of_a_long_sentence_is_learned_once(encoder):
    tokens = [token for one in world(30, 1) for token in one.tokens]
    sentence = Sentence(tuple(tokens), (Span(0, 1, "PER"),))
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    config = transformers.AutoConfig.from_pretrained(encoder)
    for words in ("first", "average"):
        rows = rows_of(tokenizer, config, [Example(sentence)], ["PER"], options(encoder, words=words, longest=20))
        assert len(rows) > 5
        assert max(len(row.ids) for row in rows) <= 20
        assert sum(row.words for row in rows) == pytest.approx(len(tokens))


@pytest.mark.parametrize("words", ["first", "average"])
def test_pieces_that_only_say_that_a_word_begins_learn_nothing(tmp_path, words):
    """They do where they are kept; what is trained says which it was, and its tagger does the same."""
    folder = save_xlmr(tmp_path / "encoder", marks=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    mark = tokenizer.convert_tokens_to_ids("▁")
    examples = [Example(one) for one in world(20, 1)]
    for marks in ("skip", "keep"):
        how = options(folder, words=words, marks=marks)
        rows = rows_of(tokenizer, config, examples, ["LOC", "ORG", "PER"], how)
        assert any(mark in row.ids for row in rows)
        assert any((row.ids[row.at] == mark).any() for row in rows) == (marks == "keep")
        assert sum(row.words for row in rows) == pytest.approx(sum(len(one.sentence) for one in examples))
        train(world(20, 1), tmp_path / marks, folder, words=words, marks=marks, max_steps=1)
        assert json.loads((tmp_path / marks / "config.json").read_text())["crosspan_marks"] == marks


def states(folder):
    return transformers.AutoModelForTokenClassification.from_pretrained(folder).state_dict()


def test_a_part_of_the_vocabulary_learns_what_all_of_it_does(encoder, tmp_path):
    """The vectors of pieces that the text has no use for stay as they are; all others come out the same."""
    how = {"max_steps": 6, "weight_decay": 0.0, "evaluate_every": 3, "dev": world(10, 2)}
    text, whole = (train(world(12, 1), tmp_path / name, encoder, vocabulary=name, **how) for name in ("text", "all"))
    assert text.losses == pytest.approx(whole.losses, abs=1e-5)
    assert text.looks == whole.looks
    one, other = states(tmp_path / "text"), states(tmp_path / "all")
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], atol=1e-5, rtol=1e-4, msg=name)
    assert len(load_tagger(f"transformers:{tmp_path / 'text'}").tag(world(3, 9))) == 3  # with other pieces


def test_first_layers_and_frozen_ones(encoder, tmp_path):
    report = train(world(40, 1), tmp_path / "m", encoder, layers=1, max_steps=3)
    assert "|layers:1|" in report.signature
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["num_hidden_layers"] == 1
    before, after = transformers.AutoModel.from_pretrained(encoder).state_dict(), states(tmp_path / "m")
    kept = {name.partition("encoder.layer.")[2].partition(".")[0] for name in after if "encoder.layer." in name}
    assert kept == {"0"}
    train(world(40, 1), tmp_path / "f", encoder, freeze_layers=1, max_steps=3)
    after = states(tmp_path / "f")
    same = {name: after.get(f"roberta.{name}", value) for name, value in before.items()}
    moved = {name for name, value in before.items() if not torch.equal(value, same[name])}
    assert moved
    assert not any("embeddings" in name or "layer.0." in name for name in moved)
    with pytest.raises(OptionError, match="layers is 9"):
        train(world(9, 1), tmp_path / "x", encoder, layers=9)


def test_batches_that_are_read_in_parts_teach_the_same(tmp_path):
    """So many pieces at once, whatever the number of sentences: without dropout the weights come out the same."""
    folder = save_xlmr(tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({**config, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    )
    for pieces in (30, 10_000):
        train(world(40, 1), tmp_path / str(pieces), folder, pieces_at_once=pieces, max_steps=4, batch_size=16)
    one, other = states(tmp_path / "30"), states(tmp_path / "10000")
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], atol=2e-5, rtol=1e-3, msg=name)


def test_batches_of_an_epoch_hold_every_row_once():
    lengths = np.random.default_rng(0).integers(1, 60, 1000)
    batches = batches_of_epoch(lengths, 8, 3, 1)
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    assert len(batches) == 125
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < 1.1 * lengths.sum()  # drawn at random it would be about 1.8
    assert [b.tolist() for b in batches] != [b.tolist() for b in batches_of_epoch(lengths, 8, 3, 2)]


def test_accumulated_batches_are_one_batch(encoder, tmp_path):
    """Without dropout, two batches of 8 change the weights as one of 16 does."""
    plain = json.loads((encoder / "config.json").read_text())
    still = tmp_path / "still"
    still.mkdir()
    for path in encoder.iterdir():
        (still / path.name).write_bytes(path.read_bytes())
    plain.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (still / "config.json").write_text(json.dumps(plain))
    sentences = world(16, 1)
    train(sentences, tmp_path / "one", still, epochs=2, batch_size=16)
    train(sentences, tmp_path / "two", still, epochs=2, batch_size=8, accumulate=2)
    one = transformers.AutoModelForTokenClassification.from_pretrained(tmp_path / "one").state_dict()
    two = transformers.AutoModelForTokenClassification.from_pretrained(tmp_path / "two").state_dict()
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], atol=2e-4, rtol=1e-3)


# --- going on after a kill -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lora", [0, 4])
def test_a_killed_training_ends_with_the_same_bytes(encoder, tmp_path, lora):
    if lora:
        pytest.importorskip("peft")
    data, dev = world(60, 1), world(20, 2)
    how = {"epochs": 3, "save_every": 3, "evaluate_every": 2, "lora_rank": lora}
    whole = train(data, tmp_path / "whole", encoder, dev=dev, **how)

    class Killed(BaseException):
        pass

    def kill(event):
        if event.done == 7:
            raise Killed

    with pytest.raises(Killed):
        train(data, tmp_path / "part", encoder, dev=dev, progress=kill, **how)
    assert not (tmp_path / "part" / "config.json").exists()
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["checkpoint-00000006"]
    resumed = train(data, tmp_path / "part", encoder, dev=dev, **how)
    assert resumed.resumed_at == 6
    assert replace(resumed, resumed_at=0, folder=whole.folder) == whole
    assert content(tmp_path / "part") == content(tmp_path / "whole")


def test_early_stopping_keeps_the_best(encoder, tmp_path):
    report = train(
        world(60, 1), tmp_path / "m", encoder, dev=world(20, 2), epochs=60, patience=2, learning_rate=2e-2,
        evaluate_every=4,
    )  # fmt: skip
    assert report.stopped
    assert report.steps < 240
    best = max(report.looks, key=lambda look: (look[1], -look[2]))
    assert report.best_step == best[0] == report.steps - 8
    assert f1(tmp_path / "m", world(20, 2)) == pytest.approx(best[1], abs=1e-6)


def test_a_checkpoint_of_another_training(encoder, tmp_path):
    def kill(event):
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(world(40, 1), tmp_path / "m", encoder, save_every=2, progress=kill)
    with pytest.raises(OutputError, match="the checkpoint of another training"):
        train(world(40, 1), tmp_path / "m", encoder, save_every=2, learning_rate=1e-3)
    (tmp_path / "m" / "checkpoint-00000002" / "weights.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match=r"cannot be read.*Delete this folder"):
        train(world(40, 1), tmp_path / "m", encoder, save_every=2)


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number(encoder, tmp_path, monkeypatch):
    real = token_objective.word_losses
    calls = []

    def broken(*arguments, **named):
        calls.append(1)
        found = real(*arguments, **named)
        return found * float("nan") if len(calls) == 6 else found

    monkeypatch.setattr(token_objective, "word_losses", broken)
    with pytest.raises(
        ModelError, match=r"the loss is not a number at step 6\. The last good model, of step 4"
    ) as raised:
        train(world(60, 1), tmp_path / "m", encoder, save_every=4)
    assert "smaller learning_rate" in str(raised.value)
    assert load_tagger(f"transformers:{tmp_path / 'm' / 'last-good'}").labels == ("LOC", "ORG", "PER")
    assert (tmp_path / "m" / "checkpoint-00000004").is_dir()


def test_a_full_disk(encoder, tmp_path, monkeypatch):
    import safetensors.torch

    real = safetensors.torch.save_file
    calls = []

    def full(*arguments, **named):
        calls.append(1)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        return real(*arguments, **named)

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(OutputError, match=r"the checkpoint cannot be written \(No space left on device\).*Make room"):
        train(world(60, 1), tmp_path / "m", encoder, save_every=2)
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["checkpoint-00000002"]
    monkeypatch.setattr(safetensors.torch, "save_file", real)
    assert train(world(60, 1), tmp_path / "m", encoder, save_every=2).resumed_at == 2


def test_no_room_for_the_model(encoder, tmp_path, monkeypatch):
    def full(self, *arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(transformers.XLMRobertaForTokenClassification, "save_pretrained", full)
    with pytest.raises(OutputError, match="the model cannot be written"):
        train(world(20, 1), tmp_path / "m", encoder, max_steps=1)


def test_encoders_that_are_none(tmp_path, encoder):
    save_m2m100(tmp_path / "m2m")
    with pytest.raises(ModelError, match="type m2m_100 cannot label words"):
        train(world(9, 1), tmp_path / "m", tmp_path / "m2m")
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    config = transformers.GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=1, n_positions=32)
    transformers.GPT2Model(config).save_pretrained(tmp_path / "gpt")
    tokenizer.save_pretrained(tmp_path / "gpt")
    with pytest.raises(ModelError, match="type gpt2 is no encoder"):
        train(world(9, 1), tmp_path / "m", tmp_path / "gpt")
    with pytest.raises(ModelError, match="no such folder"):
        train(world(9, 1), tmp_path / "m", "/no/such/encoder")
    with pytest.raises(OptionError, match="no encoder is named"):
        train(world(9, 1), tmp_path / "m", "")
    assert not (tmp_path / "m").exists()


def test_a_body_that_lacks_weights(tmp_path):
    save_xlmr(tmp_path / "e")
    from safetensors.torch import load_file, save_file

    weights = load_file(tmp_path / "e" / "model.safetensors")
    weights.pop("roberta.encoder.layer.0.output.dense.weight")
    save_file(weights, tmp_path / "e" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks weights.*layer\.0\.output\.dense"):
        train(world(9, 1), tmp_path / "m", tmp_path / "e")


def test_data_at_fault(encoder, tmp_path):
    out = tmp_path / "m"
    with pytest.raises(EmptyInputError, match="no labelled entity"):
        train([replace(one, spans=()) for one in world(9, 1)], out, encoder)
    with pytest.raises(EmptyInputError, match="no labelled entity"):
        train(world(9, 1), out, encoder, labels=("MISC",))
    with pytest.raises(EmptyInputError, match="nothing is known"):
        train([Example(one, unobserved=tuple(range(len(one)))) for one in world(9, 1)], out, encoder)
    with pytest.raises(OptionError, match="early stopping needs dev sentences"):
        train(world(9, 1), out, encoder, patience=2)
    strange = [replace(world(1, 2)[0], spans=(Span(0, 1, "MISC"),))]
    with pytest.raises(OptionError, match="label 'MISC'"):
        train(world(9, 1), out, encoder, dev=strange)
    assert not out.exists()


def test_folders_that_hold_something(encoder, trained, tmp_path):
    with pytest.raises(OutputError, match="a trained model already"):
        train(world(9, 1), trained[0], encoder)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="holds something else"):
        train(world(9, 1), tmp_path / "x", encoder)
    with pytest.raises(OutputError, match="this is a file"):
        train(world(9, 1), tmp_path / "x" / "letter.txt", encoder)


def test_dev_sentences_of_the_target(encoder, tmp_path):
    """Target sentences with right labels choose no weights unless that is said, and then it is seen."""
    data, target = world(20, 1), world(9, 2, lang="sw")
    with pytest.raises(OptionError, match="dev sentences are in 'sw', not in 'en', the source language"):
        train(data, tmp_path / "m", encoder, dev=target)
    carried = [replace(one, lang="sw", spans=tuple(replace(s, score=0.9) for s in one.spans)) for one in data]
    with pytest.raises(OptionError, match="dev sentences are in 'sw'"):  # projected: that is not the source language
        train([*data, *carried], tmp_path / "m", encoder, dev=target)
    with pytest.raises(OptionError, match="no source is known"):
        train(carried, tmp_path / "m", encoder, dev=world(9, 2))
    report = train(carried, tmp_path / "s", encoder, dev=world(9, 2), source_lang="en", max_steps=1)
    assert report.dev_side == "source"
    report = train(data, tmp_path / "t", encoder, dev=target, dev_is_target=True, max_steps=1)
    assert "|dev:target|" in report.signature
    assert "scores on that language are not zero-shot" in (tmp_path / "t" / "README.md").read_text()
    nameless = [replace(one, lang=None) for one in target]
    report = train(data, tmp_path / "u", encoder, dev=nameless, max_steps=1)
    assert "|dev:unstated|" in report.signature


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"words": "last"}, "words is 'last'"),
        ({"loss": "mse"}, "loss is 'mse'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"gce_q": 0.0}, "gce_q is 0"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1"),
        ({"warmup": 2.0}, "warmup is 2"),
        ({"patience": -1}, "patience is -1"),
        ({"overlap": -2}, "overlap is -2"),
    ],
)
def test_options_that_cannot_be(settings, message):
    with pytest.raises(OptionError, match=message):
        TokenClassifierOptions(**settings)


def test_layers_that_lora_cannot_find(encoder, tmp_path):
    pytest.importorskip("peft")
    with pytest.raises(OptionError, match=r"no layer is called q_proj.*query"):
        train(world(9, 1), tmp_path / "m", encoder, lora_rank=2, lora_targets=("q_proj",))


@pytest.mark.parametrize(("gone", "extra"), [("transformers", "neural"), ("peft", "lora")])
def test_an_extra_is_missing(encoder, tmp_path, monkeypatch, gone, extra):
    import crosspan.models.loading as loading

    real = loading.import_module

    def missing(name):
        if name == gone:
            raise ImportError(name=name)
        return real(name)

    monkeypatch.setattr(loading, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=rf"crosspan\[{extra}\]"):
        train(world(9, 1), tmp_path / "m", encoder, lora_rank=2)


def test_memory_that_runs_out_halves_the_batch(encoder, tmp_path, monkeypatch):
    from crosspan.models.batching import SmallerBatch

    real = transformers.XLMRobertaForTokenClassification.forward

    def tight(self, *arguments, **named):
        if len(named["input_ids"]) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return real(self, *arguments, **named)

    monkeypatch.setattr(transformers.XLMRobertaForTokenClassification, "forward", tight)
    with pytest.warns(SmallerBatch, match="going on with 4 sentences"):
        train(world(20, 1), tmp_path / "m", encoder, max_steps=1)


# --- what is destroyed is noticed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "loss"), [({}, 0.562335), ({"loss": "gce", "gce_q": 1.0}, 0.375)])
def test_the_loss_of_guessing_is_that_of_knowing_the_shares_of_the_tags(encoder, settings, loss):
    sentences = [Sentence(("Ada", "lives"), (Span(0, 1, "PER"),)), Sentence(("a", "house"))]
    how, config, tokenizer = encoder_parts(options(encoder, **settings))
    rows = rows_of(tokenizer, config, [Example(one) for one in sentences], ("PER",), how)
    processes = Processes("cpu")
    model = loaded(how, tokenizer, ("O", "B-PER", "I-PER"), processes.device)
    objective = token_objective.TokenObjective(how, rows, model, tokenizer, processes)
    assert objective.guessing() == pytest.approx(loss, rel=1e-4)


def test_a_rate_that_destroys_ends_in_an_error_that_names_it(encoder, tmp_path):
    with pytest.raises(ModelError, match=r"what was learned is destroyed: at step .* guessing") as told:
        train(world(400, 1), tmp_path / "out", encoder, learning_rate=0.3, warmup=0.9, epochs=8)
    assert "a smaller learning_rate or a longer warmup; learning_rate was 0.3" in str(told.value)
    assert not (tmp_path / "out" / "training.json").exists()


def test_dev_sentences_keep_what_a_rate_destroys(encoder, tmp_path):
    how = {"learning_rate": 0.3, "warmup": 0.9, "epochs": 8, "evaluate_every": 10}
    with pytest.warns(NothingLearned, match="learning_rate was 0.3"):
        report = train(world(400, 1), tmp_path / "out", encoder, dev=world(40, 2), **how)
    assert report.stopped
    assert 0 < report.best_step < report.steps < 200
    assert f1(tmp_path / "out", world(40, 2)) == pytest.approx(report.dev["f1"], abs=1e-5)


def test_a_rate_at_which_nothing_is_learned_is_named_half_way(encoder, tmp_path):
    with pytest.warns(NothingLearned, match="half of the training is over"):
        train(world(200, 1), tmp_path / "out", encoder, learning_rate=1e-7, batch_size=8)


def test_a_training_that_learns_is_left_alone(encoder, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", NothingLearned)
        report = train(world(200, 1), tmp_path / "out", encoder, dev=world(40, 2), batch_size=8)
    assert (report.steps, report.stopped) == (100, False)


def test_a_tagger_that_finds_nothing_is_named(encoder, tmp_path):
    with pytest.warns(NothingLearned, match=r"finds no entity of the dev sentences.*\(0.005\)"):
        report = train(world(60, 1), tmp_path / "out", encoder, dev=world(20, 2), epochs=1)
    assert report.dev["f1"] == 0.0


# --- defaults that fit the encoder ------------------------------------------------------------------------------------


def test_the_usual_rate_is_that_of_the_width_and_is_recorded(encoder, tmp_path):
    sentences = world(20, 1)
    train(sentences, tmp_path / "usual", encoder, learning_rate=0.0, epochs=1)
    train(sentences, tmp_path / "named", encoder, learning_rate=1e-3, epochs=1)
    assert content(tmp_path / "usual") == content(tmp_path / "named")
    assert json.loads((tmp_path / "usual" / "training.json").read_text())["options"]["learning_rate"] == 1e-3


@pytest.mark.parametrize(
    ("there", "precision", "width", "half"),
    [
        (True, "auto", 384, True),
        (True, "auto", 128, False),
        (False, "auto", 384, False),
        (True, "float32", 384, False),
        (False, "bfloat16", 128, True),
    ],
)
def test_where_a_cpu_computes_in_bfloat16(monkeypatch, there, precision, width, half):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: there, raising=False)
    found = half_precision(precision, torch.device("cpu"), width)
    assert found is (torch.bfloat16 if half else None)
