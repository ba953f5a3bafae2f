from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.types import Sentence, Span
from crosspan.text import tokenize_sentence
from crosspan.text.detokenize import detokenize, phrase, written

TOKENS = st.lists(
    st.one_of(
        st.sampled_from(['"', "'", "(", ")", ",", ".", "n't", "'s", "東", "京", "mọ́", "أ", "🙂", "¿", "[", "]"]),
        st.text(st.characters(exclude_categories=("Cs", "Zs", "Cc")), min_size=1, max_size=4),
    ),
    max_size=12,
)


@given(TOKENS)
def test_every_word_stands_where_its_offsets_say(tokens):
    text, offsets = detokenize(tokens)
    assert [text[start:end] for start, end in offsets] == tokens
    assert text.replace(" ", "") == "".join(tokens).replace(" ", "")


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("Mr. Obi 's team did n't win , he said .", "Mr. Obi's team didn't win, he said."),
        ('He said : " No ! " ( twice ) .', 'He said: "No!" (twice).'),
        ("¿ Dónde está « Lagos » ?", "¿Dónde está «Lagos»?"),
        ("In 東 京 , Tokyo", "In 東京, Tokyo"),
        ("100 % of 3 - 4", "100% of 3 - 4"),
        ("", ""),
    ],
)
def test_text_as_people_write_it(tokens, text):
    assert detokenize(tokens.split())[0] == text


def test_text_that_is_there_stays():
    sentence = tokenize_sentence("Rock 'n'  roll ,  Ada!")
    assert written(sentence) is sentence
    assert phrase(sentence, 0, len(sentence)) == "Rock 'n'  roll ,  Ada!"


def test_all_else_of_a_sentence_stays():
    sentence = Sentence(("Ada", "!"), (Span(0, 1, "PER", 0.5),), "s1", "en")
    found = written(sentence)
    assert (found.tokens, found.spans, found.id, found.lang, found.text) == (
        ("Ada", "!"),
        sentence.spans,
        "s1",
        "en",
        "Ada!",
    )
