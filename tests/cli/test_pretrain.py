from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    from crosspan.testing.tiny_models import corpus_lines

    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(corpus_lines()) + "\n")
    return str(path)


NEW = ("shape.layers=1", "shape.width=16", "shape.heads=2", "shape.vocabulary=200", "longest=24", "max_steps=3")


def options(*settings):
    return [part for one in settings for part in ("--set", one)]


@pytest.mark.parametrize("family", ["roberta", "t5"])
def test_from_scratch_and_further(text, tmp_path, capsys, family):
    out = tmp_path / "new"
    assert main(["pretrain", text, "--new", family, "--out", str(out), "--json", *options(*NEW)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["steps"] == 3
    assert report["objective"] == {"roberta": "masked", "t5": "spans"}[family]
    more = ["pretrain", text, "--encoder", str(out), "--out", str(tmp_path / "more"), *options("max_steps=2")]
    assert main(more) == 0
    assert "2 steps; perplexity of" in capsys.readouterr().err
    assert main(more) == 1
    assert "trained model already" in capsys.readouterr().err


def test_wrong_use(text, tmp_path, capsys):
    out = ["--out", str(tmp_path / "m")]
    assert main(["pretrain", text, *out]) == 2
    assert "one of --encoder and --new is needed" in capsys.readouterr().err
    assert main(["pretrain", text, *out, "--encoder", "e", "--set", "shape.width=3"]) == 2
    assert "shape.… is for new models" in capsys.readouterr().err
    assert main(["pretrain", text, *out, "--new", "gpt"]) == 2
    assert "family is 'gpt'" in capsys.readouterr().err
    assert main(["pretrain", text, *out, "--new", "t5", "--set", "shape.withd=3"]) == 2
    assert "Did you mean width" in capsys.readouterr().err
    assert main(["pretrain", str(tmp_path / "none.txt"), *out, "--new", "t5"]) == 1
    assert "none.txt" in capsys.readouterr().err
