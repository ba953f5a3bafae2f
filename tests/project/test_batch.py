from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import PairError
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.batch import PairBatch, punctuation_mask
from crosspan.project.results import MoreRanges, Reason, SpanResult, assemble

MERKEL = Pair(
    Sentence(("Angela", "Merkel", "visited", "Accra"), (Span(0, 2, "PER"), Span(3, 4, "LOC"))),
    Sentence(("Merkel", "besuchte", "Accra", "."), (Span(1, 2, "MISC"),), id="de-1", lang="de"),
)
PLAIN = Pair(Sentence(("Good", "morning")), Sentence(("Habari",), id="sw-7"))


def rows(*given: tuple[int, int, Reason | int, float]) -> SpanResult:
    start, end, reason, confidence = zip(*given, strict=True) if given else ((), (), (), ())
    return SpanResult(
        np.array(start, np.int32), np.array(end, np.int32), np.array(reason, np.int8), np.array(confidence, np.float64)
    )


def links(text: str) -> Alignment:
    return Alignment.from_pharaoh(text)


def test_build_lays_sentences_end_to_end() -> None:
    batch = PairBatch.build([MERKEL, PLAIN, MERKEL], [links("1-0:0.5 3-2"), links(""), links("0-3")])
    assert batch.n_source.tolist() == [4, 2, 4]
    assert batch.n_target.tolist() == [4, 1, 4]
    assert batch.span_ptr.tolist() == [0, 2, 2, 4]
    assert batch.span_start.tolist() == [0, 3, 0, 3]
    assert batch.span_end.tolist() == [2, 4, 2, 4]
    assert [batch.labels[i] for i in batch.span_label] == ["PER", "LOC", "PER", "LOC"]
    assert batch.link_ptr.tolist() == [0, 2, 2, 3]
    assert batch.link_source.tolist() == [1, 3, 0]
    assert batch.link_target.tolist() == [0, 2, 3]
    assert batch.link_prob.tolist() == [0.5, 1.0, 1.0]
    assert batch.span_sentence.tolist() == [0, 0, 2, 2]
    assert batch.target_ptr.tolist() == [0, 4, 5, 9]
    assert batch.source_ptr.tolist() == [0, 4, 6, 10]
    assert not batch.bad.any()


def test_build_takes_no_pairs() -> None:
    batch = PairBatch.build([], [])
    assert len(batch) == batch.n_spans == 0
    assert assemble(batch, [], rows()) == []


@pytest.mark.parametrize("link", ["4-0", "0-4", "17-99"])
def test_a_link_outside_marks_its_sentence_and_no_other(link: str) -> None:
    batch = PairBatch.build([MERKEL, MERKEL, PLAIN], [links("1-0"), links(f"0-0 {link}"), links("0-0")])
    assert batch.bad.tolist() == [False, True, False]
    assert batch.errors == {1: f"link {link} points outside a pair of 4 source and 4 target tokens"}
    assert batch.link_ptr.tolist() == [0, 1, 1, 2]


def test_a_missing_alignment_marks_its_sentence() -> None:
    batch = PairBatch.build([MERKEL, PLAIN], [None, links("")])
    assert batch.bad.tolist() == [True, False]
    assert "no alignment" in batch.errors[0]


def test_alignments_must_be_as_many_as_pairs() -> None:
    with pytest.raises(PairError, match="1 alignments for 2 sentence pairs"):
        PairBatch.build([MERKEL, PLAIN], [links("")])


def test_links_are_put_in_order_and_a_double_one_keeps_its_best() -> None:
    messy = Alignment(
        np.array([3, 0, 0, 0, 3], np.int32),
        np.array([1, 2, 2, 0, 0], np.int32),
        np.array([1, 0.25, 0.5, 1, 1], np.float32),
    )
    batch = PairBatch.build([MERKEL, MERKEL], [messy, links("0-1")])
    assert list(zip(batch.link_source.tolist(), batch.link_target.tolist(), batch.link_prob.tolist(), strict=True)) == [
        (0, 0, 1.0),
        (0, 2, 0.5),
        (3, 0, 1.0),
        (3, 1, 1.0),
        (0, 1, 1.0),
    ]
    assert batch.link_ptr.tolist() == [0, 4, 5]


cells = st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([0.125, 0.5, 1.0]))


@given(st.lists(st.lists(cells, max_size=8), max_size=6))
def test_links_survive_in_canonical_order(corpus: list[list[tuple[int, int, float]]]) -> None:
    pair = Pair(Sentence(("s",) * 4), Sentence(("t",) * 4))
    raw = [
        Alignment(
            np.array([c[0] for c in sentence], np.int32),
            np.array([c[1] for c in sentence], np.int32),
            np.array([c[2] for c in sentence], np.float32),
        )
        for sentence in corpus
    ]
    batch = PairBatch.build([pair] * len(raw), raw)
    for s, sentence in enumerate(corpus):
        at = slice(batch.link_ptr[s], batch.link_ptr[s + 1])
        got = Alignment(batch.link_source[at], batch.link_target[at], batch.link_prob[at])
        outside = any(i > 3 or j > 3 for i, j, _ in sentence)
        assert batch.bad[s] == outside == (s in batch.errors)
        assert got == Alignment.from_links([] if outside else sentence)


def test_assemble_carries_labels_and_reasons() -> None:
    batch = PairBatch.build([MERKEL, PLAIN], [links("1-0"), links("")])
    first, second = assemble(batch, [MERKEL, PLAIN], rows((0, 1, Reason.PROJECTED, 0.75), (-1, -1, Reason.NO_LINK, 0)))
    assert first.sentence.tags() == ["B-PER", "O", "O", "O"]  # and the MISC it came with is gone
    assert (first.sentence.id, first.sentence.lang) == ("de-1", "de")
    assert [(link.source, link.confidence) for link in first.links] == [(Span(0, 2, "PER"), 0.75)]
    assert [(drop.source, drop.reason) for drop in first.dropped] == [(Span(3, 4, "LOC"), "no_link")]
    assert second.sentence == PLAIN.target
    assert first.status == second.status == "ok"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.NO_LINK, "no_link"),
        (Reason.BELOW_THRESHOLD, "below_threshold"),
        (Reason.OVERLAP, "overlap"),
        (Reason.ERROR, "error"),
        (Reason.PUNCTUATION, "filtered:punctuation"),
        (Reason.FILTERED, "filtered:insertion"),
        (Reason.FILTERED + 1, "filtered:length"),
    ],
)
def test_every_reason_has_its_text(reason: int, text: str) -> None:
    batch = PairBatch.build([MERKEL], [links("")])
    made = assemble(batch, [MERKEL], rows((-1, -1, reason, 0), (-1, -1, reason, 0)), filters=["insertion", "length"])
    assert [drop.reason for drop in made[0].dropped] == [text, text]
    assert made[0].error is None


def test_a_bad_sentence_is_unlabelled_and_not_all_o() -> None:
    batch = PairBatch.build([MERKEL, MERKEL], [links("9-9"), links("")])
    drop = (-1, -1, Reason.ERROR, 0)
    first, second = assemble(batch, [MERKEL, MERKEL], rows(drop, drop, (0, 1, 0, 1), (2, 3, 0, 1)))
    assert first.status == "error"
    assert "link 9-9 points outside" in str(first.error)
    assert [item.reason for item in first.dropped] == ["error", "error"]
    assert second.sentence.tags() == ["B-PER", "O", "B-LOC", "O"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (((0, 2, 0, 1.0), (1, 3, 0, 1.0)), "overlap"),
        (((0, 5, 0, 1.0), (-1, -1, 1, 0)), "not inside 4 target tokens"),
        (((2, 2, 0, 1.0), (-1, -1, 1, 0)), "not inside"),
        (((0, 1, 0, 1.5), (-1, -1, 1, 0)), "confidence of 1.5"),
        (((0, 1, 0, float("nan")), (-1, -1, 1, 0)), "confidence of nan"),
        (((0, 1, 2, 1.0), (-1, -1, 1, 0)), "reason 2"),
        (((-1, -1, 0, 1.0), (-1, -1, 1, 0)), "reason 0"),
        (((-1, -1, 16, 1.0), (-1, -1, 1, 0)), "reason 16"),
    ],
)
def test_a_method_that_breaks_the_rules_makes_an_error_sentence(broken: tuple, message: str) -> None:
    batch = PairBatch.build([MERKEL, MERKEL], [links(""), links("")])
    good = ((0, 1, 0, 1.0), (2, 3, 0, 1.0))
    for order, at in (((*broken, *good), 0), ((*good, *broken), 1)):
        made = assemble(batch, [MERKEL, MERKEL], rows(*order))
        assert message in str(made[at].error)
        assert len(made[at].dropped) == 2
        assert not made[at].links
        assert made[1 - at].error is None
        assert len(made[1 - at].links) == 2


def test_a_span_may_have_further_ranges() -> None:
    batch = PairBatch.build([PLAIN, MERKEL], [links(""), links("")])
    found = rows((0, 1, 0, 1.0), (-1, -1, Reason.NO_LINK, 0))

    def more(span: int, start: int, end: int) -> MoreRanges:
        return MoreRanges(np.array([span]), np.array([start], np.int32), np.array([end], np.int32), np.array([0.5]))

    twice = assemble(batch, [PLAIN, MERKEL], found, more=more(0, 3, 4))[1]
    assert twice.sentence.tags() == ["B-PER", "O", "O", "B-PER"]
    assert [link.confidence for link in twice.links] == [1.0, 0.5]
    assert "overlap" in str(assemble(batch, [PLAIN, MERKEL], found, more=more(0, 0, 2))[1].error)
    assert "dropped" in str(assemble(batch, [PLAIN, MERKEL], found, more=more(1, 2, 3))[1].error)


def test_sizes_must_fit() -> None:
    batch = PairBatch.build([MERKEL], [links("")])
    with pytest.raises(ValueError, match="2 pairs for a batch of 1"):
        assemble(batch, [MERKEL, MERKEL], rows())
    with pytest.raises(ValueError, match="2 source spans"):
        assemble(batch, [MERKEL], rows((0, 1, 0, 1.0)))


@pytest.mark.parametrize("token", [".", "„", "--", "…", "$", "،", "।", "€.", "\u200b"])
def test_punctuation(token: str) -> None:
    assert punctuation_mask([Sentence((token,))]).tolist() == [True]


@pytest.mark.parametrize("token", ["Nord-", "1.", "C++", "ọ́", "\u0301", "Ⅳ", "東京", "N'Djamena"])
def test_no_punctuation(token: str) -> None:
    assert punctuation_mask([Sentence((token,))]).tolist() == [False]
