from __future__ import annotations

import threading
import time

import pytest

from crosspan.core.background import Background


def waiting(item, given_up):
    given_up.wait(10)
    return item


def test_all_is_worked_on_by_so_many_threads():
    barrier = threading.Barrier(3, timeout=5)

    def work(item, given_up):
        barrier.wait()
        return item * 2

    assert sorted(Background(work, range(6), threads=3)) == [(item, item * 2) for item in range(6)]
    assert list(Background(work, [], threads=3)) == []


def test_results_come_as_they_end():
    first = threading.Event()

    def work(item, given_up):
        if item == 0:
            first.wait(5)
        return item

    found = iter(Background(work, [0, 1], threads=2))
    assert next(found) == (1, 1)
    first.set()
    assert list(found) == [(0, 0)]


def test_what_is_raised_ends_the_work():
    begun = []

    def work(item, given_up):
        begun.append(item)
        if item == 1:
            raise ValueError("one")
        return item

    found = iter(Background(work, range(100), threads=1))
    assert next(found) == (0, 0)
    with pytest.raises(ValueError, match="one"):
        list(found)
    time.sleep(0.05)
    assert begun == [0, 1]


def test_giving_up_waits_for_nobody():
    work = Background(lambda item, given_up: item if item < 2 else waiting(item, given_up), range(9), threads=1)
    found = iter(work)
    assert next(found) == (0, 0)
    began = time.monotonic()
    work.give_up()
    assert time.monotonic() - began < 1


def test_two_pieces_of_work_do_not_end_each_other():
    one, other = (Background(waiting, [name], threads=1) for name in ("one", "other"))
    one.give_up()
    time.sleep(0.05)
    ended = threading.Event()
    threading.Thread(target=lambda: (list(other), ended.set()), daemon=True).start()
    assert not ended.wait(0.3)
    other.give_up()
