from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from crosspan.models.loading import load_model, load_tokenizer
from crosspan.train.pretrain.corruption import marks_of
from crosspan.train.pretrain.tasks import Guessing, WritingTask
from crosspan.train.pretrain.windows import windows_of_text


def prepared_of(models, lines, name):
    kind = "spans" if name == "mt5" else "masked"
    model = load_model(models[name], "AutoModelForSeq2SeqLM" if kind == "spans" else "AutoModelForMaskedLM")
    tokenizer = load_tokenizer(models[name])
    marks = marks_of(tokenizer, kind, name)
    one = Guessing(model, tokenizer, marks, 0.3) if kind == "masked" else WritingTask(model, tokenizer, marks, 0.3, 2.0)
    windows = windows_of_text(tokenizer, lines, marks, 20)
    batch = one.prepared([*windows[:5], windows[-1]], np.random.default_rng(1))
    return one, model, tokenizer, batch


@pytest.mark.parametrize("name", ["mbert", "xlmr", "mt5"])
def test_the_loss_is_that_of_transformers(models, lines, name):
    torch = pytest.importorskip("torch")
    one, model, _, batch = prepared_of(models, lines, name)
    with torch.no_grad():
        found = one.loss(batch, np.arange(6), nullcontext) / batch.n_missing
        given = {
            "input_ids": torch.from_numpy(batch.read),
            "attention_mask": torch.from_numpy(batch.there.astype(np.int64)),
            "labels": torch.from_numpy(batch.missing),
        }
        assert float(found) == pytest.approx(float(model(**given).loss), rel=1e-5)


@pytest.mark.parametrize("name", ["xlmr", "mt5"])
def test_parts_add_up(models, lines, name):
    torch = pytest.importorskip("torch")
    one, _, _, batch = prepared_of(models, lines, name)
    with torch.no_grad():
        whole = float(one.loss(batch, np.arange(6), nullcontext))
        parts = sum(float(one.loss(batch, np.arange(at, at + 2), nullcontext)) for at in (0, 2, 4))
    assert parts == pytest.approx(whole, rel=1e-5)


def test_special_pieces_are_never_hidden(models, lines):
    one, _, tokenizer, batch = prepared_of(models, lines, "xlmr")
    assert batch.n_missing > 10
    assert not np.isin(batch.missing, [tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id]).any()
    assert (batch.read[:, 0] == tokenizer.bos_token_id).all()
    assert one.n_special == 2
