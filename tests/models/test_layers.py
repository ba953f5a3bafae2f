"""Some layers of an encoder: the first of them alone, and the lowest as they are."""

from __future__ import annotations

import pytest

from crosspan.core.errors import OptionError
from crosspan.models.layers import check_first, freeze, keep_first, stack_of, states_behind

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.testing.tiny_models import save_mbert, save_mt5, save_xlmr  # noqa: E402

IDS = torch.tensor([[5, 6, 7, 2], [5, 8, 2, 3]])


def classifier(folder):
    return transformers.AutoModelForTokenClassification.from_pretrained(folder, num_labels=3).eval()


@pytest.fixture(params=[save_mbert, save_xlmr, save_mt5])
def folder(request, tmp_path):
    return request.param(tmp_path / "encoder", layers=3)


def test_first_layers_are_those_of_the_whole(folder, tmp_path):
    """What is left gives what the whole one has at that layer, and is read back as it is."""
    whole, cut = classifier(folder), classifier(folder)
    wanted = states_behind(whole.base_model, 2, input_ids=IDS)
    keep_first(cut, 2, "encoder")
    assert cut.config.num_hidden_layers == cut.base_model.config.num_hidden_layers == 2
    assert len(stack_of(cut.base_model)[2]) == 2
    found = cut.base_model(input_ids=IDS).last_hidden_state
    if cut.config.model_type != "mt5":  # which has a norm behind its last layer
        torch.testing.assert_close(found, wanted)
    cut.save_pretrained(tmp_path / "cut")
    again = transformers.AutoModelForTokenClassification.from_pretrained(tmp_path / "cut").eval()
    torch.testing.assert_close(again.base_model(input_ids=IDS).last_hidden_state, found)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_states_behind_a_layer_without_those_above(folder, layer, monkeypatch):
    body = classifier(folder).base_model
    wanted = body(input_ids=IDS, output_hidden_states=True).hidden_states[layer]
    above = stack_of(body)[2][2]
    monkeypatch.setattr(above, "forward", None)  # it would fail
    found = states_behind(body, layer, input_ids=IDS)
    torch.testing.assert_close(found, wanted)
    assert len(stack_of(body)[2]) == 3


@pytest.mark.parametrize(
    ("how", "embeddings", "layers"),
    [({}, 0, 0), ({"embeddings": True}, 1, 0), ({"layers": 1}, 1, 1), ({"layers": 2}, 1, 2)],
)
def test_what_is_frozen_gets_no_gradients(folder, how, embeddings, layers):
    model = classifier(folder)
    freeze(model, model.base_model, **how)
    model(input_ids=IDS).logits.sum().backward()
    table = model.get_input_embeddings().weight
    assert (table.grad is None) == bool(embeddings)
    for number, layer in enumerate(stack_of(model.base_model)[2]):
        trained = [value.grad is not None for value in layer.parameters()]
        assert any(trained) == all(trained) == (number >= layers)
    assert all(value.requires_grad for name, value in model.named_parameters() if name.startswith("classifier"))


def test_layers_that_are_not_there(folder):
    model = classifier(folder)
    check_first(model.config, 0, "e")
    with pytest.raises(OptionError, match="layers is 4, but e has 3"):
        keep_first(model, 4, "e")
    with pytest.raises(OptionError, match="freeze_layers is 3, but the encoder has 3 layers"):
        freeze(model, model.base_model, layers=3)


def test_layers_that_share_their_weights():
    config = transformers.AlbertConfig(
        vocab_size=20, embedding_size=8, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=8
    )
    model = transformers.AlbertForTokenClassification(config)
    assert stack_of(model.base_model) is None
    with pytest.raises(OptionError, match="the layers of e share their weights"):
        keep_first(model, 2, "e")
    with pytest.raises(OptionError, match="type albert cannot be frozen one by one"):
        freeze(model, model.base_model, layers=1)
