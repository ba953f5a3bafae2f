from __future__ import annotations

import os

import pytest

from crosspan.core.errors import EncodingError, FormatError, OptionError, OutputError, UnavailableError
from crosspan.core.lines import read_lines
from crosspan.core.locks import locked
from crosspan.core.progress import Progress
from crosspan.translate import Translation, corpus
from crosspan.translate.corpus import translate_file

LANGUAGES = {"source": "en", "target": "es"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "SHARD", 2)
    (tmp_path / "in.txt").write_text("a\n\nb\u2028c\nd\ne\n", encoding="utf-8")
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_line_for_each(folder, fake):
    seen = []
    inner = fake()
    summary = translate_file(folder / "in.txt", folder / "out", inner, **LANGUAGES, progress=seen.append)
    assert (folder / "out").read_text(encoding="utf-8") == "A\n\nB\u2028C\nD\nE\n"
    assert inner.asked == [["a", ""], ["b\u2028c", "d"], ["e"]]
    assert (summary.lines, summary.empty, summary.problems.total()) == (5, 1, 0)
    assert seen[-1] == Progress("translating", 5, 5)
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert names(folder) == ["in.txt", "out"]


def test_what_is_not_to_be_trusted_stays_empty(folder, fake):
    unsound = []
    inner = fake({"a": Translation("x y", problem="odd: very"), "d": "two\nlines"})
    summary = translate_file(folder / "in.txt", folder / "out", inner, **LANGUAGES, on_unsound=unsound.append)
    assert (folder / "out").read_text(encoding="utf-8").split("\n") == ["", "", "B\u2028C", "two lines", "E", ""]
    assert summary.to_dict()["problems"] == {"odd": 1}
    assert [(one.line, one.problem, one.translation) for one in unsound] == [(1, "odd: very", "x y")]
    assert unsound[0].where.endswith("in.txt:1")
    assert '"problem": "odd: very"' in unsound[0].to_json()


@pytest.mark.parametrize("error", [KeyboardInterrupt, UnavailableError("the server sleeps")])
def test_what_is_finished_is_kept_and_said(folder, fake, error):
    def make(text):
        if text == "e":
            raise error
        return text.upper()

    kept = []
    (folder / "out").write_text("old")
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        translate_file(
            folder / "in.txt", folder / "out", fake(make=make), **LANGUAGES, on_kept=lambda *what: kept.append(what)
        )
    assert kept == [(str(folder / "out.part"), 4)]
    assert (folder / "out.part").read_text(encoding="utf-8") == "A\n\nB\u2028C\nD\n"
    assert (folder / "out").read_text() == "old"


def test_a_line_that_fails_costs_no_other(folder, fake):
    def make(text):
        if text == "d":
            raise ValueError("no such letter")
        return text.upper()

    unsound = []
    summary = translate_file(folder / "in.txt", folder / "out", fake(make=make), **LANGUAGES, on_unsound=unsound.append)
    assert (folder / "out").read_text(encoding="utf-8") == "A\n\nB\u2028C\n\nE\n"
    assert summary.to_dict()["problems"] == {"failed": 1}
    assert [(one.line, one.problem) for one in unsound] == [(4, "failed: ValueError: no such letter")]


def test_what_was_kept_is_never_lost(folder, fake):
    def make(text):
        if text == "e":
            raise KeyboardInterrupt
        return text.upper()

    kept = []
    for name in ("out", "out", "out.gz", "out.gz"):
        with pytest.raises(KeyboardInterrupt):
            translate_file(
                folder / "in.txt", folder / name, fake(make=make), **LANGUAGES, on_kept=lambda *what: kept.append(what)
            )
    assert [os.path.basename(part) for part, _ in kept] == ["out.part", "out.2.part", "out.part.gz", "out.2.part.gz"]
    for part, _ in kept:
        assert list(read_lines(part)) == ["A", "", "B\u2028C", "D"]
    translate_file(folder / "in.txt", folder / "out.gz", fake(), **LANGUAGES)
    assert len(list(read_lines(folder / "out.gz"))) == 5
    assert [name for name in names(folder) if ".part" in name] == ["out.2.part", "out.part"]
    (folder / "out.3.part").write_text("A\n\nsomething else\n")
    with open(folder / "out.part", "rb") as raw:  # as somebody who writes it holds it
        locked(raw.fileno(), wait=False)
        translate_file(folder / "in.txt", folder / "out", fake(), **LANGUAGES)
    assert [name for name in names(folder) if ".part" in name] == ["out.3.part", "out.part"]
    translate_file(folder / "in.txt", folder / "out", fake(), **LANGUAGES)
    assert [name for name in names(folder) if ".part" in name] == ["out.3.part"]


def test_nothing_is_left_where_nothing_was_finished(folder, fake):
    def make(text):
        raise KeyboardInterrupt

    kept = []
    with pytest.raises(KeyboardInterrupt):
        translate_file(
            folder / "in.txt", folder / "out", fake(make=make), **LANGUAGES, on_kept=lambda *what: kept.append(what)
        )
    assert kept == []
    assert names(folder) == ["in.txt"]


def test_bad_use(folder, fake):
    with pytest.raises(OptionError, match="is read and would be overwritten"):
        translate_file(folder / "in.txt", folder / "in.txt", fake(), **LANGUAGES)
    with pytest.raises(FormatError, match="no such file"):
        translate_file(folder / "none", folder / "out", fake(), **LANGUAGES)
    with pytest.raises(OutputError, match="the folder does not exist"):
        translate_file(folder / "in.txt", folder / "none" / "out", fake(), **LANGUAGES)
    (folder / "bad").write_bytes(b"a\n\xff\n")
    with pytest.raises(EncodingError, match="bad:2"):
        translate_file(folder / "bad", folder / "out", fake(), **LANGUAGES)
    assert names(folder) == ["bad", "in.txt"]
