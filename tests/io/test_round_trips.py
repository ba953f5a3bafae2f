"""From any format to any other: what is known of labels is kept, or it is said how much of it was lost."""

from __future__ import annotations

import json
import tempfile
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.io.corpora import projections, sentences, written_sentences

from crosspan.core.types import Projection, Sentence, Span
from crosspan.io import SentenceFile, Writing, read_projections, write_projections
from crosspan.io.choice import FORMATS, format_named
from crosspan.io.convert import convert
from crosspan.io.format import sentence_in
from crosspan.io.projections import projection_of

pytest.importorskip("pyarrow")
pytest.importorskip("spacy")

FORMS = {name: format_named(name) for name in FORMATS.builtin}
WHOLE = [name for name, form in FORMS.items() if form.sources and form.writes]
WRITTEN = [name for name, form in FORMS.items() if form.writes]


def put(path, items, name):
    """Write both kinds as ``convert`` does."""
    FORMS[name].write_projections(path, items, Writing())


def found_in(path, name):
    for item in SentenceFile(path, name).located():
        assert item.fault is None
        yield item.sentence if item.evidence is None else projection_of(item.sentence, item.evidence)


def test_all_formats_that_can_hold_a_projection_do():
    assert sorted(WHOLE) == ["docbin", "jsonl", "parquet"]


ANY = st.one_of(projections(), sentences(scores=True), written_sentences())


@settings(deadline=None, max_examples=60)
@given(st.lists(ANY, min_size=1, max_size=4), st.sampled_from(list(product(WHOLE, WHOLE))))
def test_nothing_is_lost_between_formats_that_hold_all(corpus, way):
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        put(one, corpus, way[0])
        result = convert(SentenceFile(one, way[0]), other, to_format=way[1])
        found = list(found_in(other, way[1]))
    assert [item.to_dict() for item in found] == [item.to_dict() for item in corpus]
    assert [isinstance(item, Projection) for item in found] == [isinstance(item, Projection) for item in corpus]
    assert not +result.lost


WORDS = st.sampled_from(["Ada", "Obi", "mọ́", "東", "لاغوس", "Ng'ombe", "12", "."])
PLAIN = sentences(tokens=WORDS)


def counted(items):
    """How much is known of some sentences."""
    counts = dict.fromkeys(("ids", "entities", "confidences", "sources", "dropped entities"), 0)
    for item in items:
        sentence = sentence_in(item)
        counts["ids"] += sentence.id is not None
        counts["entities"] += len(sentence.spans)
        counts["confidences"] += sum(span.score is not None for span in sentence.spans)
        if isinstance(item, Projection):
            counts["sources"] += len(item.links)
            counts["dropped entities"] += len(item.dropped)
    return counts


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(projections(of=PLAIN), PLAIN), min_size=1, max_size=4),
    st.sampled_from(list(product(WRITTEN, WRITTEN))),
)
def test_what_is_lost_is_counted(corpus, way):
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        put(one, corpus, way[0])
        before = list(found_in(one, way[0]))
        result = convert(SentenceFile(one, way[0]), other, to_format=way[1])
        after = list(found_in(other, way[1]))
    lost = {what: count - counted(after)[what] for what, count in counted(before).items()}
    if not FORMS[way[1]].labels:  # what was known of entities went with them
        lost |= {"confidences": 0, "sources": 0, "dropped entities": 0}
    assert {what: result.lost.get(what, 0) for what in lost} == lost
    assert [sentence_in(item).tokens for item in after] == [sentence_in(item).tokens for item in before]


@settings(deadline=None, max_examples=20)
@given(st.lists(projections(), min_size=1, max_size=3), st.sampled_from(WHOLE), st.sampled_from(["", ".gz"]))
def test_projections_are_read_back_from_each_format(corpus, name, packed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{FORMS[name].endings[0]}{packed}"
        write_projections(path, corpus)
        assert [one.to_dict() for one in read_projections(path)] == [one.to_dict() for one in corpus]


def test_a_span_put_in_by_hand_stays_when_a_projection_is_converted(tmp_path):
    record = {"tokens": ["Ada", "left"], "spans": [{"start": 0, "end": 1, "label": "PER"}], "dropped": []}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    for name in WHOLE:
        convert(SentenceFile(tmp_path / "a.jsonl"), tmp_path / "b", to_format=name)
        (item,) = SentenceFile(tmp_path / "b", name).located()
        assert item.sentence.spans == (Span(0, 1, "PER"),)
        assert item.evidence is not None


def test_a_sentence_that_could_not_be_projected_is_never_free_of_entities(tmp_path):
    failed = Projection(Sentence(("Ada",)), error="no links")
    for name in WHOLE:
        put(tmp_path / "a", [Sentence(("b",)), failed], name)
        (_, item) = SentenceFile(tmp_path / "a", name).located()
        assert "no labels: no links" in str(item.fault)
        failed_file = SentenceFile(tmp_path / "a", name)
        rejects = convert(failed_file, tmp_path / "b", to_format="conll", on_error="skip").rejects
        assert len(rejects) == 1
