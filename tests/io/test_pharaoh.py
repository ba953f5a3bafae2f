from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import AlignmentError, FormatError, OptionError, PairError
from crosspan.core.types import Alignment
from crosspan.io import pharaoh, read_gold_links, read_links, write_links


def put(path, content):
    path.write_text(content, encoding="utf-8")
    return path


LINKS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1, width=32)), max_size=12)


@settings(deadline=None)
@given(st.lists(LINKS, min_size=1, max_size=5))
def test_round_trip(tmp_path_factory, corpus):
    path = tmp_path_factory.mktemp("links") / "a.links"
    alignments = [Alignment.from_links(links) for links in corpus]
    assert write_links(path, alignments, digits=9) == len(corpus)
    assert list(read_links(path)) == alignments


def test_agrees_with_the_reader_of_one_line(tmp_path):
    lines = ["2-0 0-0:0.5 0-0:0.25 1-1", "", "3-3:1e-3"]
    path = put(tmp_path / "a", "\n".join(lines) + "\n")
    assert list(read_links(path)) == [Alignment.from_pharaoh(line) for line in lines]


def test_numbered_lines(tmp_path):
    assert [len(a) for a in read_links(put(tmp_path / "a", "0\t0-0 1-1\n1\t\n2\t0-0\n"))] == [2, 0, 1]
    assert len(list(read_links(put(tmp_path / "b", "0-0\t1-1\n")))) == 1
    with pytest.raises(FormatError, match="pair number '3', expected 2") as caught:
        list(read_links(put(tmp_path / "c", "1\t0-0\n3\t0-0\n")))
    assert caught.value.where.endswith("c:2")


@pytest.mark.parametrize(
    "item",
    [
        *(
            "1",
            "a-b",
            "1-",
            "-1-2",
            "1-2-3",
            "1-2:x",
            "1-2:1.5",
            "1-2:nan",
            "1p2",
            "１-２",
            "0-0:",
            "0-0:0.5:0.5",
            ":1",
        ),
        *("1-2:1e", "1-2:.", "1234567890-1", "0-0:0_5", "0-0:١"),
    ],
)
def test_malformed_links_are_named(tmp_path, item):
    path = put(tmp_path / "a", f"0-0\n0-0 {item}\n")
    with pytest.raises(AlignmentError, match=r"no probability|not a link") as caught:
        list(read_links(path))
    assert caught.value.where == f"{path}:2"
    assert repr(item) in str(caught.value)


def test_what_is_remembered_is_bounded_and_forgotten_in_time(tmp_path, monkeypatch):
    """Each of 50,000 links has a probability of its own."""
    monkeypatch.setattr(pharaoh, "_MOST", 200)
    lines = [" ".join(f"{i}-{i}:{(10 * number + i) / 51_000:.9g}" for i in range(10)) for number in range(5_000)]
    path = put(tmp_path / "a", "\n".join(lines) + "\n")
    wanted = [Alignment.from_pharaoh(line) for line in lines]
    tracemalloc.start()
    try:
        for found, expected in zip(read_links(path), wanted, strict=True):
            assert found == expected
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_links_are_checked_against_lengths(tmp_path):
    path = put(tmp_path / "a", "0-0\n1-2\n")
    assert len(list(read_links(path, lengths=[(1, 1), (2, 3)]))) == 2
    with pytest.raises(AlignmentError, match="link 1-2 points outside") as caught:
        list(read_links(path, lengths=[(1, 1), (2, 2)]))
    assert caught.value.where == f"{path}:2"
    with pytest.raises(PairError, match="more lines"):
        list(read_links(path, lengths=[(1, 1)]))
    with pytest.raises(PairError, match="only 2 lines"):
        list(read_links(path, lengths=[(9, 9)] * 3))


def test_gold(tmp_path):
    path = put(tmp_path / "a", "1-1 2p1 3?3\n\n")
    first, second = read_gold_links(path, start=1)
    assert first.sure == {(0, 0)}
    assert first.possible == {(0, 0), (1, 0), (2, 2)}
    assert not second.possible
    assert read_gold_links(put(tmp_path / "b", "a b\tc d\t0-1\n"))[0].sure == {(0, 1)}
    with pytest.raises(AlignmentError, match="below the first token"):
        read_gold_links(put(tmp_path / "c", "0-1\n"), start=1)
    with pytest.raises(AlignmentError, match="not a gold link"):
        read_gold_links(put(tmp_path / "d", "1-2:0.5\n"))
    with pytest.raises(OptionError, match="start"):
        read_gold_links(path, start=2)
