from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import EmptyInputError, OptionError, PairError
from crosspan.core.types import Sentence, Span
from crosspan.evaluate import reliability, span_outcomes

outcomes = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


@pytest.mark.parametrize("binning", ["width", "quantile"])
@given(data=outcomes, n_bins=st.integers(1, 12))
def test_reliability_bins_hold_every_prediction(binning: str, data: list[tuple[float, bool]], n_bins: int) -> None:
    values, right = zip(*data, strict=True)
    found = reliability(values, right, n_bins=n_bins, binning=binning)
    assert sum(one.n for one in found.bins) == found.n == len(data)
    assert len(found.bins) <= n_bins
    filled = [one for one in found.bins if one.n]
    assert sum(one.n * one.precision for one in filled) == pytest.approx(sum(right))
    assert sum(one.n * one.confidence for one in filled) == pytest.approx(sum(values))
    assert all(one.low - 1e-9 <= one.confidence <= one.high + 1e-9 for one in filled)
    gap = sum(one.n * abs(one.confidence - one.precision) for one in filled) / found.n
    assert found.ece == pytest.approx(gap)
    assert 0 <= found.brier <= 1


def test_reliability_calibrated_predictions_have_no_error() -> None:
    found = reliability([0.25] * 4 + [1.0] * 3, [1, 0, 0, 0, 1, 1, 1])
    assert found.ece == 0.0
    assert found.brier == pytest.approx((0.75**2 + 3 * 0.25**2) / 7)


def test_reliability_wrong_and_sure_is_worst() -> None:
    found = reliability([1.0, 0.0], [False, True])
    assert (found.ece, found.brier) == (1.0, 1.0)


def test_reliability_quantile_bins_are_even() -> None:
    values = np.linspace(0.9, 1.0, 100)
    assert [one.n for one in reliability(values, values > 0.95, n_bins=4, binning="quantile").bins] == [25] * 4


def test_reliability_is_json() -> None:
    found = reliability([0.05], [True]).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["bins"][-1]["precision"] is None


def test_reliability_errors() -> None:
    with pytest.raises(EmptyInputError, match="no prediction"):
        reliability([], [])
    with pytest.raises(PairError, match="do not fit"):
        reliability([0.1], [True, False])
    with pytest.raises(OptionError, match="outside"):
        reliability([float("nan")], [True])
    with pytest.raises(OptionError, match="0 bins"):
        reliability([0.1], [True], n_bins=0)


def test_span_outcomes_filters_and_matches_exactly() -> None:
    gold = [Sentence(("a", "b", "c"), (Span(0, 1, "LOC"), Span(1, 3, "PER")))]
    pred = [Sentence(("a", "b", "c"), (Span(0, 1, "LOC", 0.9), Span(1, 2, "PER", 0.4), Span(2, 3, "ORG")))]
    confidence, right = span_outcomes(gold, pred)
    assert (confidence.tolist(), right.tolist()) == ([0.9, 0.4], [True, False])
    confidence, _ = span_outcomes(gold, pred, ignore_labels=["LOC"])
    assert confidence.tolist() == [0.4]
    with pytest.raises(PairError):
        span_outcomes(gold, [])
