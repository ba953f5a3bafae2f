from __future__ import annotations

import pytest

from crosspan.core.types import Sentence, Span
from crosspan.text import tokenize_sentence
from crosspan.text.mentions import apart, find_mention, words_touched


def test_ways_to_find_what_is_said():
    target = Sentence(("L'", "ACCRA", "Málaga", "d'", "Accra", "."))
    assert find_mention(target, "Accra") == [(4, 5, 1.0)]
    assert find_mention(target, "accra") == []
    assert find_mention(target, "accra", how="folded") == [(1, 2, 0.95), (4, 5, 0.95)]
    assert find_mention(target, "Ma\u0301laga", how="folded") == [(2, 3, 0.95)]
    assert find_mention(target, "Acccra", how="folded") == []
    assert [place[:2] for place in find_mention(target, "Acccra", how="fuzzy")] == [(1, 2), (4, 5)]
    assert find_mention(target, "Accra", how="fuzzy") == [(4, 5, 1.0)]  # the exact place is better than others
    assert find_mention(target, '"Accra".') == [(4, 5, 1.0)]
    assert find_mention(target, "Accra .") == [(4, 6, 1.0)]
    assert find_mention(target, "ccra") == []  # half a word is none
    assert find_mention(target, "...") == []


@pytest.mark.parametrize(
    ("text", "mention", "words"),
    [
        ("l'Union européenne", "Union européenne", ["l'Union", "européenne"]),
        ("presso dell’Unione", "Unione", ["dell’Unione"]),
        ("a Paris-based firm", "Paris", ["Paris-based"]),
        ("Kenya's team", "Kenya", ["Kenya's"]),
        ("Кам’янець", "янець", ["Кам’янець"]),
    ],
)
def test_what_is_written_with_other_words_takes_the_whole_word(text, mention, words):
    sentence = tokenize_sentence(text)
    start = text.index(mention)
    first, last = words_touched(sentence.offsets, start, start + len(mention))
    assert list(sentence.tokens[first:last]) == words
    assert find_mention(sentence, mention) == [(first, last, 0.95)]


@pytest.mark.parametrize("mention", ["Ada", "na", "'", " ", "", "Canada Obi", "nada."])
def test_half_a_word_is_no_mention(mention):
    assert find_mention(tokenize_sentence("Canada d'Obi"), mention) == []


def test_scripts_without_blanks():
    """The tokeniser cuts them into characters, so that any of them may begin a mention."""
    sentence = tokenize_sentence("我去東京塔。")
    assert find_mention(sentence, "東京塔") == [(2, 5, 1.0)]
    assert words_touched(sentence.offsets, 2, 4) == (2, 4)


@pytest.mark.parametrize(
    ("start", "end", "words"), [(0, 0, None), (3, 4, None), (9, 12, None), (3, 5, (1, 2)), (0, 99, (0, 2))]
)
def test_ranges_of_characters(start, end, words):
    assert words_touched(((0, 3), (4, 9)), start, end) == words


def test_spans_that_overlap():
    assert apart([]) == []
    spans = [Span(2, 3, "LOC", 0.4), Span(0, 3, "ORG", 0.4), Span(3, 4, "PER", 0.9)]
    assert apart(spans) == spans[1:]
