from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import MemoryTooSmallError, OptionError, UnavailableError
from crosspan.core.outages import out_of_memory
from crosspan.models.batching import SmallerBatch, batches_of, device_error, in_batches, padded

LENGTHS = st.lists(st.integers(0, 40), max_size=30)


@given(LENGTHS, st.integers(1, 60), st.none() | st.integers(1, 5))
def test_every_item_is_in_one_batch_that_fits(lengths, budget, most):
    batches = batches_of(lengths, budget=budget, most=most)
    assert sorted(int(index) for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[index] for index in batch)
        assert len(batch) == 1 or padded <= budget
        assert most is None or len(batch) <= most
    longest = [max(lengths[index] for index in batch) for batch in batches]
    assert longest == sorted(longest, reverse=True)


def test_a_batch_needs_room():
    with pytest.raises(OptionError, match="room for at least one"):
        batches_of([1], budget=0)
    with pytest.raises(OptionError, match="room for at least one"):
        batches_of([1], budget=5, most=0)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 60), st.integers(40, 60))
def test_memory_that_runs_out_changes_nothing(lengths, budget, memory):
    """What does not fit is halved until it does, and every result is in its place."""
    sizes = []

    def compute(batch):
        size = len(batch) * max(1, max(lengths[index] for index in batch))
        if size > memory:
            raise MemoryError
        sizes.append(size)
        return [int(index) * 10 for index in batch]

    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallerBatch)
        found = in_batches(lengths, compute, budget=budget, advance=lambda done, total: seen.append((done, total)))
    assert found == [index * 10 for index in range(len(lengths))]
    assert all(size <= memory for size in sizes)
    assert not lengths or seen[-1] == (len(lengths), len(lengths))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_running_out_is_said_once_and_remembered():
    tried = []

    def compute(batch):
        tried.append(len(batch))
        if len(batch) > 4:
            raise MemoryError
        return list(batch)

    with pytest.warns(
        SmallerBatch, match="memory ran out with 8 sentences at once; going on with half as many"
    ) as said:
        assert in_batches([10] * 24, compute, budget=80) == list(range(24))
    assert len(said) == 1
    assert tried == [8, 4, 4, 4, 4, 4, 4]


def test_out_of_memory_of_torch():
    torch = pytest.importorskip("torch")

    def compute(batch):
        if len(batch) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return [0]

    with pytest.warns(SmallerBatch):
        assert in_batches([3, 3], compute, budget=6) == [0, 0]


def test_one_item_that_does_not_fit():
    def compute(batch):
        raise RuntimeError("CUDA failed with error out of memory")

    with pytest.raises(MemoryTooSmallError, match="memory is too small for 7 pieces at once") as caught:
        in_batches([7], compute, budget=80)
    assert "smaller model" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported",
        "CUDA failed with error device is lost",
        "cuBLAS failed with status CUBLAS_STATUS_EXECUTION_FAILED",
        "CUDA driver shut down",
    ],
)
def test_a_device_that_vanishes(text):
    def compute(batch):
        raise RuntimeError(text)

    with pytest.raises(UnavailableError, match="the device failed") as caught:
        in_batches([1], compute, budget=4)
    assert text.splitlines()[0] in str(caught.value)
    assert "device=cpu" in caught.value.hint
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_other_errors_pass_unchanged():
    error = ValueError("a bug")

    def compute(batch):
        raise error

    with pytest.raises(ValueError, match="a bug") as caught:
        in_batches([1], compute, budget=4)
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert device_error(error) is error
    assert device_error(RuntimeError("shape mismatch")).args == ("shape mismatch",)


def test_a_computation_must_give_a_result_for_each():
    with pytest.raises(ValueError, match="zip"):
        in_batches([1, 1], lambda batch: [0], budget=4)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("CUDA error: misaligned address"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_out_of_memory_looks_like(error, full):
    assert out_of_memory(error) is full


def test_results_may_be_arrays():
    found = in_batches([1, 2], lambda batch: [np.full(2, index) for index in batch], budget=9)
    assert [one.tolist() for one in found] == [[0, 0], [1, 1]]


def test_rows_are_filled_up():
    ids, mask = padded([np.array([1]), [2, 3]], 9, multiple=4)
    assert ids.tolist() == [[1, 9, 9, 9], [2, 3, 9, 9]]
    assert mask.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0]]
