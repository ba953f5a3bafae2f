from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.review.desk.corpora import plain_tasks, tasks

from crosspan.core.errors import OptionError
from crosspan.review.desk.orders import ORDERS, by_chance, certainty, order_of, queue_of

SCORES = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=40)


@given(SCORES, st.integers(0, 9))
def test_no_queue_forgets_a_sentence(scores, seed):
    certainties = {2 * index: score for index, score in enumerate(scores)}
    for order in ORDERS:
        queue = queue_of(order, certainties, seed)
        assert sorted(queue.indices) == list(certainties)
        assert [queue.indices[queue.places[index]] for index in certainties] == list(certainties)


@given(SCORES, st.integers(0, 9))
def test_a_mixed_queue_takes_turns_and_its_sentences_by_chance_are_those_of_the_queue_by_chance(scores, seed):
    certainties = dict(enumerate(scores))
    queue = queue_of("mixed", certainties, seed)
    assert queue.drawn == tuple(("random", "uncertain")[place % 2] for place in range(len(scores)))
    chance = by_chance(list(certainties), seed)
    for place, (index, why) in enumerate(zip(queue.indices, queue.drawn, strict=True)):
        if why == "random":  # all before it in the order by chance came up before
            assert {*chance[: chance.index(index)]} <= {*queue.indices[:place]}


def test_least_sure_first_and_what_is_not_known_last():
    queue = queue_of("uncertain", {0: 0.9, 1: None, 2: 0.1, 3: 0.0}, 0)
    assert queue.indices == (3, 2, 0, 1)


def test_chance_does_not_depend_on_confidence_but_on_the_seed():
    assert queue_of("random", dict.fromkeys(range(50), 0.5), 1).indices == tuple(by_chance(range(50), 1))
    assert by_chance(range(50), 1) != by_chance(range(50), 2)


def test_a_sentence_is_as_sure_as_its_least_sure_span_and_an_entity_that_is_missing_counts_half():
    known = {task.id: certainty(task) for task in tasks()}
    assert (known["names"], known["emoji"], known["arabic"]) == (0.41, 0.5, 0.55)
    assert [certainty(task) for task in plain_tasks([0.3, None])] == [0.3, None]


def test_an_unknown_order():
    with pytest.raises(OptionError, match=r"no order 'best'.*Choose from uncertain, random, mixed"):
        order_of("best")
