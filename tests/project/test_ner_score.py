"""The scores of a tagger of the target language, word by word as the paper defines them, and candidates from it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateOptions, CandidateProjector
from crosspan.project.ner_candidates import NerOptions, TargetTagger, all_ranges, sub_ranges
from crosspan.project.scorers.ner import NerScorer, UnknownLabels

LABELS = ("LOC", "PER")
TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


class FakeTagger:
    """Says of each word what its letters say, and finds names: words with a capital, side by side."""

    labels, tags = LABELS, TAGS

    def __init__(self):
        self.asked = []

    def probabilities(self, sentences):
        self.asked += [sentence.tokens for sentence in sentences]
        return [np.array([self.row(word) for word in s.tokens], np.float32).reshape(-1, 5) for s in sentences]

    def row(self, word):
        rng = np.random.default_rng(sum(ord(char) * 31**n for n, char in enumerate(word)))
        return rng.dirichlet(np.full(5, 0.5))

    def tag(self, sentences):
        found = []
        for s in sentences:
            big = [word[:1].isupper() for word in s.tokens]
            starts = [i for i, b in enumerate(big) if b and (i == 0 or not big[i - 1])]
            ends = [next((j for j in range(i, len(big)) if not big[j]), len(big)) for i in starts]
            spans = [Span(a, b, "PER") for a, b in zip(starts, ends, strict=True)]
            found.append(Sentence(s.tokens, tuple(spans)))
        return found


def by_hand(rows, start, end, label, alpha=1.15, floor=0.05):
    at = 1 + 2 * LABELS.index(label)
    words = [rows[start][at], *(rows[t][at + 1] for t in range(start + 1, end))]
    score = float(np.mean(np.array(words, np.float64))) * alpha ** (end - start - 1)
    return 0.0 if score <= floor else score


@st.composite
def worlds(draw):
    """A few pairs with links everywhere, so that every range is a candidate."""
    pairs, links = [], []
    for _ in range(draw(st.integers(1, 3))):
        n = draw(st.integers(0, 7))
        target = tuple(draw(st.text("abXY", min_size=1, max_size=3)) for _ in range(n))
        labels = draw(st.lists(st.sampled_from(LABELS), max_size=3))
        spans = tuple(Span(2 * k, 2 * k + 1, label) for k, label in enumerate(labels))
        pairs.append(Pair(Sentence(("Ada",) * 6, spans), Sentence(target)))
        links.append(Alignment.from_links([(2 * k, j) for k in range(3) for j in range(n)]))
    return pairs, links


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_scores_are_those_of_the_paper(world):
    pairs, links = world
    batch = PairBatch.build(pairs, links)
    made = CandidateProjector().candidates(pairs, batch)
    tagger = FakeTagger()
    own = NerScorer(tagger=tagger)(pairs, batch, made)
    best = NerScorer(tagger=tagger, spans=True)(pairs, batch, made)
    assert len(own) == len(best) == len(made)
    for row, (span, start, end) in enumerate(zip(made.span, made.start, made.end, strict=True)):
        index = batch.span_sentence[span]
        rows = tagger.probabilities([pairs[index].target])[0]
        label = batch.labels[batch.span_label[span]]
        assert own[row] == pytest.approx(by_hand(rows, start, end, label), abs=1e-6)
        assert best[row] == pytest.approx(max(by_hand(rows, start, end, one) for one in LABELS), abs=1e-6)


def test_alpha_and_floor_can_be_set():
    pair = Pair(Sentence(("Ada",), (Span(0, 1, "PER"),)), Sentence(("Ada", "Obi")))
    batch = PairBatch.build([pair], [Alignment.from_pharaoh("0-0 0-1")])
    made = CandidateProjector().candidates([pair], batch)
    rows = FakeTagger().probabilities([pair.target])[0]
    plain = NerScorer(NerOptions(alpha=1.0, floor=0.0), tagger=FakeTagger())([pair], batch, made)
    expected = [
        by_hand(rows, start, end, "PER", alpha=1.0, floor=0.0) for start, end in zip(made.start, made.end, strict=True)
    ]
    np.testing.assert_allclose(plain, expected, atol=1e-6)
    assert (NerScorer(NerOptions(floor=9.0), tagger=FakeTagger())([pair], batch, made) == 0).all()
    for options in ({"alpha": 0.0}, {"alpha": float("nan")}, {"floor": -1.0}):
        with pytest.raises(OptionError):
            NerOptions(**options)


def test_labels_that_the_tagger_does_not_know_are_told_once():
    pair = Pair(Sentence(("Ada",), (Span(0, 1, "MISC"),)), Sentence(("Ada", "Obi")))
    batch = PairBatch.build([pair], [Alignment.from_pharaoh("0-0")])
    made = CandidateProjector().candidates([pair], batch)
    scorer = NerScorer(tagger=FakeTagger())
    with pytest.warns(UnknownLabels, match="knows no MISC"):
        assert (scorer([pair], batch, made) == 0).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scorer([pair], batch, made)
    assert NerScorer(NerOptions(floor=0.0), tagger=FakeTagger(), spans=True)([pair], batch, made).max() > 0


def test_each_sentence_is_read_once():
    pairs = [
        Pair(Sentence(("Ada", "x"), (Span(0, 1, "PER"), Span(1, 2, "LOC"))), Sentence(("Ada", "Obi"))),
        Pair(Sentence(("no", "entity")), Sentence(("never", "read"))),
        Pair(Sentence(("Ada",), (Span(0, 1, "PER"),)), Sentence(("Ada", "Obi"))),
    ]
    links = [Alignment.from_pharaoh("0-0 1-1"), Alignment.from_pharaoh("0-0"), Alignment.from_pharaoh("0-0")]
    tagger = FakeTagger()
    options = CandidateOptions(scores="align", weights={"ner": 1.0, "ner_spans": 1.0})
    CandidateProjector(options, tagger=tagger).project(pairs, links)
    assert tagger.asked == [("Ada", "Obi")]


# --- candidates ----------------------------------------------------------------------------------------------------

PAIR = Pair(
    Sentence(("Ada", "Obi", "in", "Accra"), (Span(0, 2, "PER"), Span(3, 4, "LOC"))),
    Sentence(("a", "Ada", "Obi", "b", "Akkra", "c"), (Span(0, 2, "X"),)),
)
LINKS = Alignment.from_pharaoh("0-1 1-2 3-4")


def ranges(options, pairs=(PAIR,), **more):
    made = CandidateProjector(options, **more).candidates(list(pairs), PairBatch.build(pairs, [LINKS] * len(pairs)))
    rows = list(zip(made.span.tolist(), made.start.tolist(), made.end.tolist(), strict=True))
    assert rows == sorted(set(rows))
    return [
        [(a, b) for span, a, b in rows if span == number] for number in range(sum(len(p.source.spans) for p in pairs))
    ]


def test_what_the_tagger_finds_are_the_candidates():
    assert ranges(CandidateOptions(candidates="ner"), tagger=FakeTagger()) == [[(1, 3), (4, 5)]] * 2


def test_and_all_ranges_inside():
    options = CandidateOptions(candidates="ner", sub_ranges=True)
    assert ranges(options, tagger=FakeTagger()) == [[(1, 2), (1, 3), (2, 3), (4, 5)]] * 2
    options = CandidateOptions(candidates="target_spans", sub_ranges=True)
    assert ranges(options) == [[(0, 1), (0, 2), (1, 2)]] * 2
    assert ranges(CandidateOptions(candidates="target_spans", sub_ranges=True, max_words=1)) == [[(0, 1), (1, 2)]] * 2


def test_all_ngrams_are_all_ranges_without_stop_words():
    found = ranges(CandidateOptions(candidates="all_ngrams", max_words=3, stop_words=("B",)))
    expected = [(a, b) for a in range(6) for b in range(a + 1, min(6, a + 3) + 1) if not a <= 3 < b]
    assert found == [expected] * 2


def test_sentences_without_entities_have_none():
    empty = Pair(Sentence(("no",)), Sentence(("Ada",)))
    nothing = Pair(Sentence(("Ada",), (Span(0, 1, "PER"),)), Sentence(()))
    projector = CandidateProjector(CandidateOptions(candidates="ner"), tagger=FakeTagger())
    pairs, links = [empty, nothing, PAIR], [Alignment.from_links([]), Alignment.from_links([]), LINKS]
    made = projector.candidates(pairs, PairBatch.build(pairs, links))
    assert sorted(set(made.span.tolist())) == [1, 2]
    assert [len(one.dropped) for one in projector.project(pairs, links)] == [0, 1, 0]


def test_projection_onto_what_the_tagger_finds():
    projector = CandidateProjector(CandidateOptions(candidates="ner", scores="align"), tagger=FakeTagger())
    assert projector.project([PAIR], [LINKS])[0].sentence.tags() == ["O", "B-PER", "I-PER", "O", "B-LOC", "O"]


@given(st.integers(0, 8), st.integers(1, 9), st.sets(st.integers(0, 7)))
def test_all_ranges_are_those_of_two_loops(n, longest, stops):
    stops = {stop for stop in stops if stop < n}
    expected = [
        (a, b) for a in range(n) for b in range(a + 1, n + 1) if b - a <= longest and not stops & set(range(a, b))
    ]
    assert all_ranges(n, longest, stops) == expected
    assert sub_ranges([(0, n)] if n else [], longest) == all_ranges(n, longest)


def test_a_tagger_must_be_named():
    for options in ({"candidates": "ner"}, {"weights": {"ner": 1.0}}, {"weights": {"ner_spans": 1.0}}):
        with pytest.raises(OptionError, match="needs a tagger of the target language"):
            CandidateProjector(CandidateOptions(**options))
    with pytest.raises(OptionError, match="no tagger of the target side is named"):
        NerScorer()(
            [PAIR],
            PairBatch.build([PAIR], [LINKS]),
            CandidateProjector().candidates([PAIR], PairBatch.build([PAIR], [LINKS])),
        )


def test_the_embedded_tagger_by_name():
    found = TargetTagger(NerOptions(tagger="en")).ranges([Sentence(("Ada", "lives", "in", "London"))])
    assert found == [[(0, 1), (3, 4)]]
