from __future__ import annotations

import tomllib

import pytest

from crosspan.cli import new
from crosspan.cli.main import main
from crosspan.pipeline import load_recipe
from crosspan.pipeline.recipes.tables import TASKS


def run(capsys, *words):
    code = main(["new", "recipe", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_tasks_are_those_of_recipes():
    assert tuple(TASKS) == new.TASKS


def test_a_recipe_that_runs_as_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "en.conll").write_text("Ada B-PER\nsings O\n")
    (tmp_path / "data" / "sw.txt").write_text("Ada anaimba\n")
    (tmp_path / "recipes").mkdir()
    words = ["--source", "data/en.conll", "--target", "data/sw.txt", "--target-lang", "sw", "--out", "recipes/a.toml"]
    code, out, err = run(capsys, *words)
    assert (code, out) == (0, "")
    assert "crosspan run recipes/a.toml --dry-run" in err
    recipe = load_recipe("recipes/a.toml")
    assert (recipe.source.path, recipe.target.lang) == ("../data/en.conll", "sw")
    assert main(["run", "recipes/a.toml", "--quiet"]) == 0
    assert (tmp_path / "recipes" / "a.out" / "labelled.jsonl").exists()


def test_all_that_can_be_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(
        capsys, "--task", "translate-train", "--source", "a", "--target", "b", "--source-lang", "en", "--tagger", "en",
        "--bitext", "c", "d", "--bitext", "e", "f", "--predict", "g", "--gold", "h", "--results", "r", "--out", "-",
    )  # fmt: skip
    assert code == 0
    found = tomllib.loads(out)
    assert found["bitext"]["files"] == [["c", "d"], ["e", "f"]]
    assert (found["tag"]["model"], found["predict"]["path"], found["evaluate"]["path"]) == ("en", "g", "h")
    assert found["out"] == "r"
    code, out, _ = run(capsys, "--task", "ensemble", "--model", "x/m.crf", "--tagger", "x/en.crf", "--out", "-")
    assert code == 0
    found = tomllib.loads(out)
    assert (found["ensemble"]["model"], found["tag"]["model"]) == ("x/m.crf", "x/en.crf")


def test_every_option_where_all_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "--out", "-")
    assert code == 0
    assert "smoothing.spelling" not in out
    code, out, _ = run(capsys, "--all", "--out", "-")
    assert code == 0
    assert "# smoothing.spelling = 7.0" in out
    code, _, err = run(capsys, "--all", "--pipeline", "codec", "--out", "-")
    assert code == 2
    assert "--all does not go with --pipeline" in err


def test_no_recipe_is_replaced_unasked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.toml").write_text("mine")
    code, _, err = run(capsys)
    assert code == 2
    assert "'recipe.toml' is there already" in err
    assert (tmp_path / "recipe.toml").read_text() == "mine"
    assert run(capsys, "--force")[0] == 0
    assert (tmp_path / "recipe.toml").read_text().startswith("# Recipe for crosspan")


@pytest.mark.parametrize("words", [["--task", "translate"], ["--out", "no/such/folder/r.toml"]])
def test_what_is_wrong(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *words)
    assert code in (1, 2)
    assert "Traceback" not in err


def test_ready_studies(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "study", "--ready", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "scale-e5", "scale-full", "scale-small",
    ]  # fmt: skip
    assert main(["new", "study"]) == 0
    assert "crosspan study scale-e5.toml --out scale-e5 --dry-run" in capsys.readouterr().err
    assert tomllib.loads((tmp_path / "scale-e5.toml").read_text())["name"] == "scale-e5"
    assert main(["new", "study"]) == 2  # it is there
    assert main(["new", "study", "--ready", "scale-ful", "--out", "a.toml"]) == 2
    assert "Did you mean 'scale-full'?" in capsys.readouterr().err
    assert main(["new", "study", "--source", "x", "--out", "a.toml"]) == 2
    assert "--source is for recipes" in capsys.readouterr().err
    assert main(["new", "recipe", "--ready", "scale-small", "--out", "-"]) == 2
