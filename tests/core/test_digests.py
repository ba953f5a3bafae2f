"""Hashes of files are right, and made once."""

from __future__ import annotations

import hashlib
import os
import time

import pytest

from crosspan.core import digests
from crosspan.core.digests import file_digests


def settled(path, text, age=100.0):
    """A file that was written some time ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def reads(monkeypatch):
    """Counts files that are read to their end."""
    counts = []
    inner = hashlib.file_digest
    monkeypatch.setattr(
        hashlib, "file_digest", lambda stream, name: (counts.append(stream.name), inner(stream, name))[1]
    )
    return counts


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_files_are_read_once(tmp_path, reads):
    names = ("config", "weights", "sub/more")
    files = [settled(tmp_path / "m" / name, name) for name in names]
    for _ in range(3):
        assert file_digests(files, tmp_path / "memory") == [sha(name) for name in names]
    assert len(reads) == 3


def test_a_change_is_seen(tmp_path, reads):
    path = settled(tmp_path / "weights", "one")
    file_digests([path], tmp_path / "memory")
    settled(path, "two", age=50.0)  # as long as before
    assert file_digests([path], tmp_path / "memory") == [sha("two")]
    settled(path, "longer", age=50.0)
    assert file_digests([path], tmp_path / "memory") == [sha("longer")]
    assert len(reads) == 3


def test_what_has_just_changed_is_not_remembered(tmp_path, reads):
    path = settled(tmp_path / "weights", "one", age=0.0)
    stamp = path.stat()
    assert file_digests([path], tmp_path / "memory") == [sha("one")]
    path.write_text("two", encoding="utf-8")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # within one tick of the clock
    assert file_digests([path], tmp_path / "memory") == [sha("two")]


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 1, "files": {"weights": [1]}}', "\0"])
def test_a_damaged_memory_is_made_anew(tmp_path, text):
    path = settled(tmp_path / "weights", "one")
    file_digests([path], tmp_path / "memory")
    (kept,) = (tmp_path / "memory").iterdir()
    kept.write_text(text, encoding="utf-8")
    assert file_digests([path], tmp_path / "memory") == [sha("one")]


def test_without_a_place_for_the_memory(tmp_path):
    path = settled(tmp_path / "weights", "one")
    (tmp_path / "memory").write_text("in the way", encoding="utf-8")
    assert file_digests([path], tmp_path / "memory") == [sha("one")]


def test_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = settled(tmp_path / "weights", "one")
    assert digests.user_cache() == tmp_path / "crosspan"
    assert file_digests([path]) == [sha("one")]
    assert len(list((tmp_path / "crosspan" / "seen").iterdir())) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert digests.user_cache().is_absolute()


def test_the_same_digest_as_by_reading(tmp_path, monkeypatch):
    from crosspan.pipeline.provenance import file_digest, model_digest

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("b", "a", "sub/c", "sub.txt"):
        settled(tmp_path / "model" / name, name)
    for path in (tmp_path / "model", tmp_path / "model" / "a"):
        assert model_digest(path) == model_digest(path) == file_digest(path)
