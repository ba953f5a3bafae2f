"""What of a recipe goes together, and what the ready recipes say."""

from __future__ import annotations

import tomllib

import pytest

from crosspan.core.errors import OptionError
from crosspan.pipeline import load_recipe
from crosspan.pipeline.recipes.ready import PLACES, about_recipe, ready_names, ready_recipe

LANGS = '[source]\nlang = "en"\n[target]\npath = "b.txt"\nlang = "lug"\n'
TEST = 'task = "translate-test"\n' + LANGS
TRANSLATE = '[translate]\nuse = "apertium"\n'


def load(tmp_path, text):
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [(TEST, 'r.toml:2: [source] has no path. Add path = "FILE". Or add [translate], which makes it.'),
     (TEST.replace('lang = "en"', 'path = "a.txt"\nlang = "en"') + TRANSLATE,
      "r.toml:3: [translate] makes the source, but [source] has a path"),
     ('[source]\npath = "a"\n[target]\n' + TRANSLATE, "[source] has no lang, and a translator must know it"),
     (TEST.replace('lang = "lug"\n', "") + TRANSLATE, "r.toml:4: [target] has no lang"),
     (TEST + '[translate]\nuse = "apertum"\n', "there is no such translator. Did you mean 'apertium'?"),
     (TEST + TRANSLATE + "guard.splt = 'long'\n", "[translate] has no key 'guard.splt'. Did you mean 'guard.split'?"),
     (TEST + TRANSLATE + "guard.split = 'sometimes'\n", "split is 'sometimes'"),
     (TEST + TRANSLATE + '[project]\nuse = "markers"\n', "markers cannot carry labels in the task translate-test"),
     ('[source]\npath = "a"\n[target]\npath = "b"\n[project]\nuse = "markers"\n',
      "r.toml:6: markers go through a translator, and there is none"),
     ('[source]\npath = "a"\nlang = "en"\n[target]\nlang = "es"\n' + TRANSLATE
      + '[project]\nuse = "markers"\nfilters = ["comp-src"]\n', "filters need word links, and markers make none"),
     ('[source]\npath = "a"\nlang = "en"\n[target]\nlang = "es"\n' + TRANSLATE + "[back_translate]\n",
      "[translate] makes the target, and [back_translate] would bring it back"),
     (TEST + TRANSLATE + '[align]\nuse = "none"\n', "candidates needs word links, and [align] makes none"),
     (TEST + TRANSLATE + '[align]\nuse = "none"\n[project]\nuse = "codec"\nmodel = "m"\nfilters = ["comp-src"]\n',
      "filters need word links, and [align] makes none"),
     ('task = "model-transfer"\n[target]\npath = "b"\n', "model-transfer needs a tagger for the sentences"),
     ('task = "model-transfer"\n[target]\npath = "b"\n[tag]\n[align]\n', "[align] has no place in the task"),
     (TEST + TRANSLATE + '[tag]\nuse = "transformers"\nmodel = "m"\nwords = "middle"\n', "words is 'middle'"),
     (TEST + TRANSLATE + '[align]\nuse = "simalign"\nmodel = "m"\nlayers = 8\n', "Did you mean 'layer'?"),
     (TEST + TRANSLATE + "[back_translate]\nmarkers.markers = 'stars'\n", "'stars'")],
)  # fmt: skip
def test_what_does_not_go_together_is_said(tmp_path, text, message):
    with pytest.raises(OptionError) as raised:
        load(tmp_path, text)
    assert message in str(raised.value)


@pytest.mark.parametrize("name", ready_names())
def test_a_ready_recipe_is_a_recipe(tmp_path, name):
    recipe = load(tmp_path, ready_recipe(name, dict.fromkeys(PLACES, "sw"), gold="gold.jsonl"))
    assert recipe.evaluate is not None
    assert about_recipe(name).endswith(".")
    # what it says resolved is what it says
    again = load(tmp_path, recipe.resolved())
    assert again.resolved() == recipe.resolved().replace('root = ".."', 'root = ".."')


def test_what_is_not_given_is_left_in_capitals():
    data = tomllib.loads(ready_recipe("align-source", {"TARGET_LANG": 'a "b"'}))
    assert (data["target"]["path"], data["target"]["lang"]) == ("TARGET", 'a "b"')


def test_a_name_that_is_not_there_names_the_nearest():
    with pytest.raises(OptionError, match="Did you mean 'align-source'"):
        ready_recipe("align-sourse")


def test_another_backend_does_not_get_the_options_of_the_one_before(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(ready_recipe("align-source", {"TARGET": "b.txt", "TARGET_LANG": "es", "SOURCE_LANG": "en"}))
    changes = [
        "tag.model=en",
        "tag.use=crf",
        "translate.use=apertium",
        "align.use=statistical",
        "project.use=heuristic",
    ]
    recipe = load_recipe(path, changes)
    assert recipe.tag.model == "en"
    assert (recipe.translate.use, recipe.translate.model) == ("apertium", "")
    assert recipe.align.options["hmm_iterations"] == 3
    # the same backend keeps what the file says
    assert recipe.project.options["merge_distance"] == 1
    assert recipe.project.options["pick"] == "best"
