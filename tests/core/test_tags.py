from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import OptionError, SpanError, TagError
from crosspan.core.tags import decode, detect_scheme, from_tags, split_tag, to_tags
from crosspan.core.types import Sentence, Span

LABELS = ["PER", "LOC", "weather/attribute", "B-nested"]
SCHEMES = ["IOB1", "IOB2", "BIOES", "BILOU"]


@st.composite
def spans_and_length(draw):
    spans, place = [], 0
    for _ in range(draw(st.integers(0, 6))):
        start = place + draw(st.integers(0, 3))
        end = start + draw(st.integers(1, 4))
        spans.append(Span(start, end, draw(st.sampled_from(LABELS))))
        place = end
    return spans, place + draw(st.integers(0, 3))


@given(spans_and_length(), st.sampled_from(SCHEMES))
def test_round_trip_in_every_lossless_scheme(drawn, scheme):
    spans, n_tokens = drawn
    assert from_tags(to_tags(spans, n_tokens, scheme), scheme=scheme) == spans


@given(spans_and_length(), st.sampled_from(SCHEMES))
def test_round_trip_with_detected_scheme(drawn, scheme):
    spans, n_tokens = drawn
    assert from_tags(to_tags(spans, n_tokens, scheme)) == spans


@given(spans_and_length())
def test_iob2_agrees_with_the_sentence_type(drawn):
    spans, n_tokens = drawn
    assert to_tags(spans, n_tokens) == Sentence(("x",) * n_tokens, tuple(spans)).tags()


@given(st.lists(st.sampled_from([p + "-" + label for p in "BI" for label in ("A", "B")] + ["O"]), max_size=12))
def test_repairs_never_fail_and_error_agrees_with_them_on_good_tags(tags):
    for scheme in ("IOB1", "IOB2"):
        repaired = [from_tags(tags, scheme=scheme, repair=repair) for repair in ("begin", "drop", "merge")]
        spans, fault = decode(tags, scheme, "error")
        if fault is None:
            assert repaired == [spans] * 3
        else:
            assert scheme == "IOB2"
            assert tags[fault.index].startswith("I-")


def test_io_refuses_to_merge_neighbours():
    assert to_tags([Span(0, 2, "PER")], 3, "IO") == ["I-PER", "I-PER", "O"]
    with pytest.raises(TagError, match="cannot tell apart"):
        to_tags([Span(0, 1, "PER"), Span(1, 2, "PER")], 2, "IO")


@pytest.mark.parametrize(
    ("repair", "expected"),
    [
        ("begin", [(0, 1, "PER"), (1, 2, "LOC"), (3, 4, "ORG")]),
        ("drop", [(0, 1, "PER")]),
        ("merge", [(0, 2, "PER"), (3, 4, "ORG")]),
    ],
)
def test_repair_policies(repair, expected):
    spans = from_tags(["B-PER", "I-LOC", "O", "I-ORG"], scheme="IOB2", repair=repair)
    assert [(s.start, s.end, s.label) for s in spans] == expected


@pytest.mark.parametrize(
    ("tags", "scheme", "message"),
    [
        (["O", "I-PER"], "IOB2", "token 2: orphan 'I-PER'"),
        (["B-PER", "I-LOC"], "IOB2", "orphan 'I-LOC'"),
        (["PER"], "IOB2", "'PER' is not a tag"),
        (["B-"], "IOB2", "'B-' is not a tag"),
        (["S-PER"], "IOB2", "does not belong to the scheme IOB2"),
        (["B-PER", "O"], "BIOES", "is not closed"),
        (["E-PER"], "BIOES", "orphan 'E-PER'"),
    ],
)
def test_faults_name_the_tag(tags, scheme, message):
    with pytest.raises(TagError, match=message) as caught:
        from_tags(tags, scheme=scheme, where="a.conll:7")
    assert caught.value.where == "a.conll:7"
    assert caught.value.hint


def test_malformed_tags_are_never_repaired():
    with pytest.raises(TagError):
        from_tags(["per"], repair="drop")


@pytest.mark.parametrize(
    ("corpus", "scheme"),
    [
        ([["B-A", "I-A", "O"]], "IOB2"),
        ([["I-A", "B-A"]], "IOB1"),
        ([["I-A", "B-A"], ["B-A"]], "IOB2"),
        ([["I-A"], ["O"]], "IO"),
        ([["S-A"], ["B-A", "E-A"]], "BIOES"),
        ([["U-A"], ["B-A", "L-A"]], "BILOU"),
        ([], "IOB2"),
    ],
)
def test_detect_scheme(corpus, scheme):
    assert detect_scheme(corpus) == scheme


def test_options_and_spans_are_checked():
    with pytest.raises(OptionError, match="unknown repair"):
        from_tags(["O"], repair="mend")
    with pytest.raises(OptionError, match="unknown tag scheme"):
        to_tags([], 1, "BIO")
    with pytest.raises(SpanError, match="ends after"):
        to_tags([Span(0, 3, "PER")], 2)
    with pytest.raises(SpanError, match="overlap"):
        to_tags([Span(0, 2, "PER"), Span(1, 3, "LOC")], 3)
    assert split_tag("X-PER") is None
