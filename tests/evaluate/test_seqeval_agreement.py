"""Our two readings of raw tags against seqeval's, on tags that follow the rules and tags that do not."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as lenient_scores
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_scores
from seqeval.scheme import IOB2

from crosspan.evaluate import lenient_spans, score_tags, strict_spans
from crosspan.evaluate.counts import Mode

IOB_TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ART-X", "I-ART-X"]
ALL_TAGS = [*IOB_TAGS, "E-PER", "S-PER", "E-LOC", "S-LOC", "B", "I"]


@st.composite
def tagged_corpora(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    tags = st.sampled_from(IOB_TAGS)
    gold, pred = (
        [draw(st.lists(tags, min_size=length, max_size=length)) for length in lengths] for _ in ("gold", "pred")
    )
    return gold, pred


def seqeval_scores(gold: list[list[str]], pred: list[list[str]], mode: Mode, average: str | None) -> tuple:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if mode == "strict":
            return strict_scores(gold, pred, average=average, scheme=IOB2)
        return lenient_scores(gold, pred, average=average)


@pytest.mark.parametrize("mode", ["strict", "lenient"])
@given(corpora=tagged_corpora())
def test_score_tags_random_tags_same_as_seqeval(mode: Mode, corpora: tuple[list[list[str]], list[list[str]]]) -> None:
    gold, pred = corpora
    found = score_tags(gold, pred, mode=mode)
    precision, recall, f1, support = seqeval_scores(gold, pred, mode, None)
    ours = list(found.by_label.values())
    assert [score.precision for score in ours] == pytest.approx(list(precision))
    assert [score.recall for score in ours] == pytest.approx(list(recall))
    assert [score.f1 for score in ours] == pytest.approx(list(f1))
    assert [score.n_gold for score in ours] == list(support)
    if not ours:  # seqeval's own averages fail or warn where there is no span at all
        assert found.micro.f1 == found.macro.f1 == 0.0
        return
    for average, score in (("micro", found.micro), ("macro", found.macro)):
        expected = seqeval_scores(gold, pred, mode, average)
        assert (score.precision, score.recall, score.f1) == pytest.approx(tuple(expected[:3]))


@given(st.lists(st.sampled_from(ALL_TAGS), max_size=12))
def test_lenient_spans_any_scheme_same_as_seqeval(tags: list[str]) -> None:
    assert [(label, start, end - 1) for start, end, label in lenient_spans(tags)] == get_entities(tags)


@given(st.lists(st.sampled_from(IOB_TAGS), max_size=12))
def test_strict_spans_are_among_lenient_starts(tags: list[str]) -> None:
    lenient = set(lenient_spans(tags))
    strict = set(strict_spans(tags))
    assert strict <= lenient
    assert {span for span in lenient if tags[span[0]].startswith("B")} == strict
