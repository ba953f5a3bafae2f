from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.report import Item
from crosspan.report.sample import KINDS, Sample

SOURCE = Sentence(("a", "b"), (Span(0, 1, "X"), Span(1, 2, "X")))


def item(index, *, score=1.0, dropped=False, wrong=False):
    span = Span(0, 1, "X", score)
    gone = (DroppedSpan(SOURCE.spans[1], "no_link"),) if dropped else ()
    target = Sentence(("a", "b"), (span,))
    projection = Projection(target, (ProjectedSpan(SOURCE.spans[0], span, score),), gone)
    return Item(index, SOURCE, projection, gold=Sentence(("a", "b"), () if wrong else (Span(0, 1, "X"),)))


def chosen(items, size, **options):
    sample = Sample(size, **options)
    for one in items:
        sample.add(one, lambda it: str(it.index))
    found = sample.chosen()
    return [int(record) for record in found.records], found


def test_a_small_corpus_is_shown_whole():
    assert chosen([item(at, dropped=at == 3) for at in range(10)], 10)[0] == list(range(10))


def test_each_kind_has_its_share():
    items = [item(at, score=at / 1000, dropped=at % 50 == 0, wrong=at % 40 == 1) for at in range(1000)]
    indices, found = chosen(items, 40)
    assert len(indices) == len(set(indices)) == 40
    assert indices == sorted(indices)
    assert [found.kinds[kind] for kind in KINDS] == [10, 10, 10, 10]
    assert sum(at % 40 == 1 for at in indices) >= 10
    assert sum(at % 50 == 0 for at in indices) >= 10
    assert sum(at < 14 for at in indices) >= 10  # some of the least sure are there as another kind already


def test_what_a_kind_lacks_is_chosen_by_chance():
    indices, found = chosen([item(at, dropped=at == 7) for at in range(1000)], 40)
    assert 7 in indices
    assert found.kinds == {"gold": 0, "dropped": 1, "unsure": 10, "random": 29}


def test_sentences_left_out_come_before_those_with_dropped_spans():
    items = [item(at, dropped=True) for at in range(100)]
    items[50] = Item(50, SOURCE, None, error="bad")
    assert 50 in chosen(items, 4)[0]


@given(st.integers(0, 5), st.integers(1, 60), st.randoms(use_true_random=False))
def test_choice_depends_on_the_seed_and_the_corpus_alone(seed, size, order):
    items = [item(at, score=(at % 7) / 7, dropped=at % 3 == 0) for at in range(50)]
    shuffled = random.Random(order.random()).sample(items, len(items))
    assert chosen(items, size, seed=seed)[0] == chosen(shuffled, size, seed=seed)[0]


def test_another_seed_makes_another_choice():
    items = [item(at) for at in range(1000)]
    assert chosen(items, 20, seed=0)[0] != chosen(items, 20, seed=1)[0]


def test_a_page_does_not_become_too_large():
    sample = Sample(10, max_chars=30)
    for at in range(10):
        sample.add(item(at), lambda it: "x" * (100 if it.index == 4 else 5))
    found = sample.chosen()
    assert sum(map(len, found.records)) <= 30
    assert len(found.records) == 6
    assert found.too_long > 0
