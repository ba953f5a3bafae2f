from __future__ import annotations

import copy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crosspan.align.vocabulary import LEVELS, Vocabulary

words = st.one_of(
    st.sampled_from(["Haus", "haus", "HAUS", "Häuser", "hauser", "İ", "ΟΔΟΣ", "e\u0301", "\u0301"]), st.text()
)
sentences = st.lists(st.lists(words, max_size=6), max_size=6)


def test_forms():
    vocabulary = Vocabulary()
    vocabulary.encode([["Ministerpräsident", "Ministerien", "Präsident", "da"]])
    assert [vocabulary.size(level) for level in range(4)] == [4, 3, 3, 3]
    assert vocabulary.forms(1).tolist() == [0, 0, 1, 2]  # minis, minis, prasi, da
    assert vocabulary.forms(2).tolist() == [0, 0, 1, 2]
    assert vocabulary.forms(3).tolist() == [0, 1, 0, 2]  # ent, ien, ent, da


def test_case_makes_no_difference_but_accents_do():
    vocabulary = Vocabulary()
    _, ids = vocabulary.encode([["Été", "été", "ete"]])
    assert ids.tolist() == [0, 0, 1]
    assert vocabulary.forms(1).tolist() == [0, 0]


def test_encode_without_words():
    ptr, ids = Vocabulary().encode([[], []])
    assert (ptr.tolist(), ids.tolist(), ids.dtype) == ([0, 0, 0], [], np.int32)


@given(sentences, sentences)
def test_a_visit_leaves_no_trace(known, visit):
    vocabulary = Vocabulary()
    _, before = vocabulary.encode(known)
    state = copy.deepcopy(vars(vocabulary))
    visitor = Vocabulary(vocabulary)
    visitor.encode(visit)
    assert visitor.encode(known)[1].tolist() == before.tolist()
    assert {**vars(vocabulary), "_arrays": {}} == state
    assert vocabulary.encode(known)[1].tolist() == before.tolist()


@given(sentences, sentences, sentences)
def test_a_visitor_and_a_copy_number_like_one_that_stays(known, visit, again):
    whole, base = Vocabulary(), Vocabulary()
    whole.encode(known)
    base.encode(known)
    copied, visitor = base.copied(), Vocabulary(base)
    for vocabulary in (copied, visitor):
        number = [whole.encode(some)[1].tolist() for some in (visit, again)]
        assert [vocabulary.encode(some)[1].tolist() for some in (visit, again)] == number
        assert (vocabulary.words, len(vocabulary)) == (whole.words, len(whole))
        assert vocabulary.names(range(len(whole))) == whole.words
        for level in range(len(LEVELS)):
            assert vocabulary.size(level) == whole.size(level)
            assert vocabulary.forms(level).tolist() == whole.forms(level).tolist()


@given(sentences, sentences)
def test_from_words_builds_the_same(first, second):
    vocabulary = Vocabulary()
    vocabulary.encode(first)
    again = Vocabulary.from_words(vocabulary.words)
    assert again.words == vocabulary.words
    assert all((again.forms(level) == vocabulary.forms(level)).all() for level in range(len(LEVELS)))
    assert again.encode(second)[1].tolist() == vocabulary.encode(second)[1].tolist()


def test_grown_pads_with_zeros():
    vocabulary = Vocabulary()
    vocabulary.encode([["a", "b", "c"]])
    assert vocabulary.grown(np.array([1.5]), 0).tolist() == [1.5, 0.0, 0.0]
    assert vocabulary.grown(np.ones(3), 0).tolist() == [1.0, 1.0, 1.0]


@given(sentences, sentences, sentences)
def test_words_that_are_adopted_are_as_if_they_had_been_met_here(known, ahead, later):
    at_once, by_turns = Vocabulary(), Vocabulary()
    wanted = [at_once.encode(some)[1].tolist() for some in (known, ahead, later)]
    found = [by_turns.encode(known)[1].tolist()]
    aside = Vocabulary(by_turns)
    found.append(aside.encode(ahead)[1].tolist())
    by_turns.adopt(aside)
    found.append(by_turns.encode(later)[1].tolist())
    assert found == wanted
    assert by_turns.words == at_once.words
    for level in range(len(LEVELS)):
        assert by_turns.size(level) == at_once.size(level)
        assert by_turns.forms(level).tolist() == at_once.forms(level).tolist()
