"""One process or many: under ``torchrun``, every process works on its share and all have the same weights."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from crosspan.models.device import Placement, device_of
from crosspan.models.loading import neural


class Processes:
    """The processes that train one model together; most often there is one.

    ``torchrun`` starts many, one a GPU. accelerate joins them then; a single process does not need it.

    Args:
        device: Where a single process works; of many, each takes the device that accelerate gives it, unless this is
            ``"cpu"``.

    Raises:
        OptionError: There is no such device.
        MissingDependencyError: There are many processes and accelerate is not installed.

    Example:
        >>> is_first()
        True
    """

    def __init__(self, device: str = "auto") -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = 0
        if self.count == 1:
            self.device = device_of(Placement(device=device))
            return
        state = neural("training in many processes", "accelerate", "train").PartialState(cpu=device == "cpu")
        self.rank, self.count, self.device = int(state.process_index), int(state.num_processes), state.device

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def add_gradients(self, parameters: Iterable[Any]) -> None:
        """Give each parameter the sum of its gradients in all processes."""
        if self.count == 1:
            return
        torch = neural("training", "torch")
        waiting = []
        for parameter in parameters:
            if parameter.grad is None:  # this process had no share of the batch
                parameter.grad = torch.zeros_like(parameter)
            waiting.append(torch.distributed.all_reduce(parameter.grad, async_op=True))
        for one in waiting:
            one.wait()

    def summed(self, value: Any) -> Any:
        """The sum of a tensor in all processes."""
        if self.count > 1:
            neural("training", "torch").distributed.all_reduce(value)
        return value

    def shared(self, value: Any) -> Any:
        """The value that the first process has."""
        if self.count == 1:
            return value
        box = [value]
        neural("training in many processes", "accelerate.utils", "train").broadcast_object_list(box, from_process=0)
        return box[0]


def is_first() -> bool:
    """Whether this is the process that talks and writes: the only one, or the first of those of ``torchrun``."""
    return os.environ.get("RANK", "0") == "0"
