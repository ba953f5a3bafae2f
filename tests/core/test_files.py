from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosspan.core.errors import EncodingError, FormatError, OutputError
from crosspan.core.files import atomic_binary, open_output
from crosspan.core.lines import read_lines
from crosspan.core.temporary import beside, others_beside
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
        monkeypatch.setattr("crosspan.core.lines._BLOCK", block)
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


def test_the_folder_is_on_disk_as_well(tmp_path, monkeypatch):
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("needs /proc")
    events = []
    real = {"fsync": os.fsync, "replace": os.replace}
    monkeypatch.setattr(
        os, "fsync", lambda number: (events.append(os.readlink(f"/proc/self/fd/{number}")), real["fsync"](number))
    )
    monkeypatch.setattr(os, "replace", lambda old, new: (events.append("move"), real["replace"](old, new)))
    with atomic_binary(tmp_path / "a") as stream:
        stream.write(b"x")
    assert [os.path.basename(event) for event in events[1:]] == ["move", tmp_path.name]
    assert os.path.basename(events[0]).startswith(".a.")


@pytest.mark.parametrize("name", ["a" * 255, "ọ" * 85, "a" * 251 + ".gz", "x"])
def test_names_of_any_length(tmp_path, name):
    for text in ("one", "two"):
        with open_output(tmp_path / name) as stream:
            stream.write(text)
    assert os.listdir(tmp_path) == [name]
    assert list(read_lines(tmp_path / name)) == ["two"]


def test_long_names_that_begin_alike_are_told_apart(tmp_path):
    one, other = tmp_path / ("a" * 254 + "b"), tmp_path / ("a" * 254 + "c")
    beside(one, "old").write_text("x")
    assert len(others_beside(one, "old")) == 1
    assert others_beside(other, "old") == []
    assert others_beside(tmp_path / "a", "old") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipes_and_links_to_them_are_written_through(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link.gz"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path, packed in ((pipe, False), (link, True)):
        reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
        with open_output(path) as stream:
            stream.write("ok")
        found = reader.communicate()[0]
        assert (gzip.decompress(found) if packed else found) == b"ok"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev/stdout")
@pytest.mark.parametrize("through", ["pipe", "file"])
def test_standard_output_by_its_name(tmp_path, through):
    code = "from crosspan.core.files import *\nwith open_output('/dev/stdout') as out: out.write('ok')\nprint('')"
    if through == "pipe":
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
        assert done.stdout == b"ok\n"
    else:
        (tmp_path / "out").write_text("before\n")
        with open(tmp_path / "out", "ab") as stream:
            subprocess.run([sys.executable, "-c", code], stdout=stream, check=True)
        assert os.listdir(tmp_path) == ["out"]
        assert (tmp_path / "out").read_text() == "before\nok\n"


def test_a_link_to_nothing_yet(tmp_path):
    (tmp_path / "link").symlink_to("later")
    with open_output(tmp_path / "link") as stream:
        stream.write("ok")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "later").read_text() == "ok"


def test_two_runs_share_no_temporary_file(tmp_path):
    with open_output(tmp_path / "a") as one, open_output(tmp_path / "a") as other:
        one.write("one")
        other.write("other")
    assert (tmp_path / "a").read_text() == "one"  # the last to end
    assert os.listdir(tmp_path) == ["a"]


def test_temporary_files_of_killed_runs_are_swept(tmp_path):
    old, new, other = (tmp_path / name for name in (".a.0123456789ab.tmp", ".a.ba9876543210.tmp", ".mine.tmp"))
    for path in (old, new, other):
        path.write_text("x")
    long_ago = time.time() - 7200
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    with open_output(tmp_path / "b") as stream:
        stream.write("ok")
    assert sorted(os.listdir(tmp_path)) == sorted([new.name, other.name, "b"])
