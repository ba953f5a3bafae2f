"""Tags of a file that is read once, understood in several ways; and the options that all readers share."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

from crosspan.core.errors import TagError
from crosspan.io import Reading, ReadOptions, SentenceFile, read, write
from crosspan.io.readings import Readings

MIXED = "Ada B-PER\nObi I-PER\n\nAccra I-LOC\nis O\n\nBo B-PER\n"
RECORDS = (
    '{"tokens": ["Ada", "Obi"], "ner_tags": ["B-PER", "I-PER"]}\n'
    '{"tokens": ["Accra", "is"], "ner_tags": ["I-LOC", "O"]}\n'
    '{"tokens": ["Bo"], "ner_tags": ["B-PER"]}\n'
)


@pytest.mark.parametrize(("name", "content"), [("a.conll", MIXED), ("a.jsonl", RECORDS)])
@pytest.mark.parametrize("scheme", ["auto", "IOB1", "IOB2"])
def test_one_reading_says_what_one_of_each_repair_says(tmp_path, name, content, scheme):
    path = tmp_path / name
    path.write_text(content)
    readings = Readings.of(SentenceFile(path, scheme=scheme).located(), name, scheme)
    assert readings.both() == tuple(read(path, scheme=scheme, repair=repair) for repair in ("drop", "begin"))
    again = Readings.of(SentenceFile(path).located(), name).both("IOB1")
    assert again == tuple(read(path, scheme="IOB1", repair=repair) for repair in ("drop", "begin"))


@pytest.mark.parametrize("name", ["a.conll", "a.jsonl", "a.parquet"])
def test_where_nothing_is_ill_formed_there_is_one_reading(tmp_path, name):
    (tmp_path / "b.conll").write_text("Ada B-PER\nObi I-PER\n\nBo B-PER\n")
    write(tmp_path / name, read(tmp_path / "b.conll"))
    strict, lenient = Readings.of(SentenceFile(tmp_path / name).located(), name).both()
    assert strict is lenient
    assert strict == read(tmp_path / name)


@pytest.mark.parametrize(("tag", "line"), [("PER", 4), ("E-PER", 4)])
def test_a_tag_that_is_none_is_an_error_with_its_line(tmp_path, tag, line):
    path = tmp_path / "a.conll"
    path.write_text("Ada B-PER\n\nand O\nObi " + tag + "\n\nBo B-PER\n")
    readings = Readings.of(SentenceFile(path).located(), str(path))
    with pytest.raises(TagError) as found:
        readings.both()
    assert found.value.where == f"{path}:{line}"


def test_a_row_at_fault_is_an_error(tmp_path):
    (tmp_path / "a.conll").write_text("Ada\tB-PER\nleft\tO\n\nObi\n\nBo\tB-PER\n")
    with pytest.raises(Exception, match="1 column"):
        Readings.of(SentenceFile(tmp_path / "a.conll").located(), "a.conll")


def test_what_users_say_is_what_readers_know():
    known = get_type_hints(Reading)
    assert {name: known[name] for name in get_type_hints(ReadOptions)} == get_type_hints(ReadOptions)
    internal = {one.name for one in fields(Reading)} - get_type_hints(ReadOptions).keys()
    assert internal == {"side", "marks", "notices"}
