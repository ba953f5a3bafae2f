"""What an encoder's values are worth, found without gold links."""

from __future__ import annotations

import numpy as np
import pytest

from crosspan.align.link_judge import FEATURES, WEIGHTS, describe, judged
from crosspan.align.soft_links import ALIKE, IN_PIECES, KINDS, UNKNOWN, WHOLE
from crosspan.align.trust import Trust, agreement, trust_of


def world(*, knows: bool, seed: int = 0, n: int = 20_000):
    """Cells of which a twentieth are links; statistics that are right mostly; an encoder that knows or does not."""
    rng = np.random.default_rng(seed)
    linked = rng.random(n) < 0.05
    believed = np.where(linked ^ (rng.random(n) < 0.01), 0.84, 0.0005).astype(np.float32)
    right = linked if knows else rng.random(n) < 0.05
    prob = np.where(right ^ (rng.random(n) < 0.02), 0.97, 1e-7).astype(np.float32)
    return prob, np.full(n, WHOLE, np.int8), believed, linked


def test_the_worth_is_found_without_gold():
    prob, kind, believed, linked = world(knows=True)
    trust = trust_of(prob, kind, believed)
    assert trust.whole == 1.0
    high = prob > 0.9
    for cells, place in ((high, -1), (~high, 0)):
        true = np.log((cells & linked).sum() / linked.sum() / ((cells & ~linked).sum() / (~linked).sum()))
        assert trust.ratio[WHOLE, place] == pytest.approx(true, abs=1.2)


def test_an_encoder_that_guesses_is_worth_nothing():
    prob, kind, believed, _ = world(knows=False)
    trust = trust_of(prob, kind, believed)
    assert trust.whole == 0.0
    assert trust.told[WHOLE] < 0.5
    assert (trust.factors(prob, kind, 0.7) == 1.0).all()


def test_kinds_are_judged_by_themselves_and_unknown_words_are_neutral():
    good, bad = world(knows=True), world(knows=False, seed=1)
    prob = np.concatenate([good[0], bad[0], np.full(5, UNKNOWN)])
    kind = np.concatenate([good[1], np.full(len(bad[0]), IN_PIECES, np.int8), np.full(5, WHOLE, np.int8)])
    believed = np.concatenate([good[2], bad[2], np.full(5, 0.9, np.float32)])
    trust = trust_of(prob, kind, believed)
    assert trust.of_kinds.tolist() == [0.0, 1.0, 0.0]
    assert 0.3 < trust.whole < 0.7
    factors = trust.factors(prob, kind, 0.7)
    assert (factors[len(good[0]) :] == 1.0).all()
    assert factors[: len(good[0])].max() > 3.0 > 1.0 > factors[: len(good[0])].min()
    assert trust.unknown == pytest.approx(4.5)
    assert (trust.of_cells(prob, kind)[-5:] == 0.0).all()


def test_without_any_cells():
    nothing = np.zeros(0, np.float32)
    assert trust_of(nothing, np.zeros(0, np.int8), nothing).whole == 0.0


def test_it_can_be_kept():
    prob, kind, believed, _ = world(knows=True, n=2_000)
    trust = trust_of(prob, kind, believed)
    again = Trust.from_dict(trust.to_dict())
    assert again.to_dict() == trust.to_dict()
    with pytest.raises(ValueError, match="damaged"):
        Trust.from_dict({**trust.to_dict(), "told": [1.0]})


def test_agreement_of_directions_and_models():
    sure, kind = np.eye(3, dtype=np.float32), np.full((3, 3), WHOLE, np.int8)
    assert agreement([sure], [kind], [sure]) == pytest.approx(1.0)
    assert agreement([sure], [kind], [sure[::-1]]) == pytest.approx(1 / 3)
    assert agreement([sure / 2], [kind], [sure]) == pytest.approx(0.5)
    assert agreement([sure], [np.full((3, 3), ALIKE, np.int8)], [sure]) == 0.0
    assert len(KINDS) == 3


def test_features_of_cells():
    post = np.array([[0.9, 0.2, 0.0], [0.1, 0.0, 0.7]], np.float32)
    alone = np.full((2, 3), 0.5, np.float32)
    kind = np.array([[ALIKE, WHOLE, WHOLE], [WHOLE, WHOLE, IN_PIECES]], np.int8)
    found = describe(post, alone, kind, ["Accra", "."], ["Accra", "in", "!"])
    cell = dict(zip(FEATURES, found[0, 0].tolist(), strict=True))
    assert cell["posterior"] == pytest.approx(np.log(9), abs=1e-4)
    assert (cell["encoder"], cell["alike"], cell["bias"]) == (0.0, 1.0, 1.0)
    assert cell["source_rival"] == pytest.approx(0.2)
    assert cell["target_rival"] == pytest.approx(0.1)
    assert cell["rival"] == pytest.approx(0.2)
    assert cell["source_neighbour"] == pytest.approx(0.1)
    assert cell["target_neighbour"] == pytest.approx(0.2)
    assert cell["diagonal"] == 0.0
    last = dict(zip(FEATURES, found[1, 2].tolist(), strict=True))
    assert (last["two_marks"], last["one_mark"], last["in_pieces"]) == (1.0, 0.0, 1.0)
    assert last["diagonal"] == pytest.approx(0.2)
    assert len(WEIGHTS) == len(FEATURES)
    prob = judged(found)
    assert prob.shape == (2, 3)
    assert prob[0, 0] > 0.5 > prob[0, 2]
    assert judged(describe(post[:, :0], alone[:, :0], kind[:, :0], ["a", "b"], [])).shape == (2, 0)
