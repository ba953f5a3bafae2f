from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.types import Sentence
from crosspan.lab.study.overlap import RUN, Overlap, TestText

WORDS = st.lists(st.sampled_from(["ka", "re", "mo", "lu", "ti", "na", "so", "we"]), min_size=1, max_size=14)


def test_a_sentence_is_found_whatever_its_tokens_and_case():
    held = TestText([Sentence(("Ẹ", "jọ̀wọ́", ",", "ẹ", "wá", "."))])
    assert held.without(["ẹ jọ̀wọ́, Ẹ WÁ!", "ẹ jọ̀wọ́"]) == (["ẹ jọ̀wọ́"], Overlap(2, 1, 0))


def test_a_test_sentence_inside_a_longer_line_is_found():
    words = [f"w{number}" for number in range(RUN)]
    held = TestText([Sentence(tuple(words))])
    inside = f"before that {' '.join(words)}, and after"
    short = " ".join(words[:-1]) + " else"
    assert held.without([inside, short]) == ([short], Overlap(2, 0, 1))


def test_lines_without_letters_stay():
    assert TestText([Sentence(("...",))]).without(["...", ""])[0] == ["...", ""]


@given(st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, max_size=6))
def test_no_run_of_a_test_sentence_is_left(tests, lines):
    kept, counts = TestText([Sentence(tuple(words)) for words in tests]).without([" ".join(words) for words in lines])
    assert counts.lines == len(lines) == len(kept) + counts.same + counts.shared
    runs = {tuple(words[at : at + RUN]) for words in tests for at in range(len(words) - RUN + 1)}
    for line in kept:
        words = line.split()
        assert not any(tuple(words[at : at + RUN]) in runs for at in range(len(words) - RUN + 1))
        assert words not in tests
