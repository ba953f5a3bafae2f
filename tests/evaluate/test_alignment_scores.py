from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan import __version__
from crosspan.core.errors import OptionError, PairError
from crosspan.core.types import Alignment
from crosspan.evaluate import GoldLinks, compare_alignments, score_alignments

links = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8)
golds = st.builds(GoldLinks, links, links)


def gold(sure: str, possible: str = "") -> GoldLinks:
    def read(text: str) -> frozenset[tuple[int, int]]:
        return frozenset((int(item.split("-")[0]), int(item.split("-")[1])) for item in text.split())

    return GoldLinks(read(sure), read(sure) | read(possible))


@pytest.mark.parametrize(
    ("sure", "possible", "found", "aer", "precision", "recall"),
    [
        # Sure and possible links given, all sure found plus one possible: no error (Och & Ney 2003)
        ("0-0 1-1", "1-2", "0-0 1-1 1-2", 0.0, 1.0, 1.0),
        # |A|=3, |S|=2, A∩S=1, A∩P=2: 1 - 3/5
        ("0-0 1-1", "1-2", "0-0 1-2 4-4", 0.4, 2 / 3, 0.5),
        # only sure links: AER is 1 - F1
        ("0-0 1-1 2-2", "", "0-0 1-1 3-3", 1 / 3, 2 / 3, 2 / 3),
        ("0-0", "", "1-1", 1.0, 0.0, 0.0),
        ("0-0", "", "", 1.0, 0.0, 0.0),
        ("", "", "", 0.0, 0.0, 0.0),
        ("", "0-0", "0-0", 0.0, 1.0, 0.0),
    ],
)
def test_score_alignments_by_hand(
    sure: str, possible: str, found: str, aer: float, precision: float, recall: float
) -> None:
    score = score_alignments([gold(sure, possible)], [Alignment.from_pharaoh(found)])
    assert (score.aer, score.precision, score.recall) == pytest.approx((aer, precision, recall))


def test_score_alignments_sums_over_sentences() -> None:
    score = score_alignments([gold("0-0"), gold("0-0 1-1 2-2")], [{(0, 1)}, {(0, 0), (1, 1), (2, 2)}])
    assert score.aer == pytest.approx(1 - 6 / 8)
    assert (score.n_links, score.n_sure, score.n_possible, score.n_sentences) == (4, 4, 4, 2)


def test_score_alignments_threshold_keeps_equal() -> None:
    found = [Alignment.from_pharaoh("0-0:0.3 1-1:0.7 2-2")]
    reference = [gold("1-1 2-2")]
    assert score_alignments(reference, found).aer == pytest.approx(0.2)
    assert score_alignments(reference, found, threshold=0.7).aer == 0.0
    assert score_alignments(reference, found, threshold=1.0).recall == 0.5
    with pytest.raises(OptionError, match="outside"):
        score_alignments(reference, found, threshold=1.5)


@given(st.lists(st.tuples(golds, links), min_size=1, max_size=6))
def test_scores_stay_between_0_and_1(pairs: list[tuple[GoldLinks, frozenset[tuple[int, int]]]]) -> None:
    score = score_alignments([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    for value in (score.aer, score.precision, score.recall, score.f1):
        assert -1e-12 <= value <= 1.0


@given(st.lists(links.filter(bool), min_size=1, max_size=6))
def test_gold_itself_has_no_error_and_sure_only_is_1_minus_f1(corpus: list[frozenset[tuple[int, int]]]) -> None:
    reference = [GoldLinks(item, item) for item in corpus]
    assert score_alignments(reference, corpus).aer == 0.0
    shifted = [frozenset((i, j + 1) for i, j in item) for item in corpus]
    score = score_alignments(reference, shifted)
    assert score.aer == pytest.approx(1 - score.f1)


def test_sure_links_count_as_possible_where_the_gold_forgets() -> None:
    score = score_alignments([GoldLinks(frozenset({(0, 0)}), frozenset())], [{(0, 0)}])
    assert (score.aer, score.precision, score.n_possible) == (0.0, 1.0, 1)


def test_interval_and_comparison() -> None:
    rng = np.random.default_rng(0)
    reference = [gold("0-0 1-1 2-2")] * 60
    good = [{(0, 0), (1, 1), (2, int(rng.random() < 0.8) * 2)} for _ in range(60)]
    bad = [{(0, 0), (1, 2), (2, 0)} for _ in range(60)]
    score = score_alignments(reference, good, bootstrap=200, seed=1)
    assert score.interval is not None
    assert score.interval.low < score.aer < score.interval.high
    assert score.signature == (
        f"crosspan-aer|sure+possible|threshold:0|n:60|bootstrap:200|conf:0.95|seed:1|v:{__version__}"
    )
    test = compare_alignments(reference, good, bad, n_samples=199)
    assert test.randomization.difference < 0
    assert test.randomization.p_value == pytest.approx(1 / 200)
    assert test.bootstrap.win_rate == 0.0
    for value in (score.to_dict(), test.to_dict()):
        assert json.loads(json.dumps(value)) == value


def test_unequal_lengths_raise() -> None:
    with pytest.raises(PairError, match="1 gold sentence pairs and 2 predicted"):
        score_alignments([gold("0-0")], [{(0, 0)}, {(0, 0)}])
