from __future__ import annotations

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag.crf import FeatureOptions
from crosspan.train import gold as module
from crosspan.train.crf import CrfOptions
from crosspan.train.examples import Example
from crosspan.train.gold import ENOUGH, FOLDS, WEIGHT, WEIGHTS, GoldWeight, beside, chosen_weight

PLAIN = CrfOptions(iterations=15, features=FeatureOptions(lexicon=False))
NAMES = ("Accra", "Gulu", "Kano", "Lagos", "Nairobi")


def said(n, label, verb="yagenze"):
    rows = [(verb, "mu", NAMES[at % len(NAMES)], f"w{at}") for at in range(n)]
    return [Example(Sentence(row, (Span(2, 3, label),) if label else ())) for row in rows]


def test_gold_is_believed_against_many_who_are_wrong():
    """All that was projected calls places people; a fifth as many gold sentences know better."""
    found = chosen_weight(said(5 * ENOUGH, "PER"), said(ENOUGH, "LOC"), ["LOC", "PER"], options=PLAIN)
    assert found.weight > 1.0
    assert found.f1[found.weight] == max(found.f1.values())
    assert found.f1[1.0] < found.f1[found.weight]
    assert tuple(found.f1) == WEIGHTS


def test_of_equal_weights_the_lowest_is_taken():
    assert chosen_weight(said(200, "LOC"), said(ENOUGH, "LOC"), ["LOC"], options=PLAIN).weight == WEIGHTS[0]


def test_with_little_gold_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(module, "train_crf", None)
    assert chosen_weight(said(9, "LOC"), said(ENOUGH - 1, "LOC"), ["LOC"]) == GoldWeight(WEIGHT)


def test_no_tagger_is_judged_on_what_it_learned_from(monkeypatch):
    learned = []
    real = module.train_crf

    class Seeing:
        def __init__(self, examples, **how):
            learned.append({example.sentence for example in examples})
            self.tagger = real(examples, **how)

        def tag(self, sentences):
            assert not learned[-1] & {*sentences}
            return self.tagger.tag(sentences)

    monkeypatch.setattr(module, "train_crf", Seeing)
    chosen_weight(said(9, "LOC", "agenze"), said(ENOUGH, "LOC"), ["LOC"], options=PLAIN)
    assert len(learned) == FOLDS * len(WEIGHTS)


def test_a_trainer_that_tries_nothing_gets_a_weight():
    gold, projected = said(2, "LOC"), said(3, "PER")
    assert [example.weight for example in beside(projected, gold, 0.0)] == [WEIGHT, WEIGHT, 1.0]
    assert [example.weight for example in beside(projected, gold, 2.0)] == [2.0, 2.0, 1.0]
    assert beside([], gold, 0.0) == gold  # nothing to weigh it against
    assert beside(projected, [], 0.0) == projected
    with pytest.raises(OptionError, match="weight of gold"):
        beside(projected, gold, float("inf"))
