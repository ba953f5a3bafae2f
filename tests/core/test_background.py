from __future__ import annotations

import threading
import time

import pytest

from crosspan.core.background import Background


def waiting(item, work):
    work.given_up.wait(10)
    return item


def test_all_is_worked_on_by_so_many_threads():
    barrier = threading.Barrier(3, timeout=5)

    def double(item, work):
        barrier.wait()
        return item * 2

    with Background(double, range(6), threads=3) as work:
        assert sorted(work) == [(item, item * 2) for item in range(6)]
    with Background(double, [], threads=3) as work:
        assert list(work) == []


def test_results_come_as_they_end():
    first = threading.Event()

    def same(item, work):
        if item == 0:
            first.wait(5)
        return item

    with Background(same, [0, 1], threads=2) as work:
        found = iter(work)
        assert next(found) == (1, 1)
        first.set()
        assert list(found) == [(0, 0)]


def test_after_an_error_nothing_more_is_begun():
    begun = []

    def failing(item, work):
        begun.append(item)
        if item == 1:
            raise ValueError("one")
        return item

    with (
        pytest.raises(ValueError, match="one"),
        Background(failing, range(100), threads=1) as work,
    ):
        assert list(work)
    assert begun == [0, 1]


@pytest.mark.parametrize("fails", ["function", "caller"])
def test_after_an_error_what_is_under_way_is_waited_for(fails):
    begun, ended = threading.Event(), []

    def slow(item, work):
        if item == 0:
            begun.wait(5)
            if fails == "function":
                raise ValueError("no")
        if item == 1:
            begun.set()
            work.ending.wait(5)
            time.sleep(0.1)
            assert not work.given_up.is_set()
            ended.append(item)
        return item

    with pytest.raises(ValueError, match="no"), Background(slow, range(9), threads=2) as work:  # noqa: PT012
        for _ in work:
            raise ValueError("no")
    assert ended == [1]


def test_ctrl_c_waits_for_nobody():
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Background(waiting, range(9), threads=2) as work:
        raise KeyboardInterrupt
    assert time.monotonic() - began < 1
    assert work.given_up.is_set()


def test_two_pieces_of_work_do_not_end_each_other():
    with Background(waiting, ["a"], threads=1) as one:
        with Background(waiting, ["b"], threads=1):
            pass
        time.sleep(0.05)
        assert not one.ending.is_set()
        assert not one.given_up.is_set()
