from __future__ import annotations

import sys

import pytest

from crosspan.core.errors import ArgumentError, FormatError, MissingDependencyError, OptionError, SpanError, TagError
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io.hf import from_dataset, iter_dataset, to_dataset
from crosspan.io.python import sentence_from_text


class ClassLabel:
    def __init__(self, names):
        self.names = names


class List:
    def __init__(self, feature):
        self.feature = feature


class Rows:
    """What crosspan uses of a ``Dataset``."""

    def __init__(self, rows, features=None):
        self.rows, self.features = rows, features

    def __iter__(self):
        return iter(self.rows)

    def with_format(self, kind):
        assert kind is None
        return self


NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
ROWS = [
    {"id": 7, "tokens": ["Ada", "Obi", "left"], "ner_tags": [1, 2, 0]},
    {"id": 8, "tokens": ["in", "Accra"], "ner_tags": [0, 3]},
]


def tags(sentences):
    return [sentence.tags() for sentence in sentences]


@pytest.mark.parametrize("wrap", [List, lambda feature: [feature]], ids=["list-feature", "python-list"])
def test_numbers_are_read_by_the_names_of_their_class(wrap):
    found = from_dataset(Rows(ROWS, {"id": None, "tokens": None, "ner_tags": wrap(ClassLabel(NAMES))}), lang="en")
    assert tags(found) == [["B-PER", "I-PER", "O"], ["O", "B-LOC"]]
    assert [(sentence.id, sentence.lang) for sentence in found] == [("7", "en"), ("8", "en")]


def test_columns_and_names_can_be_given():
    rows = [{"w": row["tokens"], "t": row["ner_tags"]} for row in ROWS]
    found = from_dataset(rows, columns={"w": "tokens", "t": "ner_tags"}, names=NAMES)
    assert tags(found) == tags(from_dataset(Rows(ROWS), names=NAMES))
    with pytest.raises(OptionError, match="no column 'words'"):
        from_dataset(Rows(ROWS, {"tokens": None}), columns={"words": "tokens"})


def test_tags_as_strings_in_another_scheme():
    rows = [{"tokens": ["Ada", "Obi"], "ner_tags": ["B-PER", "E-PER"]}, {"tokens": ["Bo"], "ner_tags": ["S-LOC"]}]
    assert tags(from_dataset(rows)) == [["B-PER", "I-PER"], ["B-LOC"]]


def test_text_with_entities_in_the_shapes_that_datasets_keeps_them():
    text = "Ada left Accra."
    as_records = {"text": text, "entities": [{"start": 0, "end": 3, "label": 0}, {"start": 9, "end": 14, "label": 1}]}
    as_lists = {"text": text, "entities": {"start": [0, 9], "end": [3, 14], "label": [0, 1]}, "label": 3}
    inside = {"start": None, "end": None, "label": ClassLabel(["PER", "LOC"])}
    for row in (as_records, as_lists):
        (found,) = from_dataset(Rows([row], {"text": None, "entities": List(inside)}))
        assert found.tags() == ["B-PER", "O", "B-LOC", "O"]
        assert found.text == text


def test_rows_that_cannot_be_read():
    bad = [*ROWS, {"tokens": ["a"], "ner_tags": [99]}]
    with pytest.raises(TagError, match=r"row:3: .*the tag 99 has no name"):
        from_dataset(bad, names=NAMES)
    rejects = []
    assert len(from_dataset(bad, names=NAMES, rejects=rejects)) == 3
    assert [(one.index, one.where) for one in rejects] == [(2, "row:3")]
    with pytest.raises(FormatError, match="row:1: neither tokens nor text"):
        from_dataset([{"words_": ["a"]}])
    with pytest.raises(SpanError, match="row:1"):
        from_dataset([{"text": "a b", "entities": [{"start": 0, "end": 9, "label": "X"}]}])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train": Rows(ROWS), "test": Rows(ROWS)}, "dict of the splits train, test, not a list of rows"),
        ("conll2003", "a str, not a list of rows"),
        (3, "an? int"),
        ([["a"]], r"a row is \['a'\]"),
    ],
)
def test_what_is_no_dataset(given, message):
    with pytest.raises(ArgumentError, match=message):
        from_dataset(given)


def test_rows_are_read_as_they_are_needed():
    def rows():
        yield from ROWS * 3000
        raise AssertionError("read to the end")

    assert next(iter_dataset(rows(), names=NAMES)).id == "7"


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependencyError, match="pip install datasets"):
        to_dataset([Sentence(("a",))])


def test_mixtures_are_refused():
    projection = Projection(Sentence(("a",)))
    with pytest.raises(ArgumentError, match=r"items\[1\] is a Sentence"):
        to_dataset([projection, Sentence(("a",))])
    with pytest.raises(ArgumentError, match=r"items\[0\] is a str"):
        to_dataset(["a"])
    with pytest.raises(OptionError, match="'PER' is not among labels"):
        to_dataset([Sentence(("a",), (Span(0, 1, "PER"),))], labels=["LOC"])


SENTENCES = [
    sentence_from_text("Ada Obi left Accra.", [(0, 7, "PER", 0.5), (13, 18, "LOC")], id="1", lang="en"),
    Sentence(("no", "text")),
    Sentence((), id="empty"),
]
LINK = ProjectedSpan(Span(2, 3, "LOC", 0.75), Span(0, 1, "LOC", 0.5), 0.5)
PROJECTIONS = [
    Projection(Sentence(("Accra", "leo"), (LINK.target,)), (LINK,), (DroppedSpan(Span(0, 1, "PER"), "no_link"),)),
    Projection(Sentence(("x",)), error="one side of the pair is empty"),
    Projection(Sentence(("huko",))),
]


@pytest.mark.parametrize("scheme", ["IOB2", "BIOES"])
def test_round_trip_with_the_package(scheme):
    datasets = pytest.importorskip("datasets")
    made = to_dataset(SENTENCES, scheme=scheme)
    assert isinstance(made, datasets.Dataset)
    names = made.features["ner_tags"].feature.names
    assert names[:3] == ["O", "B-LOC", "I-LOC"]
    back = from_dataset(made)
    assert back == SENTENCES
    assert back[0].spans[0].score == 0.5
    assert from_dataset(made.with_format("numpy")) == SENTENCES
    assert list(iter_dataset(made.to_iterable_dataset())) == SENTENCES
    assert from_dataset(made.remove_columns(["spans", "text", "offsets"]))[0].tags() == SENTENCES[0].tags()


def test_projections_with_the_package(caplog):
    pytest.importorskip("datasets")
    made = to_dataset(PROJECTIONS, labels=["PER", "LOC"])
    assert "1 of 3 projections have an error" in caplog.text
    assert made.features["ner_tags"].feature.names == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    assert made["ner_tags"][:] == [[3, 0], [0]]
    assert made[0]["spans"][0]["source"] == {"start": 2, "end": 3, "score": 0.75}
    assert made[0]["dropped"][0]["reason"] == "no_link"
    assert made[1]["dropped"] == made[1]["unobserved"] == []
    other = Projection(Sentence(("wa", "Ghana")), unobserved=(LINK,))
    assert to_dataset([other])[0]["unobserved"][0]["source"] == {"start": 2, "end": 3, "score": 0.75}
    assert from_dataset(made) == [PROJECTIONS[0].sentence, PROJECTIONS[2].sentence]


def test_class_labels_of_the_package():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "tokens": [datasets.Value("string")],
            "ner_tags": [datasets.ClassLabel(names=NAMES)],
            "id": datasets.Value("int64"),
        }
    )
    made = datasets.Dataset.from_list(ROWS, features=features)
    assert tags(from_dataset(made)) == [["B-PER", "I-PER", "O"], ["O", "B-LOC"]]
    with pytest.raises(ArgumentError, match="DatasetDict of the splits train"):
        from_dataset(datasets.DatasetDict({"train": made}))
    empty = datasets.Dataset.from_dict({name: [] for name in features}, features=features)
    assert from_dataset(empty) == []
    assert len(to_dataset([])) == 0
