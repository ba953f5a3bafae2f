from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, OptionError, PairError
from crosspan.core.types import Sentence, Span
from crosspan.evaluate import (
    compare_ner,
    count_errors,
    evaluate_ner,
    projection_ratio,
    score_spans,
    score_tags,
)
from crosspan.evaluate.counts import count_spans, count_tags, f1_metric

LABELS = ("LOC", "ORG", "PER")


@st.composite
def spans(draw: st.DrawFn, n_tokens: int) -> tuple[Span, ...]:
    edges = sorted(draw(st.sets(st.integers(0, n_tokens), max_size=6)))
    labels = draw(st.lists(st.sampled_from((None, *LABELS)), min_size=len(edges), max_size=len(edges)))
    return tuple(Span(start, end, label) for start, end, label in zip(edges, edges[1:], labels, strict=False) if label)


@st.composite
def corpora(draw: st.DrawFn, sides: int = 2) -> tuple[list[Sentence], ...]:
    """Several labellings of the same random sentences."""
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=8))
    return tuple([Sentence(tuple(f"w{i}" for i in range(n)), draw(spans(n))) for n in lengths] for _ in range(sides))


GOLD = [
    Sentence(("Ada", "Lovelace", "in", "Bo"), (Span(0, 2, "PER"), Span(3, 4, "LOC"))),
    Sentence(("The", "UN", "today"), (Span(1, 2, "ORG"),)),
    Sentence(("Nothing", "here")),
]
PRED = [
    Sentence(("Ada", "Lovelace", "in", "Bo"), (Span(0, 1, "PER"), Span(3, 4, "LOC"))),
    Sentence(("The", "UN", "today"), (Span(1, 2, "LOC"),)),
    Sentence(("Nothing", "here")),
]


def test_evaluate_ner_by_hand() -> None:
    report = evaluate_ner(GOLD, PRED)
    assert (report.strict.micro.tp, report.strict.micro.n_pred, report.strict.micro.n_gold) == (1, 3, 3)
    assert report.strict.micro.f1 == pytest.approx(1 / 3)
    assert report.strict.by_label["LOC"].f1 == pytest.approx(2 / 3)
    assert report.strict.macro.f1 == pytest.approx(2 / 9)
    assert report.errors.total == {"exact": 1, "label": 1, "boundary": 1, "both": 0, "missed": 0, "spurious": 0}
    assert report.errors.confusion == {("ORG", "LOC"): 1}
    assert report.ratios["LOC"].ratio == 2.0
    assert report.ratios["ORG"].ratio == 0.0
    assert report.ratios["all"].ratio == 1.0


@given(corpora())
def test_scores_stay_between_0_and_1_and_swap(sides: tuple[list[Sentence], ...]) -> None:
    gold, pred = sides
    found, swapped = score_spans(gold, pred), score_spans(pred, gold)
    for name, score in [("micro", found.micro), ("macro", found.macro), *found.by_label.items()]:
        assert min(score.precision, score.recall, score.f1) >= 0.0, name
        assert max(score.precision, score.recall, score.f1) <= 1.0, name
    for one, other in ((found.micro, swapped.micro), (found.macro, swapped.macro)):
        assert (one.precision, one.recall, one.f1) == pytest.approx((other.recall, other.precision, other.f1))


@given(corpora(sides=1))
def test_perfect_prediction_scores_1(sides: tuple[list[Sentence], ...]) -> None:
    found = score_spans(sides[0], sides[0])
    expected = 1.0 if any(sentence.spans for sentence in sides[0]) else 0.0
    assert found.micro.f1 == found.macro.f1 == expected


@given(corpora())
def test_valid_tags_score_alike_in_both_modes(sides: tuple[list[Sentence], ...]) -> None:
    gold, pred = ([sentence.tags() for sentence in side] for side in sides)
    strict = score_spans(*sides)
    for mode in ("strict", "lenient"):
        from_tags = score_tags(gold, pred, mode=mode)
        assert (from_tags.micro, from_tags.macro, from_tags.by_label) == (strict.micro, strict.macro, strict.by_label)


@given(corpora())
def test_ignored_labels_are_as_if_removed(sides: tuple[list[Sentence], ...]) -> None:
    def without(sentence: Sentence) -> Sentence:
        return Sentence(sentence.tokens, tuple(span for span in sentence.spans if span.label != "ORG"))

    expected = score_spans(*([without(sentence) for sentence in side] for side in sides))
    ignoring = evaluate_ner(*sides, ignore_labels=["ORG"])
    keeping = evaluate_ner(*sides, labels=["PER", "LOC"])
    assert ignoring.strict.micro == keeping.strict.micro == expected.micro
    assert ignoring.strict.by_label == keeping.strict.by_label == expected.by_label
    assert ignoring.errors == keeping.errors
    assert ignoring.ratios == keeping.ratios
    assert ignoring.errors.total["exact"] == expected.micro.tp


@given(corpora())
def test_statistics_add_up_to_the_scores(sides: tuple[list[Sentence], ...]) -> None:
    counts, score = count_spans(*sides), score_spans(*sides)
    expected = {"micro": score.micro.f1, "macro": score.macro.f1}
    expected |= {label: one.f1 for label, one in score.by_label.items()}
    for average, f1 in expected.items():
        total = counts.statistics(average).sum(axis=0).astype(float)
        assert float(f1_metric(average)(total)) == pytest.approx(f1)


def test_f1_metric_macro_is_vectorised() -> None:
    counts = count_spans(GOLD, PRED)
    total = counts.statistics("macro").sum(axis=0).astype(float)
    both = f1_metric("macro")(np.stack([total, np.zeros_like(total)]))
    assert both.tolist() == pytest.approx([2 / 9, 0.0])


def test_with_labels_lays_out_columns() -> None:
    counts = count_spans(GOLD, PRED).with_labels(["PER", "NEW", "LOC"])
    assert counts.labels == ("LOC", "NEW", "PER")
    assert counts.n_gold.sum(axis=0).tolist() == [1, 0, 1]
    assert counts.n_pred.sum(axis=0).tolist() == [2, 0, 1]


def test_bootstrap_interval_holds_the_score_and_repeats() -> None:
    found = score_spans(GOLD * 30, PRED * 30, bootstrap=400, seed=3)
    for average, point in (("micro", found.micro.f1), ("macro", found.macro.f1)):
        interval = found.intervals[average]
        assert interval.point == pytest.approx(point)
        assert interval.low < point < interval.high
    assert found == score_spans(GOLD * 30, PRED * 30, bootstrap=400, seed=3)
    assert found.intervals != score_spans(GOLD * 30, PRED * 30, bootstrap=400, seed=4).intervals


def test_bootstrap_without_any_span() -> None:
    found = score_spans([GOLD[2]], [GOLD[2]], bootstrap=10)
    assert found.intervals["micro"].high == found.intervals["macro"].high == 0.0


def test_signature_says_how() -> None:
    plain = score_spans(GOLD, PRED)
    assert plain.signature == f"crosspan-ner|strict|IOB2|labels:LOC,ORG,PER|n:3|v:{__version__}"
    found = score_spans(GOLD, PRED, ignore_labels=["DATE", "ORG"], bootstrap=10, seed=7)
    assert found.signature == (
        f"crosspan-ner|strict|IOB2|labels:LOC,PER|ignored:DATE,ORG|n:3|bootstrap:10|conf:0.95|seed:7|v:{__version__}"
    )
    assert score_tags([["B-a|b"]], [["O"]]).signature.startswith("crosspan-ner|lenient|IOB2|labels:a%7Cb|n:1|")


def test_lenient_reading_of_files_is_scored_apart() -> None:
    gold = [Sentence(("Ada", "L"), (Span(0, 2, "PER"),))]
    dropped = [Sentence(("Ada", "L"))]
    report = evaluate_ner(gold, dropped, lenient=(gold, gold))
    assert (report.strict.micro.f1, report.lenient.micro.f1) == (0.0, 1.0)
    assert "|lenient|" in report.lenient.signature


def test_report_is_json() -> None:
    report = evaluate_ner(GOLD, PRED, source=GOLD, bootstrap=20).to_dict()
    assert json.loads(json.dumps(report)) == report
    assert report["projection_ratio"]["reference"] == "source"
    comparison = compare_ner(GOLD, PRED, GOLD, n_samples=20).to_dict()
    assert json.loads(json.dumps(comparison)) == comparison


def test_compare_ner_labels_of_one_side_only() -> None:
    blank = [Sentence(sentence.tokens) for sentence in GOLD]
    for average in ("micro", "macro", "ORG"):
        test = compare_ner(GOLD * 20, GOLD * 20, blank * 20, average=average, n_samples=200)
        assert test.randomization.difference == pytest.approx(1.0)
        assert test.randomization.p_value == pytest.approx(1 / 201)
        assert test.bootstrap.win_rate == 1.0


def test_compare_ner_system_with_itself_is_no_difference() -> None:
    test = compare_ner(GOLD, PRED, PRED, n_samples=50)
    assert test.randomization.p_value == test.bootstrap.p_value == 1.0


def test_projection_ratio_without_reference_spans_is_none() -> None:
    ratios = projection_ratio(GOLD, [Sentence(sentence.tokens) for sentence in GOLD])
    assert ratios["PER"].ratio is None
    assert ratios["all"].to_dict() == {"n": 3, "n_reference": 0, "ratio": None}


@pytest.mark.parametrize(
    ("pred", "message"),
    [
        (PRED[:2], "2 sentences, but gold has 3"),
        (
            [PRED[0], Sentence(("The", "EU", "today"), id="s2"), PRED[2]],
            r"token 2 of sentence 2 \(s2\) is 'EU', but 'UN'",
        ),
        ([PRED[0], Sentence(("The", "UN")), PRED[2]], "sentence 2 has 2 tokens, but 3 in gold"),
    ],
)
def test_evaluate_ner_unequal_text_raises(pred: list[Sentence], message: str) -> None:
    with pytest.raises(PairError) as caught:
        evaluate_ner(GOLD, pred)
    assert re.search(message, str(caught.value))


def test_evaluate_ner_other_normal_form_is_named() -> None:
    with pytest.raises(PairError, match="another Unicode normal form"):
        score_spans([Sentence(("\u1ecd\u0301",))], [Sentence(("o\u0323\u0301",))])


def test_count_tags_unequal_sentence_raises() -> None:
    with pytest.raises(PairError, match="2 gold tags and 1 predicted tags"):
        count_tags([["O"], ["O", "O"]], [["O"], ["O"]])


def test_options_out_of_range_raise() -> None:
    with pytest.raises(OptionError, match="no span has the label 'X'"):
        compare_ner(GOLD, PRED, PRED, average="X")
    with pytest.raises(OptionError, match=r"confidence of 1\.0"):
        score_spans(GOLD, PRED, bootstrap=10, confidence=1.0)
    with pytest.raises(OptionError, match="-1 samples"):
        score_spans(GOLD, PRED, bootstrap=-1)
    with pytest.raises(EmptyInputError):
        score_spans([], [], bootstrap=10)


def test_empty_corpus_scores_0() -> None:
    report = evaluate_ner([], [])
    assert report.strict.micro.f1 == 0.0
    assert count_errors([], []).total["exact"] == 0
