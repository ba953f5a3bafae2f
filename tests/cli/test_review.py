"""Labels out to tools for annotators and back, through the command line.

The exports in ``tests/data/review`` hold the same work on the same base, as each tool writes it.
"""

from __future__ import annotations

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import read, read_projections, write
from crosspan.review.decision_file import read_decisions

DATA = Path(__file__).parents[1] / "data" / "review"
BASE = DATA / "base.jsonl"
EXPORTS = {
    "label_studio.json": ("label-studio", ()),
    "label_studio_min.json": ("label-studio", ()),
    "doccano.jsonl": ("doccano", ("--looked-at",)),
    "doccano_ids.jsonl": ("doccano", ("--looked-at", "--tag-names", DATA / "doccano_labels.json")),
    "prodigy.jsonl": ("prodigy", ()),
    "inception.json": ("inception", ("--looked-at",)),
    "inception.zip": ("inception", ("--looked-at",)),
}
TELLS_WHO_LOOKED = ("label-studio", "prodigy")

needs_cassis = pytest.mark.skipif(find_spec("cassis") is None, reason="dkpro-cassis is not installed")


def marked(*names):
    return [pytest.param(name, marks=[needs_cassis] if "inception" in name else []) for name in names]


def run(capsys, *words):
    code = main(["review", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def imported(capsys, tmp_path, export, *more, base=BASE):
    """The result as JSON, and the decisions by the name of their sentence."""
    out = tmp_path / "decisions.jsonl"
    code, found, err = run(capsys, "import", export, "--base", base, "-o", out, "--json", *more)
    assert code in (0, 3), err
    return code, json.loads(found), read_decisions(out).last


def spans(decision):
    return [(one.start, one.end, one.label) for one in decision.after]


# --- back from each tool


@pytest.mark.parametrize("name", marked(*EXPORTS))
def test_what_annotators_did_comes_back(capsys, tmp_path, name):
    tool, more = EXPORTS[name]
    code, found, decisions = imported(capsys, tmp_path, DATA / name, *more)
    assert code == 3, "a text was changed"
    assert found["tool"] == tool
    counts = {kind: found[kind]["count"] for kind in ("moved", "relabelled", "deleted", "added", "not_mine")}
    assert counts == {"moved": 1, "relabelled": 1, "deleted": 1, "added": 2, "not_mine": 1}
    assert found["text_changed"] == {
        "count": 1,
        "first": found["text_changed"]["first"],
        "reason": "changed",
    }
    assert found["refused"]["count"] == 0
    looked = tool in TELLS_WHO_LOOKED
    assert found["accepted"]["count"] == (3 if looked else 5)  # the others count every sentence that was exported
    assert found["untouched"]["count"] == (3 if looked else 1)
    assert spans(decisions["both"]) == [(2, 14, "PER"), (24, 26, "LOC")]
    assert spans(decisions["moved"]) == [(12, 17, "LOC")]
    assert spans(decisions["relabelled"]) == [(0, 2, "PER"), (11, 16, "LOC")]
    assert spans(decisions["deleted"]) == []
    assert spans(decisions["added"]) == [(2, 7, "PER"), (16, 21, "LOC")]
    assert decisions["none"].verdict == "done"
    assert "changed" not in decisions
    assert ("untouched" in decisions) == (not looked)
    assert {one.drawn for one in decisions.values()} == {"random"}
    if name in ("label_studio.json", "prodigy.jsonl"):
        assert decisions["skipped"].verdict == "skip"
    if name.startswith("label_studio"):
        assert decisions["both"].who == "1"
        assert decisions["both"].when == "2026-12-01T16:28:48Z"
        assert decisions["both"].seconds == 6.069


@pytest.mark.parametrize("name", marked("doccano.jsonl", "inception.json"))
def test_what_may_be_untouched_is_no_decision(capsys, tmp_path, name):
    """These tools do not say who looked at what: what is as it was proves nothing, and the draw is spoiled by that."""
    _, found, decisions = imported(capsys, tmp_path, DATA / name)
    assert set(decisions) == {"moved", "relabelled", "deleted", "added"}
    assert found["not_known_whether_looked_at"] == 4
    assert found["untouched"]["count"] == 5
    assert {one.drawn for one in decisions.values()} == {None}


@pytest.mark.parametrize("name", marked(*EXPORTS))
def test_the_summary_names_the_first_of_each(capsys, tmp_path, name):
    code, out, err = run(capsys, "import", DATA / name, "--base", BASE, "-o", tmp_path / "d.jsonl", *EXPORTS[name][1])
    assert (code, out) == (3, "")
    rows = {line.strip().rsplit("  ", 2)[0].split("  ")[0]: line for line in err.splitlines()[1:]}
    assert "(relabelled)" in next(line for line in err.splitlines() if line.startswith("  relabelled"))
    assert ": changed" in rows["text changed"]
    assert ": stranger" in rows["not mine"]


def test_no_tool_is_guessed(capsys, tmp_path):
    export = tmp_path / "x.json"
    export.write_text('[{"text": "Ada"}]', encoding="utf-8")
    code, _, err = run(capsys, "import", export, "--base", BASE, "-o", tmp_path / "d.jsonl")
    assert code == 2
    assert "--from-tool" in err


# --- kinds of trouble on the way back


def doccano_lines(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def row_of(name, *label, **more):
    record = next(json.loads(line) for line in BASE.read_text(encoding="utf-8").splitlines() if f'"{name}"' in line)
    return {"id": 1, "text": record["text"], "label": list(label), "crosspan_id": name, **more}


@pytest.mark.parametrize(
    ("label", "unit", "place"),
    [([3, 15, "PER"], "utf16", (2, 14)),  # as its pages count: what was there
     ([2, 14, "PER"], "codepoints", (2, 14)),  # as who imported it counted: what was there
     ([3, 6, "PER"], "utf16", (2, 5)),  # new: between words so, and not otherwise
     ([2, 5, "PER"], "codepoints", (2, 5)),
     ([36, 37, "X"], "utf16", (35, 36)),  # in code points it would be no place of the text
     ([0, 2, "X"], "utf16", (0, 1))],
)  # fmt: skip
def test_what_places_of_doccano_count_is_found_out_and_told(capsys, tmp_path, label, unit, place):
    export = doccano_lines(tmp_path / "all.jsonl", row_of("both", label))
    _, found, decisions = imported(capsys, tmp_path, export, "--looked-at")
    assert spans(decisions["both"]) == [(*place, label[2])]
    assert found["units"] == {unit: 1}


def test_the_unit_can_be_said(capsys, tmp_path):
    export = doccano_lines(tmp_path / "all.jsonl", row_of("both", [2, 5, "PER"]))
    code, found, _ = imported(capsys, tmp_path, export, "--looked-at", "--offsets", "utf16")
    assert code == 0, "a cut inside of a word is a boundary as good as others, where somebody says so"
    assert found["units"] == {}


def test_no_labels_at_all_are_not_taken_for_deleted(capsys, tmp_path):
    row = row_of("untouched")
    del row["label"]
    code, found, decisions = imported(capsys, tmp_path, doccano_lines(tmp_path / "x", row), "--from-tool", "doccano")
    assert code == 3
    assert "no list of labels" in found["refused"]["reason"]
    assert decisions == {}


def test_numbers_for_labels_need_their_names(capsys, tmp_path):
    code, found, decisions = imported(capsys, tmp_path, DATA / "doccano_ids.jsonl", "--looked-at")
    assert code == 3
    assert "--tag-names" in found["refused"]["reason"]
    assert found["refused"]["count"] == 6  # those with labels
    assert set(decisions) == {"deleted", "none"}


def test_an_archive_of_doccano_says_who(capsys, tmp_path):
    with zipfile.ZipFile(tmp_path / "dataset.zip", "w") as archive:
        for who, label in (("ada", "PER"), ("bob", "ORG")):
            archive.writestr(f"{who}.jsonl", json.dumps(row_of("untouched", [0, 4, label])))
    out = tmp_path / "d.jsonl"
    words = ("import", tmp_path / "dataset.zip", "--base", BASE, "-o", out, "--looked-at")
    code, _, err = run(capsys, *words)
    assert code == 0
    assert [(one.who, one.after[0].label) for one in read_decisions(out).every] == [("ada", "PER"), ("bob", "ORG")]
    assert "1 decisions are on sentences that have one already" in err


@pytest.mark.parametrize(
    ("label", "reason"),
    [([[0, 4, "PER"], [2, 6, "LOC"]], "overlap"),
     ([[0, 99, "PER"]], "ends after the last character"),
     ([[4, 5, "PER"]], "holds white space only"),
     ([[0, 4]], "is not a span"),
     ([[0, 4, ""]], "has no label"),
     ([["0", 4, "PER"]], "is not a span")],
)  # fmt: skip
def test_spans_that_are_none_are_refused_and_the_others_read(capsys, tmp_path, label, reason):
    rows = row_of("untouched", *label), row_of("relabelled", [0, 2, "X"])
    code, found, decisions = imported(capsys, tmp_path, doccano_lines(tmp_path / "all.jsonl", *rows))
    assert code == 3
    assert reason in found["refused"]["reason"]
    assert set(decisions) == {"relabelled"}


HTML = {"start": "/text()[1]", "end": "/text()[1]", "startOffset": 0, "endOffset": 4, "hypertextlabels": ["PER"]}
UNNAMED = {"start": 0, "end": 4, "text": "Kofi"}
TWO = {"start": 0, "end": 4, "text": "Kofi", "labels": ["PER", "LOC"]}
ELSEWHERE = {"start": 0, "end": 4, "text": "Bobo", "labels": ["PER"]}


@pytest.mark.parametrize("value", [HTML, UNNAMED, TWO, ELSEWHERE])
@pytest.mark.parametrize("flat", [False, True])
def test_marks_of_label_studio_that_are_not_understood_are_not_taken_for_deleted(capsys, tmp_path, value, flat):
    data = {key: row_of("untouched")[key] for key in ("text", "crosspan_id")}
    record = {**data, "id": 1, "annotation_id": 2, "label": [value]}
    if not flat:
        relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
        record = {
            "id": 1,
            "data": data,
            "annotations": [{"result": [relation, {"from_name": "other", "value": value}]}],
        }
    export = doccano_lines(tmp_path / "export.json", record)
    code, found, decisions = imported(capsys, tmp_path, export)
    assert (code, found["tool"]) == (3, "label-studio")
    assert found["refused"]["count"] == 1
    assert decisions == {}


def test_a_line_that_is_no_json_is_refused_and_the_others_read(capsys, tmp_path):
    export = doccano_lines(tmp_path / "all.jsonl", row_of("relabelled", [0, 2, "X"]))
    export.write_text(export.read_text(encoding="utf-8") + '{"text": \n', encoding="utf-8")
    code, found, decisions = imported(capsys, tmp_path, export)
    assert code == 3
    assert "all.jsonl:2" in found["refused"]["first"]
    assert set(decisions) == {"relabelled"}


def test_names_that_were_lost_are_found_by_the_text(capsys, tmp_path):
    row = row_of("relabelled", [0, 2, "X"])
    del row["crosspan_id"]
    _, found, decisions = imported(capsys, tmp_path, doccano_lines(tmp_path / "all.jsonl", row))
    assert found["found_by_text"] == 1
    assert set(decisions) == {"relabelled"}


def test_white_space_that_a_tool_takes_from_the_ends_changes_no_place(capsys, tmp_path):
    base = tmp_path / "base.jsonl"
    base.write_text('{"id": "a", "text": "  Bo in Accra \\n", "spans": []}\n', encoding="utf-8")
    row = {"text": "Bo in Accra", "label": [[6, 11, "LOC"]], "crosspan_id": "a"}
    _, _, decisions = imported(capsys, tmp_path, doccano_lines(tmp_path / "all.jsonl", row), base=base)
    assert spans(decisions["a"]) == [(8, 13, "LOC")]


def test_a_base_that_was_changed_is_noticed(capsys, tmp_path):
    row = row_of("relabelled", [0, 2, "X"], crosspan_hash="0123456789abcdef")
    code, found, decisions = imported(capsys, tmp_path, doccano_lines(tmp_path / "all.jsonl", row))
    assert code == 3
    assert found["text_changed"]["count"] == 1
    assert decisions == {}


def test_an_import_takes_no_decisions_away(capsys, tmp_path):
    out = tmp_path / "d.jsonl"
    words = ("--base", BASE, "-o", out, "--quiet")
    assert run(capsys, "import", DATA / "prodigy.jsonl", *words)[0] == 3
    before = out.read_bytes()
    assert run(capsys, "import", DATA / "prodigy.jsonl", *words)[0] == 3, "the same again"
    code, _, err = run(capsys, "import", DATA / "label_studio.json", *words)
    assert code == 2
    assert "would be lost" in err
    assert out.read_bytes() == before


# --- out to each tool


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Labelled English, plain Swahili, and its projection."""
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "en.conll", load_corpus("en")[:40])
    write(folder / "sw.txt", load_corpus("sw")[:40], format="plain")
    words = [folder / "en.conll", folder / "sw.txt", "--out", folder / "sw.jsonl", "--dropped", folder / "d.jsonl"]
    assert main(["project", *map(str, words), "--quiet"]) == 0
    return folder


def exported(capsys, corpus, tmp_path, tool, *more):
    out = tmp_path / f"out.{'jsonl' if tool in ('doccano', 'prodigy') else 'json'}"
    words = ("export", corpus / "sw.jsonl", "--to", tool, "-o", out, "--source", corpus / "en.conll", *more)
    assert run(capsys, *words, "--quiet")[0] == 0
    return out


def test_label_studio_is_shown_both_sides(capsys, corpus, tmp_path):
    out = exported(capsys, corpus, tmp_path, "label-studio", "--labels", "NEW & <odd>")
    tasks = json.loads(out.read_text(encoding="utf-8"))
    projections = list(read_projections(corpus / "sw.jsonl"))
    assert len(tasks) == 40
    for task, projection in zip(tasks, projections, strict=True):
        results = task["predictions"][0]["result"]
        mine = [one for one in results if one["to_name"] == "text"]
        theirs = [one for one in results if one["to_name"] == "source"]
        assert [one["value"]["labels"] for one in mine] == [[span.label] for span in projection.sentence.spans]
        assert [one["score"] for one in mine] == [span.score for span in projection.sentence.spans]
        for side, of in ((mine, "text"), (theirs, "crosspan_source")):
            for one in side:
                value = one["value"]
                assert task["data"][of][value["start"] : value["end"]] == value["text"]
        assert len(theirs) == len(projection.links) + len(projection.dropped)
    page = ElementTree.parse(out.with_suffix(".xml")).getroot()
    assert [one.get("name") for one in page.iter("Text")] == ["source", "text"]
    labels = [one.get("value") for one in page.find("Labels[@name='label']")]
    assert labels[-1] == "NEW & <odd>"
    assert {one["from_name"] for task in tasks for one in task["predictions"][0]["result"]} == {
        one.get("name") for one in page.iter("Labels")
    }


def accept(tool, out):
    """The file that a tool exports where somebody accepted everything."""
    if tool == "label-studio":
        tasks = json.loads(out.read_text(encoding="utf-8"))
        done = [{**one, "annotations": [{"result": one["predictions"][0]["result"]}]} for one in tasks]
        out.write_text(json.dumps(done), encoding="utf-8")
    elif tool == "prodigy":
        lines = [
            json.loads(line) | {"answer": "accept"} for line in out.read_text(encoding="utf-8").split("\n") if line
        ]
        doccano_lines(out, *lines)


@pytest.mark.parametrize("tool", marked("label-studio", "doccano", "prodigy", "inception"))
def test_what_nobody_changes_comes_back_as_accepted(capsys, corpus, tmp_path, tool):
    out = exported(capsys, corpus, tmp_path, tool, "--random", 10, "--uncertain", 5)
    accept(tool, out)
    more = () if tool in TELLS_WHO_LOOKED else ("--looked-at",)
    code, found, decisions = imported(capsys, tmp_path, out, *more, base=corpus / "sw.jsonl")
    assert code == 0
    assert len(decisions) == 15
    assert sum(one.drawn == "random" for one in decisions.values()) == 10
    assert all(one.after == one.before for one in decisions.values())
    n_spans = sum(len(one.sentence.spans) for one in read_projections(corpus / "sw.jsonl"))
    assert found["accepted"]["count"] + found["untouched"]["count"] == n_spans
    assert found["text_changed"]["count"] == found["refused"]["count"] == 0


@pytest.mark.parametrize("tool", marked("label-studio", "doccano", "prodigy", "inception"))
def test_every_character_comes_back(capsys, tmp_path, tool):
    """Emoji, characters that combine, blanks at the ends, and what means something to JSON, XML and HTML."""
    base = tmp_path / "base.jsonl"
    texts = ['😀 <b>Ọlọ́run</b> & "Bo" 🎉', " a\u00a0b  c ", "𐍈𐍈 שלום 𐍈", "x\ty\u2028z"]
    records = [
        {"id": f"n {at}\t#", "text": text, "spans": [{"start": start, "end": len(text.rstrip()), "label": "L|<&"}]}
        for at, text in enumerate(texts)
        for start in [text.index(text.split()[-1])]
    ]
    doccano_lines(base, *records)
    out = exported(capsys, _as_corpus(tmp_path, base, len(texts)), tmp_path, tool)
    accept(tool, out)
    more = () if tool in TELLS_WHO_LOOKED else ("--looked-at",)
    code, found, decisions = imported(capsys, tmp_path, out, *more, base=base)
    assert code == 0, found
    assert len(decisions) == len(texts)
    assert found["accepted"]["count"] == len(texts)


def _as_corpus(tmp_path, base, count):
    (tmp_path / "sw.jsonl").write_bytes(base.read_bytes())
    write(tmp_path / "en.conll", load_corpus("en")[:count])
    return tmp_path


@needs_cassis
@pytest.mark.parametrize("ending", ["json", "xmi"])
def test_inception_counts_utf16_and_reads_both_forms(capsys, tmp_path, ending):
    out = tmp_path / f"out.{ending}"
    assert run(capsys, "export", BASE, "--to", "inception", "-o", out, "--quiet")[0] == 0
    text = out.read_text(encoding="utf-8")
    assert ('"begin": 3, "end": 15' if ending == "json" else 'begin="3" end="15"') in text
    code, found, _ = imported(capsys, tmp_path, out, "--looked-at")
    assert code == 0
    assert found["accepted"]["count"] == 9


@needs_cassis
def test_inception_takes_files_of_two_names(capsys, tmp_path):
    code, _, err = run(capsys, "export", BASE, "--to", "inception", "-o", tmp_path / "out.txt")
    assert code == 2
    assert ".xmi" in err


def test_without_cassis_the_message_says_what_to_install(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cassis", None)
    code, _, err = run(capsys, "export", BASE, "--to", "inception", "-o", tmp_path / "out.json")
    assert code == 1
    assert "crosspan[inception]" in err


def test_doccano_is_written_as_its_pages_count(capsys, tmp_path):
    places = {}
    for unit in (None, "utf16", "codepoints"):
        out = tmp_path / f"{unit}.jsonl"
        more = () if unit is None else ("--offsets", unit)
        assert run(capsys, "export", BASE, "--to", "doccano", "-o", out, *more, "--quiet")[0] == 0
        places[unit] = json.loads(out.read_text(encoding="utf-8").splitlines()[0])["label"][0][:2]
    assert places == {None: [3, 15], "utf16": [3, 15], "codepoints": [2, 14]}


@pytest.mark.parametrize("words", [("--config", "x.xml"), ("--offsets", "utf16")])
def test_options_of_other_tools_are_refused(capsys, tmp_path, words):
    assert run(capsys, "export", BASE, "--to", "prodigy", "-o", tmp_path / "out.jsonl", *words)[0] == 2


def test_settings_of_a_page_replace_nothing_that_is_read(capsys, tmp_path):
    base = tmp_path / "tasks.xml"
    base.write_bytes(BASE.read_bytes())
    code, _, err = run(capsys, "export", base, "--from", "jsonl", "--to", "label-studio", "-o", tmp_path / "tasks.json")
    assert code == 2
    assert "is read" in err


def test_a_corpus_without_labels_needs_some_for_label_studio(capsys, tmp_path):
    base = tmp_path / "a.txt"
    base.write_text("Ada anaishi Accra\n", encoding="utf-8")
    words = ("export", base, "--to", "label-studio", "-o", tmp_path / "t.json")
    assert run(capsys, *words)[0] == 2
    assert run(capsys, *words, "--labels", "PER")[0] == 0


def test_bad_sentences_are_named_and_the_others_written(capsys, tmp_path):
    base = tmp_path / "a.conll"
    base.write_text("Ada B-PER\n\nBo I-LOC\nx O\n\nAma B-PER\n", encoding="utf-8")
    code, _, err = run(capsys, "export", base, "--to", "prodigy", "-o", tmp_path / "t.jsonl")
    assert code == 3
    assert "#2: left out: " in err
    assert [json.loads(line)["text"] for line in (tmp_path / "t.jsonl").read_text().splitlines()] == ["Ada", "Ama"]


def test_sources_that_do_not_fit_are_an_error(capsys, corpus, tmp_path):
    write(tmp_path / "en.conll", load_corpus("en")[:39])
    words = ("export", corpus / "sw.jsonl", "--to", "prodigy", "-o", tmp_path / "t.jsonl")
    assert run(capsys, *words, "--source", tmp_path / "en.conll")[0] == 1
    write(tmp_path / "sw.conll", load_corpus("sw")[:40])
    code, _, err = run(capsys, *words[:1], tmp_path / "sw.conll", *words[2:], "--source", tmp_path / "en.conll")
    assert code == 1
    assert "it ends after 39 sentences" in err


def test_the_folder_of_a_run_brings_its_sources(capsys, corpus, tmp_path):
    recipe = tmp_path / "r.toml"
    sides = "".join(
        f'[{side}]\npath = "{corpus / name}"\n' for side, name in (("source", "en.conll"), ("target", "sw.txt"))
    )
    recipe.write_text(f'task = "project"\nout = "out"\n{sides}', encoding="utf-8")
    assert main(["run", str(recipe), "--quiet"]) == 0
    out = tmp_path / "t.jsonl"
    assert run(capsys, "export", tmp_path / "out", "--to", "prodigy", "-o", out, "--quiet")[0] == 0
    first = json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert first["meta"]["source"].startswith("European Commission officials")
    assert "(" in first["meta"]["source_entities"]


# --- gold


def test_gold_and_rest(capsys, tmp_path):
    out = tmp_path / "d.jsonl"
    assert run(capsys, "import", DATA / "label_studio.json", "--base", BASE, "-o", out, "--quiet")[0] == 3
    code, found, _ = run(capsys, "apply", BASE, out, "-o", tmp_path / "reviewed", "--json")
    assert code == 0
    found = json.loads(found)
    assert (found["gold"], found["rest"], found["skipped"]) == (6, 3, 1)
    gold = {one.id: one for one in read(tmp_path / "reviewed" / "gold.jsonl")}
    rest = {one.id: one for one in read(tmp_path / "reviewed" / "rest.jsonl")}
    assert set(gold) == {"both", "moved", "relabelled", "deleted", "added", "none"}
    assert set(rest) == {"untouched", "changed", "skipped"}
    assert gold["moved"].tokens == ("Serikali", "ya", "Kenya", "ni", "ilisema", ".")
    assert gold["moved"].text == "Serikali ya Kenyani ilisema."
    assert [span.score for one in gold.values() for span in one.spans] == [None] * 7
    assert rest["untouched"].spans[0].score == 0.7
    quality = json.loads((tmp_path / "reviewed" / "quality.json").read_text(encoding="utf-8"))["quality"]
    assert quality == found["quality"]
    total = quality["total"]
    assert (total["tp"], total["n_pred"], total["n_gold"]) == (3, 6, 7)
    assert quality["by_label"]["ORG"]["precision"] == 0.0
    assert any("few" in note for note in quality["notes"])


def test_the_summary_shows_quality_with_intervals(capsys, tmp_path):
    out = tmp_path / "d.jsonl"
    run(capsys, "import", DATA / "label_studio.json", "--base", BASE, "-o", out, "--quiet")
    code, found, err = run(capsys, "apply", BASE, out, "-o", tmp_path / "reviewed")
    assert code == 0
    assert "6 sentences are gold (3 accepted, 1 moved, 1 relabelled, 1 deleted, 2 added), 3 are the rest" in err
    assert "Quality by 6 of 9 sentences, with 95 % intervals" in found
    assert "Whether confidences mean what they say" in found


def test_the_rest_of_a_projection_stays_a_projection(capsys, corpus, tmp_path):
    out = exported(capsys, corpus, tmp_path, "prodigy", "--random", 10)
    accept("prodigy", out)
    run(capsys, "import", out, "--base", corpus / "sw.jsonl", "-o", tmp_path / "d.jsonl", "--quiet")
    words = ("apply", corpus / "sw.jsonl", tmp_path / "d.jsonl", "-o", tmp_path / "reviewed", "--quiet")
    assert run(capsys, *words)[0] == 0
    before = {one.sentence.id: one for one in read_projections(corpus / "sw.jsonl")}
    rest = list(read_projections(tmp_path / "reviewed" / "rest.jsonl"))
    assert len(rest) == 30
    assert all(before[one.sentence.id] == one for one in rest)
    assert len(read(tmp_path / "reviewed" / "gold.jsonl")) == 10
    assert run(capsys, *words, "--to", "conll")[0] == 0
    assert len(read(tmp_path / "reviewed" / "gold.conll")) == 10


def decide(path, *records):
    text = "".join(json.dumps(record) + "\n" for record in records)
    path.write_text(text, encoding="utf-8")
    return path


def of(name, label=None, **more):
    """A decision on a sentence of the base, whose first span it labels anew; without a label it is as it was."""
    from crosspan.io.pairs import SentenceFile
    from crosspan.review.tasks import read_tasks, review_files

    task = next(one for one in read_tasks(review_files(SentenceFile(BASE))) if one.id == name)
    before = [one.to_dict() for one in task.spans]
    after = before if label is None else [{**before[0], "label": label}]
    return {"id": name, "hash": task.hash, "before": before, "after": after, "verdict": "done", **more}


def test_of_two_people_the_later_decision_holds(capsys, tmp_path):
    ada = decide(
        tmp_path / "ada.jsonl",
        of("untouched", "ADA", who="ada", when="2025-03-01T12:00:00Z", drawn="random"),
        of("skipped", "ADA", who="ada", when="2025-03-01T12:00:00Z"),
        of("moved", who="ada", when="2025-03-01T12:00:00Z"),
    )
    bob = decide(
        tmp_path / "bob.jsonl",
        of("untouched", "BOB", who="bob", when="2025-03-01T11:00:00Z"),
        of("skipped", "BOB", who="bob", when="2025-03-01T13:00:00Z"),
        of("moved", who="bob", when="2025-03-01T13:00:00Z"),
    )
    code, found, _ = run(capsys, "apply", BASE, ada, bob, "-o", tmp_path / "reviewed", "--json")
    assert code == 0
    assert json.loads(found)["disputed"] == 2
    gold = {one.id: one.spans[0].label for one in read(tmp_path / "reviewed" / "gold.jsonl")}
    assert gold == {"untouched": "ADA", "skipped": "BOB", "moved": "LOC"}
    assert json.loads(found)["quality"]["sentences"] == 1, "why a sentence was drawn is kept, whoever decided last"


def test_rejected_taken_back_and_strange_decisions(capsys, tmp_path):
    path = decide(
        tmp_path / "d.jsonl",
        of("untouched", verdict="reject"),
        of("moved", "X"),
        of("moved", verdict="open"),
        {**of("both"), "id": "stranger"},
        of("deleted", before=[]),
    )
    code, found, err = run(capsys, "apply", BASE, path, "-o", tmp_path / "reviewed")
    assert code == 0
    assert "1 sentences were rejected, and are in neither" in err
    assert "1 decisions are on sentences that are not there, such as stranger" in err
    assert "1 sentences have other labels now than were shown" in err
    assert "nothing can be said of the whole" in found
    assert len(read(tmp_path / "reviewed" / "rest.jsonl")) == 7


def test_a_decision_of_another_text_is_not_applied(capsys, tmp_path):
    path = decide(tmp_path / "d.jsonl", {**of("untouched", "X"), "hash": "0123456789abcdef"}, of("both"))
    code, _, err = run(capsys, "apply", BASE, path, "-o", tmp_path / "reviewed")
    assert code == 3
    assert "untouched: not applied: the text is not the one that was decided of" in err
    assert "untouched" in {one.id for one in read(tmp_path / "reviewed" / "rest.jsonl")}


def test_a_torn_line_is_told(capsys, tmp_path):
    path = decide(tmp_path / "d.jsonl", of("both"))
    path.write_text(path.read_text(encoding="utf-8") + '{"id": "mo', encoding="utf-8")
    code, _, err = run(capsys, "apply", BASE, path, "-o", tmp_path / "reviewed")
    assert code == 0
    assert "d.jsonl:2: the line was not written to its end" in err


def test_words_alone_can_be_reviewed_and_cut(capsys, tmp_path):
    """A file of tokens and tags has no text of its own, and gold has one where a token was cut."""
    base = tmp_path / "a.conll"
    base.write_text("Jijini O\nAccra B-LOC\n\nBo B-PER\n", encoding="utf-8")
    row = {"text": "Jijini Accra", "label": [[0, 4, "X"], [7, 12, "LOC"]], "crosspan_id": "#1"}
    imported(capsys, tmp_path, doccano_lines(tmp_path / "all.jsonl", row), base=base)
    words = ("apply", base, tmp_path / "decisions.jsonl", "-o", tmp_path / "reviewed", "--to", "conll", "--quiet")
    assert run(capsys, *words)[0] == 0
    (found,) = read(tmp_path / "reviewed" / "gold.conll")
    assert found.tags() == ["B-X", "O", "B-LOC"]
    assert found.text == "Jijini Accra"


@pytest.mark.parametrize("name", ["label_studio.json", "doccano_ids.jsonl", "prodigy.jsonl"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_an_export_is_not_taken_for_decisions(capsys, tmp_path, name, end):
    export = tmp_path / name
    export.write_text((DATA / name).read_text("utf-8").rstrip() + end, "utf-8")
    code, _, err = run(capsys, "apply", BASE, export, "-o", tmp_path / "gold")
    assert (code, "crosspan review import" in err) == (1, True), err
    assert not (tmp_path / "gold").exists()


def test_an_import_without_decisions_says_why(capsys, tmp_path):
    row = {"id": 1, "text": "Something else.", "label": [[0, 9, "PER"]]}
    words = ("--base", BASE, "-o", tmp_path / "d.jsonl")
    _, out, err = run(capsys, "import", doccano_lines(tmp_path / "x.jsonl", row), *words, "--from-tool", "doccano")
    assert "1 records are of no sentence of the base" in out + err
    records = [json.loads(line) for line in (DATA / "prodigy.jsonl").read_text("utf-8").splitlines()]
    lines = [json.dumps({key: value for key, value in one.items() if key != "answer"}) for one in records]
    (tmp_path / "p.jsonl").write_text("\n".join(lines), "utf-8")
    _, out, err = run(capsys, "import", tmp_path / "p.jsonl", *words, "--from-tool", "prodigy")
    assert "records have no answer: in Prodigy nobody has decided them yet" in out + err


def test_people_who_agree_on_no_entity_have_no_f1(capsys, tmp_path):
    from crosspan.review.decisions import text_hash

    base = tmp_path / "base.jsonl"
    base.write_text('{"id": "a", "tokens": ["Ada", "left"], "spans": []}\n', "utf-8")
    for who in ("one", "other"):
        record = {"id": "a", "hash": text_hash("Ada left"), "before": [], "after": [], "verdict": "done", "who": who}
        (tmp_path / f"{who}.jsonl").write_text(json.dumps(record) + "\n", "utf-8")
    _, out, err = run(capsys, "agree", tmp_path / "one.jsonl", tmp_path / "other.jsonl", "--base", base)
    assert "spans alike (F1): none, as neither has a span" in out + err
    assert "hold the same decisions" not in out + err
    _, out, err = run(capsys, "agree", tmp_path / "one.jsonl", tmp_path / "one.jsonl", "--base", base)
    assert "hold the same decisions: this is no agreement of two people" in out + err
