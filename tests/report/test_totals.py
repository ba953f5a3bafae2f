from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.types import Projection, Sentence, Span
from crosspan.demo import run_demo
from crosspan.evaluate import count_errors, evaluate_ner, reliability, span_outcomes
from crosspan.report import Item
from crosspan.report.totals import SHOWN_LABELS, Totals


@pytest.fixture(scope="module")
def demo():
    return run_demo("sw", bootstrap=0)


@pytest.fixture(scope="module")
def found(demo):
    return counted(demo.items)


def counted(items):
    totals = Totals()
    for item in items:
        totals.add(item)
    return totals.to_dict()


def test_counts_are_those_of_the_evaluation(demo, found):
    pred = [one.sentence for one in demo.projections]
    report = evaluate_ner(demo.gold, pred, source=demo.source).strict
    rows = {row["label"]: row for row in found["labels"]}
    for label, score in [(None, report.micro), *report.by_label.items()]:
        row = found["all"] if label is None else rows[label]
        assert (row["kinds"]["exact"], row["pred"], row["gold"]) == (score.tp, score.n_pred, score.n_gold)
        assert row["source"] == row["projected"] + row["dropped"]
    errors = count_errors(demo.gold, pred)
    assert found["all"]["kinds"] == errors.total
    assert {label: rows[label]["kinds"] for label in rows} == errors.by_label
    assert found["all"]["source"] == sum(len(sentence.spans) for sentence in demo.source)
    assert sum(count for _, _, count in found["dropped"]) == sum(len(one.dropped) for one in demo.projections)


def test_reliability_is_that_of_the_evaluation(demo, found):
    right = reliability(*span_outcomes(demo.gold, [one.sentence for one in demo.projections]))
    assert found["calibration"]["ece"] == pytest.approx(right.ece, abs=1e-6)
    assert found["calibration"]["brier"] == pytest.approx(right.brier, abs=1e-6)
    assert [row[2] for row in found["bins"]] == [one.n for one in right.bins]
    precision = [row[4] / row[2] if row[2] else None for row in found["bins"]]
    assert precision == [one.precision for one in right.bins]


def test_lengths_are_counted_to_the_longest_bin(found, demo):
    for side, sentences in enumerate([demo.source, [one.sentence for one in demo.projections]]):
        assert sum(found["spanLengths"][side]) == sum(len(sentence.spans) for sentence in sentences)
        assert sum(found["sentenceLengths"][side]) == len(sentences)
    tokens = ("a",) * 500
    source = Sentence(tokens, (Span(0, 400, "X"),))
    long = counted([Item(0, source, Projection(Sentence(tokens)))])
    assert long["spanLengths"][0] == [0] * 7 + [1]
    assert long["sentenceLengths"][0][-1] == 1


def test_without_gold_nothing_is_compared():
    source = Sentence(("a",), (Span(0, 1, "X"),))
    found = counted([Item(0, source, Projection(Sentence(("b",)))), Item(1, source, None, error="bad")])
    assert (found["sentences"], found["rejected"]) == (1, 1)
    assert found["calibration"] is None
    assert found["confusion"] is None
    assert "kinds" not in found["all"]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=40))
def test_confusion_counts_every_span_with_any_number_of_labels(pairs):
    items = []
    for index, (gold, pred) in enumerate(pairs):
        sentence = Sentence(("a", "b"), (Span(0, 1, f"L{pred}", 0.5),))
        right = Sentence(("a", "b"), (Span(0, 1, f"L{gold}"),))
        items.append(Item(index, Sentence(("a",)), Projection(sentence), gold=right))
    table = counted(items)["confusion"]
    assert sum(map(sum, table["counts"])) == len(pairs)
    names = {f"L{number}" for pair in pairs for number in pair}
    assert len(table["labels"]) == min(len(names), SHOWN_LABELS + 1)
