"""No result takes the place of what is read: every path that a verb or a recipe reads against every one it writes.

The paths are those that the parameters of the verbs and the tables of recipes declare, so that a new one is tried here
by itself. A new parameter of plain text is a failure until somebody says below that it holds no path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path

import click
import pytest
from tests.faults.commands import command_of
from tests.faults.places import snapshot, watched

from crosspan.cli import places
from crosspan.cli.main import VERBS, main
from crosspan.cli.places import InFile, InModel, InNames, OutFile, OutFolder, OutPlace, PlaceType, SettingType, Verb
from crosspan.core.model_options import names_a_cache, names_a_model
from crosspan.core.options import flat
from crosspan.pipeline import load_recipe
from crosspan.pipeline.outputs import result_names
from crosspan.pipeline.recipes.backends import FAMILIES, OWN, default_options
from crosspan.pipeline.recipes.places import FILES, places_kept, places_read
from crosspan.pipeline.recipes.tables import ONLY_IN, TABLES, TASKS, General
from crosspan.project.matchers import MATCHERS
from crosspan.project.scorers import SCORERS

# --- what holds no path, though it is text

WORDS = {
    *("average", "baseline", "columns", "devices", "filters", "from_language", "gold_columns", "ignore"),
    *("ignore_labels", "labels", "lang", "languages", "pipeline", "ready", "shape", "source_lang", "suite"),
    *("license", "target_columns", "target_lang", "title", "to_language", "weights"),
    *("encoding", "gold_tag_column", "kind", "pred_columns", "pred_tag_column", "source_columns", "tag_column"),
    *("target_encoding", "topic", "who", "host", "on"),
}
"""Parameters of verbs."""

OPTION_WORDS = {
    *("align_form", "base", "blank", "candidates", "classes", "close_marker", "columns", "confidence", "constraint"),
    *("layer", "min_prob", "vocabulary", "reach", "balance", "link_kind"),
    *("encoding", "offsets", "tag_column", "tag_names"),
    *("counts", "device", "directions", "dropped", "dtype", "extraction", "filters", "format", "ignore_labels"),
    *(
        "key_variable",
        "labels",
        "lang",
        "learn_from",
        "level",
        "lora_targets",
        "loss",
        "markers",
        "marks",
        "match",
        "matcher",
        "method",
    ),
    *("mode", "names", "needed", "open_marker", "others", "pick", "precision", "prefix", "prompt", "repair"),
    *("romanize", "schedule", "scheme", "scores", "source_lang", "split", "stop_words", "symmetrization", "system"),
    *("target_lang", "task", "units", "url", "use", "words"),
}
"""Keys of recipes and options of components."""

OUT_OF_PLACE = {"out", "root"}
"""Keys of recipes that are looked at by name: where results go, and where paths start from."""


# --- the parameters of the verbs


def is_a(parameter: click.Parameter, of: str) -> bool:
    """Whether a parameter names what is read, or what is written."""
    return isinstance(parameter.type, PlaceType) and getattr(type(parameter.type), of) is not getattr(PlaceType, of)


@pytest.mark.parametrize("verb", VERBS)
def test_every_parameter_says_whether_it_holds_a_path(verb):
    command = command_of(verb)
    assert isinstance(command, Verb)
    text = {parameter.name for parameter in command.params if isinstance(parameter.type, click.types.StringParamType)}
    assert text <= WORDS, "say in its type what it reads or writes, or here that it is no path"


def test_every_key_of_a_recipe_says_whether_it_is_a_path():
    keys = {field.name for field in fields(General) if field.type in ("str", str)} - OUT_OF_PLACE
    for kind in TABLES.values():
        keys |= {name for name, value in _flat_options(kind()).items() if isinstance(value, str | tuple)}
    for family in (*FAMILIES.values(), SCORERS, MATCHERS):
        for use in family.builtin:
            options = family.options(use)
            values = {} if options is None else _flat_options(options)
            keys |= {name for name, value in values.items() if isinstance(value, str | tuple)}
    last = {key.rpartition(".")[2] for key in keys}
    unknown = {key for key in last if key not in FILES and not names_a_model(key) and not names_a_cache(key)}
    assert unknown <= OPTION_WORDS, "name it in crosspan.core.model_options or recipes.places, or say here what it is"


def _flat_options(options: object) -> dict[str, object]:
    return flat(asdict(options)) if is_dataclass(options) and not isinstance(options, type) else {}


# --- a folder with something to lose


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A file ``input`` and a folder ``model`` in a folder ``box``, with other names for both; we stand above it."""
    box = tmp_path / "box"
    (box / "model" / "inner").mkdir(parents=True)
    (box / "sub").mkdir()
    (box / "input").write_text("Ada lives in Accra .\n", encoding="utf-8")
    (box / "model" / "weights").write_text("x", encoding="utf-8")
    (box / "linked").symlink_to("input")
    (box / "linked-model").symlink_to(box / "model")
    os.link(box / "input", box / "hard")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / "cache"))
    return box


FILE_NAMES = ("box/input", "{}/input", "box/sub/../input", "box/linked", "box/hard", "box/./linked")
"""Ways to name the file ``input`` where it is to be written."""
FOLDER_NAMES = ("box/model", "box/model/", "{}/model", "box/sub/../model", "box/linked-model")
INSIDE = ("box/model/weights", "box/model/new", "box/linked-model/inner/new", "box/model/inner")
AROUND = (".", "box", "box/sub/..", "{}")


@dataclass(frozen=True)
class Case:
    """A parameter that is read and one that is written.

    Args:
        verb: Of which verb.
        read: The parameter that is read.
        written: The parameter that is written.
    """

    verb: str
    read: click.Parameter
    written: click.Parameter

    def __str__(self) -> str:
        return f"{self.verb}-{self.read.name}-{self.written.name}"


def cases() -> Iterator[Case]:
    for verb in VERBS:
        parameters = command_of(verb).params
        for read in parameters:
            for written in parameters:
                if is_a(read, "read") and is_a(written, "written"):
                    yield Case(verb, read, written)


CASES = list(cases())


def words_of(case: Case, read: str, written: str) -> list[str]:
    """A call of the verb with what it must have, and the two paths."""
    optional: list[str] = []
    given: list[str] = []
    parameters = command_of(case.verb).params
    for parameter in parameters:
        values = []
        if parameter is case.read:
            values += _values(parameter, read, "model")
        if parameter is case.written:
            values += _values(parameter, written, "cache")
        if not values and parameter.required:
            values = _values(parameter, f"nothing-{parameter.name}", "model")
        if values and isinstance(parameter, click.Argument):
            given += values
        elif values:
            times = [values[at : at + parameter.nargs] for at in range(0, len(values), parameter.nargs)]
            optional += [word for one in times for word in (parameter.opts[0], *one)]
    return [*case.verb.split(), *optional, "--", *given]


def _values(parameter: click.Parameter, value: str, setting: str) -> list[str]:
    kind = parameter.type
    if isinstance(kind, SettingType):
        return [f"x.{setting}={value}"]
    if not isinstance(kind, PlaceType):
        names = getattr(kind, "choices", None) or getattr(kind, "names", None) or ["x"]
        return [str(names[0])]
    if parameter.nargs == -1 and case_of_run(parameter):
        return ["nothing", value]
    return [value, *("nothing" for _ in range(parameter.nargs - 1))]


def case_of_run(parameter: click.Parameter) -> bool:
    """Whether one value alone means something else: the folder of a run."""
    return type(parameter.type) is not InFile and isinstance(parameter.type, InFile)


def aliases(case: Case) -> Iterator[tuple[str, str, str]]:
    """What is read, as what it is written, and what the refusal says."""
    around = "is read and would be lost with the folder"
    if isinstance(case.read.type, InFile | InNames):
        for name in FILE_NAMES:
            yield "box/input", name, "is read"
            yield name, "box/input", "is read"
        for name in AROUND:
            yield "box/input", name, "this is a folder" if case.written.type.trial is places.try_file else around
    if isinstance(case.read.type, InModel | SettingType):
        for name in FOLDER_NAMES:
            if case.written.type.trial is places.try_file:
                yield "box/model", name, "this is a folder"
            else:
                yield "box/model", name, "is read"
                yield name, "box/model", "is read"
        for name in INSIDE:
            if not (case.written.type.trial is places.try_file and name.endswith("inner")):
                yield "box/model", name, "would be written into the folder"
        if case.written.type.trial is not places.try_file:
            for name in AROUND:
                yield "box/model", name, around


def as_read(case: Case, name: str) -> Iterator[str]:
    """The ways to name what is read: as it is, and behind what a parameter may have before it."""
    yield name
    if isinstance(case.read.type, InModel):
        yield f"onnx:{name}"
        yield f"sw={name}"


def refused(words: list[str], box: Path, capsys: pytest.CaptureFixture[str], says: str) -> None:
    """A call is refused before anything is opened, and everything stays as it was."""
    before = snapshot(box.parent)
    with watched(box) as opened:
        code = main(words)
    err = capsys.readouterr().err
    assert says in err, (words, err)
    assert code == (1 if says == "this is a folder" else 2), (words, err)
    assert opened == [], words
    assert snapshot(box.parent) == before, words


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_verb_writes_nothing_that_it_reads(case, place, capsys):
    tried = 0
    for read, written, says in aliases(case):
        for shown in as_read(case, read.format(place)):
            refused(words_of(case, shown, written.format(place)), place, capsys, says)
            tried += 1
    assert tried


def test_two_results_in_one_place(place, capsys):
    for verb in VERBS:
        written = [one for one in command_of(verb).params if is_a(one, "written")]
        for number, one in enumerate(written):
            for other in written[:number]:
                words = words_of(Case(verb, one, other), "out", "box/../out")
                if not isinstance(one.type, SettingType):
                    refused(words, place, capsys, "two results would be written")


def test_what_may_be_is_not_refused(place):
    """The check does not stand in the way: other names, new folders, a model of the hub that is named like a folder."""
    check = {parameter.name: parameter for parameter in command_of("train").params}
    given = {"data": ("box/input",), "encoder": "xlm-roberta-base", "out": "xlm-roberta-base"}
    places.check_places(check.values(), given)
    places.check_places(check.values(), {**given, "encoder": "box/model", "out": "box/other"})
    places.check_places(command_of("translate").params, {"source": "-", "out": "-", "model": "box/model"})
    places.check_places(command_of("align").params, {"source": "box", "out": "box/new"})  # refused where it is opened


def test_a_folder_of_a_data_set_is_read_whole(place, capsys):
    (place / "set").mkdir()
    (place / "set" / "state.json").write_text("{}")
    for name in ("box/set/new.conll", "box/sub/../set/state.json"):
        refused(["convert", "box/set", name], place, capsys, "would be written into the folder")
    assert main(["convert", "box/sub", "box/sub/new.conll"]) == 1
    assert "this is a folder, not a file" in capsys.readouterr().err


def test_case_where_the_disk_does_not_know_it(place, capsys):
    if not os.path.exists("BOX/INPUT"):
        pytest.skip("the disk knows case")
    refused(["convert", "box/input", "BOX/INPUT"], place, capsys, "is read")


# --- recipes

TASK_TABLES = {
    "project": {"source": "path", "target": "path"},
    "translate-train": {"source": "path", "target": "path"},
    "translate-test": {"source": "path", "target": "path"},
    "ensemble": {"source": "path", "target": "path", "ensemble": "model"},
    "model-transfer": {"target": "path", "tag": "model"},
}
"""What each task must have."""

TABLE_NEEDS = {
    "translate": {"use": "file"},
    "back_translate": {"use": "apertium"},
    "align": {"use": "links"},
    "train": {"use": "token-classifier", "encoder": "no-encoder", "rounds": 0},
    "tag": {},
}
"""What a table must say before it can name a path."""


def test_the_tasks_are_all_there():
    assert {*TASK_TABLES} == {*TASKS}


def table_paths() -> Iterator[tuple[str, str, str]]:
    """Each key of a recipe that names something that is read: the first task that has it, the table, the key."""
    for table, kind in TABLES.items():
        for field in fields(kind):
            if field.name in FILES or (names_a_model(field.name) and field.name != "options"):
                yield next(task for task in TASKS if task in ONLY_IN.get(table, TASKS)), table, field.name


def recipe_with(task: str, table: str, key: str, path: str) -> str:
    """A recipe of a task, in which a key names a path."""
    tables: dict[str, dict[str, object]] = {name: {one: f"nothing-{name}"} for name, one in TASK_TABLES[task].items()}
    tables.setdefault(table, {}).update(TABLE_NEEDS.get(table, {}))
    tables[table][key] = [[path, "nothing"]] if key == "files" else [f"sw={path}"] if key == "unlabelled" else path
    if table == "train" and key == "unlabelled":
        tables[table]["adversarial.mode"] = "reversal"
    if table in ("translate", "back_translate") or key == "unlabelled":
        for side in ("source", "target"):
            tables[side]["lang"] = "en" if side == "source" else "sw"
    if table == "translate":
        del tables["target" if task in ("project", "translate-train") else "source"]["path"]
    return _toml(task, tables)


def _toml(task: str, tables: dict[str, dict[str, object]]) -> str:
    lines = [f'task = "{task}"', 'out = "out"']
    for name, values in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_literal(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _literal(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\") + '"'
    return "[" + ", ".join(map(_literal, value)) + "]" if isinstance(value, list) else str(value)


def results_of(recipe: Path) -> list[str]:
    return [f"out/{name}" for name in (*result_names(load_recipe(recipe)), "run.json")]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the results of an earlier run, each of which has other names as well."""
    out = tmp_path / "box" / "out"
    (out / ".cache" / "ab").mkdir(parents=True)
    (tmp_path / "box" / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "box"


def other_names(box: Path, result: str) -> Iterator[str]:
    """Ways to name a file that will be written."""
    name = result.rpartition("/")[2]
    yield from (f"sub/../{result}", str(box / result))
    for number, link in enumerate((os.symlink, os.link)):
        link(box / result, box / f"other-{number}-{name}")
        yield f"other-{number}-{name}"


@pytest.mark.parametrize(("task", "table", "key"), [pytest.param(*one, id=".".join(one)) for one in table_paths()])
def test_a_recipe_writes_nothing_that_it_reads(project, capsys, task, table, key):
    recipe = project / "recipe.toml"
    recipe.write_text(recipe_with(task, table, key, "nothing"), encoding="utf-8")
    names = results_of(recipe)
    for result in names:
        (project / result).write_text("of an earlier run", encoding="utf-8")
    for name in (*names, *other_names(project, names[0])):
        recipe.write_text(recipe_with(task, table, key, name), encoding="utf-8")
        refused_recipe(recipe, capsys, "would be overwritten")
    (project / "out" / ".cache" / "ab" / "input").write_text("x", encoding="utf-8")
    recipe.write_text(recipe_with(task, table, key, "out/.cache/ab/input"), encoding="utf-8")
    refused_recipe(recipe, capsys, "would be lost with the folder")
    recipe.write_text(recipe_with(task, table, key, "sub/../input"), encoding="utf-8")
    (project / "input").write_text("x", encoding="utf-8")
    for cache in (".", "box", "box/sub/.."):
        refused_recipe(recipe, capsys, "would be lost with the folder", "--cache", cache)


def refused_recipe(recipe: Path, capsys: pytest.CaptureFixture[str], says: str, *words: str) -> None:
    """A recipe is refused before anything but itself is opened; a dry run says the same."""
    box = recipe.parent
    before = snapshot(box)
    for more in ((), ("--dry-run",)):
        with watched(box) as opened:
            code = main(["run", os.path.relpath(recipe), *words, *more])
        err = capsys.readouterr().err
        assert (code, says in err) == (2, True), (recipe.read_text(), err)
        assert (str(recipe) in opened) == (not words), "a cache is looked at before the recipe is"
        assert {*opened} <= {str(recipe), str(box / "out" / "recipe.resolved.toml")}, recipe.read_text()
        assert snapshot(box) == before


MODELS = ("out/model", "sub/../out/model", "out/model/inner", "linked")


@pytest.mark.parametrize(
    ("table", "key", "task"),
    [
        ("tag", "model", "project"),
        ("ensemble", "model", "ensemble"),
        ("train", "encoder", "translate-train"),
        ("align", "model", "project"),
        ("translate", "model", "project"),
        ("project", "nmt.model", "project"),
        ("project", "ner.tagger", "project"),
    ],
)
def test_a_recipe_replaces_no_model_that_it_reads(project, capsys, table, key, task):
    """The folder of a model is what a training replaces: its own encoder is not lost, by whatever name."""
    (project / "out" / "model" / "inner").mkdir(parents=True)
    (project / "out" / "model" / "weights").write_text("x", encoding="utf-8")
    (project / "linked").symlink_to(project / "out" / "model")
    needs = {"align": {"use": "awesome"}, "tag": {"use": "transformers"}}.get(table, {})
    for name in MODELS:
        text = recipe_with(task, table, key if "." not in key else f'"{key}"', name)
        for needed, value in needs.items():
            text = text.replace(f"[{table}]\n", f"[{table}]\n{needed} = {_literal(value)}\n").replace(
                'use = "links"\n', ""
            )
        recipe = project / "recipe.toml"
        recipe.write_text(text.replace(f'"{key}" = ', f"{key} = "), encoding="utf-8")
        refused_recipe(recipe, capsys, "is read")


def component_options() -> Iterator[tuple[str, str, str]]:
    for table, family in FAMILIES.items():
        for use in (*family.builtin, *OWN.get(table, ())):
            for name in _flat_options(default_options(table, use)):
                if (names_a_model(name) or names_a_cache(name)) and name not in getattr(family, "given", ()):
                    yield table, use, name


def test_what_components_read_and_keep_is_known_of_a_recipe(project):
    (project / "thing").mkdir()
    seen = set()
    for table, use, option in component_options():
        task = next(one for one in TASK_TABLES if one in ONLY_IN.get(table, TASKS))
        tables: dict[str, dict[str, object]] = {
            name: {one: f"nothing-{name}", "lang": "en"} if one == "path" else {one: f"nothing-{name}"}
            for name, one in TASK_TABLES[task].items()
        }
        if table == "translate":
            del tables["target"]["path"]
        before = {key: value for key, value in tables.get(table, {}).items() if key != "path"}
        extra = {"encoder": "no-encoder", "rounds": 0} if table == "train" else {}
        tables[table] = {"use": use, **before, **extra, option: "thing"}
        recipe = project / "recipe.toml"
        recipe.write_text(_toml(task, tables), encoding="utf-8")
        found = load_recipe(recipe)
        if names_a_cache(option):
            assert places_kept(found) == ["thing"], (table, use, option)
        else:
            assert str(project / "thing") in places_read(found), (table, use, option)
        seen.add(option.rpartition(".")[2])
    assert {"model", "encoder", "tagger", "cache", "tokenizer", "originals", "adapter"} <= seen


# --- what is known only when files were found


def test_a_benchmark_writes_nothing_that_it_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / "cache"))
    (tmp_path / "data" / "sub").mkdir(parents=True)
    for lang in ("en", "de"):
        (tmp_path / "data" / f"{lang}-europarl.test.conll02").write_text("Ada\tB-PER\n\n", encoding="utf-8")
    (tmp_path / "link").symlink_to("data/de-europarl.test.conll02")
    before = snapshot(tmp_path)
    words = ["bench", "europarl-ner", "--data", "data", "--lang", "de"]
    name = "data/sub/../de-europarl.test.conll02"
    for more in (["--out", name], ["--out", "link"], ["--cache", "data"], ["--cache", "."], ["--cache", name]):
        assert main([*words, *more]) == 2, more
        assert "is read" in capsys.readouterr().err
        assert snapshot(tmp_path) == before
    assert main([*words, "--out", "data/table.md", "--cache", "data/.cache", "--bootstrap", "0"]) == 0


def test_a_study_writes_nothing_that_it_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("study.toml", "study.md", "study.html"):
        text = '[train]\npath = "{}"\n[[encoder]]\nname = "x"\n[[test]]\nsuite = "uner"\nlanguages = ["da"]\n'
        (tmp_path / name).write_text(text.format("en.iob2"), encoding="utf-8")
        (tmp_path / "linked").unlink(missing_ok=True)
        (tmp_path / "linked").symlink_to(name)
        before = snapshot(tmp_path)
        for file, out in ((name, "."), (name, "x/.."), ("linked", "."), (name, f"../{tmp_path.name}")):
            for more in ((), ("--dry-run",), ("--page-only",)):
                assert main(["study", file, "--out", out, *more]) == 2
                assert "is read" in capsys.readouterr().err
                assert snapshot(tmp_path) == before


# --- Python


def doors() -> dict[str, Callable[[str, str], object]]:
    """Functions that read one file and write another."""
    from crosspan.io.convert import convert
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.files import project_files
    from crosspan.pipeline.tagging_files import tag_file
    from crosspan.pipeline.training_files import train_files
    from crosspan.train.pretrain.files import pretrain_files
    from crosspan.translate.corpus import translate_file

    file = SentenceFile

    return {
        "project source": lambda read, out: project_files(file(read), file("nothing"), out, to_format="conll"),
        "project target": lambda read, out: project_files(file("nothing"), file(read), out, to_format="conll"),
        "project links": lambda read, out: project_files(file("a"), file("b"), out, links=read, to_format="conll"),
        "project dropped": lambda read, out: project_files(file(read), file("b"), "new.conll", dropped=out),
        "tag": lambda read, out: tag_file(file(read), out, to_format="conll"),
        "tag translation": lambda read, out: tag_file(file("a"), out, translation=file(read), to_format="conll"),
        "train": lambda read, out: train_files([file(read)], out),
        "train dev": lambda read, out: train_files([file("a")], out, dev=file(read)),
        "train a folder": lambda read, out: train_files(
            [file(read)], out, trainer="token-classifier", settings={"encoder": "x"}
        ),
        "pretrain": lambda read, out: pretrain_files([read], out, new="roberta"),
        "convert": lambda read, out: convert(file(read), out, to_format="conll"),
        "translate": lambda read, out: translate_file(read, out, _Upper(), source="en", target="sw"),
    }


class _Upper:
    def translate(self, texts, *, source, target, advance=None):
        raise AssertionError("nothing is to be worked on")


@pytest.mark.parametrize("door", doors())
def test_the_doors_of_python_refuse_the_same(door, place):
    from crosspan.core.errors import OptionError

    before = snapshot(place)
    for name in FILE_NAMES:
        with watched(place) as opened, pytest.raises(OptionError, match="is read"):
            doors()[door]("box/input", name.format(place))
        assert opened == []
        assert snapshot(place) == before


# --- folders of others


def test_a_cache_removes_only_what_is_its_own(tmp_path):
    """A folder that somebody names as cache can hold folders of two letters, and one called unfinished."""
    from crosspan.pipeline.folder_store import FolderStore
    from crosspan.pipeline.parts import Facts

    key = "ab" * 32
    store = FolderStore(tmp_path)
    store.put(key, {"a": Facts([1])}, {})
    with store.unfinished("cd" * 32):
        pass
    others = ("sw/news.txt", "en/0123456789", "unfinished/thesis/chapter", f"unfinished/{'ef' * 32}/notes", "ab/notes")
    for name in others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert store.remove_all_but(()) == 1
    assert sorted(name for name, found in snapshot(tmp_path).items() if found != "folder") == sorted(others)


def test_types_of_places_are_told_apart():
    """What this file relies on: which kinds of parameter there are."""
    kinds = {type(one.type) for verb in VERBS for one in command_of(verb).params if isinstance(one.type, PlaceType)}
    assert {InFile, InModel, OutFile, OutFolder, OutPlace, SettingType} <= kinds
    assert len(CASES) > 60
