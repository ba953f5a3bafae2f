from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import ModelError
from crosspan.train.pretrain.corruption import IGNORED, cut_out, hidden, marks_of

SENTINELS = [900, 901, 902, 903, 904]


@given(
    n=st.integers(1, 80),
    share=st.floats(0.01, 0.99),
    span=st.floats(1.0, 9.0),
    seed=st.integers(0, 99),
)
def test_spans_put_back_give_the_text(n, share, span, seed):
    ids = np.arange(n)
    read, written = cut_out(ids, share, span, SENTINELS, np.random.default_rng(seed))
    parts: dict[int, list[int]] = {}
    at = -1
    for piece in written.tolist():
        if piece in SENTINELS:
            at = piece
            assert at not in parts
            parts[at] = []
        else:
            parts[at].append(piece)
    assert all(parts.values())  # no span is empty
    assert list(parts) == SENTINELS[: len(parts)]  # in their order
    back = [one for piece in read.tolist() for one in parts.get(piece, [piece])]
    assert back == ids.tolist()


def test_as_much_is_cut_out_as_asked():
    rng = np.random.default_rng(0)
    lengths = [len(cut_out(np.arange(100), 0.15, 3.0, range(500, 600), rng)[1]) for _ in range(50)]
    assert {*lengths} == {15 + 5}  # 15 pieces in 5 spans


def test_spans_differ_from_draw_to_draw():
    rng = np.random.default_rng(0)
    found = {tuple(cut_out(np.arange(60), 0.15, 3.0, SENTINELS, rng)[0].tolist()) for _ in range(20)}
    assert len(found) == 20


@given(seed=st.integers(0, 99), share=st.floats(0.05, 0.9))
def test_hidden_pieces_are_those_that_may_be(seed, share):
    rng = np.random.default_rng(seed)
    ids = rng.integers(5, 50, (6, 20))
    may = rng.random((6, 20)) < 0.6
    read, missing = hidden(ids, may, share, 4, 50, rng)
    chosen = missing != IGNORED
    assert not (chosen & ~may).any()
    assert (missing[chosen] == ids[chosen]).all()
    assert (read[~chosen] == ids[~chosen]).all()


def test_hidden_pieces_are_as_in_bert():
    rng = np.random.default_rng(0)
    ids = np.full((400, 100), 7)
    read, missing = hidden(ids, np.ones_like(ids, bool), 0.15, 4, 1000, rng)
    chosen = missing != IGNORED
    assert chosen.mean() == pytest.approx(0.15, abs=0.01)
    assert (read[chosen] == 4).mean() == pytest.approx(0.8, abs=0.02)
    assert (read[chosen] == 7).mean() == pytest.approx(0.1, abs=0.02)


def test_marks_of_models(models):
    from crosspan.models.loading import load_tokenizer

    xlmr, mt5 = load_tokenizer(models["xlmr"]), load_tokenizer(models["mt5"])
    assert marks_of(xlmr, "masked", "x").mask == xlmr.mask_token_id
    assert marks_of(xlmr, "masked", "x").end == xlmr.eos_token_id
    found = marks_of(mt5, "spans", "m")
    assert len(found.sentinels) == 100
    assert mt5.convert_ids_to_tokens(found.sentinels[1]) == "<extra_id_1>"
    with pytest.raises(ModelError, match="no pieces such as <extra_id_0>"):
        marks_of(xlmr, "spans", "x")
    with pytest.raises(ModelError, match="no piece that hides others"):
        marks_of(mt5, "masked", "m")
