from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosspan.core.errors import OptionError, UnavailableError  # noqa: E402
from crosspan.models.batching import SmallerBatch  # noqa: E402
from crosspan.models.device import Placement  # noqa: E402
from crosspan.models.encoder import Encoder  # noqa: E402

CPU = Placement(device="cpu")
SENTENCES = [("Ada", "lives", "in", "Accra", "."), (), ("Kofi",), ("She", "went", "to", "the", "market", "there")]


def reference(name, words, layer):
    """The hidden states of all layers by transformers itself, one sentence at a time."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(name)
    model = transformers.AutoModel.from_pretrained(name)
    encoder = model.get_encoder() if model.config.is_encoder_decoder else model
    inputs = tokenizer(list(words), is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        states = encoder(**inputs, output_hidden_states=True).hidden_states
    special = tokenizer.get_special_tokens_mask(inputs["input_ids"][0].tolist(), already_has_special_tokens=True)
    return states[layer][0].numpy()[np.array(special) == 0]


@pytest.mark.parametrize("name", ["mbert", "xlmr", "nllb"])
def test_the_vectors_of_every_layer(models, name):
    n_layers = Encoder(models[name], placement=CPU).n_layers
    for layer in range(n_layers + 1):
        encoder = Encoder(models[name], layer=layer, placement=CPU)
        found = encoder.vectors(encoder.pieces(SENTENCES))
        for words, rows in zip(SENTENCES, found, strict=True):
            if words:
                np.testing.assert_allclose(rows, reference(models[name], words, layer), atol=2e-5)
            else:
                assert rows.shape == (0, 32)


def test_layers_from_the_end(models):
    assert Encoder(models["mbert"], layer=-1, placement=CPU).layer == 3
    assert Encoder(models["mbert"], layer=-4, placement=CPU).layer == 0
    for layer in (4, -5):
        with pytest.raises(OptionError, match=f"layer is {layer}, but .* has 3 layers"):
            Encoder(models["mbert"], layer=layer, placement=CPU)


def test_layers_that_are_not_wanted_are_not_there(models):
    encoder = Encoder(models["mbert"], layer=1, placement=CPU)
    assert len(encoder.model.encoder.layer) == 1


def test_batches_make_no_difference(models):
    one, all_at_once = (Encoder(models["xlmr"], placement=CPU, budget=budget) for budget in (1, 10_000))
    for rows, others in zip(
        one.vectors(one.pieces(SENTENCES)), all_at_once.vectors(all_at_once.pieces(SENTENCES)), strict=True
    ):
        np.testing.assert_allclose(rows, others, atol=1e-5)


def test_long_sentences_are_read_in_windows(models):
    encoder = Encoder(models["mbert"], placement=CPU)
    words = ("Ada", "lives", "in", "Accra", ".") * 20
    (pieces,) = encoder.pieces([words])
    assert len(pieces) > 2 * encoder.longest
    seen = []
    (rows,) = encoder.vectors([pieces], advance=lambda done, total: seen.append((done, total)))
    assert rows.shape == (len(pieces), 32)
    assert seen[-1][0] == seen[-1][1] > 2
    (first,) = encoder.vectors([type(pieces)(pieces.ids[: encoder.longest], pieces.word[: encoder.longest])])
    sure = encoder.longest // 2
    np.testing.assert_allclose(rows[:sure], first[:sure], atol=1e-5)


def test_memory_that_runs_out(models, monkeypatch):
    encoder = Encoder(models["mbert"], placement=CPU)
    pieces = encoder.pieces(SENTENCES)
    expected = encoder.vectors(pieces)
    inner = encoder._hidden

    def small(rows):
        if len(rows) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return inner(rows)

    monkeypatch.setattr(encoder, "_hidden", small)
    with pytest.warns(SmallerBatch, match="half as many"):
        found = encoder.vectors(pieces)
    for rows, others in zip(found, expected, strict=True):
        np.testing.assert_allclose(rows, others, atol=1e-5)


def test_a_device_that_vanishes(models, monkeypatch):
    encoder = Encoder(models["mbert"], placement=CPU)

    def gone(rows):
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(encoder, "_hidden", gone)
    with pytest.raises(UnavailableError, match="the device failed"):
        encoder.vectors(encoder.pieces(SENTENCES))
