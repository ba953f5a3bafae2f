from __future__ import annotations

import random

import pytest

from crosspan.core.types import Span
from crosspan.review.quality import Judged, estimate_quality, quality_tables

PER = Span(0, 3, "PER")


def judged(right, score=0.9, **more):
    """A sentence with one label, which is right or not."""
    return Judged((Span(0, 3, "PER", score),), (PER,) if right else (), **more)


def test_only_what_was_drawn_by_chance_counts():
    drawn = [judged(True)] * 40 + [judged(False)] * 10
    unsure = [judged(False, 0.1, random=False)] * 100
    found = estimate_quality([*drawn, *unsure], 5_000)
    assert found.sentences == 50
    assert found.total.score.precision == 0.8
    low, high = found.total.intervals["precision"]
    assert 0.6 < low < 0.8 < high < 0.95


def test_without_a_draw_nothing_is_said_of_the_whole():
    found = estimate_quality([judged(True, random=False)] * 500, 5_000)
    assert found.total is None
    assert "nothing can be said of the whole" in found.notes[0]
    assert "nothing was decided" in estimate_quality([], 10).notes[0]


def test_a_corpus_of_which_everything_was_decided_is_counted_and_not_estimated():
    found = estimate_quality([judged(True, random=False)] * 20, 20)
    assert found.total.score.f1 == 1.0
    assert found.total.intervals == {}
    assert "no estimate" in found.notes[0]


def test_few_spans_are_said_to_be_few_and_all_right_is_not_certain():
    found = estimate_quality([judged(True)] * 5, 100)
    assert found.total.intervals["recall"][0] < 0.6
    assert found.total.intervals["f1"][0] < 0.6
    assert any("few" in note for note in found.notes)
    many = estimate_quality([judged(True)] * 200, 1_000)
    assert 0.97 < many.total.intervals["precision"][0] < 1.0
    assert not many.notes


def test_what_nobody_could_decide_is_told():
    found = estimate_quality([judged(True)] * 200, 1_000, undecided=7)
    assert found.notes[0].startswith("7 sentences drawn by chance were rejected or skipped")


def test_a_share_of_nothing_has_no_interval():
    found = estimate_quality([Judged((), (PER,))] * 200, 1_000)
    assert set(found.total.intervals) == {"recall"}
    assert "-" in quality_tables(found)[0].text()


def test_intervals_hold_what_they_should():
    """Of many corpora, the interval holds the true precision, recall and F1 about as often as it says."""
    chance = random.Random(0)
    population = [_corpus_sentence(chance) for _ in range(4_000)]
    whole = estimate_quality(population, len(population)).total.score
    truth = {"precision": whole.precision, "recall": whole.recall, "f1": whole.f1}
    for size in (20, 80):
        held = dict.fromkeys(truth, 0)
        for trial in range(100):
            sample = chance.sample(population, size)
            found = estimate_quality(sample, len(population), bootstrap=200, seed=trial)
            for measure, (low, high) in found.total.intervals.items():
                held[measure] += low <= truth[measure] <= high
        assert all(count >= 86 for count in held.values()), (size, held)


def _corpus_sentence(chance):
    """Labels of a sentence are right or wrong together, more often than not."""
    good = 0.95 if chance.random() < 0.7 else 0.4
    before, right = [], []
    for at in range(chance.randint(0, 3)):
        span = Span(10 * at, 10 * at + 3, "PER" if chance.random() < 0.8 else "LOC")
        fine = chance.random() < good
        if fine or chance.random() < 0.7:
            before.append(Span(span.start, span.end, span.label, 0.5))
        if fine or chance.random() < 0.5:
            right.append(span if fine else Span(span.start + 4, span.end + 4, span.label))
    return Judged(tuple(before), tuple(right))


def test_reliability_counts_exact_spans():
    sure, unsure = [judged(True, 0.95)] * 30, [judged(False, 0.25)] * 10
    found = estimate_quality([*sure, *unsure], 1_000)
    bins = {round(one.low, 1): one.precision for one in found.reliability.bins if one.n}
    assert bins == {0.2: 0.0, 0.9: 1.0}
    text = quality_tables(found)[1].text()
    assert "0.00" in text
    assert "1.000" in text


@pytest.mark.parametrize("label", ["LOC", "PER"])
def test_each_label_has_its_own(label):
    rows = [Judged((Span(0, 3, "LOC"), Span(5, 8, "PER")), (Span(0, 3, "LOC"), Span(4, 8, "PER")))] * 40
    found = estimate_quality(rows, 1_000)
    assert found.by_label[label].score.precision == (1.0 if label == "LOC" else 0.0)
