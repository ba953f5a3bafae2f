from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.tag.word_types import WordTypes, hash_strings, shape_of, short_shape_of

words = st.text(min_size=1, max_size=12)


def test_shapes_know_capitals_digits_marks_and_scripts_without_case():
    assert shape_of("Kampala-2") == "Xxxxxxx-0"
    assert short_shape_of("USA") == "X"
    assert shape_of("mọ́") == "xx"  # the tone mark is no letter of its own
    assert short_shape_of("東京2020年") == "o0o"


@given(st.lists(words, max_size=20), st.lists(words, max_size=20))
@settings(deadline=None)
def test_words_are_described_the_same_whenever_they_come(one, other):
    together, apart = WordTypes(ngrams=3), WordTypes(ngrams=3)
    ids = together.ids([*one, *other])
    first = apart.ids(one)
    apart.attributes  # noqa: B018  # described in two goes
    second = apart.ids(other)
    np.testing.assert_array_equal(ids, np.concatenate([first, second]))
    np.testing.assert_array_equal(together.attributes, apart.attributes)
    for left, right in zip(together.bag, apart.bag, strict=True):
        np.testing.assert_array_equal(left, right)


@given(st.lists(words, max_size=20))
@settings(deadline=None)
def test_how_letters_with_marks_are_spelt_does_not_matter(some):
    composed, decomposed = WordTypes(ngrams=3), WordTypes(ngrams=3)
    composed.ids(unicodedata.normalize("NFC", word) for word in some)
    number = decomposed.ids(unicodedata.normalize("NFD", word) for word in some)
    same = [composed.number[unicodedata.normalize("NFC", word)] for word in some]
    np.testing.assert_array_equal(decomposed.attributes[number], composed.attributes[same])
    assert [decomposed.words[at] for at in number] == [unicodedata.normalize("NFC", word) for word in some]


def test_affixes_of_a_word():
    types = WordTypes()
    types.ids(["Gulu", "gulu", "Gu"])
    first, bag = types.bag
    assert np.diff(first).tolist() == [8, 8, 4]
    assert {*bag[8:16]} == {*bag[:8]}  # of the word in low case
    assert {*bag[16:18]} == {*bag[0:2]}  # its prefixes are those of the longer word


def test_hashes_are_the_same_on_every_machine():
    # FNV-1a of code points, worked out with Python's own integers
    assert [hex(value) for value in hash_strings(["Accra", "አዲስ", ""]).tolist()] == [
        "0xad4e0844d6d1921b",
        "0x977cd15f242277c6",
        "0x0",
    ]
