from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.text.fuzzy import common_characters, similarity


@given(first=st.text("abcde ", max_size=12), second=st.text("abcde ", max_size=12))
def test_the_longest_common_subsequence(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    assert common_characters(first, second) == table[-1][-1]
    assert similarity(first, second) == pytest.approx(similarity(second, first))
    assert similarity(first, second, least=0.6) in (0.0, similarity(first, second))
