"""How many threads PyTorch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crosspan.models.loading import neural


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Let PyTorch use this many threads; as many as it likes for ``None``."""
    torch = neural("this model", "torch")
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)
