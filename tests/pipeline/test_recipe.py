from __future__ import annotations

import itertools
import re

import pytest

from crosspan.core.errors import FormatError, OptionError
from crosspan.pipeline import load_recipe, new_recipe
from crosspan.pipeline.recipes.tables import TASKS

START = '[source]\npath = "a.conll"\n[target]\npath = "b.txt"\n'


def load(tmp_path, text, *settings, **options):
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path, settings, **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [('tusk = "project"\n' + START, "r.toml:1: there is no key 'tusk'. Did you mean 'task'?"),
     (START + '[output]\nformt = "jsonl"\n', "r.toml:6: [output] has no key 'formt'. Did you mean 'format'?"),
     ("[sorce]\n" + START, "r.toml:1: there is no key 'sorce'. Did you mean 'source'?"),
     (START + "[align]\nhmm_iteration = 3\n",
      "r.toml:6: [align] has no key 'hmm_iteration'. Did you mean 'hmm_iterations'?"),
     (START + "[align.smoothing]\nwird = 3\n",
      "r.toml:6: [align] has no key 'smoothing.wird'. Did you mean 'smoothing.word'?"),
     (START + '[align]\nuse = "statistic"\n',
      "r.toml:6: use is 'statistic', and there is no such aligner. Did you mean 'statistical'?"),
     (START.replace("path", "pth", 1), "r.toml:2: [source] has no key 'pth'. Did you mean 'path'?"),
     (START + "[align]\nhmm_iterations = 1.5\n", "r.toml:6: hmm_iterations is 1.5, which is not a whole number."),
     (START + "[align]\np_null = 2\n", "r.toml:6: p_null is 2.0."),
     (START + '[align]\nuse = "links"\n', 'needs a path'),
     (START + '[project]\nfilters = ["comp-scr"]\n', "r.toml:6: there is no filter 'comp-scr'. Did you mean comp-src?"),
     (START + "[project.weights]\nmas = 1\n", "there is no score called 'mas'"),
     (START + "[project]\nmin_confidence = 2\n", "the least confidence is 2.0"),
     (START + '[project]\nuse = "heuristic"\nreach = 2\n', "[project] has no key 'reach'"),
     ('task = "translate-trian"\n' + START, "r.toml:1: task is 'translate-trian'. Did you mean 'translate-train'?"),
     (START + "[train]\n", "r.toml:5: [train] has no place in the task project."),
     ('task = "translate-train"\n' + START + "[train.noise]\nmin_confidense = 1\n",
      "Did you mean 'noise.min_confidence'?"),
     ('task = "translate-train"\n' + START + '[train.noise]\ndropped = "kep"\n', "dropped is 'kep'"),
     ('task = "ensemble"\n' + START, "[ensemble] has no model."),
     ('[source]\npath = "a"\n', "[target] has no path."),
     (START + '[evaluate]\nscheme = "IOB3"\n', "scheme is 'IOB3'"),
     (START + "[bitext]\nfiles = ['a']\n", "files holds 'a'. Write pairs of files"),
     ('align = "statistical"\n' + START, "r.toml:1: align is a table. Write [align] on a line."),
     (START + '[source.path]\nx = 1\n', "this is not TOML")],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, message):
    with pytest.raises((OptionError, FormatError)) as raised:
        load(tmp_path, text)
    assert message in str(raised.value)


def test_set_changes_the_recipe(tmp_path):
    found = load(
        tmp_path, START, "align.hmm_iterations=2", "align.smoothing.word=3", "source.lang=no", "seed=4",
        "bitext.files=[['x.en', 'x.sw']]", "project.stop_words=!,?", "project.memory=false", "tag.adapt=off",
        "align.p-null=1e-3",
    )  # fmt: skip
    assert found.align.options["hmm_iterations"] == 2
    assert found.align.options["smoothing.word"] == 3.0
    assert found.align.options["p_null"] == 0.001
    assert found.source.lang == "no"
    assert found.general.seed == 4
    assert found.bitext.files == (["x.en", "x.sw"],)
    assert found.project.options["stop_words"] == ("!", "?")
    assert found.project.options["memory"] is False
    assert found.tag is not None
    assert not found.tag.adapt


@pytest.mark.parametrize(
    ("setting", "message"),
    [("align", "not of the form KEY=VALUE"),
     ("task.x=1", "task is one value, no table"),
     ("seeed=1", "Did you mean 'seed'?")],
)  # fmt: skip
def test_set_that_does_not_fit(tmp_path, setting, message):
    with pytest.raises(OptionError, match=message):
        load(tmp_path, 'task = "project"\n' + START, setting)


def test_the_resolved_recipe_is_the_same_recipe(tmp_path):
    text = START + "[tag]\n[align.smoothing]\nword = 7\n[project]\nweights.align = 1.5\nmin_confidence = 0.25\n"
    one = load(tmp_path, text, out=tmp_path / "deep" / "out", limit=9)
    one.out.mkdir(parents=True)
    resolved = one.out / "recipe.resolved.toml"
    resolved.write_text(one.resolved(), encoding="utf-8")
    other = load_recipe(resolved)
    assert other.resolved() == one.resolved()
    assert (other.out, other.folder, other.general.limit) == (one.out, one.folder, 9)
    assert other.path("a.conll") == tmp_path / "a.conll"
    assert other.project.options["weights.align"] == 1.5


def opened(text):
    """A new recipe with what is commented out put into force, but for names that are to be filled in."""
    lines = [
        line.removeprefix("# ") if line[:2] == "# " and (" = " in line or "[" in line) else line
        for line in text.split("\n")
    ]
    return "\n".join(line for line in lines if line != 'path = ""' and "weights.NAME" not in line)


def without(text, *tables):
    """A recipe without some of its tables, which are commented out in it."""
    parts = re.split(r"(?m)^(?=# \[|\[)", text)
    return "".join(part for part in parts if part.split("]")[0].lstrip("# [") not in tables)


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_what_a_new_recipe_has_as_comments_is_the_default(tmp_path, task, everything):
    text = new_recipe(task, {"source": {"path": "a"}, "target": {"path": "b"}}, everything=everything)
    # a translator makes a side that is given here, so its tables stay closed
    found, everything = load(tmp_path, text), load(tmp_path, opened(without(text, "translate", "back_translate")))
    assert found.general.task == task
    for table in ("general", "align", "project", "train", "output"):
        assert getattr(everything, table) == getattr(found, table)


def test_every_option_of_a_new_recipe_has_a_line_on_it():
    for task, everything in itertools.product(TASKS, (False, True)):
        lines = new_recipe(task, everything=everything).split("\n")
        for before, line in itertools.pairwise(lines):
            if line.startswith("# ") and " = " in line and "NAME" not in line:
                assert before.startswith("##"), line


@pytest.mark.parametrize("task", TASKS)
def test_a_new_recipe_has_what_it_uses_and_says_where_the_rest_is(task):
    text = new_recipe(task)
    whole = new_recipe(task, everything=True)
    assert len(text.split("\n")) < 120
    assert {line for line in text.split("\n") if " = " in line} <= {*whole.split("\n")}
    assert "nmt." not in text
    assert "[back_translate]" not in text.partition("\n\n")[2]
    assert f"crosspan new recipe --task {task} --all" in text
    assert "crosspan backends" in text
    if task != "model-transfer":
        assert "[translate]" in text.partition("\n\n")[0]
        assert "# [translate]" in whole
