from __future__ import annotations

from collections import Counter

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.review.drawing import draw
from crosspan.review.tasks import Task

WORD = Sentence(("Bo",))


def task(at, *scores, **more):
    tokens = tuple("Bo" for _ in scores) or ("Bo",)
    spans = tuple(Span(place, place + 1, "LOC", score) for place, score in enumerate(scores))
    return Task(index=at, id=str(at), sentence=Sentence(tokens, spans), **more)


TASKS = [task(at, at / 100) for at in range(100)]


def test_everything_in_its_order_by_default():
    assert [one.task for one in draw(TASKS)] == TASKS
    assert {one.drawn for one in draw(TASKS)} == {None}


def test_the_least_sure_span_counts():
    tasks = [task(0, 0.9, 0.3), task(1, 0.5), task(2), task(3, None, 0.4), task(4, None)]
    assert [one.task.id for one in draw(tasks, uncertain=9)] == ["0", "3", "1"]


def test_both_mixed_and_none_twice():
    found = draw(TASKS, random=20, uncertain=10, seed=3)
    assert Counter(one.drawn for one in found) == {"random": 20, "uncertain": 10}
    assert len({one.task.id for one in found}) == 30
    by_chance = [one.task.id for one in found if one.drawn == "random"]
    assert by_chance == [one.task.id for one in draw(TASKS, random=20, seed=3)], "the others leave the draw alone"
    unsure = [int(one.task.id) for one in found if one.drawn == "uncertain"]
    rest = [at for at in range(100) if str(at) not in by_chance]
    assert unsure == rest[:10]
    assert Counter(one.drawn for one in found[:15])["random"] == 10, "both come from the beginning on"


def test_whoever_stops_early_has_looked_at_a_random_sample():
    many = draw(TASKS, random=50, seed=1)
    assert [one.task.id for one in many[:10]] == [one.task.id for one in draw(TASKS, random=10, seed=1)]


def test_each_sentence_is_as_likely():
    counts = Counter(one.task.index for seed in range(400) for one in draw(TASKS[:10], random=3, seed=seed))
    assert all(80 < counts[at] < 160 for at in range(10)), counts


def test_sentences_that_cannot_be_looked_at_are_left_out():
    tasks = [task(0, 0.5, fault="bad tag"), Task(index=1, id="1", sentence=Sentence(())), task(2, 0.5)]
    assert [one.task.id for one in draw(tasks)] == ["2"]
    assert [one.task.id for one in draw(tasks, random=5, uncertain=5)] == ["2"]


def test_a_negative_number():
    with pytest.raises(OptionError):
        draw(TASKS, random=-1)
