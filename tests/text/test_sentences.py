from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.text.sentences import split_sentences


def split(text):
    return [text[start:end] for start, end in split_sentences(text)]


ONE_A_PIECE = {
    "English": ["She left.", "He stayed!", "Did he?", "“Yes.”", "(Perhaps.)", "2 days went by."],
    "abbreviations": [
        "Dr. Ada Obi and Gen. Kofi met Mrs. Mensah.",
        "They spoke, e.g. about Acme Inc. and others, etc. and left.",
    ],
    "initials": ["J. R. R. Tolkien met C.S. Lewis in the U.S. Senate.", "He slept at 5 p.m.", "She did not."],
    "numbers": [
        "It cost 1.5 million, see No. 5, Fig. 3 and pp. 7.",
        "On Oct. 2, 1968 it rained.",
        "He was 19.",
        "She was 20.",
        "At 3.30.",
        "Version v1.2.",
        "End.",
    ],
    "a list": ["1. Introduction.", "2. Methods."],
    "German": [
        "Am 3. Oktober 1990, z.B. um 5 Uhr, kam Prof. Dr. Müller ca. 2 km weit.",
        "Ende des 19. Jahrhunderts.",
        "Gut.",
    ],
    "French": ["Il dit : « Non. »", "M. Goldsmith part.", "« Oui ! », dit-il.", "Fin."],
    "Spanish": ["¿Qué tal, Sr. Gómez?", "¡Bien!", "Vive en EE. UU. hoy.", "¿y tú?"],
    "Russian": ["Он живёт на ул. Пушкина, д. 5.", "Это т.е. там.", "Да!"],
    "Swahili": ["Bw. Juma na Dkt. Kamau walikuja.", "Walienda wapi?", "Nyumbani."],
    "Greek": ["Τι κάνεις;", "Καλά, ευχαριστώ.", "Ναι·εσύ;"],
    "ellipsis": ["Wait... what happened… here?", "Well...", "He left…", "Then nothing."],
    "several marks": ["What?!", "No!!!", "Hm . . . yes .", "Hello ."],
    "names with marks": ["Yahoo! is large and www.example.com/?a=b is a page.", "She wrote to a.b@c.org today."],
    "Hindi": ["राम गया।", "सीता कब आई?", "श्लोक॥", "वह डॉ. शर्मा है।"],
    "Bengali": ["সে গেল।", "কেন?", "জানি না।"],
    "Arabic": ["هل ذهب الولد؟", "نعم.", "كتب د. أحمد رسالة!", "انتهى"],
    "Urdu": ["میں گیا۔", "وہ آیا۔", "کیوں؟"],
    "Amharic": ["ሰላም ነው።", "ደህና፡፡", "ለምን፧", "እሺ"],
    "Armenian": ["Նա գնաց։", "Լավ է։"],
    "Burmese": ["သူသွားသည်။", "သူမလာသည်။"],
    "Korean": ["그는 갔다.", "나는 해.", "왜?"],
}


@pytest.mark.parametrize("language", ONE_A_PIECE)
def test_golden(language):
    sentences = ONE_A_PIECE[language]
    assert split(" ".join(sentences)) == sentences


UNSPACED = {
    "Chinese": ["他走了。", "她来了！", "真的？", "他说：“好。”", "（完。）", "“再见……”完"],
    "Japanese": ["「行く。」と彼は言った。", "東京タワー？！", "はい｡", "終わり"],
    "Hindi": ["राम गया।", "सीता आई।"],
    "Amharic": ["ሰላም።", '"እሺ።"', '"ደህና።"', "አዎ።"],
}


@pytest.mark.parametrize("language", UNSPACED)
def test_marks_that_need_no_blank(language):
    sentences = UNSPACED[language]
    assert split("".join(sentences)) == sentences


def test_names_are_not_cut():
    whole = "Plan B. Smith and 5 a.m. or so, a Sr. Thai: เขาไป เธอมา"
    assert split(whole) == [whole]


def test_line_ends_are_blanks_and_empty_lines_are_ends():
    assert split("one\ntwo\r\n \r\nthree.\n\nfour\u2029five.\u2029six\x0cseven") == [
        "one\ntwo",
        "three.",
        "four",
        "five.",
        "six",
        "seven",
    ]


def test_nothing_in_nothing_out():
    assert split("") == split(" \n\u3000\t ") == []
    assert split(" ... ") == ["..."]
    assert split(".") == ["."]


MIXED = st.lists(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(
            [". ", "! ", "。", "“", "”", "»", '"', "Dr", "5", "A", "a", " ", "\n\n", "…", "፡፡", "e\u0301", "👩‍👩‍👧"]
        ),
    ),
    max_size=60,
).map("".join)


@given(MIXED)
def test_nothing_but_white_space_is_left_out(text):
    found = split_sentences(text)
    end = 0
    for start, stop in found:
        assert end <= start < stop
        assert not text[end:start].strip()
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert not text[end:].strip()


@given(MIXED, MIXED)
def test_an_empty_line_always_parts(one, other):
    assert split(f"{one}\n\n{other}") == split(one + "\n\n") + split("\n\n" + other)
