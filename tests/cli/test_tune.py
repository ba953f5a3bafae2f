from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crosspan.core.errors import AlignmentError, OptionError, OutputError, PairError

pytest.importorskip("torch")
pytest.importorskip("transformers")

from crosspan.cli.align import command as align
from crosspan.cli.tune import command as tune
from crosspan.io import read_links
from crosspan.testing.tiny_models import save_mbert

SETTINGS = [f"--set={setting}" for setting in ("layer=2", "max_steps=3", "batch=4", "objectives=self_training,mlm")]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    save_mbert(folder / "model")
    (folder / "en.txt").write_text("the house\nthe book\na book\na house\nmy house\n" * 2, encoding="utf-8")
    (folder / "de.txt").write_text("das Haus\ndas Buch\nein Buch\nein Haus\nmein Haus\n" * 2, encoding="utf-8")
    return folder


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_tunes_and_aligns(files, tmp_path):
    sides = files / "en.txt", files / "de.txt"
    result = run(tune, *sides, "--model", files / "model", "--out", tmp_path / "tuned", "--threads", 1, *SETTINGS)
    assert result.exit_code == 0, result.output
    assert "10 sentence pairs, 3 steps; losses: self_training" in result.stderr
    out = tmp_path / "links"
    options = ["--aligner=awesome", f"--set=model={tmp_path / 'tuned'}", "--set=layer=2", "--min-prob=0.01"]
    result = run(align, *sides, "--out", out, "--threads", 1, *options)
    assert result.exit_code == 0, result.output
    assert all(len(found) for found in read_links(out, lengths=[(2, 2)] * 10))
    again = run(tune, *sides, "--model", files / "model", "--out", tmp_path / "tuned", *SETTINGS)
    assert isinstance(again.exception, OutputError)


def test_learns_from_links_and_writes_json(files, tmp_path):
    links = tmp_path / "links.txt"
    links.write_text("0-0 1-1\n" * 10)
    arguments = [files / "en.txt", files / "de.txt", "--model", files / "model", "--out", tmp_path / "tuned"]
    result = run(tune, *arguments, "--links", links, "--json", "--threads", 1, *SETTINGS)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["steps"] == 3


@pytest.mark.parametrize(
    ("lines", "error"), [("0-0\n", PairError), ("0-0 1-1\n" * 11, PairError), ("0-7\n" * 10, AlignmentError)]
)
def test_links_that_do_not_fit(files, tmp_path, lines, error):
    links = tmp_path / "links.txt"
    links.write_text(lines)
    arguments = [files / "en.txt", files / "de.txt", "--model", files / "model", "--out", tmp_path / "tuned"]
    assert isinstance(run(tune, *arguments, "--links", links, *SETTINGS).exception, error)


def test_unknown_setting(files, tmp_path):
    arguments = [files / "en.txt", files / "de.txt", "--model", files / "model", "--out", tmp_path / "tuned"]
    result = run(tune, *arguments, "--set", "epoch=3")
    assert isinstance(result.exception, OptionError)
    assert "Did you mean epochs" in str(result.exception)


@pytest.mark.parametrize("aligner", ["simalign", "awesome", "transalign", "cross_attention"])
def test_aligner_without_a_model(files, tmp_path, aligner):
    result = run(align, files / "en.txt", files / "de.txt", "--out", tmp_path / "links", "--aligner", aligner)
    assert isinstance(result.exception, OptionError)
    assert "Name" in str(result.exception)
    assert not (tmp_path / "links").exists()


def test_model_files_are_not_pre_trained_models(files, tmp_path):
    result = run(align, files / "en.txt", files / "de.txt", "--aligner", "awesome", "--model", files / "model")
    assert result.exit_code == 2
    assert "--set model=NAME" in result.stderr
