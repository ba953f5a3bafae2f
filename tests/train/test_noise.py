from __future__ import annotations

from dataclasses import replace

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_apart, examples_of, name_like, with_open_forms

TOKENS = ("Leo", "Moses", "Ali", "yagenze", "Gulu")


def projection(confidence=0.9, dropped=(), error=None):
    span = Span(1, 3, "PER", confidence)
    return Projection(
        Sentence(TOKENS, (span,), "s"), (ProjectedSpan(Span(0, 2, "PER"), span, confidence),), dropped, error
    )


DROPPED = (DroppedSpan(Span(3, 4, "LOC"), "no_link"),)


def test_unsure_spans_are_unknown_not_outside():
    example = examples_of([projection(0.4)], NoiseOptions(min_confidence=0.5))[0]
    assert example.sentence.spans == ()
    assert example.unobserved == (1, 2)
    kept = examples_of([projection(0.4)], NoiseOptions(min_confidence=0.3))[0]
    assert kept.sentence.spans[0].score == 0.4
    assert kept.unobserved == ()


def test_what_a_dropped_span_means_is_a_choice():
    choices = {choice: examples_of([projection(dropped=DROPPED)], NoiseOptions(dropped=choice)) for choice in
               ("keep", "names", "leave-out")}  # fmt: skip
    assert [example.unobserved for example in choices["keep"]] == [()]
    assert [example.unobserved for example in choices["names"]] == [(4,)]
    assert choices["leave-out"] == []
    assert examples_of([projection()], NoiseOptions(names=True))[0].unobserved == (4,)


def test_spans_whose_label_the_target_has_not_are_unknown():
    other = ProjectedSpan(Span(0, 1, "MISC"), Span(4, 5, "MISC", 0.9), 0.9)
    (example,) = examples_of([replace(projection(), unobserved=(other,))])
    assert example.unobserved == (4,)
    assert [span.label for span in example.sentence.spans] == ["PER"]


def test_a_name_that_is_labelled_elsewhere_is_unknown_where_it_is_not():
    def said(words, *spans):
        return Projection(Sentence(words.split(), tuple(Span(*span) for span in spans)))

    corpus = [said("e Gulu", (1, 2, "LOC")), said("Gulu na GULU wa gulu"), said("Ali yagenze"), said("Gu\u0300lu")]
    found = [example.unobserved for example in examples_of(corpus, NoiseOptions(forms=1 / 3))]
    assert found == [(), (0, 2), (), ()]
    rare = [example.unobserved for example in examples_of(corpus, NoiseOptions(forms=0.4))]
    assert rare == [(), (), (), ()]
    gold = [Example(Sentence(("Gulu", "Gulu")))]
    apart = examples_apart(corpus, NoiseOptions())
    assert [one.unobserved for one in with_open_forms(apart, NoiseOptions(forms=1 / 3), gold)] == rare


def test_in_a_script_without_capitals_any_word_may_be_a_name():
    corpus = [Projection(Sentence(("在", "北京"), (Span(1, 2, "LOC"),))), Projection(Sentence(("北京", "在")))]
    assert [example.unobserved for example in examples_of(corpus, NoiseOptions(forms=0.5))] == [(), (0,)]


def test_sentences_with_an_error_are_left_out():
    assert examples_of([projection(error="one side is empty"), projection()]) == examples_of([projection()])


def test_weights_follow_confidence():
    assert examples_of([projection(0.6)], NoiseOptions(weight=True))[0].weight == pytest.approx(0.6)
    assert examples_of([projection(0.6)])[0].weight == 1.0


def test_names_in_scripts_with_and_without_capitals():
    assert name_like(("«", "Kale", "n'", "Gulu", "2")) == [3]
    assert name_like(("东京", "。", "大")) == [0, 2]


def test_options_are_checked():
    with pytest.raises(OptionError, match="Choose from keep"):
        NoiseOptions(dropped="never")
    with pytest.raises(OptionError):
        NoiseOptions(min_confidence=2)
