from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.align.spelling import MAX_CHARS, Spellings, common_subsequence, similarities
from crosspan.text.romanize import romanize_types


def slow_lcs(a: str, b: str) -> int:
    rows = [[0] * (len(b) + 1)]
    for x in a:
        row = [0]
        for j, y in enumerate(b):
            row.append(rows[-1][j] + 1 if x == y else max(rows[-1][j + 1], row[j]))
        rows.append(row)
    return rows[-1][-1]


def similarity(one: str, other: str, threshold: float = 0.5) -> float:
    zero = np.zeros(1, np.int32)
    return float(similarities(zero, zero, Spellings.of([one]), Spellings.of([other]), threshold=threshold)[0])


short = st.text("abcde", max_size=MAX_CHARS)


@settings(deadline=None)  # the first call compiles
@given(short, short)
def test_common_subsequence(a, b):
    one, other = Spellings.of([a]), Spellings.of([b])
    found = common_subsequence(one.chars[0], len(a), other.chars[0], len(b), np.zeros(MAX_CHARS + 1, np.int32))
    assert found == slow_lcs(a, b)


@settings(deadline=None)  # the first call compiles
@given(short, short)
def test_ratio_is_symmetric_and_that_of_the_definition_or_0(a, b):
    ratio = similarity(a, b)
    assert ratio == pytest.approx(similarity(b, a))
    expected = 2 * slow_lcs(a, b) / max(len(a) + len(b), 1)
    if ratio:
        assert ratio == pytest.approx(expected)
    elif min(len(a), len(b)) >= 3:
        assert expected < 0.65  # the quick test by letters may only miss a little above the threshold


@pytest.mark.parametrize(
    ("latin", "other"),
    [
        ("Merkel", "Меркель"), ("Ivanov", "Иванов"), ("Sofia", "София"), ("London", "Лондон"),
        ("Papandreou", "Παπανδρέου"), ("Maria", "Μαρία"), ("Damascus", "Δαμασκός"),
    ],
)  # fmt: skip
def test_names_across_scripts(latin, other):
    one, two = romanize_types([latin.lower(), other.lower()])
    assert similarity(one, two) >= 0.7


def test_unlike_and_short_words():
    assert similarity("house", "garden") == 0.0
    assert similarity("is", "in") == 0.0
    assert similarity("in", "in") == 1.0
    assert similarity("", "") == 0.0
    assert similarity("1998", "1998") == 1.0


def test_odd_words():
    found = Spellings.of(["x" * 100, "", "日本", "\ud800a"])
    assert found.length.tolist() == [MAX_CHARS, 0, 2, 2]
    assert Spellings.of([]).chars.shape == (0, MAX_CHARS)
    assert similarity("x" * 100, "x" * 30) == 1.0
