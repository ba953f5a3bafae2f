"""From texts to batches and back: nothing is lost, nothing is too long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.translate import Translation
from crosspan.translate.preparation import TOO_LONG_TO_READ, check_same_number, longest_output, scored, translated

LIMITS = {"frame": 2, "longest": 12, "most": 40, "max_ratio": 2.0}


def pieces_of(text):
    return np.arange(len(text) + LIMITS["frame"], dtype=np.int32)


@settings(deadline=None)
@given(st.lists(st.text("ab ", max_size=16), max_size=20), st.integers(1, 40))
def test_every_text_has_its_translation(texts, budget):
    seen, steps = [], []

    def compute(rows, limit):
        seen.extend((len(row), limit) for row in rows)
        return [Translation(f"{len(row)}", 0.5) for row in rows]

    found = translated(
        texts,
        [pieces_of(text) for text in texts],
        compute,
        budget=budget,
        advance=lambda done, total: steps.append((done, total)),
        **LIMITS,
    )
    for text, one in zip(texts, found, strict=True):
        size = len(text) + 2
        if not text.strip():
            assert one == Translation("")
        elif size > 12:
            assert one == Translation("", problem=f"{TOO_LONG_TO_READ}: {size} pieces, and it reads 12")
        else:
            assert one == Translation(f"{size}", 0.5)
    for size, limit in seen:  # what a text may become does not depend on its neighbours
        assert limit == min(40, longest_output(size - 2, 2.0))
    if seen:
        assert steps[-1] == (len(texts), len(texts))


def test_scores_in_their_order():
    sources, targets = [[1], [1, 2, 3], [1, 2]], [[5, 6], [5], [5, 6, 7, 8]]
    batches = []

    def compute(chosen):
        batches.append(chosen)
        return [float(len(targets[at])) for at in chosen]

    assert scored(sources, targets, compute, budget=6).tolist() == [2.0, 1.0, 4.0]
    assert batches == [[2], [1, 0]]
    assert scored([], [], compute, budget=6).shape == (0,)


def test_numbers_of_sources_and_targets():
    check_same_number(["a"], ["b"])
    with pytest.raises(OptionError, match="there are 1 sources and 2 targets"):
        check_same_number(["a"], ["b", "c"])
