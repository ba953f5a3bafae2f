"""Caches with files that were cut, emptied or swapped, and claims that nobody holds: nothing hangs, nothing is stale.

Studies are in ``tests/lab/study/test_work.py``.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write

RECIPE = """
shard = 4
[source]
path = "en.jsonl"
[target]
path = "de.txt"
[align]
use = "links"
path = "links.txt"
[project]
use = "heuristic"
"""


def by_run():
    assert main(["run", "recipe.toml", "--out", "out", "--cache", "cache", "--threads", "1", "--quiet"]) == 0
    return Path("out/labelled.jsonl").read_bytes()


def by_bench():
    words = ("bench", "greetings", "--data", ".", "--cache", "cache", "--format", "json", "--bootstrap", "0")
    assert main([*words, "--out", "bench.json", "--threads", "1", "--quiet"]) == 0
    return {**json.loads(Path("bench.json").read_text()), "seconds": 0}


@pytest.fixture
def place(tmp_path, monkeypatch, plugins):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "en.jsonl", load_corpus("en")[:12])
    write(tmp_path / "de.txt", load_corpus("de")[:12], format="plain")
    (tmp_path / "links.txt").write_text("0-0 1-1\n" * 12)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "greetings.conll").write_text("Hello O\n, O\nAda B-PER\n\nGood O\nday O\n")
    return tmp_path


def within(seconds, door):
    """What a door gives, unless it takes for ever."""
    found = []
    thread = threading.Thread(target=lambda: found.append(door()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "it failed" if not thread.is_alive() else "it hangs"
    return found[0]


def claim(folder, keys, content):
    """Leave claims of a process that is no more, from a machine whose clock is ahead."""
    unfinished = folder / "unfinished"
    unfinished.mkdir(exist_ok=True)
    for key in keys:
        lock = unfinished / f"{key}.lock"
        lock.write_bytes(content)
        os.utime(lock, (time.time() + 10**8,) * 2)


@pytest.mark.parametrize("door", [by_run, by_bench])
@pytest.mark.parametrize("damage", ["emptied", "cut", "swapped", "gone"])
def test_nothing_hangs_and_nothing_is_stale(place, door, damage):
    wanted = door()
    files = sorted((place / "cache").glob("??/*"))
    assert files
    whole = [file.read_bytes() for file in files]
    for file, data, other in zip(files, whole, whole[1:] + whole[:1], strict=True):
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes({"emptied": b"", "cut": data[: len(data) // 2], "swapped": other}[damage])
    keys = [file.parent.name + file.name for file in files]
    claim(place / "cache", keys, b"" if damage == "gone" else b"host 4711 2999-01-01")
    assert within(60, door) == wanted
    assert [file.read_bytes() for file in files] == whole
