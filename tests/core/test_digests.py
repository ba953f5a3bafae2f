"""Hashes of files are right, and made once."""

from __future__ import annotations

import hashlib
import os
import time

import pytest

from crosspan.core import digests
from crosspan.core.digests import digest_of, file_digest, file_digests
from crosspan.core.errors import FormatError


def settled(path, text, age=100.0):
    """A file that was written some time ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    """A memory of this test alone, in which files count as settled although they have just come."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(digests, "_SETTLED", -1.0)
    return tmp_path / "cache" / "crosspan" / "seen"


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
        assert file_digests(files) == [sha(name) for name in names]
    assert len(reads) == 3


def test_a_change_is_seen(tmp_path, reads):
    path = settled(tmp_path / "weights", "one")
    file_digests([path])
    settled(path, "two", age=50.0)  # as long as before
    assert file_digests([path]) == [sha("two")]
    settled(path, "longer", age=50.0)
    assert file_digests([path]) == [sha("longer")]
    assert len(reads) == 3


def test_what_has_just_changed_is_not_remembered(tmp_path, reads, monkeypatch):
    monkeypatch.setattr(digests, "_SETTLED", 2.0)
    path = settled(tmp_path / "weights", "one", age=0.0)
    stamp = path.stat()
    assert file_digests([path]) == [sha("one")]
    path.write_text("two", encoding="utf-8")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # within one tick of the clock
    assert file_digests([path]) == [sha("two")]


DAMAGED = [
    "",
    "[]",
    '{"version": 2}',
    '{"version": 2, "files": {"weights": [1]}}',
    '{"version": 2, "files": {"weights": []}}',
    "\0",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_memory_is_made_anew(tmp_path, memory, text):
    path = settled(tmp_path / "weights", "one")
    file_digests([path])
    (kept,) = memory.iterdir()
    kept.write_text(text, encoding="utf-8")
    assert file_digests([path]) == [sha("one")]


def test_without_a_place_for_the_memory(tmp_path):
    path = settled(tmp_path / "weights", "one")
    (tmp_path / "cache").write_text("in the way", encoding="utf-8")
    assert file_digests([path]) == [sha("one")]


def test_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = settled(tmp_path / "weights", "one")
    assert digests.user_cache() == tmp_path / "crosspan"
    assert file_digests([path]) == [sha("one")]
    assert len(list((tmp_path / "crosspan" / "seen").iterdir())) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert digests.user_cache().is_absolute()


def test_another_file_of_the_same_size_and_time_is_seen(tmp_path, reads):
    path = settled(tmp_path / "weights", "one")
    assert file_digest(path) == sha("one")
    other = settled(tmp_path / "other", "two")
    stamp = path.stat()
    os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    other.replace(path)  # swapped: another inode
    assert file_digest(path) == sha("two")
    path.write_text("six", encoding="utf-8")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # changed and dated back: the same inode
    assert file_digest(path) == sha("six")
    assert file_digest(path) == sha("six")
    assert len(reads) == 3


def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path, monkeypatch):
    path = settled(tmp_path / "weights", "one")
    inner = hashlib.file_digest

    def slowly(stream, name):
        found = inner(stream, name)
        settled(path, "other", age=50.0)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", slowly)
        file_digest(path)
    assert file_digest(path) == sha("other")


def test_a_folder_is_its_names_and_what_is_in_them(tmp_path):
    def folder(name, **files):
        for one, text in files.items():
            settled(tmp_path / name / one.replace("__", "/"), text)
        return file_digest(tmp_path / name)

    first = folder("a", b="b", a="a", sub__c="c")
    assert first == folder("b", sub__c="c", a="a", b="b")
    assert first == sha("\n".join(f"{name}\0{sha(name[-1])}" for name in ("a", "b", "sub/c")))
    others = [
        folder("c", b="b", a="a", sub__c="d"),
        folder("d", b="b", a="a", sub__d="c"),
        folder("e", b="b", a="a", c="c"),
        folder("f", b="b", a="a", sub__c="c", d=""),
    ]
    assert len({first, *others}) == 5
    settled(tmp_path / "a" / ".git" / "HEAD", "x")
    settled(tmp_path / "a" / "sub" / ".DS_Store", "x")
    settled(tmp_path / "a" / "__pycache__" / "a.pyc", "x")
    (tmp_path / "a" / "empty").mkdir()
    assert file_digest(tmp_path / "a") == first


def test_links_are_followed(tmp_path):
    settled(tmp_path / "blobs" / "1", "one")
    settled(tmp_path / "far" / "x", "x")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").symlink_to(tmp_path / "blobs" / "1")
    (tmp_path / "model" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "model" / "again").symlink_to(tmp_path / "model")
    (tmp_path / "model" / "nowhere").symlink_to(tmp_path / "no")
    first = file_digest(tmp_path / "model")
    settled(tmp_path / "far" / "x", "y")
    second = file_digest(tmp_path / "model")
    settled(tmp_path / "blobs" / "1", "two")
    assert len({first, second, file_digest(tmp_path / "model")}) == 3


def test_errors_in_words(tmp_path):
    with pytest.raises(FormatError, match="shown: no such file"):
        file_digest(tmp_path / "no", "shown")


def test_names_of_any_bytes(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    try:
        settled(tmp_path / "a" / name, "x").stat()
    except OSError:
        pytest.skip("the disk takes no such name")
    assert len({file_digest(tmp_path / "a"), file_digest(tmp_path / "a")}) == 1


def test_values(tmp_path):
    assert digest_of({"a": 1, "b": [1, (2,)]}) == digest_of({"b": (1, [2]), "a": 1})
    with pytest.raises(TypeError, match="object cannot be part of a key"):
        digest_of([object()])
