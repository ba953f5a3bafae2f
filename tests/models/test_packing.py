"""Sentences read end to end have the vectors of sentences read one by one."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosspan.models import encoder as encoding  # noqa: E402
from crosspan.models.device import Placement  # noqa: E402
from crosspan.models.encoder import Encoder  # noqa: E402
from crosspan.models.packing import pack, read_packed  # noqa: E402

CPU = Placement(device="cpu")
SENTENCES = [("Kofi",), ("Ada", "lives", "in", "Accra", "."), (), ("She", "went", "to", "the", "market"), ("Ada",)] * 3


def _has_own_attention(model):
    return any("query" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize("name", ["mbert", "xlmr"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_same_vectors_as_padded(models, monkeypatch, name, dtype):
    placement = Placement(device="cpu", dtype=dtype)
    packed = Encoder(models[name], placement=placement, layer=2)
    monkeypatch.setattr(encoding, "pack", lambda model: False)
    padded = Encoder(models[name], placement=placement, layer=2)
    assert (_has_own_attention(packed.model), _has_own_attention(padded.model)) == (False, True)
    found, expected = (one.vectors(one.pieces(SENTENCES)) for one in (packed, padded))
    for rows, others in zip(found, expected, strict=True):
        assert rows.shape == others.shape
        np.testing.assert_allclose(rows, others, atol=1e-5 if dtype == "float32" else 0.1)


def test_neighbours_are_not_seen(models):
    encoder = Encoder(models["xlmr"], placement=CPU)
    rows = [[0, 7, 8, 9, 2], [0, 5, 2], [0, 11, 2]]
    with torch.inference_mode():
        together = read_packed(encoder.model, rows).last_hidden_state[0]
        alone = [read_packed(encoder.model, [row]).last_hidden_state[0] for row in rows]
    assert together.shape == (11, 32)
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_models_that_cannot(models):
    encoder = Encoder(models["nllb"], placement=CPU)  # positions of M2M100 are not given from outside
    before = [id(part) for part in encoder.model.modules()]
    assert not pack(encoder.model)
    assert [id(part) for part in encoder.model.modules()] == before


def test_nothing_is_computed_for_padding(models, monkeypatch):
    encoder = Encoder(models["mbert"], placement=CPU, budget=10_000)
    sizes = []
    encoder.model.encoder.layer[0].register_forward_hook(lambda module, inputs, output: sizes.append(inputs[0].shape))
    pieces = encoder.pieces(SENTENCES)
    encoder.vectors(pieces)
    assert [tuple(size) for size in sizes] == [(1, sum(len(one) + 2 for one in pieces if len(one)), 32)]
