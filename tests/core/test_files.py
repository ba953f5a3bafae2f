from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest

from crosspan.core.errors import EncodingError, FormatError, OutputError
from crosspan.core.files import open_output, read_lines
from crosspan.core.types import Sentence
from crosspan.io import write


def put(path, content):
    path.write_bytes(content)
    return path


def test_lines_end_at_line_feeds_only(tmp_path):
    path = put(tmp_path / "a", "a\u2028b\u0085c\x0bd\x1ce\rf\r\ng".encode())
    assert list(read_lines(path)) == ["a\u2028b\u0085c\x0bd\x1ce\rf", "g"]


def test_one_byte_order_mark_goes(tmp_path):
    assert list(read_lines(put(tmp_path / "a", "\ufeff\ufeffa\n\ufeffb\n".encode()))) == ["\ufeffa", "\ufeffb"]


def test_broken_utf8_names_line_and_byte(tmp_path, monkeypatch):
    path = put(tmp_path / "a", b"one\ntwo\nna\xefve\n")
    for block in (1, 1 << 20):
        monkeypatch.setattr("crosspan.core.files._BLOCK", block)
        with pytest.raises(EncodingError, match="byte 3 of the line \\(0xef\\)") as caught:
            list(read_lines(path))
        assert caught.value.where == f"{path}:3"
        assert "iconv" in caught.value.hint


def test_utf16_is_recognised(tmp_path):
    with pytest.raises(EncodingError, match="UTF-16"):
        list(read_lines(put(tmp_path / "a", "abc".encode("utf-16"))))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        list(read_lines(tmp_path / "missing"))
    with pytest.raises(FormatError, match="a folder"):
        list(read_lines(tmp_path))
    with pytest.raises(FormatError, match="damaged"):
        list(read_lines(put(tmp_path / "a.gz", b"no gzip")))
    with pytest.raises(FormatError, match="damaged"):
        list(read_lines(put(tmp_path / "b.gz", gzip.compress(b"x" * 1000)[:-9])))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["out.conll", "out.jsonl", "out.conll.gz", "out.parquet"])
def test_an_interrupted_write_leaves_what_was_there(tmp_path, error, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = put(tmp_path / name, b"before")

    def corpus():
        for _ in range(20_000):
            yield Sentence(("a", "b"))
        raise error

    with pytest.raises(error):
        write(path, corpus())
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == [name]


def test_unwritable_places(tmp_path):
    with pytest.raises(OutputError, match="folder does not exist"):
        write(tmp_path / "no" / "a.conll", [Sentence(("a",))])
    with pytest.raises(OutputError, match="this is a folder"):
        write(tmp_path, [Sentence(("a",))], format="conll")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may not be written"):
        write(tmp_path / "a.conll", [Sentence(("a",))])


def test_permission_errors_become_output_errors(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OutputError, match="may not be written"):
        write(tmp_path / "a.conll", [Sentence(("a",))])
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("n_sentences", [1, 100_000])
def test_full_disk(n_sentences):
    with pytest.raises(OutputError, match="no space left"):
        write("/dev/full", (Sentence(("a",)) for _ in range(n_sentences)), format="conll")


def test_disk_full_while_writing_a_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="no space left"):
        write(tmp_path / "a.conll", [Sentence(("a",))])
    assert os.listdir(tmp_path) == []


def test_permissions_and_links_stay(tmp_path):
    real = put(tmp_path / "real.conll", b"x")
    real.chmod(0o640)
    link = tmp_path / "link.conll"
    link.symlink_to(real)
    write(link, [Sentence(("a",))])
    assert link.is_symlink()
    assert real.read_bytes() == b"a\tO\n\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_compressed_output_is_the_same_every_time(tmp_path):
    contents = []
    for name in ("a.gz", "b.gz"):
        with open_output(tmp_path / name) as stream:
            stream.write("ọ́\n")
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert gzip.decompress(contents[0]).decode() == "ọ́\n"
