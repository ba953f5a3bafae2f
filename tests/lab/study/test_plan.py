from __future__ import annotations

import tomllib

import pytest

from crosspan.core.errors import CrosspanError, FormatError, OptionError
from crosspan.lab.study.data import evenly, load_data
from crosspan.lab.study.grid import cells_of
from crosspan.lab.study.plan import load_plan
from crosspan.lab.study.shipped import ready_study, study_names

LEAST = '[train]\npath = "en.iob2"\n[[encoder]]\nname = "a"\n[[test]]\nsuite = "uner"\nlanguages = ["da"]\n'


def plan_of(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    return load_plan(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"sede = [1]\n{LEAST}", "s.toml:1: there is no key 'sede'. Did you mean 'seeds'?"),
        (f"seeds = [1, 1]\n{LEAST}", "Name each seed once"),
        (f'keep = "some"\n{LEAST}', "Choose one of none, encoders, all"),
        (
            LEAST.replace("[train]", '[train]\nlabel = "PER"'),
            r"s.toml:2: \[train\] has no key 'label'. Did you mean 'labels'?",
        ),
        (
            LEAST.replace("[train]", "[train]\noptions = {epoch = 1}"),
            "s.toml:2: there is no setting 'epoch'. Did you mean epochs?",
        ),
        (LEAST.replace("[train]", "[train]\noptions = {seed = 1}"), "seed is set by the study itself"),
        (LEAST.replace('name = "a"', ""), "s.toml:3: an encoder has no name"),
        (LEAST.replace("[train]", '[train]\nuse = "token-clasifier"'), "s.toml:2: .*Did you mean 'token-classifier'?"),
        (LEAST + '[[mode]]\nuse = "advpicker"\n', "needs text of the target languages"),
        (LEAST + '[[mode]]\nuse = "crf"\nhidden = 3\n', "s.toml:10: there is no setting 'hidden'"),
        (LEAST + '[[encoder]]\nname = "a"\n', "s.toml:8: 'a' is there twice"),
        (LEAST + '[[mode]]\nmode = "reversal"\n', "needs text of the target languages"),
        (LEAST + '[[mode]]\nmode = "reversed"\n[unlabelled.files]\nda = "x"\n', "Choose one of none, reversal"),
        (
            LEAST + '[[mode]]\nmode = "none"\n[unlabelled.files]\nda = "x"\n',
            "'none' is there twice. none is always run",
        ),
        (LEAST.replace('name = "a"', 'name = "a"\nshape = {layers = 1}'), "no text to pre-train"),
        (
            LEAST.replace('name = "a"', 'name = "a"\nshape = {layer = 1}') + '[pretrain]\ntext = "x"\n',
            "s.toml:5: there is no setting 'layer'. Did you mean layers?",
        ),
        (LEAST.replace("[[test]]", "[test]"), r"s.toml:5: test is no list of tables. Write \[\[test\]\]"),
        (
            LEAST + '[[mode]]\nname = "p"\nuse = "advpicker"\nencoders = ["b"]\n[unlabelled.files]\nda = "x"\n',
            "s.toml:11: there is no encoder 'b'",
        ),
        ("seeds = 3\n" + LEAST, "s.toml:1: seeds is 3, not a list"),
        (LEAST.partition("[[test]]")[0], r"s.toml: there is no \[\[test\]\]"),
        (LEAST + "[limits]\nmax_hours = -1\n", "s.toml:9: max_hours is -1.0"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(tmp_path, text, said):
    with pytest.raises(OptionError, match=said):
        plan_of(tmp_path, text)


def test_without_data_it_is_said_how_to_name_it(tmp_path, monkeypatch):
    monkeypatch.delenv("CROSSPAN_DATA", raising=False)
    nowhere = plan_of(tmp_path, LEAST.replace('suite = "uner"', 'suite = "uner"\nfolder = "ner/uner"'))
    for plan in (nowhere, plan_of(tmp_path, LEAST)):  # no folder of the test set, and a folder without its files
        with pytest.raises(CrosspanError) as caught:
            load_data(plan)
        assert "set CROSSPAN_DATA" in caught.value.hint
        assert 'data = "FOLDER"' in caught.value.hint


def test_what_is_no_toml(tmp_path):
    with pytest.raises(FormatError, match="not TOML"):
        plan_of(tmp_path, "seeds = [")


def test_the_resolved_study_is_the_same_study(world, tmp_path):
    plan = load_plan(world / "study.toml")
    text = plan.resolved()
    (tmp_path / "data").symlink_to(world / "data")
    again = plan_of(tmp_path, text)
    assert again.resolved() == text
    assert tomllib.loads(text)["encoder"][1]["shape"]["family"] == "t5"
    keys = [[cell.key for cell in cells_of(one, load_data(one))] for one in (plan, again)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("name", study_names())
def test_ready_studies_can_be_read(tmp_path, name):
    plan = plan_of(tmp_path, ready_study(name))
    assert [mode.name for mode in plan.modes[:2]] == ["none", "reversal"]
    assert all(encoder.kind for encoder in plan.encoders)  # a family, whose members a line joins
    assert plan.general.caveats
    tested = {
        lang.partition("-")[2] or lang for test in plan.tests for lang in test.languages if test.suite == "hipe-2022"
    }
    assert tested <= {lang for members in plan.groups.values() for lang in members}


def keys_with(world, old, new):
    text = (world / "study.toml").read_text(encoding="utf-8")
    assert old in text
    path = world / "changed.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    plan = load_plan(path)
    return {cell.label: cell.key for cell in cells_of(plan, load_data(plan))}


def test_a_key_changes_with_all_that_a_result_depends_on_and_with_nothing_else(world):
    before = keys_with(world, "", "")
    assert len({*before.values()}) == len(before) == 9

    def changed(old, new):
        after = keys_with(world, old, new)
        return {label for label, key in before.items() if after.get(label) != key}

    assert changed('title = "A tiny study"', 'title = "Another"') == set()
    assert changed('"west" = ["da"]', '"west" = []') == set()
    taggers = {label for label in before if "pre-training" not in label}
    assert changed("epochs = 1", "epochs = 2") == taggers
    assert changed("batch_size = 8", "batch_size = 9") == taggers
    assert changed("limit = 10", "limit = 9") == taggers
    assert changed("hidden = 8", "hidden = 9") == {label for label in before if "reversal" in label}
    assert changed("limit = 20", "limit = 19") == {label for label in before if "reversal" in label}
    assert changed("width = 16", "width = 32") == {label for label in before if label.startswith("made")}
    assert changed("max_steps = 4", "max_steps = 5") == {label for label in before if label.startswith("made")}
    assert changed("save_every = 2", "save_every = 3") == set()


def test_a_training_for_each_language_is_scored_on_that_language(world):
    text = (world / "study.toml").read_text(encoding="utf-8").replace("[unlabelled]", "[unlabelled]\ntogether = false")
    path = world / "apart.toml"
    path.write_text(text, encoding="utf-8")
    plan = load_plan(path)
    cells = [cell for cell in cells_of(plan, load_data(plan)) if cell.encoder == "ready" and cell.seed == 1]
    assert [(cell.mode, cell.target, cell.tests) for cell in cells] == [
        ("none", "", ("uner/da-ddt", "uner/hr-set")),
        ("reversal", "da", ("uner/da-ddt",)),
        ("reversal", "hr", ("uner/hr-set",)),
    ]


def test_missing_text_is_an_error_and_a_missing_test_set_a_remark(world, tmp_path):
    text = (world / "study.toml").read_text(encoding="utf-8")
    path = world / "missing.toml"
    path.write_text(text.replace('languages = ["da", "hr"]', 'languages = ["da", "sk"]'), encoding="utf-8")
    data = load_data(load_plan(path))
    assert [test.key for test in data.tests] == ["uner/da-ddt"]
    assert "no sk_snk-ud-test.iob2" in data.missing["uner/sk-snk"]
    path.write_text(text.replace('hr = "hr.txt"', 'hr = "no.txt"'), encoding="utf-8")
    with pytest.raises(FormatError, match="no such file"):
        load_data(load_plan(path))


def test_without_data_the_error_names_how_to_name_it(tmp_path, monkeypatch):
    monkeypatch.delenv("CROSSPAN_DATA", raising=False)
    with pytest.raises(FormatError, match=r'set CROSSPAN_DATA, or write data = "FOLDER"'):
        load_data(plan_of(tmp_path, ready_study("scale-small")))


def test_a_ready_study_that_was_not_written_yet_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match="crosspan new study --ready scale-small"):
        load_plan("scale-small")


def test_rows_at_even_distances():
    assert evenly(range(10), 4) == [0, 2, 5, 7]
    assert evenly(range(3), 0) == evenly(range(3), 5) == [0, 1, 2]


def test_a_mode_may_be_tried_with_some_encoders_alone(world, tmp_path):
    text = (
        (world / "study.toml")
        .read_text(encoding="utf-8")
        .replace('mode = "reversal"', 'mode = "reversal"\nencoders = ["made"]')
    )
    path = world / "some.toml"
    path.write_text(text, encoding="utf-8")
    plan = load_plan(path)
    assert 'encoders = ["made"]' in plan.resolved()
    cells = cells_of(plan, load_data(plan))
    assert {(one.encoder, one.mode) for one in cells if one.kind == "train"} == {
        ("ready", "none"),
        ("made", "none"),
        ("made", "reversal"),
    }


def test_cells_do_not_depend_on_what_ready_studies_say():
    """Their files lie in a package of their own: else a change of one would run every study again."""
    from crosspan.core import sources

    package = sources._package("crosspan")
    beside = [name for folder, data in package.folders.items() if folder.endswith("/lab/study") for name in data]
    assert not beside
    for name in study_names():
        assert ready_study(name)
