"""Word alignment of Wikipedia sentences against links made by hand (XL-WA), learned from those sentences alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crosspan.align import make_aligner
from crosspan.evaluate.alignment import score_alignments
from crosspan.io import read_bitext, read_gold_links

ROOT = Path(os.environ.get("CROSSPAN_DATA", Path(__file__).parents[3] / "shared" / "data"))
FILE = ROOT / "alignment_gold" / "xl_wa" / "en-nl.test.tsv"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"real data not found at {ROOT}; set CROSSPAN_DATA")


@pytest.fixture(scope="module")
def pairs():
    return [(source.split(), target.split()) for source, target in read_bitext(FILE)]


@pytest.fixture(scope="module")
def statistical(pairs):
    return list(make_aligner().fit_tokens(pairs).iter_align_tokens(pairs))


def error_rate(alignments, threshold=0.0):
    return score_alignments(read_gold_links(FILE), alignments, threshold=threshold).aer


def test_error_rate(statistical):
    assert error_rate(statistical, 0.4) < 0.135  # 0.119 when written


def test_better_than_fast_align(pairs, statistical):
    pytest.importorskip("systran_align", reason="the extra fast-align is not installed")
    for method in ("intersection", "grow-diag-final-and"):
        other = make_aligner("fast_align", symmetrization=method)
        found = list(other.fit_tokens(pairs).iter_align_tokens(pairs))
        assert error_rate(found) < 0.30  # it works as it should: 0.25 and 0.23
        assert error_rate(statistical, 0.4) < error_rate(found) - 0.05


def test_probabilities_mean_something(statistical):
    gold = read_gold_links(FILE)
    kept = [
        (prob, (i, j) in links.sure)
        for alignment, links in zip(statistical, gold, strict=True)
        for i, j, prob in zip(*(a.tolist() for a in (alignment.source, alignment.target, alignment.prob)), strict=True)
    ]
    precision = []
    for low, high in ((0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.01)):
        right = [good for prob, good in kept if low <= prob < high]
        assert len(right) > 50
        precision.append(sum(right) / len(right))
    assert precision == sorted(precision)
    assert precision[-1] > 0.9
