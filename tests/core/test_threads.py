"""Loops run side by side and leave nothing behind; PyTorch has as many threads after each use as before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from crosspan.core import threads as threads_module
from crosspan.core.errors import CrosspanError
from crosspan.core.threads import Home, Stop, both, cores, in_parts, torch_threads
from crosspan.tag.decoding import best_spans


@pytest.mark.parametrize(
    ("n", "threads", "least"), [(0, 4, 1), (1, 4, 1), (3, 8, 1), (100, 3, 1), (100, 4, 60), (7, 1, 1)]
)
def test_every_number_is_worked_on_once(n, threads, least):
    times, parts = np.zeros(n, np.int64), []

    def work(begin, end, array):
        parts.append((begin, end, threading.get_ident()))
        array[begin:end] += 1

    in_parts(work, n, threads, given=[times], least=least)
    assert (times == 1).all()
    assert len({one for _, _, one in parts}) <= max(1, min(threads, n // least))
    assert all(begin < end for begin, end, _ in parts)


def test_threads_are_used_and_gone():
    started, before = set(), threading.active_count()
    meeting = threading.Barrier(3, timeout=60)

    def work(begin, end):
        if begin in (0, 1, 2):  # three that wait for each other cannot be one
            meeting.wait()
        started.add(threading.get_ident())

    in_parts(work, 12, 3)
    assert len(started) == 3
    assert threading.active_count() == before
    in_parts(lambda begin, end: started.clear(), 12, 1)
    assert threading.active_count() == before


def test_where_nothing_is_said_all_cores_are_used(monkeypatch):
    assert cores() >= 1
    monkeypatch.setattr(threads_module, "cores", lambda: 5)
    asked = []
    monkeypatch.setattr(threads_module, "_started", lambda work, count: asked.append(count) or [])
    in_parts(lambda begin, end: None, 100)
    assert asked == [4]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_first_error_ends_the_work(error):
    done = []

    def work(begin, end):
        done.append(begin)
        raise error("broken")

    with pytest.raises(error, match="broken"):
        in_parts(work, 1_000, 2)
    assert 1 <= len(done) <= 2, "the other parts are left"


def test_parts_that_take_long_end_when_another_has_failed():
    stop, ended = Stop(), []

    def work(begin, end):
        if begin == 0:
            time.sleep(0.1)  # the other is at work meanwhile
            raise KeyError("first")
        try:
            for _ in range(1_000):
                time.sleep(0.01)
                stop.check()
        finally:
            ended.append(begin)

    began = time.perf_counter()
    with pytest.raises(KeyError, match="first"):
        in_parts(work, 2, 2, stop=stop)
    assert ended in ([], [1])
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_two_functions_side_by_side(threads):
    assert both(lambda: "one", lambda: None, threads) == ("one", None)
    for one, other in ((1, 0), (0, 1)):
        with pytest.raises(ZeroDivisionError):
            both(lambda one=one: 1 / one, lambda other=other: 1 / other, threads)


def test_a_system_that_gives_no_threads_has_one(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    times = [0] * 20

    def work(begin, end):
        for index in range(begin, end):
            times[index] += 1

    in_parts(work, 20, 4)
    assert times == [1] * 20


def test_an_object_with_threads_of_its_own_stays_at_home(monkeypatch):
    home = Home("the translator")
    home.check()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(CrosspanError, match="the translator was loaded before this process was forked") as caught:
        home.check()
    assert "spawn" in caught.value.hint
    Home("the translator").check()


torch = pytest.importorskip("torch")


@pytest.fixture
def three():
    """PyTorch with three threads, a number that no other part chooses."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_for_a_while(three):
    with torch_threads(1):
        assert torch.get_num_threads() == 1
        with torch_threads(0):  # at least one
            assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_after_errors_and_foreign_changes(three):
    def fails():
        with torch_threads():
            torch.set_num_threads(2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_loops_of_numba_do_not_leak(three, threads):
    """Numba's own threads, if there were any, could share PyTorch's OpenMP."""
    row = np.array([[0.1, 0.2, 0.7], [0.1, 0.1, 0.8]], np.float32)
    best_spans([row] * 50, ["PER"], threads)
    assert torch.get_num_threads() == 3


def test_pytorch_is_not_loaded_for_nothing():
    code = (
        "import sys; from crosspan.core.threads import torch_threads\n"
        "with torch_threads(): print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
