from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import EmptyInputError, OptionError, PairError
from crosspan.evaluate.counts import f1_metric
from crosspan.evaluate.significance import bootstrap_interval, paired_bootstrap, paired_randomization

F1 = f1_metric("micro")


def rows(rng: np.random.Generator, n: int, skill: float) -> np.ndarray:
    gold = rng.integers(0, 4, size=n)
    tp = rng.binomial(gold, skill)
    return np.stack([tp, tp + rng.integers(0, 2, size=n), gold], axis=1)


def exact_randomization(a: np.ndarray, b: np.ndarray) -> float:
    """The p-value over all 2^n swaps, one by one."""
    observed = abs(F1(a.sum(0).astype(float)) - F1(b.sum(0).astype(float)))
    hits = 0
    for swaps in itertools.product([False, True], repeat=len(a)):
        mask = np.array(swaps)[:, None]
        one, other = np.where(mask, b, a).sum(0), np.where(mask, a, b).sum(0)
        hits += abs(F1(one.astype(float)) - F1(other.astype(float))) >= observed - 1e-12
    return hits / 2 ** len(a)


@pytest.mark.parametrize("seed", range(4))
def test_paired_randomization_small_data_same_as_all_swaps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rows(rng, 9, 0.9), rows(rng, 9, 0.5)
    b[:, 2] = a[:, 2]
    b[:, 0] = np.minimum(b[:, 0], b[:, 2])
    found = paired_randomization(a, b, F1, n_samples=20_000, seed=seed)
    assert found.p_value == pytest.approx(exact_randomization(a, b), abs=0.015)


def test_resampling_of_distinct_rows_same_as_of_sentences() -> None:
    """Drawing how often each distinct row comes up is drawing sentences."""
    rng = np.random.default_rng(5)
    stats = rows(rng, 60, 0.7)
    naive = [float(F1(stats[rng.integers(0, 60, 60)].sum(0).astype(float))) for _ in range(4000)]
    found = bootstrap_interval(stats, F1, n_samples=4000, seed=1)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(naive, [2.5, 97.5])), abs=0.015)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.2, 0.8))
def test_bootstrap_interval_contains_the_point(seed: int, skill: float) -> None:
    stats = rows(np.random.default_rng(seed), 80, skill)
    found = bootstrap_interval(stats, F1, n_samples=200, seed=seed)
    assert 0.0 <= found.low < found.point < found.high <= 1.0
    wider = bootstrap_interval(stats, F1, n_samples=200, seed=seed, confidence=0.99)
    assert wider.low <= found.low
    assert found.high <= wider.high


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_tests_are_symmetric_and_seeded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rows(rng, 30, 0.8), rows(rng, 30, 0.7)
    for run in (paired_randomization, paired_bootstrap):
        one, other = run(a, b, F1, n_samples=99, seed=seed), run(b, a, F1, n_samples=99, seed=seed)
        assert one.difference == pytest.approx(-other.difference)
        assert one == run(a, b, F1, n_samples=99, seed=seed)
        assert 1 / 100 <= one.p_value <= 1.0
    # moves have the other sign there, so draws differ in order only for the bootstrap; the size is the same
    assert paired_randomization(a, a, F1, n_samples=99).p_value == 1.0


def test_tests_find_a_real_difference_and_no_other() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(1, 4, size=400)
    good, bad = rng.binomial(gold, 0.9), rng.binomial(gold, 0.6)
    also_good = rng.binomial(gold, 0.9)
    stats = [np.stack([tp, gold, gold], axis=1) for tp in (good, bad, also_good)]
    assert paired_randomization(stats[0], stats[1], F1, n_samples=999).p_value == pytest.approx(1 / 1000)
    assert paired_randomization(stats[0], stats[2], F1, n_samples=999).p_value > 0.05
    found = paired_bootstrap(stats[0], stats[1], F1, n_samples=999)
    assert found.win_rate == 1.0
    assert found.p_value == pytest.approx(2 / 1000)
    assert found.low is not None
    assert 0 < found.low < found.difference
    assert paired_bootstrap(stats[0], stats[2], F1, n_samples=999).p_value > 0.05


def test_batches_do_not_change_the_number_of_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosspan.evaluate.significance._CELLS", 50)
    rng = np.random.default_rng(0)
    a, b = rows(rng, 40, 0.9), rows(rng, 40, 0.3)
    found = paired_randomization(a, b, F1, n_samples=101)
    assert (found.p_value * 102) == pytest.approx(round(found.p_value * 102))
    assert bootstrap_interval(a, F1, n_samples=101).n_samples == 101


def test_errors() -> None:
    with pytest.raises(PairError, match="cannot be paired"):
        paired_bootstrap([[1, 1, 1]], [[1, 1, 1]] * 2, F1)
    with pytest.raises(PairError, match="not one row for each sentence"):
        bootstrap_interval([1, 2, 3], F1)
    with pytest.raises(EmptyInputError):
        bootstrap_interval(np.zeros((0, 3)), F1)
    with pytest.raises(OptionError, match="0 samples"):
        paired_randomization([[1, 1, 1]], [[1, 1, 1]], F1, n_samples=0)
    with pytest.raises(OptionError, match="confidence of nan"):
        bootstrap_interval([[1, 1, 1]], F1, confidence=float("nan"))
