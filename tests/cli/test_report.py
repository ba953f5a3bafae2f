from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.report.page import embedded


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Labelled English, plain Swahili with gold, its projection, and a recipe that was run."""
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "en.conll", load_corpus("en"))
    write(folder / "sw.txt", load_corpus("sw"), format="plain")
    write(folder / "sw.gold.conll", load_corpus("sw"))
    words = [
        folder / "en.conll",
        folder / "sw.txt",
        "--out",
        folder / "sw.jsonl",
        "--dropped",
        folder / "dropped.jsonl",
    ]
    assert main(["project", *map(str, words), "--quiet"]) == 0
    return folder


def run(capsys, *words):
    code = main(["report", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def data_of(path):
    return embedded(path.read_text(encoding="utf-8"))


def test_source_and_target_are_projected_and_shown(capsys, corpus, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = run(
        capsys, corpus / "en.conll", corpus / "sw.txt", "--gold", corpus / "sw.gold.conll", "--out", page
    )
    assert (code, out) == (0, "")
    assert err == f"{page}: 240 sentences, all shown\n"
    data = data_of(page)
    assert len(data["sentences"]) == 240
    assert data["meta"]["runnersUp"]
    assert all(sentence["a"] for sentence in data["sentences"])
    assert data["meta"]["totals"]["all"]["gold"] == 592
    assert ["method", "candidates"] in data["meta"]["facts"]


def test_a_projection_made_already_is_shown_as_it_is(capsys, corpus, tmp_path):
    page = tmp_path / "page.html"
    words = (corpus / "en.conll", corpus / "sw.jsonl", "--gold", corpus / "sw.gold.conll", "--out", page, "--quiet")
    assert run(capsys, *words) == (0, "", "")
    data = data_of(page)
    records = [json.loads(line) for line in (corpus / "sw.jsonl").read_text(encoding="utf-8").splitlines()]
    for sentence, record in zip(data["sentences"], records, strict=True):
        assert sentence["t"]["w"] == record["tokens"]
        assert [span[3:5] for span in sentence.get("p", [])] == [[s["start"], s["end"]] for s in record["spans"]]
        assert len(sentence.get("d", [])) == len(record["dropped"])
    assert not data["meta"]["runnersUp"]
    whole = tmp_path / "whole.html"
    run(capsys, corpus / "en.conll", corpus / "sw.txt", "--gold", corpus / "sw.gold.conll", "--out", whole)
    one, other = data["meta"]["totals"], data_of(whole)["meta"]["totals"]
    assert one == other


def test_labels_of_the_source_are_taken_from_the_projection(capsys, corpus, tmp_path):
    write(tmp_path / "en.txt", load_corpus("en"), format="plain")
    assert run(capsys, tmp_path / "en.txt", corpus / "sw.jsonl", "--out", tmp_path / "page.html")[0] == 0
    assert data_of(tmp_path / "page.html")["meta"]["totals"]["all"]["source"] == 592


def test_labelled_text_is_shown_by_itself(capsys, corpus, tmp_path):
    page = tmp_path / "page.html"
    code, _, err = run(capsys, corpus / "sw.jsonl", "--gold", corpus / "sw.gold.conll", "--out", page)
    assert (code, err) == (0, f"{page}: 240 sentences, all shown\n")
    data = data_of(page)
    assert data["meta"]["alone"]
    records = [json.loads(line) for line in (corpus / "sw.jsonl").read_text(encoding="utf-8").splitlines()]
    for sentence, record in zip(data["sentences"], records, strict=True):
        assert sentence["t"]["w"] == record["tokens"]
        spans = [[span["start"], span["end"], round(1000 * span["score"])] for span in record["spans"]]
        assert [span[3:6] for span in sentence.get("p", [])] == spans
    whole = tmp_path / "whole.html"
    run(capsys, corpus / "en.conll", corpus / "sw.jsonl", "--gold", corpus / "sw.gold.conll", "--out", whole)
    one, other = data["meta"]["totals"], data_of(whole)["meta"]["totals"]
    assert not data_of(whole)["meta"]["alone"]
    for name in ("bins", "calibration", "confusion"):
        assert one[name] == other[name]
    assert one["all"]["target"] == other["all"]["target"] > one["all"]["source"] == 0


def test_labels_without_confidence_have_no_mean(capsys, corpus, tmp_path):
    page = tmp_path / "page.html"
    assert run(capsys, corpus / "en.conll", "--columns", "token,tag", "--out", page)[0] == 0
    totals = data_of(page)["meta"]["totals"]
    assert totals["all"]["confidence"] is None
    assert totals["all"]["target"] == 592
    assert {row["confidence"] for row in totals["labels"]} == {None}


def test_labels_that_cannot_be_read_are_shown_as_left_out(capsys, tmp_path):
    (tmp_path / "a.conll").write_text("Ada\tB-PER\n\nAda\tI-PER\n", encoding="utf-8")
    code, _, err = run(capsys, tmp_path / "a.conll", "--scheme", "IOB2", "--out", tmp_path / "page.html")
    assert code == 0
    assert "2 sentences, 1 of them left out" in err
    good, bad = data_of(tmp_path / "page.html")["sentences"]
    assert (len(good["p"]), bad["t"]["w"]) == (1, ["Ada"])
    assert "I-PER" in bad["e"]


@pytest.mark.parametrize("option", [["--method", "heuristic"], ["--links", "links"], ["--dropped", "dropped.jsonl"]])
def test_what_belongs_to_a_projection_is_refused_for_text_alone(capsys, corpus, tmp_path, option):
    (tmp_path / "links").write_text("", encoding="utf-8")
    (tmp_path / "dropped.jsonl").write_text("", encoding="utf-8")
    words = [option[0], option[1] if option[0] == "--method" else tmp_path / option[1]]
    code, _, err = run(capsys, corpus / "sw.jsonl", *words, "--out", tmp_path / "page.html")
    assert code == 2
    assert f"{option[0]} has no effect on labelled text by itself" in err


def test_sentences_left_out_are_shown_with_the_reason(capsys, corpus, tmp_path):
    source = (corpus / "en.conll").read_text(encoding="utf-8").split("\n\n")
    source[2] = source[2].replace("B-LOC", "X-LOC", 1)
    (tmp_path / "en.conll").write_text("\n\n".join(source), encoding="utf-8")
    page = tmp_path / "page.html"
    gold = corpus / "sw.gold.conll"
    code, _, err = run(capsys, tmp_path / "en.conll", corpus / "sw.txt", "--gold", gold, "--out", page)
    assert code == 0
    assert "240 sentences, 1 of them left out of the projection" in err
    sentence = data_of(page)["sentences"][2]
    assert "X-LOC" in sentence["e"]
    assert sentence["t"]["w"][0] == load_corpus("sw")[2].tokens[0]
    assert "p" not in sentence


def test_left_out_sentences_of_files_made_already(capsys, corpus, tmp_path):
    lines = (corpus / "sw.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "sw.jsonl").write_text("".join(lines[:5] + lines[6:]), encoding="utf-8")
    (tmp_path / "dropped.jsonl").write_text('{"index": 5, "reason": "error", "error": "bad tags"}\n', encoding="utf-8")
    words = [corpus / "en.conll", tmp_path / "sw.jsonl", "--out", tmp_path / "page.html"]
    assert run(capsys, *words)[0] == 1
    for gold in ("all", "projected"):
        kept = load_corpus("sw") if gold == "all" else load_corpus("sw")[:5] + load_corpus("sw")[6:]
        write(tmp_path / f"{gold}.conll", kept)
        more = ["--dropped", tmp_path / "dropped.jsonl", "--gold", tmp_path / f"{gold}.conll"]
        assert run(capsys, *words, *more)[0] == 0
        assert data_of(tmp_path / "page.html")["sentences"][5]["e"] == "bad tags"


def test_sample_and_seed(capsys, corpus, tmp_path):
    page = tmp_path / "page.html"
    words = (corpus / "en.conll", corpus / "sw.jsonl", "--out", page, "--sample", "20")
    _, _, err = run(capsys, *words)
    assert err.endswith("240 sentences, 20 shown\n")
    data = data_of(page)
    assert len(data["sentences"]) == 20
    assert sum(data["meta"]["sample"]["kinds"]) == 20
    assert data["meta"]["totals"]["sentences"] == 240
    run(capsys, *words, "--seed", "1")
    assert data_of(page)["sentences"] != data["sentences"]


def test_settings_of_the_projection(capsys, corpus, tmp_path):
    page = tmp_path / "page.html"
    words = (corpus / "en.conll", corpus / "sw.txt", "--out", page, "--min-confidence", "0.8", "--method", "heuristic")
    assert run(capsys, *words, "--set", "merge_distance=1", "--set", "aligner.hmm_iterations=1")[0] == 0
    meta = data_of(page)["meta"]
    assert ["settings", "merge_distance=1 aligner.hmm_iterations=1"] in meta["facts"]
    assert not meta["runnersUp"]
    assert any(reason == "filtered:min_confidence" for reason, _, _ in meta["totals"]["dropped"])


def test_folder_of_a_run(capsys, corpus, tmp_path):
    pytest.importorskip("crosspan.pipeline.runner")
    from crosspan.pipeline import load_recipe, run_recipe

    recipe = tmp_path / "recipe.toml"
    paths = {name: str(corpus / name) for name in ("en.conll", "sw.txt", "sw.gold.conll")}
    recipe.write_text(
        f'limit = 100\n[source]\npath = "{paths["en.conll"]}"\n[target]\npath = "{paths["sw.txt"]}"\n'
        f'[evaluate]\npath = "{paths["sw.gold.conll"]}"\n',
        encoding="utf-8",
    )
    run_recipe(load_recipe(recipe, out=tmp_path / "out"), threads=1)
    code, _, err = run(capsys, tmp_path / "out", "--out", tmp_path / "page.html")
    assert code == 0, err
    totals = data_of(tmp_path / "page.html")["meta"]["totals"]
    assert (totals["sentences"], totals["all"]["kinds"]["exact"] > 100) == (100, True)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["en.conll", "sw.jsonl", "--method", "heuristic"],
            2,
            "--method has no effect where TARGET is projected already",
        ),
        (["en.conll", "sw.jsonl", "--set", "reach=1"], 2, "--set has no effect where TARGET is projected already"),
        (["en.conll", "sw.txt", "--dropped", "dropped.jsonl"], 2, "--dropped has no effect"),
        (["en.conll", "sw.txt", "sw.txt"], 2, "Name SOURCE and TARGET, the folder of a run, or one labelled file"),
        (["."], 1, "there is no recipe.resolved.toml in this folder"),
        (["en.conll", "missing.txt"], 1, "missing.txt: no such file"),
        (["sw.gold.conll", "sw.jsonl"], 1, "was projected from other spans than stand here"),
        (["en.conll", "sw.jsonl", "--gold", "en.conll"], 1, "the tokens are not those of sentence 1"),
        (["en.conll", "sw.jsonl", "--links", "short.links"], 1, "1 lines of links, but"),
        (["en.conll", "sw.jsonl", "--links", "wide.links"], 1, "points outside a pair"),
        (["en.conll", "sw.txt", "--links", "wide.links", "--bitext", "a", "b"], 2, "--links takes the place"),
    ],
)
def test_bad_use(capsys, corpus, monkeypatch, words, code, message):
    monkeypatch.chdir(corpus)
    (corpus / "short.links").write_text("0-0\n", encoding="utf-8")
    (corpus / "wide.links").write_text("0-99\n" * 240, encoding="utf-8")
    found, _, err = run(capsys, *words, "--out", "page.html")
    assert (found, message in " ".join(err.split())) == (code, True), err
    assert not (corpus / "page.html").exists()


def test_the_page_replaces_no_input(capsys, corpus):
    before = (corpus / "sw.jsonl").read_bytes()
    code, _, err = run(capsys, corpus / "en.conll", corpus / "sw.jsonl", "--out", corpus / "sw.jsonl")
    assert code == 2
    assert "is read and would be overwritten" in err
    assert (corpus / "sw.jsonl").read_bytes() == before
