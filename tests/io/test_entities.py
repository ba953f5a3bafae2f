"""Text with entities in characters, and lines of text that hold several sentences."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.cli.main import main
from crosspan.core.errors import FormatError, OptionError, SpanError
from crosspan.core.types import Projection, Sentence, Span
from crosspan.io import FORMATS, UNITS, read, write, write_projections
from crosspan.io.choice import format_named
from crosspan.text import tokenize_sentence

TEXT = "  Baba 😀 alizaliwa Nairobi.  Aliondoka Dar es Salaam! \n\nKampala\n"
LINES = TEXT.split("\n")[:-1]


def tagged(sentence, *names, score=None):
    """The sentence with the words of these names as entities."""
    spans = [Span(place, place + 1, "LOC", score) for place, word in enumerate(sentence.tokens) if word in names]
    return replace(sentence, spans=tuple(spans))


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def records(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_paragraphs_become_sentences(text):
    found = read(text, paragraphs=True)
    assert [one.tokens[0] if one.tokens else "" for one in found] == ["Baba", "Aliondoka", "", "Kampala"]
    assert [one.id for one in found] == ["1¶1", "1¶2", "2¶1", "3¶1"]
    assert found[0].text + found[1].text == LINES[0]


@pytest.mark.parametrize("unit", UNITS)
def test_places_are_those_of_the_whole_line(text, tmp_path, unit):
    found = [tagged(one, "Nairobi", "Salaam", "Kampala", score=0.123456) for one in read(text, paragraphs=True)]
    assert write(tmp_path / "out", found, format="entities", offsets=unit) == 4
    rows = records(tmp_path / "out")
    assert [row["text"] for row in rows] == LINES
    assert [[one["text"] for one in row["entities"]] for row in rows] == [["Nairobi", "Salaam"], [], ["Kampala"]]
    assert rows[2]["entities"][0]["score"] == 0.1235
    coding = {"codepoints": "utf-32-le", "utf16": "utf-16-le", "bytes": "utf-8"}[unit]
    width = {"codepoints": 4, "utf16": 2, "bytes": 1}[unit]
    for row in rows:
        assert row.get("unit", "codepoints") == unit
        raw = row["text"].encode(coding)
        for one in row["entities"]:
            assert raw[one["start"] * width : one["end"] * width].decode(coding) == one["text"]
    for form in ("entities", "auto"):
        back = read(tmp_path / "out", format=form)
        assert [one.text for one in back] == LINES
        assert [[one.tokens[span.start] for span in one.spans] for one in back] == [
            ["Nairobi", "Salaam"],
            [],
            ["Kampala"],
        ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), min_size=1, max_size=4))
def test_a_line_comes_back_whole(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("lines")
    (folder / "a.txt").write_bytes("".join(line + "\n" for line in ["x", *lines]).encode())  # a mark may not come first
    write(folder / "b", read(folder / "a.txt", format="plain", paragraphs=True), format="entities")
    assert [json.loads(row)["text"] for row in (folder / "b").read_text("utf-8").split("\n")[:-1]] == ["x", *lines]


def test_sentences_of_other_files_stay_apart(tmp_path):
    corpus = [Sentence(("in", "Accra"), (Span(1, 2, "LOC"),), id="3.1", lang="ak"), Sentence(("yes",), id="3.2")]
    write(tmp_path / "a", corpus, format="entities")
    assert records(tmp_path / "a") == [
        {
            "id": "3.1",
            "lang": "ak",
            "text": "in Accra",
            "entities": [{"start": 3, "end": 8, "label": "LOC", "text": "Accra"}],
        },
        {"id": "3.2", "text": "yes", "entities": []},
    ]
    assert [(one.id, one.tokens, one.spans) for one in read(tmp_path / "a")] == [
        (one.id, one.tokens, one.spans) for one in corpus
    ]


def test_what_went_wrong_stands_in_place_of_entities(tmp_path):
    good, bad = tokenize_sentence("Accra."), tokenize_sentence("Tema.")
    write_projections(tmp_path / "a", [Projection(good), Projection(bad, error="too long")], format="entities")
    assert records(tmp_path / "a") == [{"text": "Accra.", "entities": []}, {"text": "Tema.", "error": "too long"}]
    rejects = []
    assert [one.tokens for one in read(tmp_path / "a", rejects=rejects)] == [("Accra", "."), ("Tema", ".")]
    assert "no labels: too long" in rejects[0].reason


def test_words_whose_place_is_not_known_are_refused(tmp_path):
    odd = Sentence(("Accra",), (Span(0, 1, "LOC"),), text="elsewhere")
    with pytest.raises(FormatError, match="not known where"):
        write(tmp_path / "a", [odd], format="entities")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"unit": "words"}, "cannot count 'words'"), ({"unit": "utf16", "entities": [[0, 1, "X"]]}, "whole characters")],
)
def test_bad_units(tmp_path, change, message):
    (tmp_path / "a").write_text(json.dumps({"text": "😀", "entities": [[0, 2, "X"]], **change}), encoding="utf-8")
    with pytest.raises(SpanError, match=message):
        read(tmp_path / "a")


def test_only_running_text_has_paragraphs(tmp_path, text):
    (tmp_path / "a.conll").write_text("in O\nAccra B-LOC\n", encoding="utf-8")
    with pytest.raises(OptionError, match="not of paragraphs"):
        read(tmp_path / "a.conll", paragraphs=True)
    with pytest.raises(OptionError, match="cannot count"):
        write(tmp_path / "b", [], format="entities", offsets="words")


def test_convert(text, capsys):
    assert main(["convert", str(text), "-", "--to", "entities", "--quiet"]) == 0
    assert [json.loads(row)["text"] for row in capsys.readouterr().out.split("\n")[:-1]] == LINES


def test_the_table_of_the_documentation():
    """Each format with what it can do, as the page says it."""
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    for name in FORMATS.builtin:
        found = format_named(name)
        (row,) = [line for line in page.split("\n") if line.startswith(f"| `{name}` |")]
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        yes = ["yes" if it else "no" for it in (found.reads, found.writes, found.labels, found.scores)]
        assert cells[1:5] == yes, name
        assert [ending for ending in found.endings if f"`{ending}`" not in cells[5]] == [], name
