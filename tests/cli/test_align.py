from __future__ import annotations

import json
import os
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from crosspan.cli import align as module
from crosspan.cli.align import command
from crosspan.core.errors import (
    EmptyInputError,
    EncodingError,
    FormatError,
    MissingDependencyError,
    ModelError,
    OptionError,
    OutputError,
    PairError,
)
from crosspan.core.progress import Progress
from crosspan.io import read_links

SOURCE = "the house\nthe book\na book\na house\nmy house\n"
TARGET = "das Haus\ndas Buch\nein Buch\nein Haus\nmein Haus\n"


@pytest.fixture
def files(tmp_path):
    source, target = tmp_path / "en.txt", tmp_path / "de.txt"
    source.write_text(SOURCE, encoding="utf-8")
    target.write_text(TARGET, encoding="utf-8")
    return source, target


def run(*arguments, **options):
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **options)


def links(path):
    return [list(zip(found.source.tolist(), found.target.tolist(), strict=True)) for found in read_links(path)]


def test_writes_links_with_probabilities(files, tmp_path):
    out = tmp_path / "links"
    result = run(*files, "--out", out)
    assert result.exit_code == 0
    found = list(read_links(out, lengths=[(2, 2)] * 5))
    assert all(alignment.prob[0] > 0.5 for alignment in found)
    assert any(0 < prob < 1 for alignment in found for prob in alignment.prob.tolist())
    assert f"{out}: 5 sentence pairs" in result.stderr
    assert result.stdout == ""


def test_options_change_the_links(files, tmp_path):
    out = tmp_path / "links"
    assert run(*files, "--out", out, "--min-prob", "0.5", "--no-prob", "--threads", "1", "--quiet").stderr == ""
    assert out.read_text() == "0-0 1-1\n" * 5
    assert run(*files, "--out", out, "--set", "min_prob=0", "--set", "smoothing.word=5").exit_code == 0
    assert [len(found) for found in links(out)] == [4] * 5


def test_standard_streams(files, tmp_path):
    arguments = ("--no-prob", "--min-prob", "0.5")
    result = run("-", files[1], *arguments, "--json", input=SOURCE)
    assert result.stdout == "0-0 1-1\n" * 5
    assert json.loads(result.stderr)["pairs"] == 5
    result = run(files[0], "-", *arguments, "--out", tmp_path / "o", "--json", input=TARGET)
    assert json.loads(result.stdout)["links"] == 10
    assert run("-", "-", input=SOURCE).exit_code == 2


def test_formats_are_found_and_labels_are_not_looked_at(files, tmp_path):
    labelled = tmp_path / "en.conll"
    labelled.write_text("".join(f"{a}\tI-X\n{b}\tB-\n\n" for a, b in map(str.split, SOURCE.splitlines())))
    out = tmp_path / "links"
    assert run(labelled, files[1], "--out", out, "--min-prob", "0.5").exit_code == 0
    assert links(out) == [[(0, 0), (1, 1)]] * 5
    files[0].write_text(SOURCE.replace("the", "the,house"))
    assert run(*files, "--from", "tokens", "--out", out).exit_code == 0
    list(read_links(out, lengths=[(2, 2)] * 5))


def test_bitext_is_learned_from(files, tmp_path):
    one, other = tmp_path / "1.txt", tmp_path / "2.txt"
    one.write_text("qua\nbrox\nqua brox\n")
    other.write_text("zim\nfelt\nfelt zim\n")
    source, target = tmp_path / "s.txt", tmp_path / "t.txt"
    source.write_text("brox qua\n")
    target.write_text("zim felt\n")
    out = tmp_path / "links"
    result = run(
        source, target, "--bitext", one, other, "--bitext", *files, "--out", out, "--min-prob", "0.3", "--json"
    )
    assert links(out) == [[(0, 1), (1, 0)]]
    assert json.loads(result.stdout)["pairs"] == 1


def test_models(files, tmp_path):
    first, again, model = tmp_path / "1", tmp_path / "2", tmp_path / "m.npz"
    assert run(*files, "--out", first, "--save-model", model).exit_code == 0
    assert run(*files, "--out", again, "--model", model).exit_code == 0
    assert first.read_bytes() == again.read_bytes()
    assert run(*files, "--out", again, "--model", model, "--min-prob", "0.99").exit_code == 0
    assert sum(map(len, links(again))) < sum(map(len, links(first)))
    more = tmp_path / "m2.npz"
    assert (
        run(*files, "--out", again, "--model", model, "--fit", "--bitext", *files, "--save-model", more).exit_code == 0
    )
    assert more.read_bytes() != model.read_bytes()
    result = run("-", files[1], "--model", model, "--no-prob", "--min-prob", "0.5", input=SOURCE)
    assert result.stdout == "0-0 1-1\n" * 5


@pytest.mark.parametrize("model_only", [False, True])
def test_unequal_counts(files, tmp_path, model_only):
    out, model = tmp_path / "links", tmp_path / "m.npz"
    run(*files, "--out", tmp_path / "x", "--save-model", model)
    more = ("--model", model) if model_only else ()
    files[0].write_text(SOURCE + "one more\nand another\n")
    error = run(*files, "--out", out, *more).exception
    assert isinstance(error, PairError)
    assert error.where == f"{files[0]}:6"
    assert str(files[1]) in str(error)
    assert "5 sentences" in str(error)
    error = run(files[1], files[0], "--out", out, *more).exception
    assert isinstance(error, PairError)
    assert error.where == f"{files[0]}:6"
    assert not out.exists()
    files[0].write_text(SOURCE)
    labelled = tmp_path / "more.conll"
    labelled.write_text("a O\nb O\n\nc O\n\n" * 3)
    error = run(*files, "--bitext", labelled, files[1], "--out", out).exception
    assert isinstance(error, PairError)
    assert error.where == f"{labelled}:14"


def test_an_error_leaves_what_was_there(files, tmp_path):
    out = tmp_path / "links"
    out.write_text("old\n")
    files[0].write_bytes(b"a\nb\n\xff\n")
    assert isinstance(run(*files, "--out", out).exception, EncodingError)
    assert out.read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["de.txt", "en.txt", "links"]


def test_ctrl_c_leaves_nothing(files, tmp_path, monkeypatch):
    def interrupted(self, alignments):
        yield next(iter(alignments))
        raise KeyboardInterrupt

    monkeypatch.setattr(module._Tally, "through", interrupted)
    result = run(*files, "--out", tmp_path / "links", "--save-model", tmp_path / "m.npz")
    assert result.exit_code != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["de.txt", "en.txt"]


def test_empty_lines_keep_their_place(tmp_path):
    source, target, out = tmp_path / "s.txt", tmp_path / "t.txt", tmp_path / "links"
    source.write_text("\ufeffthe house\r\n\r\na book\r\n", encoding="utf-8")
    target.write_text("das Haus\n\n\n", encoding="utf-8")
    result = run(source, target, "--out", out)
    assert [bool(found) for found in links(out)] == [True, False, False]
    assert "2 pairs without links" in result.stderr


def test_nothing_to_learn_from(tmp_path):
    source, target = tmp_path / "s.txt", tmp_path / "t.txt"
    source.write_text("\n\n")
    target.write_text("a\nb\n")
    assert isinstance(run(source, target).exception, EmptyInputError)
    source.write_text("")
    assert isinstance(run(source, target).exception, EmptyInputError)
    assert isinstance(run(tmp_path / "none.txt", target).exception, FormatError)


def test_nowhere_to_write_is_said_first(files, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_aligner", lambda *_: pytest.fail("began to work"))
    for option in ("--out", "--save-model"):
        error = run(*files, option, tmp_path / "no" / "x").exception
        assert isinstance(error, OutputError)
        assert error.where == str(tmp_path / "no" / "x")
        assert isinstance(run(*files, option, tmp_path).exception, OutputError)
    if os.getuid() != 0:
        tmp_path.chmod(0o500)
        assert isinstance(run(*files, "--out", tmp_path / "x").exception, OutputError)


def test_other_errors(files, tmp_path, monkeypatch):
    error = run(*files, "--set", "p_nul=0.1").exception
    assert isinstance(error, OptionError)
    assert "p_null" in str(error)
    assert isinstance(run(*files, "--set", "p_null").exception, OptionError)
    assert isinstance(run(*files, "--model", files[0]).exception, ModelError)
    monkeypatch.setitem(__import__("sys").modules, "systran_align", None)
    assert isinstance(run(*files, "--aligner", "fast_align").exception, MissingDependencyError)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fit"],
        ["--model", "m", "--bitext", "a", "b"],
        ["--model", "m", "--set", "p_null=0.1"],
        ["--aligner", "fast_align", "--model", "m"],
        ["--aligner", "fast_align", "--save-model", "m"],
        ["--aligner", "eflomal"],
        ["--threads", "0"],
        ["--min-prob", "1.1"],
        ["--bitext", "-", "-"],
    ],
)
def test_usage(files, arguments):
    result = run(*files, *arguments)
    assert result.exit_code == 2
    assert "Error" in result.stderr


def test_fast_align(files, tmp_path):
    pytest.importorskip("systran_align", reason="the extra fast-align is not installed")
    out = tmp_path / "links"
    result = run(*files, "--out", out, "--aligner", "fast_align", "--set", "symmetrization=intersection")
    assert result.exit_code == 0
    assert links(out) == [[(0, 0), (1, 1)]] * 5


def test_progress(files, tmp_path, monkeypatch):
    asked, seen = [], []

    @contextmanager
    def bars(*, quiet):
        asked.append(quiet)
        yield seen.append

    monkeypatch.setattr(module, "progress_bars", bars)
    assert run(*files, "--out", tmp_path / "links").exit_code == 0
    assert run(*files, "--out", tmp_path / "links", "--quiet").exit_code == 0
    assert asked == [False, True]
    assert [one.stage for one in seen if one.done == one.total] == ["learning", "aligning"] * 2
    assert Progress("aligning", 5, 5) in seen


def test_help():
    assert "Link words of SOURCE" in run("--help").stdout
