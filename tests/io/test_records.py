from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import CrosspanError, EncodingError, FormatError, MissingDependencyError, TagError
from crosspan.core.types import Sentence, Span
from crosspan.io import read, write
from crosspan.io.format import Reading
from crosspan.io.json_records import records_or_faults
from crosspan.io.jsonl import Jsonl
from crosspan.io.records import sentence_of


def spans(sentence):
    return [(s.start, s.end, s.label) for s in sentence.spans]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"tokens": ["a", "b"], "spans": [{"start": 0, "end": 2, "label": "X"}]}, [(0, 2, "X")]),
        ({"tokens": ["a", "b"], "entities": [[1, 2, "X"]]}, [(1, 2, "X")]),
        ({"words": ["a", "b"], "ner_tags": ["O", "B-X"]}, [(1, 2, "X")]),
        ({"tokens": ["a", "b"], "labels": ["I-X", "I-X"]}, [(0, 2, "X")]),
        ({"text": "a b", "label": [[2, 3, "X"]]}, [(1, 2, "X")]),
        ({"text": "a b", "entities": [{"start_offset": 0, "end_offset": 1, "label": "X"}]}, [(0, 1, "X")]),
        ({"text": "a b", "label": "news"}, []),
        ({"text": "a b ", "spans": [[1, 4, "X"]]}, [(1, 2, "X")]),
        ({"text": "non-EU law", "spans": [[4, 6, "ORG"]]}, [(1, 2, "ORG")]),
        (
            {
                "text": "a b",
                "tokens": [{"text": "a", "start": 0, "end": 1, "id": 0}, {"text": "b", "start": 2, "end": 3, "id": 1}],
                "spans": [{"start": 2, "end": 3, "token_start": 1, "token_end": 1, "label": "X"}],
            },
            [(1, 2, "X")],
        ),
        ({"tokens": ["a"], "ner_tags": ["B-X"], "spans": [{"start": 0, "end": 1, "label": "X"}]}, [(0, 1, "X")]),
    ],
)
def test_records_of_many_tools(record, expected):
    sentence, fault = sentence_of(record)
    assert fault is None
    assert spans(sentence) == expected


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"tokens": ["a", "b"], "spans": [[0, 3, "X"]]}, "ends after the last of 2 tokens"),
        ({"tokens": ["a", "b"], "spans": [[0, 2, "X"], [1, 2, "Y"]]}, "overlap"),
        ({"text": "a b", "spans": [[0, 9, "X"]]}, "ends after the last character"),
        ({"text": "a b", "spans": [[0, 3, "X"], [2, 3, "Y"]]}, "overlap"),
        ({"text": "a b", "spans": [[1, 2, "X"]]}, "white space only"),
        ({"text": "a b", "spans": [[2, 1, "X"]]}, "is empty"),
        ({"text": "a b", "spans": [["0", 1, "X"]]}, "is not a span"),
        ({"text": "a b", "spans": [{"start": 0, "label": "X"}]}, "no whole number"),
        ({"text": "a b", "spans": "X"}, "not a list"),
        ({"tokens": ["a"], "ner_tags": ["B-X", "O"]}, "2 tags for 1 tokens"),
        ({"tokens": ["a"], "ner_tags": [3]}, "numbers without names"),
        ({"tokens": ["a"], "ner_tags": "B-X"}, "not a list"),
        ({"tokens": ["a", "b"], "ner_tags": ["B-PER", "PER"]}, "token 2: 'PER' is not a tag"),
        ({"tokens": ["a"], "ner_tags": ["B-X"], "spans": []}, "contradict"),
    ],
)
def test_bad_labels_are_faults_and_tokens_stay(record, message):
    sentence, fault = sentence_of(record)
    assert message in str(fault)
    assert sentence.spans == ()
    assert sentence.tokens == tuple(record.get("tokens", ("a", "b")))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}", "neither tokens nor text"),
        ("3", "not a JSON object"),
        ("{", "not valid JSON"),
        ('{"tokens": "a b"}', "not a list"),
        ('{"tokens": ["a", 3]}', "not a string"),
        ('{"text": 3}', "not a string"),
        ('{"tokens": ["a"], "text": "b", "offsets": [[0, 1]]}', "hold 'b', not 'a'"),
    ],
)
def test_bad_records_name_their_line(line, message):
    _, bad, good = Jsonl().parse(['{"tokens": ["a"]}', line, '{"tokens": ["b"]}'], "x.jsonl", Reading())
    assert message in str(bad.fault)
    assert bad.fault.where == "x.jsonl:2"
    assert (good.line, good.sentence.tokens, good.fault) == (3, ("b",), None)
    with pytest.raises(FormatError, match=message.replace("[", r"\[")):
        list(Jsonl().parse([line], "x.jsonl", Reading()))


TASK = {"data": {"text": "Ada"}, "annotations": [{"result": [{"value": {"start": 0, "end": 3, "labels": ["PER"]}}]}]}
HOLDER = {"version": 1, "annotations": [{"text": "Ada"}, {"text": "Bo"}]}


@pytest.mark.parametrize(
    ("lines", "found"),
    [([json.dumps(TASK)], [1]),  # a task is no list of annotations
     ([json.dumps(TASK), "", json.dumps(TASK), json.dumps(TASK)], [1, 3, 4]),
     ([json.dumps(HOLDER)], [1, 2]),
     (["", json.dumps(HOLDER), " "], [1, 2]),
     ([json.dumps(HOLDER), "", json.dumps({"text": "Bo"})], [1, 3])],
)  # fmt: skip
def test_what_holds_records_is_told_from_records(lines, found):
    assert [number for number, _ in records_or_faults(lines, "x.jsonl")] == found


def test_a_first_line_that_is_no_json_is_a_fault_of_its_own():
    first, second = records_or_faults(["xyz", '{"text": "a"}'], "x.jsonl")
    assert isinstance(first[1], FormatError)
    assert second == (2, {"text": "a"})


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(EncodingError, match="surrogate"):
        list(Jsonl().parse(['{"tokens": ["\\ud83d"]}'], "x", Reading()))
    (item,) = Jsonl().parse(['{"tokens": ["\\ud83d\\ude00"]}'], "x", Reading())
    assert item.sentence.tokens == ("😀",)


@given(st.text(alphabet="ab'. é1-東", min_size=1, max_size=15), st.data())
def test_character_spans_lose_nothing(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    sentence, fault = sentence_of({"text": text, "spans": [[start, end, "X"]]})
    if not text[start:end].strip():
        assert fault is not None
        return
    (span,) = sentence.spans
    covered = text[sentence.offsets[span.start][0] : sentence.offsets[span.end - 1][1]]
    assert covered == text[start:end].strip()


def test_parquet_reads_huggingface_class_labels(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    feature = {"feature": {"names": ["O", "B-PER", "I-PER"], "_type": "ClassLabel"}, "_type": "Sequence"}
    table = arrow.table({"tokens": [["Ada", "L", "."]], "ner_tags": [[1, 2, 0]]})
    info = json.dumps({"info": {"features": {"ner_tags": feature}}})
    parquet.write_table(table.replace_schema_metadata({"huggingface": info}), tmp_path / "a.parquet")
    assert spans(read(tmp_path / "a.parquet")[0]) == [(0, 2, "PER")]


def test_parquet_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "a.parquet", [Sentence(("Ada", "L"), (Span(0, 2, "PER", 0.5),))], scheme="BIOES")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["id", "lang", "text", "tokens", "ner_tags", "spans", "offsets"]
    assert table["ner_tags"].to_pylist() == [["B-PER", "E-PER"]]
    assert read(tmp_path / "a.parquet")[0].spans[0].score == 0.5


def test_parquet_rejects_by_row(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"tokens": [["a"], ["b"]], "ner_tags": [["O"], ["O", "O"]]})
    parquet.write_table(table, tmp_path / "a.parquet")
    rejects = []
    assert len(read(tmp_path / "a.parquet", rejects=rejects)) == 2
    assert rejects[0].where.endswith("row 2")
    with pytest.raises(TagError, match="2 tags for 1 tokens"):
        read(tmp_path / "a.parquet")


def test_no_parquet_file(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"text")
    with pytest.raises(FormatError, match="not a Parquet file"):
        read(tmp_path / "a.parquet")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match="pyarrow") as caught:
        write(tmp_path / "a.parquet", [Sentence(("a",))])
    assert "pip install 'crosspan[parquet]'" in str(caught.value)
    assert isinstance(caught.value, CrosspanError)
