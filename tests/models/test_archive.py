from __future__ import annotations

import os
import shutil

import pytest

from crosspan.core.errors import ModelError, OutputError
from crosspan.models.archive import packed, unpack


def test_there_and_back(tmp_path):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "ŋ.txt").write_bytes(b"\x00\xff")
    (tmp_path / "a" / "deep" / "b").write_bytes(b"x" * 5000)
    data = packed(tmp_path / "a")
    os.utime(tmp_path / "a" / "ŋ.txt", (1, 1))
    os.chmod(tmp_path / "a" / "ŋ.txt", 0o600)
    assert packed(tmp_path / "a") == data
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old").write_text("gone")
    unpack(packed(tmp_path / "old"), tmp_path / "b")
    shutil.rmtree(tmp_path / "old")
    unpack(data, tmp_path / "b")
    assert packed(tmp_path / "b") == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_of_others_stays(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "weights").write_text("x")
    data = packed(tmp_path / "a")
    with pytest.raises(OutputError, match="something else"):
        unpack(data, tmp_path / "a")
    assert (tmp_path / "a" / "weights").read_text() == "x"


def test_what_is_no_archive(tmp_path):
    with pytest.raises(ModelError, match="cannot be unpacked"):
        unpack(b"no archive at all" * 100, tmp_path / "m")
    assert not list(tmp_path.iterdir())
