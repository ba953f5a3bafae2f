from __future__ import annotations

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag.crf import FeatureOptions
from crosspan.train import gold as module
from crosspan.train.crf import CrfOptions
from crosspan.train.examples import Example
from crosspan.train.gold import ALONE, ENOUGH, FOLDS, WEIGHT, WEIGHTS, GoldWeight, beside, chosen_weight
from crosspan.train.rounds import train_in_rounds

PLAIN = CrfOptions(iterations=15, features=FeatureOptions(lexicon=False))
NAMES = ("Accra", "Gulu", "Kano", "Lagos", "Nairobi")


def said(n, label, *, end="1", weight=1.0):
    rows = [("yagenze", "mu", NAMES[at % len(NAMES)], f"{end}{at}") for at in range(n)]
    return [Example(Sentence(row, (Span(2, 3, label),)), weight) for row in rows]


def test_gold_is_believed_against_many_who_are_wrong():
    """All that was projected calls places people, and there are two such labels for each of gold."""
    found = chosen_weight(said(ENOUGH, "PER", weight=2.0), said(ENOUGH, "LOC"), ["LOC", "PER"], options=PLAIN)
    assert found.f1["1"] < found.f1["5"]
    assert found.weight > 1.0 or found.alone
    assert [*found.f1] == [*(f"{weight:g}" for weight in WEIGHTS), ALONE]


def test_projections_that_do_harm_are_left_out():
    """They call every name something else, and far more often than gold can make up for."""
    wrong, gold = said(ENOUGH, "PER", end="2", weight=200.0), said(ENOUGH, "LOC")
    found = chosen_weight(wrong, gold, ["LOC", "PER"], options=PLAIN)
    assert found.alone
    assert found.f1[ALONE] > 0.9 > max(f1 for name, f1 in found.f1.items() if name != ALONE)
    tagger = train_in_rounds(wrong, gold=gold, options=PLAIN, rounds=0)
    assert tagger.card["gold"]["alone"]
    assert tagger.card["sentences"] == ENOUGH


def test_what_is_not_clearly_better_changes_nothing():
    assert chosen_weight(said(200, "LOC"), said(ENOUGH, "LOC"), ["LOC"], options=PLAIN).weight == WEIGHT


def test_of_very_many_projections_some_stand_for_all(monkeypatch):
    seen = []
    real = module.train_crf
    monkeypatch.setattr(module, "TRIED", 30)
    monkeypatch.setattr(module, "train_crf", lambda given, **how: seen.append(given) or real(given, **how))
    gold = said(ENOUGH, "LOC")
    chosen_weight(said(100, "LOC", end="2"), gold, ["LOC"], options=PLAIN)
    others = [one for one in seen[0] if one.sentence.tokens[-1][0] == "2"]
    assert len(others) <= 30
    assert sum(one.weight for one in others) == pytest.approx(100)


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
    chosen_weight(said(9, "LOC", end="2"), said(ENOUGH, "LOC"), ["LOC"], options=PLAIN)
    assert len(learned) == FOLDS * (len(WEIGHTS) + 1)


def test_a_trainer_that_tries_nothing_takes_all_alike_unless_told_otherwise():
    gold, projected = said(2, "LOC"), said(3, "PER")
    assert [example.weight for example in beside(projected, gold, 0.0)] == [1.0, 1.0, 1.0]
    assert [example.weight for example in beside(projected, gold, 2.0)] == [2.0, 2.0, 1.0]
    assert beside([], gold, 0.0) == gold  # nothing to weigh it against
    assert beside(projected, [], 0.0) == projected
    with pytest.raises(OptionError, match="weight of gold"):
        beside(projected, gold, float("inf"))
