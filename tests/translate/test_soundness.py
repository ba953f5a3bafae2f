from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.demo import load_corpus
from crosspan.translate.soundness import problem_of, repeats


@pytest.mark.parametrize(
    ("source", "target", "problem"),
    [
        ("Hello.", "Habari.", None),
        ("Hello.", "", "empty"),
        ("Hello.", " \u200b\n ".strip(), None),
        ("", "", None),
        ("  ", "", None),
        ("Hello there.", "na na na na na na na na na", "looping"),
        ("He came home.", "Er kam" + " und er kam" * 5, "looping"),
        ("He came home.", "彼は家に帰り" + "、帰り" * 8, "looping"),
        ("No, no, no, no, no, no, no!", "Nein, nein, nein, nein, nein, nein, nein!", None),
        ("See page 3 ........................", "Siehe Seite 3 ........................", None),
        ("Wait ...", "Warte " + "." * 40, "looping"),
        ("Hi.", "A long story that has nothing to do with the text and never seems to find an end at all", "too long"),
        ("中华人民共和国", "People's Republic of China", None),
        ("an old old old man", "ein alter alter alter Mann", None),
        ("1 2 3", "1 1 1 1", None),
    ],
)
def test_what_is_seen(source, target, problem):
    assert problem_of(source, target) == problem


def test_people_write_no_loops():
    for lang in ("en", "de", "es", "sw"):
        assert [text for text in (" ".join(one.tokens) for one in load_corpus(lang)) if repeats(text)] == []


@given(st.text(alphabet="abc dé漢", min_size=1, max_size=30).filter(str.strip), st.integers(4, 9), st.text(max_size=20))
def test_every_loop_is_found(unit, count, before):
    unit = " " + unit.strip()
    looped = before + unit * count
    if len(unit) * count >= 16 and len(unit) > 1 and len(set(unit)) > 1:
        assert repeats(looped) >= 4


def test_the_ratio_can_be_chosen():
    assert problem_of("word " * 10, "x" + "abcdefghij" * 2 + "klm" * 3 + "z" * 60, max_ratio=1.0) is not None
    assert problem_of("ab", "abcdefghijklmnopqrstuvwxyzäö", max_ratio=1.0) == "too long"
    assert problem_of("ab", "abcdefghijklmnopqrstuvwxyzäö", max_ratio=5.0) is None
