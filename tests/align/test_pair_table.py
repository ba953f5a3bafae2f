from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.align.pair_table import PairTable, number_cells, number_pairs

ids = st.one_of(st.integers(0, 5), st.integers(0, 2**31 - 1))
pairs = st.lists(st.tuples(ids, ids), max_size=60)


def columns(rows):
    return np.array([a for a, _ in rows], np.int32), np.array([b for _, b in rows], np.int32)


@settings(deadline=None)  # the first call compiles
@given(pairs)
def test_numbers_are_those_of_a_dictionary(rows):
    expected: dict[tuple[int, int], int] = {}
    for row in rows:
        expected.setdefault(row, len(expected))
    number, first, second = number_pairs(*columns(rows))
    assert number.tolist() == [expected[row] for row in rows]
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == list(expected)


sentences = st.lists(st.tuples(st.lists(ids, max_size=6), st.lists(ids, max_size=6)), max_size=8)


@settings(deadline=None)  # the first call compiles
@given(sentences)
def test_cells_are_numbered_row_by_row(found):
    source_ptr = np.cumsum([0, *(len(source) for source, _ in found)]).astype(np.int64)
    target_ptr = np.cumsum([0, *(len(target) for _, target in found)]).astype(np.int64)
    cell_ptr = np.cumsum([0, *(len(source) * len(target) for source, target in found)]).astype(np.int64)
    source = np.array([word for words, _ in found for word in words], np.int32)
    target = np.array([word for _, words in found for word in words], np.int32)
    cell_pair = np.full(cell_ptr[-1], -7, np.int32)
    first, second = number_cells(source_ptr, target_ptr, source, target, cell_ptr, cell_pair)
    met = [(a, b) for words, others in found for a in words for b in others]
    assert [(first[k], second[k]) for k in cell_pair.tolist()] == met
    assert len(first) == len(second) == len(set(met))


def test_many_cells_make_the_table_grow():
    words = np.arange(300, dtype=np.int32)
    ptr = np.array([0, 300], np.int64)
    cell_pair = np.empty(90_000, np.int32)
    first, second = number_cells(ptr, ptr, words, words, np.array([0, 90_000], np.int64), cell_pair)
    assert cell_pair.tolist() == list(range(90_000))
    assert (first[cell_pair] == np.repeat(words, 300)).all()
    assert (second[cell_pair] == np.tile(words, 300)).all()


values = st.floats(0, 100, width=32)
maps = st.dictionaries(st.tuples(ids, ids), values, max_size=40)


def table_of(found):
    return PairTable(*columns(list(found)), np.array(list(found.values()), np.float32))


@settings(deadline=None)
@given(maps, maps, pairs)
def test_get_and_updated_are_those_of_a_dictionary(old, new, asked):
    table = table_of(old)
    updated = table.updated(*columns(list(new)), np.array(list(new.values()), np.float32))
    asked = [*asked, *old, *new]
    assert table.get(*columns(asked)).tolist() == [old.get(key, 0.0) for key in asked]
    assert updated.get(*columns(asked)).tolist() == [{**old, **new}.get(key, 0.0) for key in asked]
    assert len(updated) == len({*old, *new})


def test_words_that_do_not_exist_are_worth_nothing():
    table = table_of({(1, 2): 3.0})
    assert table.get(np.array([-1, 1, -1], np.int32), np.array([2, -1, -1], np.int32)).tolist() == [0.0, 0.0, 0.0]
