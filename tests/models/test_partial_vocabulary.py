"""The vectors of some pieces in the place of all, while a model is trained."""

from __future__ import annotations

import numpy as np
import pytest

from crosspan.models.partial_vocabulary import partial_vocabulary

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.testing.tiny_models import save_mbert, save_mt5, save_xlmr  # noqa: E402

TEXT = np.array([[2, 5, 6, 7, 3], [2, 8, 5, 3, 1]])
OTHER = torch.tensor([[2, 5, 99, 3]])


def classifier(folder):
    torch.manual_seed(1)  # of the new layer
    return transformers.AutoModelForTokenClassification.from_pretrained(folder, num_labels=3)


@pytest.fixture(params=[save_mbert, save_xlmr, save_mt5])
def models(request, tmp_path):
    """The same model twice, and what came of it where its vocabulary is a part."""
    folder = request.param(tmp_path / "encoder", layers=1)
    whole, part = classifier(folder), classifier(folder)
    return whole, part, partial_vocabulary(part, TEXT)


def step(model, weight_decay=0.0):
    torch.manual_seed(0)
    model.train()
    optimizer = torch.optim.AdamW(
        [one for one in model.parameters() if one.requires_grad], 1e-2, weight_decay=weight_decay
    )
    for _ in range(3):
        optimizer.zero_grad()
        model(input_ids=torch.from_numpy(TEXT)).logits.square().sum().backward()
        optimizer.step()
    return model.eval()


def test_it_learns_what_the_whole_learns(models):
    whole, part, vocabulary = models
    assert part.get_input_embeddings().weight.shape[0] == len(np.unique(TEXT))
    for model in models[:2]:
        step(model)
    seen, other = part(input_ids=torch.from_numpy(TEXT)).logits, part(input_ids=OTHER).logits
    torch.testing.assert_close(seen, whole(input_ids=torch.from_numpy(TEXT)).logits)
    torch.testing.assert_close(other, whole(input_ids=OTHER).logits)  # a piece that the text does not have
    for _ in range(2):
        vocabulary.put_back()
    assert [name for name, _ in part.named_parameters()] == [name for name, _ in whole.named_parameters()]
    for (name, one), (_, same) in zip(part.named_parameters(), whole.named_parameters(), strict=True):
        torch.testing.assert_close(one, same, msg=name)
        assert one.requires_grad == same.requires_grad


def test_others_do_not_decay(models):
    _, part, vocabulary = models
    before = vocabulary.whole.weight.detach().clone()
    step(part, weight_decay=0.5)
    vocabulary.put_back()
    after = part.get_input_embeddings().weight.detach()
    others = np.setdiff1d(np.arange(len(before)), TEXT)
    torch.testing.assert_close(after[others], before[others], rtol=0, atol=0)
    assert not torch.allclose(after[TEXT[0]], before[TEXT[0]])


def test_where_it_saves_nothing(tmp_path):
    model = classifier(save_mbert(tmp_path / "encoder", layers=1))
    assert partial_vocabulary(model, [np.arange(500)]) is None  # most pieces
    model.get_input_embeddings().requires_grad_(False)
    assert partial_vocabulary(model, TEXT) is None
    tied = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "encoder")
    assert partial_vocabulary(tied, TEXT) is None
