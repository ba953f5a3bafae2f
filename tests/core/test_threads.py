"""PyTorch has as many threads after each use as before."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np
import pytest

from crosspan.core.threads import torch_threads
from crosspan.tag.decoding import best_spans

torch = pytest.importorskip("torch")


@pytest.fixture
def three():
    """PyTorch with three threads, a number that no other part chooses."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_for_a_while(three):
    with torch_threads(1):
        assert torch.get_num_threads() == 1
        with torch_threads(0):  # at least one
            assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_after_errors_and_foreign_changes(three):
    def fails():
        with torch_threads():
            torch.set_num_threads(2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_loops_of_numba_do_not_leak(three, threads):
    """Where Numba's layer is OpenMP, without the restoring PyTorch is left with Numba's number."""
    row = np.array([[0.1, 0.2, 0.7], [0.1, 0.1, 0.8]], np.float32)
    best_spans([row] * 50, ["PER"], threads)
    assert torch.get_num_threads() == 3
    assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS


def test_pytorch_is_not_loaded_for_nothing():
    code = (
        "import sys; from crosspan.core.threads import torch_threads\n"
        "with torch_threads(): print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
