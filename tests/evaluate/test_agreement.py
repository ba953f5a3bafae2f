from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.evaluate.agreement import cohen_kappa

CLASSES = st.sampled_from(["", "PER", "LOC", "ORG"])


@given(st.lists(st.tuples(CLASSES, CLASSES), min_size=1, max_size=50))
def test_kappa_is_that_of_scikit_learn(pairs):
    metrics = pytest.importorskip("sklearn.metrics", reason="the package scikit-learn is not installed")
    found = cohen_kappa(pairs)
    if len({one for pair in pairs for one in pair}) == 1:
        assert found.value is None  # scikit-learn divides by zero
        return
    assert found.value == pytest.approx(metrics.cohen_kappa_score(*zip(*pairs, strict=True)))


def test_kappa_by_hand():
    # 20 + 15 of 50 alike; by chance .5 * .6 + .5 * .4 = .5
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = cohen_kappa(pairs)
    assert (found.observed, found.expected, found.n) == (0.7, 0.5, 50)
    assert found.value == pytest.approx(0.4)


def test_kappa_of_nothing_and_of_one_class():
    assert (cohen_kappa([]).value, cohen_kappa([]).n) == (None, 0)
    assert (cohen_kappa([("", "")] * 3).value, cohen_kappa([("", "")] * 3).observed) == (None, 1.0)
