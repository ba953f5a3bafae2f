from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import PairError
from crosspan.core.types import Sentence, Span
from crosspan.evaluate import classify_spans, count_errors
from crosspan.evaluate.chunks import Chunk


@st.composite
def chunks(draw: st.DrawFn) -> list[Chunk]:
    edges = sorted(draw(st.sets(st.integers(0, 10), max_size=8)))
    labels = draw(st.lists(st.sampled_from((None, "LOC", "PER")), min_size=len(edges), max_size=len(edges)))
    return [(a, b, label) for (a, b), label in zip(itertools.pairwise(edges), labels, strict=False) if label]


@given(chunks(), chunks())
def test_every_span_is_in_exactly_one_finding(gold: list[Chunk], pred: list[Chunk]) -> None:
    findings = classify_spans(gold, pred)
    assert sorted(finding.gold for finding in findings if finding.gold) == sorted(gold)
    assert sorted(finding.pred for finding in findings if finding.pred) == sorted(pred)
    for finding in findings:
        one, other = finding.gold, finding.pred
        if one is None or other is None:
            assert finding.kind == ("spurious" if one is None else "missed")
            continue
        assert max(one[0], other[0]) < min(one[1], other[1])
        same_range, same_label = one[:2] == other[:2], one[2] == other[2]
        expected = {
            (True, True): "exact",
            (True, False): "label",
            (False, True): "boundary",
            (False, False): "both",
        }
        assert finding.kind == expected[same_range, same_label]
    exact = {finding.gold for finding in findings if finding.kind == "exact"}
    assert exact == set(gold) & set(pred)


@given(chunks(), chunks())
def test_no_overlapping_pair_is_left_over(gold: list[Chunk], pred: list[Chunk]) -> None:
    findings = classify_spans(gold, pred)
    missed = [finding.gold for finding in findings if finding.kind == "missed" and finding.gold]
    spurious = [finding.pred for finding in findings if finding.kind == "spurious" and finding.pred]
    assert not any(max(a[0], b[0]) < min(a[1], b[1]) for a in missed for b in spurious)


@pytest.mark.parametrize(
    ("gold", "pred", "kinds"),
    [
        ([(0, 2, "PER")], [(0, 2, "PER")], ["exact"]),
        ([(0, 2, "PER")], [(0, 2, "LOC")], ["label"]),
        ([(0, 2, "PER")], [(1, 2, "PER")], ["boundary"]),
        ([(0, 2, "PER")], [(1, 3, "LOC")], ["both"]),
        ([(0, 2, "PER")], [(2, 3, "PER")], ["missed", "spurious"]),
        # in two pieces: the larger one is the boundary error
        ([(0, 4, "PER")], [(0, 1, "PER"), (2, 4, "PER")], ["boundary", "spurious"]),
        # two joined into one
        ([(0, 1, "PER"), (1, 2, "PER")], [(0, 2, "PER")], ["boundary", "missed"]),
        # the same class goes before the larger overlap
        ([(0, 4, "PER")], [(0, 3, "LOC"), (3, 5, "PER")], ["boundary", "spurious"]),
    ],
)
def test_classify_spans_by_hand(gold: list[Chunk], pred: list[Chunk], kinds: list[str]) -> None:
    assert [finding.kind for finding in classify_spans(gold, pred)] == kinds


def test_split_span_pairs_with_the_larger_piece() -> None:
    findings = classify_spans([(0, 4, "PER")], [(0, 1, "PER"), (2, 4, "PER")])
    assert findings[0].pred == (2, 4, "PER")


def test_count_errors_is_per_gold_label_and_partitions() -> None:
    gold = [Sentence(tuple("abcd"), (Span(0, 1, "LOC"), Span(1, 3, "PER")))]
    pred = [Sentence(tuple("abcd"), (Span(0, 1, "PER"), Span(2, 3, "PER"), Span(3, 4, "ORG")))]
    found = count_errors(gold, pred)
    assert found.by_label["LOC"]["label"] == 1
    assert found.by_label["PER"]["boundary"] == 1
    assert found.by_label["ORG"]["spurious"] == 1
    assert found.to_dict()["confusion"] == [{"gold": "LOC", "pred": "PER", "count": 1}]
    total = found.total
    paired = total["exact"] + total["label"] + total["boundary"] + total["both"]
    assert (paired + total["missed"], paired + total["spurious"]) == (2, 3)


def test_count_errors_unequal_lengths_raises() -> None:
    with pytest.raises(PairError, match="1 gold sentences and 0 predicted"):
        count_errors([Sentence(("a",))], [])
