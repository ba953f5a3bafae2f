"""A package with one component of each family works through every door; see ``tests/plugin_package``."""

from __future__ import annotations

import json

import pytest

import crosspan
from crosspan.cli.main import main
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.types import Pair, Sentence, Span
from crosspan.io import FORMATS, read, write
from crosspan.pipeline import load_recipe, run_recipe
from crosspan.pipeline.backends import FAMILIES, backends

BY = "crosspan-sample 1.4"
NAMES = {
    "translators": "word-by-word",
    "taggers": "wordlist",
    "aligners": "in-order",
    "projectors": "same-place",
    "scorers": "same_length",
    "matchers": "first-come",
    "trainers": "wordlist",
    "formats": "slashed",
    "suites": "greetings",
}
SOURCES = [
    Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER"), Span(3, 4, "LOC"))),
    Sentence(("Kofi", "saw", "Ada"), (Span(0, 1, "PER"), Span(2, 3, "PER"))),
]
TARGETS = [Sentence(("Ada", "anaishi", "katika", "Accra")), Sentence(("Kofi", "alimwona", "Ada"))]
TAGS = [["B-PER", "O", "O", "B-LOC"], ["B-PER", "O", "B-PER"]]


@pytest.fixture
def place(tmp_path, monkeypatch, plugins):
    """A folder with a corpus and what the components load."""
    write(tmp_path / "en.conll", SOURCES)
    write(tmp_path / "en.txt", SOURCES, format="plain")
    write(tmp_path / "sw.txt", TARGETS, format="plain")
    write(
        tmp_path / "gold.conll", [Sentence.from_tags(one.tokens, tags) for one, tags in zip(TARGETS, TAGS, strict=True)]
    )
    (tmp_path / "names.json").write_text(json.dumps({"Ada": "PER", "Kofi": "PER", "Accra": "LOC"}))
    (tmp_path / "words.json").write_text(json.dumps({"lives": "anaishi", "in": "katika", "saw": "alimwona"}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tags_of(path):
    return [one.tags() for one in read(path)]


# --- Python ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", NAMES)
def test_every_family_knows_it(plugins, family):
    name = NAMES[family]
    assert family in FAMILIES
    assert name in FAMILIES[family].names()
    assert FAMILIES[family].brought_by(name) == BY
    assert FAMILIES[family].available(name) == (True, "")
    assert "crosspan_sample" in FAMILIES[family].roots(name)[0]
    assert FAMILIES[family].identity(name, {}, content=str)["by"] == BY


def test_there_is_one_of_each_family(plugins):
    assert {*NAMES} == {*FAMILIES}


def test_by_name_from_python(place):
    from crosspan.align import make_aligner
    from crosspan.tag import load_tagger
    from crosspan.train import TRAINERS
    from crosspan.translate import make_translator

    tagger = load_tagger("wordlist:names.json", score="0.5")
    assert [one.spans for one in tagger.tag(SOURCES[:1])] == [(Span(0, 1, "PER", 0.5), Span(3, 4, "LOC", 0.5))]
    translator = make_translator("word-by-word", "words.json", unknown="drop")
    assert translator.translate(["Ada lives"], source="en", target="sw")[0].text == "? anaishi"
    aligner = make_aligner("in-order", shift="1")
    assert [len(one) for one in aligner.align_tokens([(["a", "b"], ["c", "d"])])] == [1]
    assert TRAINERS.make("wordlist", SOURCES, seed=0, threads=1, min_count="2").words == {"Ada": "PER"}
    with pytest.raises(OptionError, match=r"shift is -1\. Choose a whole number of at least 0"):
        make_aligner("in-order", shift="-1")
    with pytest.raises(OptionError, match=r"no setting 'shfit'\. Did you mean shift"):
        make_aligner("in-order", shfit=1)
    with pytest.raises(OptionError, match=f"the tagger 'wordlist' of {BY} does not take these options"):
        load_tagger("wordlist:names.json", colour="red")


def test_labels_are_projected_by_names(plugins):
    projected = crosspan.project_labels(SOURCES, TARGETS, aligner="in-order", method="same-place")
    assert [one.sentence.tags() for one in projected] == TAGS
    assert projected[0].links[0].confidence == 0.5
    set_lower = {"confidence": "0.25"}
    projected = crosspan.project_labels(SOURCES, TARGETS, aligner="in-order", method="same-place", settings=set_lower)
    assert projected[0].links[0].confidence == 0.25


def test_a_score_counts_once_it_has_a_weight(plugins):
    def project(**settings):
        return crosspan.project_labels(SOURCES, TARGETS, aligner="in-order", settings=settings)

    plain = project(scores="align", memory="no")
    scored = project(**{"scores": "align", "memory": "no", "weights.same_length": "1"})
    assert [one.sentence.tags() for one in scored] == TAGS
    assert [one.links[0].confidence for one in plain] != [0.0, 0.0]
    with pytest.raises(OptionError, match=r"no score called 'same_lenght'\. Did you mean 'same_length'"):
        project(**{"weights.same_lenght": "1"})
    strict = project(**{"scores": "align", "weights.same_length": "1", "scorers.same_length.power": "8"})
    assert [one.sentence.tags() for one in strict] == TAGS
    with pytest.raises(OptionError, match="does not take these options"):
        project(**{"weights.same_length": "1", "scorers.same_length.pover": "8"})


def test_a_score_changes_what_is_chosen(plugins):
    from crosspan.core.types import Alignment
    from crosspan.project.projector import make_projector

    pair = Pair(Sentence(("Ada", "came"), (Span(0, 1, "PER"),)), Sentence(("Ada", "Obi", "alikuja")))
    links = [Alignment.from_pharaoh("0-0 0-1 1-2")]
    align = {"scores": "align", "memory": "no"}
    wide = make_projector("candidates", align).project([pair], links)[0]
    narrow = make_projector("candidates", {**align, "weights.same_length": "5"}).project([pair], links)[0]
    assert [one.sentence.tags() for one in (wide, narrow)] == [["B-PER", "I-PER", "O"], ["B-PER", "O", "O"]]


def test_a_matcher_chooses(plugins, monkeypatch):
    settings = {"matcher": "first-come"}
    projected = crosspan.project_labels(SOURCES, TARGETS, aligner="in-order", settings=settings)
    assert [one.sentence.tags() for one in projected] == TAGS
    with pytest.raises(OptionError, match="the first-come matcher cannot keep the constraint"):
        crosspan.project_labels(SOURCES, TARGETS, settings={**settings, "constraint": "="})


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([99], "chose what is no candidate"),
        ([0, 0], "chose a candidate twice"),
        ([0, 1], "chose more than 1 for an entity"),
        ([0, 2], "chose candidates that overlap"),
    ],
)
def test_a_matcher_that_breaks_the_rules(chosen, message):
    import numpy as np

    from crosspan.project.match import match
    from crosspan.project.matchers import MATCHERS

    MATCHERS.register("lawless", lambda: lambda problem: chosen)
    span, start, end = np.array([0, 0, 1]), np.array([0, 2, 0]), np.array([2, 3, 1])
    with pytest.raises(ModelError, match=f"the matcher 'lawless' of this process {message}"):
        match(np.array([0, 2]), span, start, end, np.array([1.0, 0.4, 0.8]), method="lawless")


def test_a_format_is_read_and_written(plugins, tmp_path):
    labelled = [Sentence.from_tags(one.tokens, tags) for one, tags in zip(TARGETS, TAGS, strict=True)]
    write(tmp_path / "sw.slashed", labelled)
    assert (tmp_path / "sw.slashed").read_text().startswith("Ada/B-PER anaishi/O")
    assert tags_of(tmp_path / "sw.slashed") == TAGS
    assert "slashed" in FORMATS


# --- commands --------------------------------------------------------------------------------------------------------


def test_backends_lists_it(plugins, capsys):
    assert main(["backends"]) == 0
    out = capsys.readouterr().out
    for family, name in NAMES.items():
        part = out.partition(f"{family}\n")[2].partition("\n\n")[0]
        assert any(line.split()[0] == name and BY in line for line in part.split("\n"))
    assert main(["backends", "aligners", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["in-order"] == {
        "family": "aligners",
        "name": "in-order",
        "about": "Links every word to the one at its place.",
        "brought_by": BY,
        "packages": [],
        "programs": [],
        "extra": "",
        "model": "",
        "downloads": False,
        "gpu": False,
        "installed": True,
        "missing": "",
    }
    assert found["awesome"]["downloads"]
    assert found["awesome"]["gpu"]
    assert found["awesome"]["brought_by"] == "crosspan"


def test_backends_of_python():
    assert {one.family for one in backends()} == {*FAMILIES}
    with pytest.raises(OptionError, match=r"no family 'tagger'\. Did you mean 'taggers'"):
        backends(["tagger"])


def run(*words):
    assert main([*words, "--quiet"]) == 0


def test_project(place):
    run("project", "en.conll", "sw.txt", "--aligner", "in-order", "--method", "same-place", "-o", "out.slashed")
    assert tags_of("out.slashed") == TAGS


def test_project_with_settings(place):
    words = ("--aligner", "in-order", "--set", "aligner.shift=0", "--set", "weights.same_length=1")
    run("project", "en.conll", "sw.txt", *words, "--set", "matcher=first-come", "-o", "out.conll")
    assert tags_of("out.conll") == TAGS


def test_align(place, capsys):
    run("align", "en.txt", "sw.txt", "--aligner", "in-order", "--no-prob", "-o", "links")
    assert (place / "links").read_text() == "0-0 1-1 2-2 3-3\n0-0 1-1 2-2\n"


def test_tag(place):
    run("tag", "en.txt", "--tagger", "wordlist:names.json", "-o", "out.conll")
    assert tags_of("out.conll") == TAGS


def test_translate(place):
    languages = ("--from", "en", "--to", "sw")
    run("translate", "en.txt", *languages, "--use", "word-by-word", "--model", "words.json", "-o", "out.txt")
    assert (place / "out.txt").read_text() == (place / "sw.txt").read_text()


def test_convert(place):
    run("convert", "gold.conll", "gold.slashed")
    run("convert", "gold.slashed", "again.conll")
    assert tags_of("again.conll") == TAGS


def test_train_and_tag(place):
    run("train", "gold.conll", "--trainer", "wordlist", "-o", "mine.json")
    assert json.loads((place / "mine.json").read_text()) == {"Accra": "LOC", "Ada": "PER", "Kofi": "PER"}
    run("tag", "sw.txt", "--tagger", "wordlist:mine.json", "-o", "out.conll")
    assert tags_of("out.conll") == TAGS


RECIPE = """
task = "translate-train"
[source]
path = "en.txt"
lang = "en"
[target]
lang = "sw"
[translate]
use = "word-by-word"
model = "words.json"
[tag]
use = "wordlist"
model = "names.json"
[align]
use = "in-order"
[project]
use = "same-place"
[train]
use = "wordlist"
[evaluate]
path = "gold.conll"
"""


def test_recipe(place):
    (place / "r.toml").write_text(RECIPE)
    run_recipe(load_recipe("r.toml"), threads=1)
    (scores,) = (place / "r").glob("*scores*.json") if (place / "r").is_dir() else [next(place.glob("*/scores.json"))]
    assert json.loads(scores.read_text())["strict"]["micro"]["f1"] == 1.0


def test_recipe_with_scores_and_a_matcher(place):
    settings = ["project.use=candidates", "project.matcher=first-come", "project.weights.same_length=1"]
    (place / "r.toml").write_text(RECIPE)
    run_recipe(load_recipe("r.toml", settings), threads=1)


def test_bench(place, capsys):
    write("greetings.conll", SOURCES)
    run("bench", "greetings", "--data", ".", "--tagger", "wordlist:names.json", "--bootstrap", "0", "--format", "json")
    assert '"f1"' in capsys.readouterr().out


STUDY = """
name = "words"
seeds = [1, 2]
samples = 20
[train]
use = "wordlist"
path = "gold.slashed"
labels = ["PER", "LOC"]
[train.options]
min_count = 1
[[mode]]
name = "strict"
use = "wordlist"
min_count = 2
[[encoder]]
name = "words"
[[test]]
suite = "greetings"
languages = ["en"]
"""


def test_study(place, monkeypatch):
    monkeypatch.delenv("CROSSPAN_DATA", raising=False)
    write("greetings.conll", [Sentence.from_tags(one.tokens, tags) for one, tags in zip(SOURCES, TAGS, strict=True)])
    run("convert", "gold.conll", "gold.slashed")
    (place / "words.toml").write_text(STUDY)
    run("study", "words.toml", "--out", "out", "--device", "cpu", "--threads", "1")
    page = (place / "out" / "study.md").read_text()
    assert "Of 4 cells, 4 are done" in page
    assert "| words | none | 100.00 [100.00, 100.00] (2) |" in page
    assert "| words | strict | 66.67 [66.67, 66.67] (2) |" in page  # Ada alone came twice
    assert not list((place / "out").glob("*.svg"))  # nothing has a size
