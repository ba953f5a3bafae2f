from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosspan.text.copies import copied_words


def test_short_words_small_words_and_other_words_are_not_copied():
    found = copied_words(["The", "Kampala", "UN", "rain", "Moses"], ["The", "kampala", "UN", "rain", "ne'Moses"])
    assert found.tolist() == [True, False, False, False, True]


def test_how_letters_with_marks_are_spelt_does_not_matter():
    assert copied_words(["O\u0301gu\u0301n"], ["Ógún"]).tolist() == [True]
    assert copied_words(["Ógún"], ["ni-O\u0301gu\u0301n"]).tolist() == [True]


@given(st.lists(st.text(min_size=1)), st.lists(st.text(min_size=1)))
def test_any_words_will_do(tokens, translation):
    found = copied_words(tokens, translation)
    assert found.shape == (len(tokens),)
    assert all(token[0].isupper() for token, copied in zip(tokens, found, strict=True) if copied)
