from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.project.unknown_labels import restrict_labels

LABELS = ("PER", "LOC", "ORG")


def projection(words, *spans, dropped=()):
    found = [Span(*span) for span in spans]
    links = [ProjectedSpan(Span(one.start + 3, one.end + 3, one.label), one, one.score) for one in found]
    return Projection(Sentence(words.split(), tuple(found)), tuple(links), dropped)


PLACES = [projection(f"huko {place}", (1, 2, "LOC", 0.9)) for place in ("Ghana", "Kenya", "Uganda", "Malawi")]


def test_a_form_with_one_label_elsewhere_has_it():
    other = projection("rais wa Ghana", (2, 3, "MISC", 0.5))
    *_, found = restrict_labels([*PLACES, other], LABELS)
    assert found.sentence.spans == (Span(2, 3, "LOC"),)
    assert found.sentence.spans[0].score == found.links[0].confidence == 0.5
    assert found.links[0].source == Span(5, 6, "LOC")  # a link has one label on both sides
    assert found.unobserved == ()


def test_affixes_that_the_corpus_shows_are_left_outside():
    others = [projection(f"rais wa {place}", (1, 3, "MISC", 0.5)) for place in ("Ghana", "Kenya", "Uganda")]
    found = restrict_labels([*PLACES, *others], LABELS)[-1]
    assert found.sentence.tags() == ["O", "O", "B-LOC"]


def test_a_form_that_is_not_known_or_not_always_the_same_is_unobserved():
    mixed = [projection("klabu ya Ghana", (2, 3, "ORG", 0.9))] * 2
    asked = projection("wa Ghana na Ramadhani", (1, 2, "MISC", 0.9), (3, 4, "MISC", 0.8))
    *_, found = restrict_labels([*PLACES, *mixed, asked], LABELS)
    assert found.sentence.spans == found.links == ()
    assert [(one.target, one.confidence) for one in found.unobserved] == [
        (Span(1, 2, "MISC"), 0.9),
        (Span(3, 4, "MISC"), 0.8),
    ]
    assert found.sentence.tokens == asked.sentence.tokens


def test_what_has_labels_of_the_target_stays_as_it_is():
    kept = projection("Ada na Obi", (0, 1, "PER", 0.9), dropped=(DroppedSpan(Span(0, 1, "MISC"), "no_link"),))
    assert restrict_labels([kept], LABELS) == [kept]
    twice = restrict_labels(restrict_labels([projection("Ramadhani", (0, 1, "MISC", 0.9))], LABELS), LABELS)
    assert len(twice[0].unobserved) == 1


def test_a_label_has_a_name():
    with pytest.raises(OptionError, match="a label is empty"):
        restrict_labels([], [""])


label = st.sampled_from(["PER", "LOC", "MISC", "DATE"])


@given(st.lists(st.lists(st.tuples(st.sampled_from(["Ada", "wa", "Gulu", "eGulu"]), st.none() | label)), max_size=6))
def test_no_span_is_lost_or_made(rows):
    given_projections = []
    for row in rows:
        spans = [(at, at + 1, kind, 0.5) for at, (_, kind) in enumerate(row) if kind is not None]
        given_projections.append(projection(" ".join(word for word, _ in row), *spans))
    found = restrict_labels(given_projections, ["PER", "LOC"])
    for before, after in zip(given_projections, found, strict=True):
        assert {span.label for span in after.sentence.spans} <= {"PER", "LOC"}
        assert [link.target for link in after.links] == list(after.sentence.spans)
        places = sorted((link.target.start, link.target.end) for link in (*after.links, *after.unobserved))
        assert places == [(span.start, span.end) for span in before.sentence.spans]
