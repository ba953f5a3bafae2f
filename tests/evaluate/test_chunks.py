from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import TagError
from crosspan.core.tags import from_tags
from crosspan.core.types import Sentence, Span
from crosspan.evaluate.chunks import lenient_spans, strict_spans


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["U-PER", "O", "B-LOC", "L-LOC"], [(0, 1, "PER"), (2, 4, "LOC")]),
        (["S-PER", "I-PER"], [(0, 1, "PER"), (1, 2, "PER")]),
        (["B-PER", "I-LOC", "I-PER"], [(0, 1, "PER"), (1, 2, "LOC"), (2, 3, "PER")]),
        (["E-PER", "E-PER"], [(0, 1, "PER"), (1, 2, "PER")]),
        ([], []),
    ],
)
def test_lenient_spans_by_hand(tags: list[str], expected: list[tuple[int, int, str]]) -> None:
    assert lenient_spans(tags) == expected


@pytest.mark.parametrize("tags", [["PER"], ["X-PER"], [""], ["BPER"], ["O-PER"], ["b-PER"]])
def test_spans_of_what_is_no_tag_raise(tags: list[str]) -> None:
    with pytest.raises(TagError, match="is not a tag"):
        lenient_spans(tags)


def test_strict_spans_of_other_schemes_raise() -> None:
    with pytest.raises(TagError, match="position 1 is not IOB2"):
        strict_spans(["B-PER", "E-PER"])


@given(st.lists(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]), max_size=12))
def test_readers_repairs_give_the_two_readings(tags: list[str]) -> None:
    """What the command line relies on: reading with ``begin`` is lenient, with ``drop`` strict."""
    for repair, read in (("begin", lenient_spans), ("drop", strict_spans)):
        spans = from_tags(tags, scheme="IOB2", repair=repair)
        assert [(span.start, span.end, span.label) for span in spans] == read(tags)


def test_both_agree_on_valid_tags() -> None:
    tags = Sentence(("a", "b", "c", "d"), (Span(0, 2, "PER"), Span(2, 3, "PER"), Span(3, 4, "LOC"))).tags()
    assert lenient_spans(tags) == strict_spans(tags) == [(0, 2, "PER"), (2, 3, "PER"), (3, 4, "LOC")]
