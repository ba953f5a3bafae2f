from __future__ import annotations

import json

import pytest

import crosspan
from crosspan.core.errors import EmptyInputError, FormatError, SpanError
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.demo import load_corpus
from crosspan.io import read, read_projections, write_projections
from crosspan.io.projections import projection_from_dict

PER = Span(0, 2, "PER", 0.75)
LINK = ProjectedSpan(PER, Span(1, 2, "PER", 0.5), 0.5)
PROJECTION = Projection(
    Sentence(("na", "Ada"), (LINK.target,), id="s1", lang="sw", text="na Ada", offsets=((0, 2), (3, 6))),
    (LINK,),
    (DroppedSpan(Span(3, 4, "LOC"), "no_link"),),
)
OTHER = Projection(
    Sentence(("wa", "Ghana", "Ada"), (Span(2, 3, "PER", 0.5),)),
    (ProjectedSpan(Span(0, 1, "PER", 0.75), Span(2, 3, "PER", 0.5), 0.5),),
    unobserved=(ProjectedSpan(Span(1, 2, "MISC", 0.8), Span(0, 2, "MISC", 0.4), 0.4),),
)


def deep(projection):
    """All there is to a projection, with the scores that comparison passes over."""
    return (
        projection,
        [span.score for span in projection.sentence.spans],
        [(link.source.score, link.target.score) for link in projection.links],
        [span.source.score for span in projection.dropped],
        [(link.source.score, link.target.score) for link in projection.unobserved],
    )


def test_golden_record():
    record = PROJECTION.to_dict()
    assert record["spans"] == [
        {"start": 1, "end": 2, "label": "PER", "score": 0.5, "source": {"start": 0, "end": 2, "score": 0.75}}
    ]
    assert record["dropped"] == [{"start": 3, "end": 4, "label": "LOC", "reason": "no_link"}]
    assert "unobserved" not in record
    span = {"start": 0, "end": 2, "label": "MISC", "score": 0.4, "source": {"start": 1, "end": 2, "score": 0.8}}
    assert OTHER.to_dict()["unobserved"] == [span]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ("MISC", FormatError, "'unobserved' is no list of spans"),
        (["MISC"], FormatError, "is no span"),
        (
            [{"start": 0, "end": 9, "label": "MISC", "score": 0.4, "source": {"start": 0, "end": 1}}],
            SpanError,
            "last of",
        ),
        ([{"start": 0, "end": 1, "label": "MISC", "score": 0.4}], SpanError, "no source or no score"),
        ([{"start": 0, "end": 1}], SpanError, "is not a span"),
    ],
)
def test_unobserved_spans_that_cannot_be_read(wrong, error, message):
    with pytest.raises(error, match=message):
        projection_from_dict({**OTHER.to_dict(), "unobserved": wrong})


@pytest.mark.parametrize(
    "projection",
    [PROJECTION, OTHER, Projection(Sentence(("a",))), Projection(Sentence(("a",)), error="links do not fit")],
)
def test_round_trip(projection):
    assert deep(projection_from_dict(json.loads(json.dumps(projection.to_dict())))) == deep(projection)


def test_a_projected_corpus_comes_back_with_rounded_confidences(tmp_path):
    found = crosspan.project_labels(load_corpus("en")[:50], load_corpus("sw")[:50], min_confidence=0.95)
    assert any(projection.dropped for projection in found)
    write_projections(tmp_path / "a.jsonl.gz", found)
    back = list(read_projections(tmp_path / "a.jsonl.gz"))
    assert [one.sentence for one in back] == [one.sentence for one in found] == read(tmp_path / "a.jsonl.gz")
    assert [one.dropped for one in back] == [one.dropped for one in found]
    for one, other in zip(back, found, strict=True):
        assert [(link.source, link.target) for link in one.links] == [
            (link.source, link.target) for link in other.links
        ]
        sure = [link.confidence for link in other.links]
        assert [link.confidence for link in one.links] == pytest.approx(sure, abs=5e-5)
    write_projections(tmp_path / "b.jsonl.gz", back)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def lines(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


GOOD = PROJECTION.to_dict()


def test_bad_spans_raise_or_are_noted(tmp_path):
    bad = {**GOOD, "spans": [{**GOOD["spans"][0], "end": 9}]}
    path = lines(tmp_path / "a.jsonl", GOOD, bad, GOOD)
    with pytest.raises(SpanError, match=r"a\.jsonl:2: "):
        list(read_projections(path))
    rejects = []
    found = list(read_projections(path, rejects=rejects))
    assert [one.status for one in found] == ["ok", "error", "ok"]
    assert [(reject.index, reject.where) for reject in rejects] == [(1, f"{path}:2")]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"spans": [{"start": 1, "end": 2, "label": "PER", "score": 0.5}]}, SpanError, "has no source"),
        ({"spans": [{**GOOD["spans"][0], "source": 7}]}, FormatError, "7 is no source span"),
        ({"dropped": 7}, FormatError, "no list of spans"),
        ({"dropped": [{"start": 0, "end": 1}]}, FormatError, "no dropped span"),
        ({"tokens": None, "text": None}, FormatError, "neither tokens nor text"),
    ],
)
def test_bad_records(tmp_path, change, error, message):
    path = lines(tmp_path / "a.jsonl", {**GOOD, **change})
    with pytest.raises(error, match=message) as caught:
        list(read_projections(path))
    assert caught.value.where == f"{path}:1"


def test_labelled_sentences_are_no_projections(tmp_path):
    record = {key: value for key, value in GOOD.items() if key != "dropped"}
    with pytest.raises(FormatError, match="no key 'dropped'"):
        list(read_projections(lines(tmp_path / "a.jsonl", record)))
    (tmp_path / "b.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(EmptyInputError):
        list(read_projections(tmp_path / "b.jsonl"))
