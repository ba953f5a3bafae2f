from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import ArgumentError, CrosspanError, FormatError, OptionError, SpanError, TagError
from crosspan.core.types import Entity, Sentence, Span
from crosspan.io.python import UNITS, sentence_from_dict, sentence_from_text
from crosspan.text.tokenize import tokenize

TEXT = "😀 Ọlọ́run left Accra."


def test_entities_of_a_text():
    sentence = sentence_from_text(TEXT, [(15, 20, "LOC", 0.5), (2, 9, "PER")], id="a", lang="en")
    assert sentence.entities() == [
        Entity("Ọlọ́run", "PER", 2, 9),
        Entity("Accra", "LOC", 15, 20, 0.5),
    ]
    assert (sentence.id, sentence.lang, sentence.text) == ("a", "en", TEXT)
    assert sentence_from_text(TEXT, sentence.entities(), id="a", lang="en") == sentence
    assert sentence_from_text(TEXT, [e.to_dict() for e in sentence.entities()], id="a", lang="en") == sentence
    assert sentence_from_text(TEXT, [Span(2, 9, "PER")]).spans == (sentence.spans[0],)
    assert sentence_from_text("").tokens == sentence_from_text(" ").tokens == ()


def test_white_space_and_punctuation_at_the_ends():
    text = "in New York ."
    assert sentence_from_text(text, [(2, 12, "LOC")]).spans == (Span(1, 3, "LOC"),)
    assert sentence_from_text("(Accra)", [(0, 7, "LOC")]).spans == (Span(0, 3, "LOC"),)


@pytest.mark.parametrize("unit", UNITS)
def test_offsets_in_any_unit(unit):
    def count(text):
        if unit == "bytes":
            return len(text.encode())
        return len(text.encode("utf-16-le")) // 2 if unit == "utf16" else len(text)

    start, end = TEXT.index("Accra"), TEXT.index(".")
    places = (count(TEXT[:start]), count(TEXT[:end]), "LOC")
    assert sentence_from_text(TEXT, [places], offsets=unit).entities() == [Entity("Accra", "LOC", start, end)]


@pytest.mark.parametrize(
    ("unit", "places", "message"),
    [
        ("utf16", (1, 3, "X"), "none of whole characters of the text in utf16"),
        ("bytes", (2, 4, "X"), "none of whole characters of the text in bytes"),
        ("bytes", (0, 99, "X"), "none of whole characters"),
        ("codepoints", (0, 99, "X"), "ends after the last character"),
    ],
)
def test_offsets_that_fit_no_character(unit, places, message):
    with pytest.raises(SpanError, match=message):
        sentence_from_text(TEXT, [places], offsets=unit)


def test_an_entity_inside_a_word_is_named_or_widened():
    text = "the non-EU citizens"
    with pytest.raises(SpanError) as caught:
        sentence_from_text(text, [(8, 10, "ORG")], id="s7")
    assert str(caught.value) == (
        "s7: span [8, 10) ORG 'EU' begins inside the word 'non-EU' [4, 10). "
        "Mend it, or widen it to whole words with snap=True."
    )
    with pytest.raises(SpanError, match=r"'the n' ends inside the word 'non-EU'"):
        sentence_from_text(text, [(0, 5, "ORG")])
    assert sentence_from_text(text, [(8, 10, "ORG", 0.5)], snap=True).entities() == [
        Entity("non-EU", "ORG", 4, 10, 0.5)
    ]
    with pytest.raises(SpanError, match="overlap"):
        sentence_from_text(text, [(4, 6, "X"), (8, 10, "ORG")], snap=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sentence_from_text(b"a"), "the text is b'a', not a string"),
        (lambda: sentence_from_text(["a", "b"]), "not a string"),
        (lambda: sentence_from_text("a", (0, 1, "X")), "0 is no entity"),
        (lambda: sentence_from_text("a", "X"), "the entities are 'X', not a list"),
        (lambda: sentence_from_text("a", {"start": 0}), "not a list"),
        (lambda: sentence_from_text("a", [("0", 1, "X")]), "whole numbers"),
        (lambda: sentence_from_text("a", [(0, 1, 3)]), "is 3, not a string"),
        (lambda: sentence_from_text("a", [{"start": 0, "end": 1}]), "is None, not a string"),
        (lambda: sentence_from_text("a", [(0, 1)]), "is no entity"),
        (lambda: sentence_from_text("a", [Entity("a", "X")]), "whole numbers"),
        (lambda: sentence_from_dict("a"), "'a' is no record"),
    ],
)
def test_wrong_kinds_of_values(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_wrong_options():
    with pytest.raises(OptionError, match="offsets is 'utf-16'"):
        sentence_from_text("a", offsets="utf-16")
    with pytest.raises(OptionError, match="apostrophe"):
        sentence_from_text("a", apostrophe="cut")
    with pytest.raises(OptionError, match="scheme"):
        sentence_from_dict({"tokens": ["a"]}, scheme="BIO")


def test_records():
    sentence = sentence_from_text("Ada left.", [(0, 3, "PER", 0.25)], id="a", lang="en")
    assert sentence_from_dict(sentence.to_dict()) == sentence
    assert sentence_from_dict({"tokens": ["Ada"], "ner_tags": [1]}, names=["O", "B-PER"]).tags() == ["B-PER"]
    with pytest.raises(TagError, match="2 tags for 1 tokens"):
        sentence_from_dict({"tokens": ["Ada"], "ner_tags": ["O", "O"]})
    with pytest.raises(FormatError, match="neither tokens nor text"):
        sentence_from_dict({})


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30), st.data())
def test_whole_words_come_back_in_any_unit(text, data):
    words = tokenize(text)
    if not words:
        return
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = words[first][0], words[last][1]
    (found,) = sentence_from_text(text, [(start, end, "X")]).entities()
    assert (found.start, found.end, found.text) == (start, end, text[start:end])
    places = tuple(len(text[:at].encode("utf-16-le")) // 2 for at in (start, end))
    assert sentence_from_text(text, [(*places, "X")], offsets="utf16").entities() == [found]


@given(st.text(max_size=20), st.integers(-2, 25), st.integers(-2, 25))
def test_any_range_gives_a_sentence_or_an_error_of_ours(text, start, end):
    for unit in UNITS:
        try:
            found = sentence_from_text(text, [(start, end, "X")], offsets=unit, snap=True)
        except CrosspanError:
            continue
        assert isinstance(found, Sentence)
        assert len(found.spans) == 1
