from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.review.desk.corpora import tasks

from crosspan.core.types import Sentence, Span
from crosspan.report.records import Names, safe_json, side_record
from crosspan.review.desk.records import RecordSpool, record_of_task, text_of_side
from crosspan.review.tasks import Task

PIECES = st.lists(
    st.tuples(st.sampled_from(["", " ", "  ", "\t", "\u3000"]), st.text("aé😀بọ\u0301", min_size=1, max_size=3)),
    max_size=5,
)


@given(PIECES, st.booleans())
def test_the_page_has_the_text_that_decisions_are_made_of(pieces, known):
    text, offsets = "", []
    for gap, word in pieces:
        text += gap
        offsets.append((len(text), len(text) + len(word)))
        text += word
    words = tuple(word for _, word in pieces)
    sentence = Sentence(words, text=text, offsets=tuple(offsets)) if known else Sentence(words)
    task = Task(index=0, id="a", sentence=sentence)
    found, places = text_of_side(record_of_task(task, Names(), Names())["t"])
    assert found == task.text
    assert [found[start:end] for start, end in places] == list(words)


@pytest.mark.parametrize("tokens", [("Accra", "ni", "mji"), ("other", "words")])
def test_a_text_without_offsets_is_shown_as_it_is(tokens):
    task = Task(index=0, id="a", sentence=Sentence(tokens, text="Accra  ni mji"))
    assert text_of_side(record_of_task(task, Names(), Names())["t"])[0] == "Accra  ni mji"


def test_spans_count_code_points_and_keep_their_scores():
    labels = Names()
    task = next(task for task in tasks() if task.id == "emoji")
    record = record_of_task(task, labels, Names())
    (label, start, end, score), *more = record["b"]
    assert (more, labels.listed()[label], score) == ([], "PER", 0.72)
    assert task.text[start:end] == "Ada Lovelace"
    assert record["d"]
    assert record["f"]
    assert record["id"] == "emoji"


def test_a_sentence_without_source_is_shown_alone():
    task = Task(index=3, id="#4", sentence=Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)))
    record = record_of_task(task, Names(), Names())
    assert (record["f"], record["s"], record["i"], record["b"]) == (
        False,
        side_record(Sentence(())),
        4,
        [[0, 3, 8, None]],
    )


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=20)), max_size=6))
def test_records_come_back_from_the_spool(records):
    with RecordSpool() as spool:
        for record in records:
            spool.add(record)
        assert [spool[number] for number in range(len(spool))] == records
        assert safe_json(records)
