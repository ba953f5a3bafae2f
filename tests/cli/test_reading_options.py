"""How a file is read is said alike at every door: of verbs, and in the tables of recipes."""

from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.io import read

ROWS = [("Ada", "B-PER", "O", 1), ("left", "O", "O", 0), ("Accra", "B-LOC", "B-LOC", 3)]
NAMES = "O,B-PER,I-PER,B-LOC"
ENTITIES = {"Ada": "PER", "Accra": "LOC"}


def columns(*which, encoding="utf-8"):
    return ("".join("\t".join(str(row[at]) for at in which) + "\n" for row in ROWS) + "\n").encode(encoding)


def record(**keys):
    return (json.dumps({"tokens": [row[0] for row in ROWS], **keys}) + "\n").encode()


UTF16 = columns(0, 1, encoding="utf-16-le")
SECOND = columns(0, 2, 1)
NUMBERS = record(codes=[row[3] for row in ROWS])
PLACES = [{"start": 3, "end": 6, "label": "PER"}, {"start": 12, "end": 17, "label": "LOC"}]
EMOJI = json.dumps({"text": "\U0001f600 Ada left Accra", "spans": PLACES})

FILES = [
    ("a.tsv", UTF16, {"encoding": "utf-16-le"}),
    ("a.tsv", SECOND, {"tag_column": "3"}),
    ("a.jsonl", NUMBERS, {"tag_column": "codes", "tag_names": NAMES}),
    ("a.jsonl", EMOJI.encode(), {"offsets": "utf16"}),
    ("a.jsonl", record(one=["O", "O", "B-LOC"], other=[row[1] for row in ROWS]), {"tag_column": "other"}),
]
NUMBERED = [pytest.param(*one, id=next(iter(one[2])) + str(at)) for at, one in enumerate(FILES)]


def said(how):
    return [word for name, value in how.items() for word in (f"--{name.replace('_', '-')}", value)]


def entities(sentence):
    return {entity.text: entity.label for entity in sentence.entities()}


@pytest.mark.parametrize(("name", "content", "how"), NUMBERED)
def test_evaluate_reads_both_files_as_it_is_told(tmp_path, capsys, name, content, how):
    gold, pred = tmp_path / name, tmp_path / f"other-{name}"
    gold.write_bytes(content)
    pred.write_bytes(content)
    assert main(["evaluate", str(gold), str(pred), "--json", *said(how)]) == 0
    captured = capsys.readouterr()
    score = json.loads(captured.out)["strict"]["micro"]
    assert (score["f1"], score["n_gold"], captured.err) == (1.0, 2, "")


@pytest.mark.parametrize(("name", "content", "how"), NUMBERED)
def test_a_recipe_reads_its_files_as_its_tables_say(tmp_path, capsys, name, content, how):
    (tmp_path / name).write_bytes(content)
    lines = [f"{key} = {json.dumps(value.split(',') if key == 'tag_names' else value)}" for key, value in how.items()]
    tables = "\n".join([f'[source]\npath = "{name}"', *lines, f'[evaluate]\npath = "{name}"', *lines])
    target = '[target]\npath = "b.txt"\n[align]\nuse = "links"\npath = "one.links"\none_based = true\n'
    (tmp_path / "b.txt").write_text("\U0001f600 Ada left Accra\n" if "offsets" in how else "Ada left Accra\n")
    n = 4 if "offsets" in how else 3
    (tmp_path / "one.links").write_text(" ".join(f"{at}-{at}" for at in range(1, n + 1)) + "\n")
    (tmp_path / "recipe.toml").write_text(f"{tables}\n{target}")
    assert main(["run", str(tmp_path / "recipe.toml"), "--json"]) == 0, capsys.readouterr().err
    assert json.loads(capsys.readouterr().out)["strict_f1"] == 1.0
    assert entities(read(tmp_path / "out" / "labelled.jsonl")[0]) == ENTITIES
    assert main(["report", str(tmp_path / "out"), "--out", str(tmp_path / "page.html"), "--quiet"]) == 0
    assert "Accra" in (tmp_path / "page.html").read_text()


def test_gold_and_prediction_may_stand_under_two_keys_of_one_file(tmp_path, capsys):
    path = tmp_path / "both.jsonl"
    path.write_bytes(record(truth=[row[1] for row in ROWS], guess=[row[2] for row in ROWS]))
    how = ["--gold-tag-column", "truth", "--pred-tag-column", "guess"]
    assert main(["evaluate", str(path), "--json", *how]) == 0
    captured = capsys.readouterr()
    score = json.loads(captured.out)["strict"]["micro"]
    assert (score["tp"], score["n_gold"], score["n_pred"], captured.err) == (1, 2, 1, "")


def test_a_recipe_reads_a_folder_of_a_data_set_and_notices_its_change(tmp_path, capsys):
    arrow = pytest.importorskip("pyarrow")

    def save(tags):
        (tmp_path / "set").mkdir(exist_ok=True)
        table = arrow.table({"tokens": [["Ada", "left", "Accra"]], "ner_tags": [tags]})
        sink = arrow.OSFile(str(tmp_path / "set" / "data-0.arrow"), "wb")
        with sink, arrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        (tmp_path / "set" / "state.json").write_text('{"_data_files": [{"filename": "data-0.arrow"}]}')

    (tmp_path / "b.txt").write_text("Ada left Accra\n")
    (tmp_path / "recipe.toml").write_text('[source]\npath = "set"\n[target]\npath = "b.txt"\n')
    for tags, found in ((["B-PER", "O", "B-LOC"], ENTITIES), (["O", "O", "B-LOC"], {"Accra": "LOC"})):
        save(tags)
        assert main(["run", str(tmp_path / "recipe.toml"), "--quiet"]) == 0, capsys.readouterr().err
        assert entities(read(tmp_path / "out" / "labelled.jsonl")[0]) == found
    (tmp_path / "empty").mkdir()
    (tmp_path / "recipe.toml").write_text('[source]\npath = "empty"\n[target]\npath = "b.txt"\n')
    assert main(["run", str(tmp_path / "recipe.toml"), "--quiet"]) == 1
    assert "this is no file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('encoding = "utf-17"', "unknown encoding 'utf-17'"),
        ('offsets = "letters"', "offsets is 'letters'"),
        ('tag_name = "O"', "tag_names"),
    ],
)
def test_a_wrong_word_in_a_table_is_refused(tmp_path, capsys, line, words):
    (tmp_path / "recipe.toml").write_text(f'[source]\npath = "a"\n{line}\n[target]\npath = "b"\n')
    assert main(["run", str(tmp_path / "recipe.toml")]) == 2
    assert words in capsys.readouterr().err


def test_align_reads_another_encoding(tmp_path, capsys):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("kofi yɛ\n" * 3, encoding="utf-16")
    assert main(["align", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--quiet", "--encoding", "utf-16"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_prediction_with_more_labels_than_the_gold_is_asked_about(tmp_path, capsys):
    tags = [row[1] for row in ROWS]
    files = {"gold.jsonl": {"ner_tags": tags}, "pred.jsonl": {"ner_tags": tags, "predicted": ["O", "O", "B-PER"]}}
    gold, pred = (tmp_path / name for name in files)
    for name, keys in files.items():
        (tmp_path / name).write_bytes(record(**keys))
    assert main(["evaluate", str(gold), str(pred)]) == 2
    assert "'predicted' holds 1 more labels" in (err := capsys.readouterr().err)
    assert "--pred-tag-column" in err
    assert main(["evaluate", str(gold), str(pred), "--json", "--pred-tag-column", "predicted"]) == 0
    assert json.loads(capsys.readouterr().out)["strict"]["micro"]["tp"] == 0
    assert main(["evaluate", str(pred), str(pred), "--json"]) == 0  # the same on both sides


def test_a_score_of_nothing_says_why(tmp_path, capsys):
    (tmp_path / "gold.tsv").write_bytes(columns(0, 1))
    for content, said in (
        ("Ada left Accra\n", "there is no entity in it"),
        (columns(0, 1).decode().lower().replace("\to", "\tO").replace("\tb", "\tB"), "No label of"),
    ):
        (tmp_path / "pred").write_text(content.replace("ada", "Ada").replace("accra", "Accra"))
        assert main(["evaluate", str(tmp_path / "gold.tsv"), str(tmp_path / "pred")]) == 0
        assert said in capsys.readouterr().err


def test_links_that_seem_to_count_from_one_are_warned_of(tmp_path, capsys):
    (tmp_path / "a.conll").write_bytes(columns(0, 1) * 20)
    (tmp_path / "b.txt").write_text("Ada left Accra now\n" * 20)
    (tmp_path / "one.links").write_text("1-1 2-2\n" * 20)
    words = [
        "project",
        tmp_path / "a.conll",
        tmp_path / "b.txt",
        "--links",
        tmp_path / "one.links",
        "--out",
        tmp_path / "o.jsonl",
    ]
    assert main([*map(str, words)]) == 0
    assert "add --one-based" in capsys.readouterr().err
    assert main([*map(str, words), "--one-based"]) == 0
    assert "--one-based" not in capsys.readouterr().err
