from __future__ import annotations

from crosspan.core.errors import PairError
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.pipeline.parts import (
    Extras,
    Fault,
    Labels,
    Projected,
    Tokens,
    about_row,
    settled,
    settled_projection,
    whole_sentences,
)
from crosspan.pipeline.steps.projecting import counts_of

SENTENCE = Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.987654321),), "s1", "en", "in Accra", ((0, 2), (3, 8)))


def link(score, confidence):
    source, target = Span(0, 1, "LOC", score), Span(1, 2, "LOC", confidence)
    return Projection(Sentence(("in", "Accra"), (target,)), (ProjectedSpan(source, target, confidence),))


def test_a_fault_is_its_message_and_its_hint():
    error = PairError("it is empty", where="a.txt:3", hint="Put it in.")
    assert Fault.of(error) == ("a.txt:3", "it is empty", "Put it in.")
    assert Fault.of(error).reason == "it is empty. Put it in."
    assert Fault.of(PairError("it is empty.")).reason == "it is empty"


def test_a_sentence_is_taken_apart_and_put_together():
    tokens = Tokens(([SENTENCE.tokens, ()], [("mjini",), ("a", "b")]))
    about = Extras(([about_row(SENTENCE), about_row(Sentence(()))], [about_row(Sentence(()))] * 2), [1, 4])
    assert len(tokens) == 2
    assert whole_sentences(tokens, about, 0, Labels([SENTENCE.spans, ()])) == [SENTENCE, Sentence(())]
    assert whole_sentences(tokens, about, 1) == [Sentence(("mjini",)), Sentence(("a", "b"))]


def test_scores_have_four_digits():
    assert settled(SENTENCE).spans == (Span(1, 2, "LOC", 0.9877),)
    bare = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),))
    assert settled(bare) is bare


def test_confidences_are_multiplied_by_the_scores_of_the_source():
    found = settled_projection(link(0.123456, 0.5))
    assert found.links[0].confidence == 0.0617
    assert found.links[0].source.score == 0.1235
    assert found.sentence.spans == (Span(1, 2, "LOC", 0.0617),)
    assert settled_projection(link(0.5, 0.54321), source_scores=False).links[0].confidence == 0.5432
    assert settled_projection(link(None, 0.54321)).sentence.spans[0].score == 0.5432
    nothing = Projection(Sentence(("in",)), (), (DroppedSpan(Span(0, 1, "LOC"), "no_link"),))
    assert settled_projection(nothing) is nothing


def test_projections_get_their_words_back():
    one = settled_projection(link(0.5, 0.5))
    source, target = one.links[0].source, one.links[0].target
    row = [
        [(target.start, target.end, target.label, target.score)],
        [((source.start, source.end, source.label, source.score), (1, 2, "LOC", 0.25), 0.25)],
        [((0, 1, "PER", None), "no_link")],
        None,
        [((0, 1, "MISC", None), (0, 1, "MISC", 0.5), 0.5)],
    ]
    (found,) = Projected([row]).on([["in", "Accra"]])
    assert found.sentence == one.sentence
    assert found.links == one.links
    assert found.dropped == (DroppedSpan(Span(0, 1, "PER"), "no_link"),)
    assert found.unobserved == (ProjectedSpan(Span(0, 1, "MISC"), Span(0, 1, "MISC", 0.5), 0.5),)
    assert Projected([one]).on([["in", "Accra"]]) == [one]


def test_what_was_rejected_and_what_a_filter_took_out_are_counted_apart():
    sound, wrong, filtered = (Projection(Sentence(("a",)), error=error) for error in (None, "no", "filtered:comp-ins"))
    assert counts_of([sound, wrong, filtered, sound]) == {"sentences": 4, "filtered": 1, "rejected": 1}
