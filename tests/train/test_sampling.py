"""Samples: the same for any order, bounded, and not filled by what stands in a corpus again and again."""

from __future__ import annotations

import random
import weakref

import pytest

from crosspan.train.sampling import sampled

WORDS = [f"word{number}" for number in range(500)]


def taken(items, most):
    return sampled(items, most, lambda item: [item])


def test_the_order_does_not_matter():
    shuffled = random.Random(1).sample(WORDS, len(WORDS))
    found = taken(WORDS, 40)
    assert len(found) == 40
    assert {*taken(shuffled, 40)} == {*found}
    assert found == [word for word in WORDS if word in found]  # they stand as they stood
    assert taken(shuffled, 40) == [word for word in shuffled if word in found]


def test_it_hardly_changes_when_the_corpus_grows():
    before, after = taken(WORDS, 100), taken([*WORDS, *(f"new{number}" for number in range(50))], 100)
    assert len({*before} & {*after}) > 80


@pytest.mark.parametrize("most", [0, 500, 501])
def test_where_there_are_no_more_all_are_taken_as_they_are(most):
    twice = [*WORDS[:250], *WORDS[:250]]
    assert taken(twice, most) == twice


def test_a_sentence_that_is_repeated_does_not_fill_it():
    repeated = [word for word in WORDS for _ in range(50)]
    for word in WORDS[:20]:
        found = taken([word] * 1_000 + repeated, 100)
        assert len({*found}) == len(found) == 100


def test_words_do_not_run_together():
    pairs = [("a b", "c"), ("a", "b c"), ("a b c",)] * 2
    assert len(sampled(pairs, 5, lambda words: words)) == 3


def test_a_stream_is_not_held():
    """Of a long stream little more than the sample is alive at any time."""
    alive: weakref.WeakSet[Item] = weakref.WeakSet()
    most = []

    def stream():
        for number in range(2_000):
            item = Item(number)
            alive.add(item)
            most.append(len(alive))
            yield item

    found = sampled(stream(), 10, lambda item: [str(item.number)])
    assert len(found) == 10
    assert max(item.number for item in found) > 10
    assert max(most[-1_000:]) <= 30


class Item:
    """Something that is known by a number."""

    def __init__(self, number):
        self.number = number
