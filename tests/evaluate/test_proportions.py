"""The exact interval: against its definition by binomial tails, and at its ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import binom

from crosspan.core.errors import OptionError
from crosspan.evaluate.proportions import exact_interval


@given(some.integers(1, 200).flatmap(lambda total: some.tuples(some.integers(0, total), some.just(total))))
def test_ends_are_where_the_tails_hold_what_is_left(counts: tuple[int, int]) -> None:
    right, total = counts
    low, high = exact_interval(right, total, confidence=0.9)
    assert 0 <= low <= right / total <= high <= 1
    assert low == 0 if right == 0 else binom.sf(right - 1, total, low) == pytest.approx(0.05, rel=1e-4)
    assert high == 1 if right == total else binom.cdf(right, total, high) == pytest.approx(0.05, rel=1e-4)


@pytest.mark.parametrize(("right", "total"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_share_is_refused(right: int, total: int) -> None:
    with pytest.raises(OptionError, match="no share"):
        exact_interval(right, total)
