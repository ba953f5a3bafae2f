from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.align.symmetrize import SYMMETRIZATIONS, symmetrize
from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment


def links_of(alignment):
    return list(zip(alignment.source.tolist(), alignment.target.tolist(), strict=True))


def merged(forward: str, backward: str, method: str) -> str:
    return " ".join(
        f"{i}-{j}" for i, j in links_of(symmetrize(*map(Alignment.from_pharaoh, (forward, backward)), method))
    )


# The sentence that Koehn, Och & Marcu (2003) and the Moses manual show, in both directions:
# "Maria no daba una bofetada a la bruja verde" / "Mary did not slap the green witch".
SPANISH_TO_ENGLISH = "0-0 1-2 2-3 3-3 4-3 5-4 6-4 7-6 8-5"  # each Spanish word has one English word
ENGLISH_TO_SPANISH = "0-0 1-1 1-2 4-3 6-4 8-5 7-6"  # each English word has one Spanish word
BOTH = "0-0 1-2 4-3 6-4 7-6 8-5"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("intersection", BOTH),
        ("union", "0-0 1-1 1-2 2-3 3-3 4-3 5-4 6-4 7-6 8-5"),
        ("grow-diag", "0-0 1-1 1-2 2-3 3-3 4-3 5-4 6-4 7-6 8-5"),
        ("grow-diag-final", "0-0 1-1 1-2 2-3 3-3 4-3 5-4 6-4 7-6 8-5"),
        ("grow-diag-final-and", "0-0 1-1 1-2 2-3 3-3 4-3 5-4 6-4 7-6 8-5"),
    ],
)
def test_the_textbook_sentence(method, expected):
    assert merged(SPANISH_TO_ENGLISH, ENGLISH_TO_SPANISH, method) == expected


@pytest.mark.parametrize(
    ("forward", "backward", "grow", "final", "final_and"),
    [
        # 3-3 touches nothing, and both its words are free
        ("0-0 3-3", "0-0", "0-0", "0-0 3-3", "0-0 3-3"),
        # 3-0 touches nothing, and only its source word is free
        ("0-0 3-0", "0-0", "0-0", "0-0 3-0", "0-0"),
        # 1-1 touches 0-0 at a corner; 2-2 then touches 1-1
        ("0-0 1-1", "0-0 2-2", "0-0 1-1 2-2", "0-0 1-1 2-2", "0-0 1-1 2-2"),
        # growing goes back as well: 0-0 is reached from 1-1, which is reached from 2-2
        ("0-0 1-1 2-2", "2-2", "0-0 1-1 2-2", "0-0 1-1 2-2", "0-0 1-1 2-2"),
        # 1-1 and its neighbours: both words of 0-1 are taken when it is looked at
        ("0-0 1-1 0-1", "0-0 1-1", "0-0 1-1", "0-0 1-1", "0-0 1-1"),
        # nothing in common: growing has nowhere to start, and the forward link comes first
        ("0-1", "1-1", "", "0-1 1-1", "0-1"),
        ("", "", "", "", ""),
        ("", "2-5", "", "2-5", "2-5"),
    ],
)
def test_small_cases(forward, backward, grow, final, final_and):
    assert merged(forward, backward, "grow-diag") == grow
    assert merged(forward, backward, "grow-diag-final") == final
    assert merged(forward, backward, "grow-diag-final-and") == final_and


def test_probabilities_are_means():
    forward, backward = Alignment.from_pharaoh("0-0:0.8 1-1:0.6"), Alignment.from_pharaoh("0-0:0.4 2-2")
    assert symmetrize(forward, backward, "union").to_pharaoh() == "0-0:0.6 1-1:0.3 2-2:0.5"
    assert symmetrize(forward, backward, "intersection").to_pharaoh() == "0-0:0.6"


def test_a_link_of_probability_0_is_still_a_link():
    assert symmetrize(Alignment.from_pharaoh("0-0:0"), Alignment.from_pharaoh(""), "union").to_pharaoh() == "0-0:0"


def test_unknown_method():
    with pytest.raises(OptionError, match="grow-diag-final-and"):
        symmetrize(Alignment.from_pharaoh(""), Alignment.from_pharaoh(""), "best")


def listing(forward, backward, size, final, both):
    """The listing of Koehn et al. 2005, word for word."""
    alignment, union = forward & backward, forward | backward
    neighbours = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]

    def free(side, word):
        return all(link[side] != word for link in alignment)

    while True:
        before = len(alignment)
        for link in itertools.product(range(size), repeat=2):
            if link not in alignment:
                continue
            for step in neighbours:
                new = (link[0] + step[0], link[1] + step[1])
                if (free(0, new[0]) or free(1, new[1])) and new in union:
                    alignment = alignment | {new}
        if len(alignment) == before:
            break
    for candidates in (forward, backward) if final else ():
        for new in itertools.product(range(size), repeat=2):
            if new in candidates:
                open_ends = free(0, new[0]), free(1, new[1])
                if all(open_ends) if both else any(open_ends):
                    alignment = alignment | {new}
    return sorted(alignment)


link_sets = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)


@settings(deadline=None)
@given(link_sets, link_sets)
def test_as_published(forward, backward):
    sides = Alignment.from_links(forward), Alignment.from_links(backward)
    assert links_of(symmetrize(*sides, "grow-diag")) == listing(forward, backward, 5, final=False, both=False)
    assert links_of(symmetrize(*sides, "grow-diag-final")) == listing(forward, backward, 5, final=True, both=False)
    assert links_of(symmetrize(*sides, "grow-diag-final-and")) == listing(forward, backward, 5, final=True, both=True)


@settings(deadline=None)
@given(link_sets, link_sets, st.sampled_from(SYMMETRIZATIONS))
def test_between_intersection_and_union(forward, backward, method):
    found = symmetrize(Alignment.from_links(forward), Alignment.from_links(backward), method)
    assert forward & backward <= set(links_of(found)) <= forward | backward
    assert links_of(found) == sorted(set(links_of(found)))
    shares = [((link in forward) + (link in backward)) / 2 for link in links_of(found)]
    assert found.prob.tolist() == shares
    assert found.source.dtype == found.target.dtype == np.int32
