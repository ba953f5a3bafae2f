"""The discriminator's parts: its gradient turned, its loss, balanced batches, layers that freeze."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.adversarial_text import LanguageText, TextRow, language_text, text_batch_of
from crosspan.train.examples import Example
from crosspan.train.token_options import TokenClassifierOptions

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.worlds.language_world import save_marked_encoder, sentences_of  # noqa: E402

from crosspan.testing.tiny_models import save_mbert, save_mt5  # noqa: E402
from crosspan.train.adversary import (  # noqa: E402
    check_layers,
    discriminator_of,
    language_losses,
    layer_states,
    means_of,
    reversed_gradient,
    weight_at,
)
from crosspan.train.token_model import body_of  # noqa: E402

torch.set_num_threads(1)


# --- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["token", "sentence"])
@pytest.mark.parametrize("weight", [0.0, 0.3, 2.0])
def test_the_reversed_gradient_by_finite_differences(level, weight):
    """Below the layer stands -λ times the numeric gradient; above it, the gradient itself."""
    torch.manual_seed(0)
    below = torch.nn.Linear(4, 6).double()
    above = discriminator_of(6, 5, 3, 0, torch.device("cpu")).double()
    words = torch.randn(7, 4, dtype=torch.float64)
    row = torch.tensor([0, 0, 1, 1, 1, 2, 2])
    target = torch.tensor([0, 2, 1]) if level == "sentence" else torch.tensor([0, 0, 2, 2, 2, 1, 1])

    def loss(turn):
        vectors = torch.tanh(below(words))
        vectors = vectors if level == "token" else means_of(vectors, row, 3)
        return language_losses(above(reversed_gradient(vectors, weight) if turn else vectors), target).mean()

    loss(True).backward()
    for module, factor in ((below, -weight), (above, 1.0)):
        for value in module.parameters():
            for at in np.ndindex(*value.shape):
                before = value.data[at].item()
                sides = []
                for step in (1e-6, -1e-6):
                    value.data[at] = before + step
                    sides.append(loss(False).item())
                value.data[at] = before
                numeric = (sides[0] - sides[1]) / 2e-6
                assert float(value.grad[at]) == pytest.approx(factor * numeric, abs=1e-8)


def test_turned_labels_of_two_classes_are_the_other_one():
    logits = torch.randn(9, 2)
    target = torch.randint(0, 2, (9,))
    torch.testing.assert_close(language_losses(logits, target, turned=True), language_losses(logits, 1 - target))


def test_turned_labels_of_many_classes_by_hand():
    logits = torch.tensor([[1.0, 0.0, -1.0]])
    logs = torch.log_softmax(logits, -1)[0]
    found = language_losses(logits, torch.tensor([0]), turned=True)
    assert float(found) == pytest.approx(float(-(logs[1] + logs[2]) / 2), abs=1e-6)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 5))
def test_lambda_rises_to_its_largest(early, late, largest):
    early, late = sorted((early, late))
    assert 0.0 <= weight_at(early, largest, "dann") <= weight_at(late, largest, "dann") <= largest
    assert weight_at(early, largest, "constant") == largest


# --- text ------------------------------------------------------------------------------------------------------------


def row(lang, length=5):
    return TextRow(np.arange(length, dtype=np.int32), 1, length - 1, lang)


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 12), min_size=2, max_size=5),
    st.integers(2, 40),
    st.sampled_from(["binary", "each"]),
    st.data(),
)
def test_batches_are_balanced(sizes, size, classes, data):
    sources = data.draw(st.integers(1, len(sizes) - 1))
    rows = [[row(lang, 3 + lang) for _ in range(n)] for lang, n in enumerate(sizes)]
    text = LanguageText(tuple(f"l{at}" for at in range(len(sizes))), sources, classes, rows, rows)
    batch = text.batch(3, size)
    counts = np.bincount([one.lang for one in batch], minlength=len(sizes))
    assert counts.tolist() == [max(1, round(size * share)) for share in text.shares.tolist()]
    for level in ("token", "sentence"):
        weights = text.weights(batch, level)
        each = [(one.end - one.begin if level == "token" else 1) * weights[one.lang] for one in batch]
        assert sum(each) == pytest.approx(1.0, abs=1e-5)
        mass = np.bincount(text.class_of[[one.lang for one in batch]], weights=each)
        assert mass.tolist() == pytest.approx([1 / len(mass)] * len(mass), abs=1e-5)
    assert text.chance == pytest.approx(1 / len(text.classes))


def test_every_sentence_comes_once_in_its_turn():
    rows = [[row(0) for _ in range(6)], [row(1) for _ in range(10)]]
    text = LanguageText(("a", "b"), 1, "binary", rows, rows, seed=4)
    seen = [id(one) for number in range(15) for one in text.batch(number, 4)]
    assert all(seen.count(id(one)) == 5 for one in rows[0])
    assert all(seen.count(id(one)) == 3 for one in rows[1])
    assert [id(one) for one in text.batch(0, 4)] == seen[:4]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_marked_encoder(tmp_path_factory.mktemp("encoder") / "e", languages=("ka", "zu", "xo"))


def text_of(encoder, examples, unlabelled, sources=("ka",), longest=0, **how):
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    config = transformers.AutoConfig.from_pretrained(encoder)
    options = TokenClassifierOptions(encoder=str(encoder), longest=longest)
    examples = [Example(one) for one in examples]
    how = AdversarialOptions(mode="reversal", **how)
    return language_text(tokenizer, config, examples, unlabelled, frozenset(sources), options, how), tokenizer


def test_special_pieces_and_fill_are_not_judged(encoder):
    text, tokenizer = text_of(encoder, sentences_of("ka", 20, 0), sentences_of("zu", 20, 0), longest=5)
    batch = text_batch_of([one for side in (*text.learned, *text.held) for one in side], tokenizer.pad_token_id, 8)
    judged = batch.ids[batch.row, batch.at]
    assert not {*judged.tolist()} & {*tokenizer.all_special_ids}
    words = [word for lang in ("ka", "zu") for one in sentences_of(lang, 20, 0) for word in one.tokens]
    assert sorted(judged.tolist()) == sorted(tokenizer.convert_tokens_to_ids([f"▁{word}" for word in words]))


def test_what_is_held_out_is_not_learned_from(encoder):
    text, _ = text_of(encoder, sentences_of("ka", 40, 0), sentences_of("zu", 11, 0), held_out=0.25)
    assert text.counts() == {"ka": {"learned": 30, "held_out": 10}, "zu": {"learned": 8, "held_out": 3}}


def test_several_languages(encoder):
    others = [*sentences_of("zu", 9, 0), *sentences_of("xo", 9, 0)]
    assert text_of(encoder, sentences_of("ka", 9, 0), others)[0].classes == ("source", "other")
    text, _ = text_of(encoder, sentences_of("ka", 9, 0), others, classes="each")
    assert (text.langs, text.classes) == (("ka", "xo", "zu"), ("ka", "xo", "zu"))
    assert text.class_of.tolist() == [0, 1, 2]


def test_text_at_fault(encoder):
    source, target = sentences_of("ka", 9, 0), sentences_of("zu", 9, 0)
    with pytest.raises(OptionError, match="and there is none"):
        text_of(encoder, source, [])
    with pytest.raises(OptionError, match="does not say which language"):
        text_of(encoder, source, [Sentence(("a",))])
    with pytest.raises(OptionError, match="in 'zu', the source language"):
        text_of(encoder, source, target, sources=("zu",))
    with pytest.raises(OptionError, match=r"not known.*source_lang"):
        text_of(encoder, source, target, sources=())
    with pytest.raises(EmptyInputError, match="one sentence in 'zu'"):
        text_of(encoder, source, target[:1])
    nameless = [Sentence(one.tokens, one.spans) for one in source]
    assert text_of(encoder, nameless, target, sources=())[0].langs == ("source", "zu")


# --- encoders --------------------------------------------------------------------------------------------------------


def classifier(folder):
    return transformers.AutoModelForTokenClassification.from_pretrained(folder, num_labels=3).eval()


@pytest.mark.parametrize("save", [save_marked_encoder, save_mbert, save_mt5])
def test_layers_of_encoders(tmp_path, save):
    save(tmp_path / "e", layers=2)
    body = body_of(classifier(tmp_path / "e"))
    ids = torch.tensor([[5, 6, 7, 2], [5, 8, 2, 1]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    states = [layer_states(body, layer, ids, mask) for layer in (0, 1, 2, -1)]
    torch.testing.assert_close(states[2], states[3])
    torch.testing.assert_close(states[2], body(input_ids=ids, attention_mask=mask).last_hidden_state)
    every = body(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
    for layer in (0, 1):
        torch.testing.assert_close(states[layer], every[layer])
    assert not torch.allclose(states[0], states[1])
    assert not torch.allclose(states[1], states[2])


def test_layers_that_are_not_there():
    config = transformers.XLMRobertaConfig(num_hidden_layers=4)
    plain = TokenClassifierOptions()
    check_layers(config, AdversarialOptions(layer=4), replace(plain, freeze_layers=3))
    check_layers(config, AdversarialOptions(layer=0), plain)
    for layer, how in ((5, plain), (3, replace(plain, layers=2))):
        with pytest.raises(OptionError, match=f"layer is {layer}, but the encoder has {how.layers or 4}"):
            check_layers(config, AdversarialOptions(layer=layer), how)
    for layer, how in ((2, {"freeze_layers": 2}), (0, {"freeze_embeddings": True}), (0, {"lora_rank": 4})):
        with pytest.raises(OptionError, match="nothing at or below it is trained"):
            check_layers(config, AdversarialOptions(layer=layer), replace(plain, **how))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"mode": "both"}, "adversarial.mode is 'both'"),
        ({"level": "word"}, "adversarial.level is 'word'"),
        ({"layer": -2}, "adversarial.layer is -2"),
        ({"weight": 0.0}, "adversarial.weight is 0"),
        ({"generator_rate": math.inf}, "adversarial.generator_rate is inf"),
        ({"held_out": 0.0}, "adversarial.held_out is 0"),
        ({"batch_size": 1}, "adversarial.batch_size is 1"),
        ({"hidden": 0}, "adversarial.hidden is 0"),
    ],
)
def test_options_that_cannot_be(how, message):
    with pytest.raises(OptionError, match=message):
        AdversarialOptions(**how)
