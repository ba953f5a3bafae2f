"""What a projection leaves beside labels goes from verb to verb, and each says what it loses or takes it for."""

from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io import read_projections, write, write_projections
from crosspan.tag.crf import CrfTagger

WORDS = ("Ada", "aliondoka", "Accra", "na", "Kofi")


def projection(at):
    span = Span(0, 1, "PER", 0.8)
    lost = (DroppedSpan(Span(4, 5, "PER"), "no_link"),) if at % 2 else ()
    other = ProjectedSpan(Span(2, 3, "MISC", 0.5), Span(2, 3, "MISC", 0.4), 0.4)
    links = (ProjectedSpan(Span(0, 1, "PER"), span, 0.8),)
    return Projection(Sentence(WORDS, (span,), id=f"s{at}"), links, lost, unobserved=(other,) if at == 3 else ())


PROJECTED = [projection(at) for at in range(4)]
GOLD = [Sentence(WORDS, (Span(0, 1, "PER"), Span(2, 3, "LOC")), id=f"g{at}") for at in range(3)]


def run(capsys, *words):
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured.out, captured.err


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.spacy"])
def test_training_is_the_same_from_every_format_that_holds_projections(tmp_path, capsys, name):
    pytest.importorskip("spacy" if name.endswith("spacy") else "pyarrow")
    write_projections(tmp_path / "first.jsonl", PROJECTED)
    run(capsys, "convert", tmp_path / "first.jsonl", tmp_path / name)
    run(capsys, "convert", tmp_path / name, tmp_path / "again.jsonl")
    assert list(read_projections(tmp_path / "again.jsonl")) == PROJECTED
    out, err = run(capsys, "train", tmp_path / name, "--out", tmp_path / "a.crf", "--json")
    (taken,) = json.loads(out)["taken"]
    assert (taken["gold"], taken["projected"], json.loads(out)["unobserved"], err.count("warning")) == (0, 4, 4, 0)
    assert [one["kind"] for one in CrfTagger.load(tmp_path / "a.crf").card["data"]] == ["projections"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("out.conll", "not kept: 4 confidences, 4 sources, 2 dropped entities, 1 unobserved entities (jsonl,"),
        ("out.jsonl", None),
        ("out.parquet", None),
        ("entities", "not kept: 4 sources, 2 dropped entities, 1 unobserved entities"),
        ("plain", "not kept: 4 ids, 4 entities (jsonl"),
    ],
)
def test_convert_says_once_what_a_format_cannot_keep(tmp_path, capsys, to, words):
    write_projections(tmp_path / "a.jsonl", PROJECTED)
    _, err = run(capsys, "convert", tmp_path / "a.jsonl", tmp_path / to, *([] if "." in to else ["--to", to]))
    assert err.count("not kept") == (words is not None)
    assert (words or "") in err
    _, err = run(capsys, "convert", tmp_path / "a.jsonl", tmp_path / "b.conll", "--json")
    out, _ = run(capsys, "convert", tmp_path / "b.conll", tmp_path / "c.jsonl", "--json")
    assert json.loads(out)["lost"] == {}


def test_project_and_tag_say_what_is_lost(tmp_path, capsys):
    write(tmp_path / "en.conll", [Sentence(("Ada", "left", "Accra"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))] * 3)
    (tmp_path / "sw.txt").write_text("Ada aliondoka Accra\n" * 3)
    (tmp_path / "en.txt").write_text("Barack Obama left Paris .\n" * 3)
    for verb in (["project", tmp_path / "en.conll", tmp_path / "sw.txt"], ["tag", tmp_path / "en.txt"]):
        _, err = run(capsys, *verb, "--out", tmp_path / "out.conll")
        assert "not kept: 6 confidences" in err
        assert ("6 sources" in err) == (verb[0] == "project")
        _, err = run(capsys, *verb, "--out", tmp_path / "out.jsonl")
        assert "not kept" not in err
    (tmp_path / "r.toml").write_text(
        '[source]\npath = "en.conll"\n[target]\npath = "sw.txt"\n[output]\nformat = "conll"\n'
    )
    out, _ = run(capsys, "run", tmp_path / "r.toml", "--json")
    assert json.loads(out)["projection"]["lost"] == {"confidences": 6, "sources": 6}
    run(capsys, "run", tmp_path / "r.toml", "--set", "output.format=parquet", "--quiet")
    assert len(list(read_projections(tmp_path / "out" / "labelled.parquet"))) == 3
    run(capsys, "report", tmp_path / "out", "--out", tmp_path / "page.html", "--quiet")


def test_train_says_what_it_takes_for_gold(tmp_path, capsys):
    write(tmp_path / "gold.conll", GOLD)
    write_projections(tmp_path / "projected.jsonl", PROJECTED)
    _, err = run(capsys, "train", tmp_path / "gold.conll", tmp_path / "projected.jsonl", "--out", tmp_path / "a.crf")
    assert f"taken for gold: 3 sentences of {tmp_path / 'gold.conll'}\n" in err
    assert "warning" not in err
    write(tmp_path / "traces.jsonl", [one.sentence for one in PROJECTED])
    _, err = run(capsys, "train", tmp_path / "traces.jsonl", "--out", tmp_path / "a.crf")
    assert "traces.jsonl: 4 entities that are taken for gold have confidences" in err
    _, err = run(
        capsys, "train", tmp_path / "gold.conll", "--dev", tmp_path / "projected.jsonl", "--out", tmp_path / "a.crf"
    )
    assert "the labels of 4 sentences are projected, and are scored against" in err


def test_each_sentence_of_a_mixed_file_is_what_it_says(tmp_path, capsys):
    lines = [json.dumps(one.to_dict()) for one in [*GOLD, *PROJECTED]]
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines) + "\n")
    out, _ = run(capsys, "train", tmp_path / "mixed.jsonl", "--out", tmp_path / "a.crf", "--json")
    (taken,) = json.loads(out)["taken"]
    assert (taken["gold"], taken["projected"]) == (3, 4)
    (about,) = CrfTagger.load(tmp_path / "a.crf").card["data"]
    assert (about["kind"], about["sentences"], about["projected"]) == ("labels and projections", 7, 4)


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("gold", [(3, 0), (4, 0)]),
        ("projected", [(0, 3), (0, 4)]),
        ("auto,gold", [(3, 0), (4, 0)]),
        ("projected,auto", [(0, 3), (0, 4)]),
    ],
)
def test_a_user_says_what_the_labels_are(tmp_path, capsys, kind, taken):
    write(tmp_path / "a.conll", GOLD)
    write_projections(tmp_path / "b.jsonl", PROJECTED)
    files = [tmp_path / "a.conll", tmp_path / "b.jsonl"]
    out, err = run(capsys, "train", *files, "--kind", kind, "--out", tmp_path / "a.crf", "--json")
    assert [(one["gold"], one["projected"]) for one in json.loads(out)["taken"]] == taken
    assert "warning" not in err


@pytest.mark.parametrize(("kind", "words"), [("silver", "labels cannot be 'silver'"), ("gold,gold", "2 kinds for 1")])
def test_a_wrong_kind_is_refused(tmp_path, capsys, kind, words):
    write(tmp_path / "a.conll", GOLD)
    assert main(["train", str(tmp_path / "a.conll"), "--kind", kind, "--out", str(tmp_path / "a.crf")]) == 2
    assert words in capsys.readouterr().err
