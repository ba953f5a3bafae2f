"""Runners-up: the candidates of a span that were not chosen."""

from __future__ import annotations

import pytest

from crosspan.align.statistical import StatisticalAligner
from crosspan.core.types import Alignment, Pair, Sentence
from crosspan.demo import load_corpus
from crosspan.project.candidates import CandidateOptions, CandidateProjector


@pytest.fixture(scope="module")
def aligned():
    bare = [Sentence(one.tokens, (), one.id) for one in load_corpus("sw")]
    pairs = [Pair(source, target) for source, target in zip(load_corpus("en"), bare, strict=True)]
    tokens = [(pair.source.tokens, pair.target.tokens) for pair in pairs]
    return pairs, StatisticalAligner(threads=1).fit_tokens(tokens).align_tokens(tokens)


@pytest.mark.parametrize("options", [{}, {"scores": "align"}, {"n_proj": 2}, {"matcher": "greedy"}])
def test_projections_are_those_without_them(aligned, options):
    projector = CandidateProjector(CandidateOptions(**options))
    found, others = projector.project_with_runners_up(*aligned, k=3)
    assert found == projector.project(*aligned)
    for projection, pair, rows in zip(found, aligned[0], others, strict=True):
        assert len(rows) == len(pair.source.spans)
        taken = {source: set() for source in pair.source.spans}
        for link in projection.links:
            taken[link.source].add((link.target.start, link.target.end))
        for span, row in zip(pair.source.spans, rows, strict=True):
            probabilities = [one.probability for one in row]
            assert len(row) <= 3
            assert probabilities == sorted(probabilities, reverse=True)
            assert all(0 <= one.start < one.end <= len(pair.target) for one in row)
            assert not taken[span] & {(one.start, one.end) for one in row}
            if options.get("scores") != "align":
                assert sum(probabilities) <= 1 + 1e-9


def test_a_dropped_span_has_its_best_candidates(aligned):
    found, others = CandidateProjector().project_with_runners_up(*aligned)
    rows = [
        (one.reason, others[at][pair.source.spans.index(one.source)])
        for at, (projection, pair) in enumerate(zip(found, aligned[0], strict=True))
        for one in projection.dropped
    ]
    assert {reason for reason, _ in rows} >= {"no_link", "below_threshold"}
    assert all(bool(row) == (reason != "no_link") for reason, row in rows)


def test_pairs_without_links_and_an_impossible_number(aligned):
    pair = aligned[0][0]
    found, others = CandidateProjector().project_with_runners_up([pair, pair], [None, Alignment.from_links([])], k=0)
    assert found[0].error
    assert others == [[[], [], []], [[], [], []]]
    with pytest.raises(ValueError, match="-1 runners-up"):
        CandidateProjector().project_with_runners_up([], [], k=-1)
