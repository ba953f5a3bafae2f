"""Answers are kept once, for threads and processes at the same time, and never what is none."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sqlite3
import sys
import threading

import pytest

from crosspan.core import answers
from crosspan.core.answers import Answers
from crosspan.core.errors import OutputError


def write_many(path, name):
    cache = Answers(path)
    for index in range(40):
        cache.put({f"{name}{index}": name})


def test_two_processes_share_a_cache(tmp_path):
    path = tmp_path / "answers.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_many, args=(path, name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(Answers(path).get([f"{name}{index}" for name in "ab" for index in range(40)])) == 80


def test_more_keys_than_a_query_can_hold(tmp_path):
    cache = Answers(tmp_path / "answers.sqlite")
    cache.put({str(n): "x" for n in range(1_300)})
    assert len(cache.get(map(str, range(2_000)))) == 1_300


def test_a_damaged_cache(tmp_path):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(OutputError, match="the cache of answers cannot be used") as caught:
        Answers(path)
    assert "cache" in caught.value.hint
    with pytest.raises(OutputError, match="cannot be used"):
        Answers(tmp_path / "answers.sqlite" / "inside")


def test_a_cache_that_cannot_be_written(tmp_path):
    cache = Answers(tmp_path / "answers.sqlite")
    other = sqlite3.connect(tmp_path / "answers.sqlite")
    other.execute("DROP TABLE answer")
    other.commit()
    with pytest.raises(OutputError, match="no such table"):
        cache.put({"a": "b"})


def test_in_memory_it_is_bounded(monkeypatch):
    monkeypatch.setattr(answers, "MOST", 10)
    cache = Answers()
    for number in range(50):
        cache.put({str(number): "x"})
        assert cache.get([str(number)])
    assert len(cache._kept) <= 10


def test_what_is_kept_is_there_again(tmp_path):
    text = "naïve’s 👩‍👩‍👧\n\0end"
    for path in (None, tmp_path / "deep" / "answers.sqlite"):
        cache = Answers(path)
        cache.put({"a": text, "b": ""})
        cache.put({"a": text, "c": repr(0.1 + 0.2)})
        cache.put({})
        assert cache.get("abcd") == {"a": text, "b": "", "c": "0.30000000000000004"}
        cache.close()
        assert path is None or cache.get(["a"]) == Answers(path).get(["a"]) == {"a": text}


def test_a_text_that_is_no_unicode_stops_nothing(tmp_path):
    for cache in (Answers(), Answers(tmp_path / "answers.sqlite")):
        cache.put({"a": "\ud800", "b": "yes"})
        assert cache.get("ab") == {"b": "yes"}


def test_all_of_them_or_none(tmp_path):
    cache = Answers(tmp_path / "answers.sqlite")
    with pytest.raises(TypeError, match="None is no answer"):
        cache.put({"a": "yes", "b": None})
    assert cache.get("ab") == {}


def test_threads(tmp_path):
    cache = Answers(tmp_path / "answers.sqlite")
    threads = [
        threading.Thread(target=lambda name=name: [cache.put({f"{name}{n}": name}) for n in range(20)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache.get([f"{name}{n}" for name in "abcd" for n in range(20)])) == 80


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_after_a_fork_each_has_its_own_connection(tmp_path):
    cache = Answers(tmp_path / "answers.sqlite")
    cache.put({"a": "parent"})
    child = os.fork()
    if not child:
        code = 1
        try:
            cache.put({"b": "child"})
            code = 0 if cache.get("ab") == {"a": "parent", "b": "child"} else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert cache.get("ab") == {"a": "parent", "b": "child"}


def test_it_goes_to_other_processes(tmp_path):
    cache = Answers(tmp_path / "answers.sqlite")
    cache.put({"a": "b"})
    assert pickle.loads(pickle.dumps(cache)).get("a") == {"a": "b"}
